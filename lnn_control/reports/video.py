# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Videos that every browser plays: H.264, yuv420p, index in front."""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

# Stamps of frames are kept in milliseconds: cameras miss frames.
_TIME_BASE = Fraction(1, 1000)


@dataclass(frozen=True)
class VideoSettings:
    """How a video is written.

    :param quality: constant rate factor of x264; less is better, 18 to 28 is sane.
    :param rate: nominal frames a second.
    """

    width_px: int
    height_px: int
    rate: int = 20
    quality: int = 23
    preset: str = 'veryfast'

    def __post_init__(self) -> None:
        if self.width_px % 2 or self.height_px % 2:
            raise ValueError(
                'yuv420p needs even width and height, got '
                f'{self.width_px}x{self.height_px}: choose the next even number'
            )


def write_video(
    path: Path,
    frames: Iterable[tuple[float, NDArray[np.uint8]]],
    settings: VideoSettings,
) -> int:
    """Write frames with their times as .mp4 and return how many there were.

    :param frames: time [s], ascending, and uint8 RGB of shape (height, width, 3).
    :raises ValueError: if there is no frame.
    """
    part = path.with_name(f'{path.name}.part')
    count, first = 0, 0.0
    with av.open(str(part), 'w', format='mp4', options={'movflags': '+faststart'}) as container:
        stream = container.add_stream('libx264', rate=settings.rate)
        stream.width, stream.height = settings.width_px, settings.height_px
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = _TIME_BASE
        stream.options = {'crf': str(settings.quality), 'preset': settings.preset}
        for time, pixels in frames:
            first = time if count == 0 else first
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format='rgb24')
            frame.pts = round((time - first) / _TIME_BASE)
            frame.time_base = _TIME_BASE
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    if count == 0:
        part.unlink(missing_ok=True)
        raise ValueError(f'a video must have at least one frame, {path.name} got none')
    part.replace(path)
    return count
