# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A data set: a folder of episodes with their origin, what each is for, and their statistics.

dataset.json      contract, versions, splits by episode
episodes.jsonl    one line an episode; grows at its end only
sources.jsonl     one line a bag that was imported; likewise
statistics.json   of images, IMU and commands, over the training episodes
episodes/*.mcap   the episodes
"""

import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control import __version__
from lnn_control.core.whole_file import write_whole
from lnn_control.data.bags import DATASET
from lnn_control.data.contract import Contract, describe_contract, parse_contract

EPISODES, SOURCES, STATISTICS = 'episodes.jsonl', 'sources.jsonl', 'statistics.json'
FOLDER = 'episodes'
VERSION = 1
SPLITS = ('train', 'validation', 'test')

# Of ten episodes one is kept for validation and one for a last test.
_SPLIT_OF = {8: 'validation', 9: 'test'}


class DatasetError(ValueError):
    """A folder is no data set, or not the one that was meant; the message says what to do."""


@dataclass(frozen=True)
class Statistic:
    """Mean, spread and extremes of some numbers, each a list with one entry a number."""

    mean: list[float]
    std: list[float]
    min: list[float]
    max: list[float]


@dataclass(frozen=True)
class EpisodeEntry:
    """A line of episodes.jsonl.

    :param file: in the data set's folder. :param source: bag that it comes from.
    :param start: stamp of the first image [s]. :param duration: to the last one [s].
    :param images: statistics of red, green, blue. :param imu: of body rates and force.
    :param commands: of forward, left, up, yaw rate. :param labels: likewise.
    """

    name: str
    file: str
    source: str
    split: str
    start: float
    duration: float
    num_images: int
    num_samples: int
    images: Statistic
    imu: Statistic
    commands: Statistic
    labels: Statistic


@dataclass(frozen=True)
class SourceEntry:
    """A line of sources.jsonl.

    :param files: name -> bytes. :param notes: what was seen and done, in words.
    :param left_out: why nothing of it was used; empty if it was.
    """

    name: str
    files: dict[str, int]
    num_episodes: int
    notes: list[str]
    left_out: str = ''


@dataclass(frozen=True)
class Dataset:
    """A data set as it lies on the disk."""

    folder: Path
    contract: Contract
    episodes: tuple[EpisodeEntry, ...]
    sources: tuple[SourceEntry, ...]
    is_complete: bool

    def list_paths(self, *splits: str) -> list[Path]:
        """Return the files of the episodes of some splits, of all if none is named."""
        wanted = splits or SPLITS
        return [self.folder / entry.file for entry in self.episodes if entry.split in wanted]


def choose_split(number: int) -> str:
    """Return what the n-th episode of a data set, from 0, is for. It stays when others come."""
    return _SPLIT_OF.get(number % 10, 'train')


def is_dataset(folder: Path) -> bool:
    """Return whether a folder is a data set."""
    return (folder / DATASET).is_file()


def load_dataset(folder: Path) -> Dataset:
    """Return a data set.

    :raises DatasetError: if the folder is none, or of a later version.
    """
    path = folder / DATASET
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
        version = values['version']
        if version != VERSION:
            raise DatasetError(f'{path} is of version {version}, this package reads {VERSION}')
        return Dataset(
            folder,
            parse_contract(values['contract'], str(path)),
            tuple(_parse_episode(line) for line in read_lines(folder / EPISODES)),
            tuple(SourceEntry(**line) for line in read_lines(folder / SOURCES)),
            bool(values['is_complete']),
        )
    except FileNotFoundError as error:
        raise DatasetError(
            f'{folder} is no data set, it has no {DATASET}: `lnn-control data import` makes one'
        ) from error
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise DatasetError(f'{path} cannot be read: {error!r}') from error


def _parse_episode(line: dict[str, Any]) -> EpisodeEntry:
    statistics = {
        name: Statistic(**line[name]) for name in ('images', 'imu', 'commands', 'labels')
    }
    return EpisodeEntry(**{**line, **statistics})


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines of a file that grows at its end; none if it is not there.

    A last line that a crash has left unfinished is not there.

    :raises DatasetError: if another line is damaged.
    """
    if not path.exists():
        return []
    data = path.read_bytes()
    try:
        return [json.loads(line) for line in data[: data.rfind(b'\n') + 1].splitlines()]
    except ValueError as error:
        raise DatasetError(f'{path} cannot be read, a line of it is no JSON: {error}') from error


def append_line(path: Path, entry: Any) -> None:
    """Write one line more and have it on the disk; an unfinished one before it is cut off.

    :raises OSError: if the disk is full; nothing of the line stays.
    """
    line = json.dumps(asdict(entry)).encode() + b'\n'
    with open(path, 'r+b' if path.exists() else 'x+b') as stream:
        whole = stream.read().rfind(b'\n') + 1
        stream.truncate(whole)
        stream.seek(whole)
        try:
            stream.write(line)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            os.truncate(path, whole)
            raise OSError(error.errno, error.strerror, str(path)) from error


def write_dataset(folder: Path, contract: Contract, is_complete: bool) -> None:
    """Write dataset.json and, of a complete data set, statistics.json.

    :raises OSError: if the disk is full.
    """
    entries = [_parse_episode(line) for line in read_lines(folder / EPISODES)]
    splits = {name: [e.name for e in entries if e.split == name] for name in SPLITS}
    _write_json(
        folder / DATASET,
        {
            'format': 'lnn_control/dataset',
            'version': VERSION,
            'is_complete': is_complete,
            'versions': {'lnn_control': __version__},
            'contract': describe_contract(contract),
            'splits': splits,
        },
    )
    if is_complete:
        learned = [entry for entry in entries if entry.split == 'train']
        _write_json(folder / STATISTICS, summarise(learned))


def _write_json(path: Path, values: Any) -> None:
    with write_whole(path) as stream:
        stream.write(json.dumps(values, indent=1).encode() + b'\n')


def summarise(entries: Sequence[EpisodeEntry]) -> dict[str, Any]:
    """Return the statistics of some episodes together."""
    counts = {
        'images': [entry.num_images for entry in entries],
        'imu': [entry.num_samples for entry in entries],
    }
    parts = {
        name: asdict(pool([getattr(entry, name) for entry in entries], counts[kind]))
        for name, kind in (
            ('images', 'images'),
            ('imu', 'imu'),
            ('commands', 'images'),
            ('labels', 'images'),
        )
    }
    return {
        'num_episodes': len(entries),
        'num_images': sum(counts['images']),
        'seconds': round(sum(entry.duration for entry in entries), 3),
        **parts,
    }


def pool(statistics: Sequence[Statistic], counts: Sequence[int]) -> Statistic:
    """Return the statistic of several sets of numbers together."""
    used = [(s, n) for s, n in zip(statistics, counts, strict=True) if n > 0]
    if not used:
        return Statistic([], [], [], [])
    weights = np.array([n for _, n in used], dtype=np.float64)[:, None] / sum(n for _, n in used)
    means = np.array([s.mean for s, _ in used])
    squares = np.array([s.std for s, _ in used]) ** 2 + means**2
    mean = (weights * means).sum(axis=0)
    variance = np.maximum((weights * squares).sum(axis=0) - mean**2, 0.0)
    low = np.array([s.min for s, _ in used]).min(axis=0)
    high = np.array([s.max for s, _ in used]).max(axis=0)
    return Statistic(*(_round(v) for v in (mean, np.sqrt(variance), low, high)))


def measure(rows: NDArray[Any]) -> Statistic:
    """Return the statistic of rows of numbers, shape (n, m)."""
    if len(rows) == 0:
        return Statistic([], [], [], [])
    values = rows.astype(np.float64)
    numbers = values.mean(axis=0), values.std(axis=0), values.min(axis=0), values.max(axis=0)
    return Statistic(*map(_round, numbers))


def _round(values: Iterable[float]) -> list[float]:
    return [float(f'{value:.6g}') for value in values]


class ImageStatistic:
    """Statistic of the pixels of images that pass by one after another."""

    def __init__(self) -> None:
        self._sums = np.zeros((2, 3))
        self._extremes = np.array([[255.0] * 3, [0.0] * 3])
        self._count = 0

    def add(self, image: NDArray[np.uint8]) -> None:
        """Take an image, shape (height, width, 3), into account."""
        pixels = image.reshape(-1, 3)
        self._count += len(pixels)
        exact = pixels.astype(np.float32)
        self._sums += [
            exact.sum(axis=0, dtype=np.float64),
            (exact**2).sum(axis=0, dtype=np.float64),
        ]
        self._extremes[0] = np.minimum(self._extremes[0], pixels.min(axis=0))
        self._extremes[1] = np.maximum(self._extremes[1], pixels.max(axis=0))

    def finish(self) -> Statistic:
        """Return the statistic of all images so far."""
        mean, square = self._sums / max(self._count, 1)
        spread = np.sqrt(np.maximum(square - mean**2, 0.0))
        return Statistic(*map(_round, (mean, spread, *self._extremes)))
