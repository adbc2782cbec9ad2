# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as a LeRobot data set of version 3: parquet for numbers, one MP4 an episode.

LeRobot takes images to come at one steady rate; when they really came is in `observation.elapsed`,
the time since the image before [s].
"""

import json
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from lnn_control.core.observation import NUM_IMU_FEATURES, Preprocessing
from lnn_control.core.whole_file import make_whole_folder, write_whole
from lnn_control.data.dataset import ImageStatistic
from lnn_control.imitation.cache import prepare_imu
from lnn_control.imitation.episode import Episode

VERSION = 'v3.0'
CAMERA = 'observation.images.front'

_CHUNK = 1000
_DATA = 'data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet'
_VIDEO = 'videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4'
_EPISODES = 'meta/episodes/chunk-000/file-000.parquet'
_COMMAND = ['forward', 'left', 'up', 'yaw_rate']
_IMU = [
    f'{statistic}.{signal}.{axis}'
    for statistic in ('mean', 'std')
    for signal in ('rate', 'force')
    for axis in 'xyz'
]

WriteVideo = Callable[[Path, Iterator[NDArray[np.uint8]], int], None]
"""Writes RGB images at a rate [Hz] as H.264 into an .mp4 file."""


@dataclass
class _Frames:
    """The rows of one episode, and what is said of them."""

    length: int
    columns: dict[str, NDArray[Any]]
    statistics: dict[str, dict[str, list[Any]]] = field(default_factory=dict)


def export_lerobot(
    folder: Path,
    episodes: Iterator[tuple[str, Episode]],
    write_video: WriteVideo,
    robot: str | None = None,
) -> int:
    """Write a data set and return the number of its episodes; if it fails, nothing is left.

    :param folder: must not exist, or be empty.
    :param episodes: the task of each, in words, and the episode; all of one image size and rate.
    :param robot: what moved, by name.
    :raises ValueError: if there is no episode, sizes or rates differ, or the folder is not empty.
    """
    with make_whole_folder(folder) as part:
        return _write_all(part, episodes, write_video, robot)


def _write_all(
    folder: Path,
    episodes: Iterator[tuple[str, Episode]],
    write_video: WriteVideo,
    robot: str | None,
) -> int:
    tasks: dict[str, int] = {}
    rows: list[dict[str, Any]] = []
    writer: pq.ParquetWriter | None = None
    size: tuple[int, ...] = ()
    rate = 0
    total = 0
    data = folder / _DATA.format(chunk_index=0, file_index=0)
    data.parent.mkdir(parents=True)
    try:
        for number, (task, episode) in enumerate(episodes):
            found_size, found_rate = episode.images.shape[1:], _measure_rate(episode)
            size, rate = size or found_size, rate or found_rate
            if found_size != size or found_rate != rate:
                raise ValueError(
                    f'LeRobot needs one size and rate, got {found_size} at {found_rate} Hz after '
                    f'{size} at {rate} Hz: give images of one camera, or `rate` in the contract'
                )
            tasks.setdefault(task, len(tasks))
            frames = _make_frames(episode, rate, number, total, tasks[task])
            table = _make_table(frames.columns)
            if writer is None:
                writer = pq.ParquetWriter(data, table.schema)
            writer.write_table(table)
            place = {'chunk_index': number // _CHUNK, 'file_index': number % _CHUNK}
            video = folder / _VIDEO.format(video_key=CAMERA, **place)
            video.parent.mkdir(parents=True, exist_ok=True)
            write_video(video, iter(episode.images), rate)
            rows.append(_describe(number, task, frames, total, place, rate))
            total += frames.length
    finally:
        if writer is not None:
            writer.close()
    if not rows:
        raise ValueError('there is no episode to export')
    _write_meta(folder, rows, tasks, size, rate, total, robot)
    return len(rows)


def _measure_rate(episode: Episode) -> int:
    """Return how many images come a second, a whole number."""
    if len(episode) < 2:
        return 1
    return max(round(1.0 / float(np.median(np.diff(episode.image_stamps)))), 1)


def _make_frames(episode: Episode, rate: int, number: int, first: int, task: int) -> _Frames:
    """Return the rows of an episode and their statistics."""
    count = len(episode)
    index = np.arange(count)
    height, width = episode.images.shape[1:3]
    elapsed = np.diff(episode.image_stamps, prepend=episode.image_stamps[0] - 1.0 / rate)
    columns: dict[str, NDArray[Any]] = {
        'action': episode.labels.astype(np.float32),
        # What was commanded before: the vehicle's own speed, as far as it is told.
        'observation.state': np.vstack([episode.flown[:1], episode.flown[:-1]]),
        'observation.imu': prepare_imu(episode, Preprocessing(width, height)),
        'observation.elapsed': elapsed.astype(np.float32),
        'timestamp': (index / rate).astype(np.float32),
        'frame_index': index.astype(np.int64),
        'episode_index': np.full(count, number, np.int64),
        'index': (first + index).astype(np.int64),
        'task_index': np.full(count, task, np.int64),
    }
    frames = _Frames(count, columns)
    for name, values in columns.items():
        flat = values.reshape(count, -1).astype(np.float64)
        frames.statistics[name] = {
            'min': flat.min(axis=0).tolist(),
            'max': flat.max(axis=0).tolist(),
            'mean': flat.mean(axis=0).tolist(),
            'std': flat.std(axis=0).tolist(),
            'count': [count],
        }
    pixels = ImageStatistic()
    for image in episode.images:
        pixels.add(image)
    statistic = pixels.finish()
    # LeRobot has images from 0 to 1, channel by channel, with two further axes.
    frames.statistics[CAMERA] = {
        name: [[[value / 255.0]] for value in getattr(statistic, name)]
        for name in ('min', 'max', 'mean', 'std')
    } | {'count': [count]}
    return frames


def _make_table(columns: dict[str, NDArray[Any]]) -> pa.Table:
    """Return rows as a table; rows of vectors become lists of a fixed length."""
    arrays = {}
    for name, values in columns.items():
        if values.ndim == 1:
            arrays[name] = pa.array(values)
        else:
            flat = pa.array(np.ascontiguousarray(values).reshape(-1))
            arrays[name] = pa.FixedSizeListArray.from_arrays(flat, values.shape[1])
    return pa.table(arrays)


def _describe(
    number: int, task: str, frames: _Frames, first: int, place: dict[str, int], rate: int
) -> dict[str, Any]:
    """Return the line of an episode in meta/episodes."""
    line: dict[str, Any] = {
        'episode_index': number,
        'tasks': [task],
        'length': frames.length,
        'data/chunk_index': 0,
        'data/file_index': 0,
        'dataset_from_index': first,
        'dataset_to_index': first + frames.length,
        f'videos/{CAMERA}/chunk_index': place['chunk_index'],
        f'videos/{CAMERA}/file_index': place['file_index'],
        f'videos/{CAMERA}/from_timestamp': 0.0,
        f'videos/{CAMERA}/to_timestamp': frames.length / rate,
        'meta/episodes/chunk_index': 0,
        'meta/episodes/file_index': 0,
    }
    for name, values in frames.statistics.items():
        line |= {f'stats/{name}/{key}': value for key, value in values.items()}
    return line


def _write_meta(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    tasks: dict[str, int],
    size: tuple[int, ...],
    rate: int,
    total: int,
    robot: str | None,
) -> None:
    """Write everything below meta/."""
    (folder / _EPISODES).parent.mkdir(parents=True)
    pq.write_table(pa.Table.from_pylist(list(rows)), folder / _EPISODES)
    pq.write_table(_make_tasks(tasks), folder / 'meta' / 'tasks.parquet')
    _write_json(folder / 'meta' / 'stats.json', _pool_statistics(rows))
    _write_json(
        folder / 'meta' / 'info.json',
        {
            'codebase_version': VERSION,
            'robot_type': robot,
            'total_episodes': len(rows),
            'total_frames': total,
            'total_tasks': len(tasks),
            'chunks_size': _CHUNK,
            'data_files_size_in_mb': 100,
            'video_files_size_in_mb': 200,
            'fps': rate,
            'splits': {'train': f'0:{len(rows)}'},
            'data_path': _DATA,
            'video_path': _VIDEO,
            'features': _list_features(size, rate),
        },
    )


def _list_features(size: tuple[int, ...], rate: int) -> dict[str, Any]:
    def number(dtype: str) -> dict[str, Any]:
        return {'dtype': dtype, 'shape': [1], 'names': None}

    height, width, channels = size
    return {
        'action': {'dtype': 'float32', 'shape': [4], 'names': _COMMAND},
        'observation.state': {'dtype': 'float32', 'shape': [4], 'names': _COMMAND},
        'observation.imu': {'dtype': 'float32', 'shape': [NUM_IMU_FEATURES], 'names': _IMU},
        'observation.elapsed': number('float32'),
        CAMERA: {
            'dtype': 'video',
            'shape': [height, width, channels],
            'names': ['height', 'width', 'channels'],
            'info': {
                'video.height': height,
                'video.width': width,
                'video.codec': 'h264',
                'video.pix_fmt': 'yuv420p',
                'video.is_depth_map': False,
                'video.fps': rate,
                'video.channels': channels,
                'has_audio': False,
            },
        },
        'timestamp': number('float32'),
        **{
            name: number('int64')
            for name in ('frame_index', 'episode_index', 'index', 'task_index')
        },
    }


def _make_tasks(tasks: dict[str, int]) -> pa.Table:
    """Return the tasks as pandas writes them with their words as the index."""
    table = pa.table({'task_index': list(tasks.values()), 'task': list(tasks)})

    def column(name: str, kind: str, stored: str) -> dict[str, Any]:
        return {
            'name': name,
            'field_name': name,
            'pandas_type': kind,
            'numpy_type': stored,
            'metadata': None,
        }

    described = {
        'index_columns': ['task'],
        'column_indexes': [],
        'columns': [column('task_index', 'int64', 'int64'), column('task', 'unicode', 'object')],
        'creator': {'library': 'pyarrow', 'version': pa.__version__},
        'pandas_version': '2.0.0',
    }
    return table.replace_schema_metadata({'pandas': json.dumps(described)})


def _pool_statistics(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the statistics of all episodes together, each weighted by its length."""
    pooled: dict[str, Any] = {}
    counts = np.array([row['length'] for row in rows], dtype=np.float64)
    names = sorted({key.split('/')[1] for key in rows[0] if key.startswith('stats/')})
    for name in names:
        values = {
            key: np.array([row[f'stats/{name}/{key}'] for row in rows], dtype=np.float64)
            for key in ('min', 'max', 'mean', 'std')
        }
        weights = counts.reshape(-1, *[1] * (values['mean'].ndim - 1)) / counts.sum()
        mean = (weights * values['mean']).sum(axis=0)
        square = (weights * (values['std'] ** 2 + values['mean'] ** 2)).sum(axis=0)
        pooled[name] = {
            'min': values['min'].min(axis=0).tolist(),
            'max': values['max'].max(axis=0).tolist(),
            'mean': mean.tolist(),
            'std': np.sqrt(np.maximum(square - mean**2, 0.0)).tolist(),
            'count': [int(math.fsum(counts))],
        }
    return pooled


def _write_json(path: Path, values: Any) -> None:
    with write_whole(path) as stream:
        stream.write(json.dumps(values, indent=4).encode())
