# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as memory-mapped arrays, cut into windows for training."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import ImuBuffer, Preprocessing
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import read_episode


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


def _convert(path: Path, stem: Path, preprocessing: Preprocessing) -> None:
    """Write an episode file as arrays; the signals last, so that they mark it complete."""
    episode = read_episode(path)
    stamps = episode.image_stamps
    elapsed = np.diff(stamps, prepend=stamps[0] - np.median(np.diff(stamps)))
    images = np.stack([preprocessing.prepare_image(image) for image in episode.images])
    np.save(stem.with_suffix('.images.npy'), images)
    part = stem.with_suffix('.part.npz')
    np.savez(
        part,
        imu=prepare_imu(episode, preprocessing),
        elapsed_time=elapsed.astype(np.float32),
        labels=episode.labels,
    )
    part.replace(stem.with_suffix('.npz'))


def load_sequences(folder: Path, preprocessing: Preprocessing) -> list[Sequence]:
    """Return every episode of a folder and its subfolders, converting what is new.

    The arrays lie in a folder `.cache` beside the episodes and are made again when the episode
    file or the preprocessing changes.

    :raises FileNotFoundError: if there is no episode.
    """
    paths = sorted(path for path in folder.rglob('*.mcap'))
    if not paths:
        raise FileNotFoundError(
            f'{folder} must hold episodes (*.mcap), found none: run `lnn-control collect` first'
        )
    key = '-'.join(f'{value}' for value in asdict(preprocessing).values())
    sequences = []
    for path in paths:
        cache = path.parent / '.cache' / key
        cache.mkdir(parents=True, exist_ok=True)
        stem = cache / path.stem
        signals = stem.with_suffix('.npz')
        if not signals.exists() or signals.stat().st_mtime < path.stat().st_mtime:
            _convert(path, stem, preprocessing)
        with np.load(signals) as arrays:
            rows = {name: arrays[name] for name in ('imu', 'elapsed_time', 'labels')}
        images = np.load(stem.with_suffix('.images.npy'), mmap_mode='r')
        sequences.append(Sequence(path.stem, images, **rows))
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
    """How sequences are cut.

    :param length: images a window. :param warm_up: images a window without loss at its start.
    :param max_stride: a flight is read at full rate, at half, ... down to this share, so that the
        network learns what elapsed time means; as if the camera dropped frames.
    """

    length: int = 64
    warm_up: int = 12
    max_stride: int = 3

    def __post_init__(self) -> None:
        check_number('length', self.length, 4, 4096)
        check_number('warm_up', self.warm_up, 0, self.length - 2)
        check_number('max_stride', self.max_stride, 1, 20)


def cut_windows(
    sequences: list[Sequence], settings: WindowSettings, rng: np.random.Generator
) -> list[Window]:
    """Cut all sequences into windows at random offsets and shuffle them.

    Every image bears a loss once, but for the first of a part that starts in mid-flight: windows
    overlap by their warm-up, and a stride of k takes each k-th image in k interleaved parts.
    """
    windows = []
    length, warm_up = settings.length, settings.warm_up
    for index, sequence in enumerate(sequences):
        stride = int(rng.integers(1, settings.max_stride + 1))
        for phase in range(stride):
            count = len(range(phase, len(sequence), stride))
            start, end = 0, int(rng.integers(length // 2, length + 1))
            while start < max(count - warm_up, 1):
                stop = min(end, count)
                first = phase + start * stride
                skip = warm_up if start > 0 else 0
                windows.append(Window(index, first, stop - start, skip, stride))
                if stop == count:
                    break
                start, end = stop - warm_up, stop - warm_up + length
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
