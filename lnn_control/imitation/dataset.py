# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as memory-mapped arrays, cut into windows for training."""

import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import ImuBuffer, Preprocessing
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import EpisodeFileError, read_episode, read_metadata


@dataclass(frozen=True, eq=False)
class Sequence:
    """One episode, preprocessed. Images stay on disk until they are read.

    :param images: uint8, shape (n, height, width, 3). :param imu: features, shape (n, 12).
    :param elapsed_time: before each image [s], shape (n,).
    :param labels: the expert's commands, shape (n, 4).
    """

    name: str
    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    labels: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.labels)


def prepare_imu(episode: Episode, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return the inertial features of every image's exposure interval, shape (n, 12)."""
    buffer = ImuBuffer(capacity=len(episode.imu_stamps) + 1)
    for stamp, row in zip(episode.imu_stamps.tolist(), episode.imu, strict=True):
        buffer.add(stamp, row[:3], row[3:])
    windows: list[ImuSamples] = [buffer.take(stamp) for stamp in episode.image_stamps.tolist()]
    return np.stack([preprocessing.summarise_imu(window) for window in windows])


def _identify(path: Path) -> list[int]:
    """Return what changes when a file is written again or replaced."""
    status = path.stat()
    return [status.st_mtime_ns, status.st_size]


def _replace(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file beside its place, then rename it: whoever has the old one open keeps it."""
    part = path.with_name(f'{os.getpid()}.part{path.suffix}')
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _convert(path: Path, stem: Path, preprocessing: Preprocessing) -> None:
    """Write an episode file as arrays; the signals last, so that they mark it complete."""
    source = _identify(path)
    episode = read_episode(path)
    stamps = episode.image_stamps
    if len(stamps) < 2:
        raise EpisodeFileError(f'{path} must hold at least two images, got {len(stamps)}')
    elapsed = np.diff(stamps, prepend=stamps[0] - np.median(np.diff(stamps)))
    images = np.stack([preprocessing.prepare_image(image) for image in episode.images])
    signals = {
        'imu': prepare_imu(episode, preprocessing),
        'elapsed_time': elapsed.astype(np.float32),
        'labels': episode.labels,
        'source': np.array(source),
    }
    _replace(_images_path(stem), lambda part: np.save(part, images))
    _replace(_signals_path(stem), lambda part: np.savez(part, allow_pickle=False, **signals))


def _images_path(stem: Path) -> Path:
    return stem.with_name(f'{stem.name}.images.npy')


def _signals_path(stem: Path) -> Path:
    return stem.with_name(f'{stem.name}.npz')


def _read_signals(path: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a file, none if there is no such file."""
    if not path.exists():
        return {}
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


def list_episodes(folder: Path) -> list[Path]:
    """Return the episode files of a folder and its subfolders.

    :raises FileNotFoundError: if there is none.
    """
    paths = sorted(path for path in folder.rglob('*.mcap'))
    if not paths:
        raise FileNotFoundError(
            f'{folder} must hold episodes (*.mcap), found none: run `lnn-control collect` first'
        )
    return paths


def read_all_metadata(folder: Path) -> list[dict[str, str]]:
    """Return what every episode of a folder and its subfolders says of itself.

    :raises FileNotFoundError: if there is no episode.
    :raises EpisodeFileError: if a file is broken.
    """
    return [read_metadata(path) for path in list_episodes(folder)]


def load_sequences(folder: Path, preprocessing: Preprocessing) -> list[Sequence]:
    """Return every episode of a folder and its subfolders, converting what is new.

    The arrays lie in a folder `.cache` beside the episodes and are made again when the episode
    file or the preprocessing changes.

    :raises FileNotFoundError: if there is no episode.
    :raises EpisodeFileError: if a file is broken.
    :raises ValueError: if images are smaller than the network's.
    """
    paths = list_episodes(folder)
    key = '-'.join(f'{value}' for value in asdict(preprocessing).values())
    sequences = []
    for path in paths:
        cache = path.parent / '.cache' / key
        cache.mkdir(parents=True, exist_ok=True)
        stem = cache / path.stem
        signals = _read_signals(_signals_path(stem))
        if 'source' not in signals or signals['source'].tolist() != _identify(path):
            _convert(path, stem, preprocessing)
            signals = _read_signals(_signals_path(stem))
        del signals['source']
        images = np.load(_images_path(stem), mmap_mode='r')
        sequences.append(Sequence(path.stem, images, **signals))
    return sequences


@dataclass(frozen=True)
class Window:
    """A stretch of one sequence.

    :param sequence: index of the sequence. :param start: first image.
    :param length: number of images taken. :param stride: images from one taken to the next.
    :param warm_up: images at the start that bear no loss, because the network's memory starts
        empty in the middle of a flight.
    """

    sequence: int
    start: int
    length: int
    warm_up: int
    stride: int = 1


@dataclass(frozen=True)
class WindowSettings:
    """How sequences are cut."""

    window_length: int = 64
    """Images a window."""
    warm_up: int = 12
    """Images without loss at the start of a window, while the network's memory fills."""
    max_stride: int = 3
    """A flight is read at full rate, at half, ... down to this share, so that the network learns
    what elapsed time means; as if the camera dropped frames."""

    def __post_init__(self) -> None:
        check_number('window_length', self.window_length, 4, 4096)
        check_number('warm_up', self.warm_up, 0, self.window_length - 2)
        check_number('max_stride', self.max_stride, 1, 20)


def cut_windows(
    sequences: list[Sequence], settings: WindowSettings, rng: np.random.Generator
) -> list[Window]:
    """Cut all sequences into windows at random offsets and shuffle them.

    Every image bears a loss exactly once: windows overlap by their warm-up, and a stride of k
    takes each k-th image in k interleaved parts.
    """
    windows = []
    length, warm_up = settings.window_length, settings.warm_up
    for index, sequence in enumerate(sequences):
        stride = int(rng.integers(1, settings.max_stride + 1))
        for phase in range(stride):
            count = len(range(phase, len(sequence), stride))
            done, stop = 0, int(rng.integers(length // 2, length + 1))
            while done < count:
                start, stop = max(done - warm_up, 0), min(stop, count)
                first = phase + start * stride
                windows.append(Window(index, first, stop - start, done - start, stride))
                done, stop = stop, max(stop - warm_up, 0) + length
    order = rng.permutation(len(windows))
    return [windows[i] for i in order]


@dataclass(frozen=True, eq=False)
class Batch:
    """Windows padded to one length.

    :param images: uint8, shape (batch, steps, height, width, 3).
    :param weight: 1 where a step bears loss, 0 in warm-up and padding, shape (batch, steps).
    """

    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    labels: NDArray[np.float32]
    weight: NDArray[np.float32]


def load_batch(sequences: list[Sequence], windows: list[Window]) -> Batch:
    """Read windows into one batch, padded at the end with the last image's values."""
    steps = max(window.length for window in windows)
    columns: dict[str, list[NDArray]] = {
        name: [] for name in ('images', 'imu', 'elapsed_time', 'labels')
    }
    weight = np.zeros((len(windows), steps), dtype=np.float32)
    for row, window in enumerate(windows):
        weight[row, window.warm_up : window.length] = 1.0
        index = window.start + window.stride * np.minimum(np.arange(steps), window.length - 1)
        sequence = sequences[window.sequence]
        columns['images'].append(sequence.images[index])
        columns['labels'].append(sequence.labels[index])
        # What happened since the image taken before, which lies one stride back.
        since = np.maximum(index[:, None] - np.arange(window.stride), 0)
        columns['elapsed_time'].append(sequence.elapsed_time[since].sum(axis=1))
        columns['imu'].append(merge_imu(sequence.imu[since]))
    return Batch(weight=weight, **{name: np.stack(rows) for name, rows in columns.items()})


def merge_imu(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the inertial features of intervals joined together.

    :param features: means and standard deviations, shape (n, intervals, 12).
    :return: shape (n, 12).
    """
    means, spreads = features[..., :6], features[..., 6:]
    # Variance of the whole: mean of the variances plus variance of the means.
    variance = np.mean(spreads**2, axis=1) + np.var(means, axis=1)
    return np.concatenate([means.mean(axis=1), np.sqrt(variance)], axis=1)
