# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as recordings of rerun (.rrd), to look at in its viewer: a file an episode.

Its package, rerun-sdk, is large and needed for nothing else, so it comes with no extra.
"""

from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import rerun as rr
from numpy.typing import NDArray

from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.episode import StreamedEpisode

APPLICATION = 'lnn_control'
TIMELINE = 'time'
"""Seconds since the first image."""

CAMERA, FLOWN, LABELS = 'camera', 'command/flown', 'command/label'
RATES, FORCE, ABOUT = 'imu/rates', 'imu/force', 'about'
"""Where things stand in a recording."""

# So many images are written at once.
_BATCH = 32
_COMMAND = ('forward [m/s]', 'left [m/s]', 'up [m/s]', 'yaw rate [rad/s]')
_RATES = ('roll [rad/s]', 'pitch [rad/s]', 'yaw [rad/s]')
_FORCE = ('forward [m/s^2]', 'left [m/s^2]', 'up [m/s^2]')


def export_rerun(folder: Path, episodes: Iterator[tuple[str, StreamedEpisode]]) -> int:
    """Write a file an episode and return their number.

    :param episodes: the name of each, and the episode.
    :raises ValueError: if there is no episode.
    :raises OSError: if the disk is full.
    """
    count = 0
    for name, episode in episodes:
        # Named by the episode: written again it is the same recording to the viewer.
        recording = rr.RecordingStream(APPLICATION, recording_id=name)
        # Writing files itself, rerun would only log that a disk is full.
        memory = recording.memory_recording()
        _send(recording, episode)
        with write_whole(folder / f'{name}.rrd') as stream:
            stream.write(memory.drain_as_bytes())
        count += 1
    if count == 0:
        raise ValueError('there is no episode to export')
    return count


def _send(recording: rr.RecordingStream, episode: StreamedEpisode) -> None:
    """Write everything of an episode."""
    start = float(episode.image_stamps[0])
    times, felt = episode.image_stamps - start, episode.imu_stamps - start
    recording.log(ABOUT, rr.TextDocument(_tell(episode.metadata)), static=True)
    _send_lines(recording, FLOWN, times, episode.flown, _COMMAND)
    _send_lines(recording, LABELS, times, episode.labels, _COMMAND)
    _send_lines(recording, RATES, felt, episode.imu[:, :3], _RATES)
    _send_lines(recording, FORCE, felt, episode.imu[:, 3:], _FORCE)
    images = episode.read_images()
    for first in range(0, len(times), _BATCH):
        some = times[first : first + _BATCH]
        # PNG: every value stays.
        blobs = [
            cv2.imencode('.png', pixels[..., ::-1])[1].tobytes()
            for pixels in islice(images, len(some))
        ]
        columns = rr.EncodedImage.columns(blob=blobs, media_type=['image/png'] * len(blobs))
        index = rr.TimeColumn(TIMELINE, duration=some)
        recording.send_columns(CAMERA, indexes=[index], columns=columns)


def _send_lines(
    recording: rr.RecordingStream,
    place: str,
    times: NDArray[np.float64],
    rows: NDArray[np.float32],
    names: tuple[str, ...],
) -> None:
    """Write numbers over time, a named line a column."""
    if len(rows) == 0:
        return
    recording.log(place, rr.SeriesLines(names=list(names)), static=True)
    columns = rr.Scalars.columns(scalars=rows.astype(np.float64))
    index = rr.TimeColumn(TIMELINE, duration=times)
    recording.send_columns(place, indexes=[index], columns=columns)


def _tell(metadata: Mapping[str, str]) -> str:
    return '\n'.join(f'{name}: {value}' for name, value in sorted(metadata.items()))
