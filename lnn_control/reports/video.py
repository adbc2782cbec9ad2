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

from lnn_control.core.whole_file import replace_whole


@dataclass(frozen=True)
class VideoSettings:
    """How a video is written.

    :param quality: constant rate factor of x264; less is better, 18 to 28 is sane.
    :param rate: nominal frames a second.
    :param time_base: what times of frames are rounded to [s].
    :param keyframe_every: so many frames can be jumped to without reading those before; None
        leaves that to the encoder.
    """

    width_px: int
    height_px: int
    rate: int = 20
    quality: int = 23
    preset: str = 'veryfast'
    # Milliseconds: cameras miss frames.
    time_base: Fraction = Fraction(1, 1000)
    keyframe_every: int | None = None

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
    with replace_whole(path) as part:
        count = _encode(part, frames, settings)
        if count == 0:
            raise ValueError(f'a video must have at least one frame, {path.name} got none')
    return count


def _encode(
    path: Path, frames: Iterable[tuple[float, NDArray[np.uint8]]], settings: VideoSettings
) -> int:
    """Write frames and return how many there were."""
    count, first = 0, 0.0
    time_base = settings.time_base
    with av.open(str(path), 'w', format='mp4', options={'movflags': '+faststart'}) as container:
        stream = container.add_stream('libx264', rate=settings.rate)
        stream.width, stream.height = settings.width_px, settings.height_px
        stream.pix_fmt = 'yuv420p'
        stream.codec_context.time_base = time_base
        stream.options = {'crf': str(settings.quality), 'preset': settings.preset}
        if settings.keyframe_every is not None:
            stream.options |= {'g': str(settings.keyframe_every)}
        for time, pixels in frames:
            first = time if count == 0 else first
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format='rgb24')
            frame.pts = round((time - first) / time_base)
            frame.time_base = time_base
            container.mux(stream.encode(frame))
            count += 1
        container.mux(stream.encode(None))
    return count
