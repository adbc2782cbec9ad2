# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as memory-mapped arrays, made once of each episode file."""

import errno
import hashlib
import os
import zipfile
import zlib
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.core.file_search import find_files
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import ImuBuffer, Preprocessing
from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import EpisodeFileError, read_episode, read_metadata

CACHE_VERSION = 3
"""Of what is made of an episode. Count up whenever that changes: no stale array is used then."""

MAX_COMMAND = 100.0
"""A label beyond this is no command of any vehicle [m/s, rad/s]."""

Say = Callable[[str], None]
"""Receives a line for the user."""


@dataclass(frozen=True, eq=False)
class Sequence:
    """One episode, preprocessed. Images stay on disk until they are read.

    :param images: uint8, shape (n, height, width, 3). :param imu: features, shape (n, 12).
    :param elapsed_time: before each image [s], shape (n,).
    :param labels: the expert's commands, shape (n, 4).
    :param privileged: what only a simulator knows, shape (n, 20), None where not recorded.
    :param segmentation: class of each pixel, uint8, shape (n, height, width), None likewise.
    :param lead_in: images at its start that are not learned from, but fill the memory.
    :param weight: how often it is learned from in a pass over the data.
    """

    name: str
    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    labels: NDArray[np.float32]
    privileged: NDArray[np.float32] | None = None
    segmentation: NDArray[np.uint8] | None = None
    lead_in: int = 0
    weight: float = 1.0

    def __len__(self) -> int:
        return len(self.labels)


def prepare_imu(episode: Episode, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Return the inertial features of every image's exposure interval, shape (n, 12)."""
    buffer = ImuBuffer(capacity=len(episode.imu_stamps) + 1)
    for stamp, row in zip(episode.imu_stamps.tolist(), episode.imu, strict=True):
        buffer.add(stamp, row[:3], row[3:])
    windows: list[ImuSamples] = [buffer.take(stamp) for stamp in episode.image_stamps.tolist()]
    return np.stack([preprocessing.summarise_imu(window) for window in windows])


def make_sequence(name: str, episode: Episode, preprocessing: Preprocessing) -> Sequence:
    """Return an episode as a network learns from it.

    :raises ValueError: if it has fewer than two images or a label that is no command.
    """
    stamps = episode.image_stamps
    if len(stamps) < 2:
        raise ValueError(f'must hold at least two images, got {len(stamps)}')
    wild = np.abs(episode.labels).max(axis=1) > MAX_COMMAND
    if wild.any():
        row = int(np.argmax(wild))
        raise ValueError(
            f'has a label beyond {MAX_COMMAND:g} m/s or rad/s in row {row}: '
            f'{episode.labels[row].tolist()}: leave that episode out'
        )
    elapsed = np.diff(stamps, prepend=stamps[0] - np.median(np.diff(stamps)))
    size = (preprocessing.width_px, preprocessing.height_px)
    classes = episode.segmentation
    return Sequence(
        name,
        np.stack([preprocessing.prepare_image(image) for image in episode.images]),
        prepare_imu(episode, preprocessing),
        elapsed.astype(np.float32),
        episode.labels,
        episode.privileged,
        None if classes is None else np.stack([_shrink_classes(row, size) for row in classes]),
        int(episode.metadata.get('lead_in', 0)),
    )


def _shrink_classes(classes: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """Return a map of classes at the network's size: the class in the middle of each pixel."""
    shrunk = cv2.resize(classes, size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(shrunk, dtype=np.uint8)


def _identify(path: Path) -> list[int]:
    """Return what changes when a file is written again or replaced."""
    status = path.stat()
    return [status.st_mtime_ns, status.st_size]


def _replace(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Write a file beside its place, then rename it: whoever has the old one open keeps it."""
    try:
        with write_whole(path) as stream:
            write(stream)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            message = f'No space left for the cache in {path.parent}: free some and run again'
            raise OSError(errno.ENOSPC, message) from error
        raise


def _convert(path: Path, stem: Path, preprocessing: Preprocessing) -> None:
    """Write an episode file as arrays; the signals last, so that they mark it complete."""
    source = _identify(path)
    try:
        sequence = make_sequence(path.stem, read_episode(path), preprocessing)
    except EpisodeFileError:
        raise
    except ValueError as error:
        raise EpisodeFileError(f'{path} {error}') from error
    signals: dict[str, Any] = {
        'imu': sequence.imu,
        'elapsed_time': sequence.elapsed_time,
        'labels': sequence.labels,
        'source': np.array(source),
        'lead_in': np.array(sequence.lead_in),
    }
    if sequence.privileged is not None:
        signals['privileged'] = sequence.privileged
    classes = sequence.segmentation
    if classes is not None:
        _replace(_array_path(stem, 'segmentation'), lambda stream: np.save(stream, classes))
    signals['has_segmentation'] = np.array(classes is not None)
    _replace(_array_path(stem, 'images'), lambda stream: np.save(stream, sequence.images))
    _replace(_signals_path(stem), lambda stream: np.savez(stream, **signals))


def _array_path(stem: Path, name: str) -> Path:
    return stem.with_name(f'{stem.name}.{name}.npy')


def _signals_path(stem: Path) -> Path:
    return stem.with_name(f'{stem.name}.npz')


def list_episodes(folder: Path) -> list[Path]:
    """Return the episode files of a folder and its subfolders.

    :raises FileNotFoundError: if there is none.
    """
    paths = find_files(folder, ('.mcap',))
    if not paths:
        raise FileNotFoundError(
            f'{folder} must hold episodes (*.mcap), found none: run `lnn-control collect` first'
        )
    return paths


def read_all_metadata(data: Path | Iterable[Path]) -> list[dict[str, str]]:
    """Return what every episode says of itself.

    :param data: episodes, or a folder of them with its subfolders.
    :raises FileNotFoundError: if there is no episode.
    :raises EpisodeFileError: if a file is broken.
    """
    paths = list_episodes(data) if isinstance(data, Path) else data
    return [read_metadata(path) for path in paths]


def name_cache(preprocessing: Preprocessing) -> str:
    """Return what the arrays of a preprocessing are kept under."""
    numbers = '-'.join(f'{value}' for value in asdict(preprocessing).values())
    return f'v{CACHE_VERSION}-{numbers}'


def find_cache(folder: Path, key: str) -> Path:
    """Return the folder for the arrays of a folder's episodes, made if it is not there.

    It lies beside the episodes; where that cannot be written, among the user's caches.
    """
    beside = folder / '.cache' / key
    try:
        beside.mkdir(parents=True, exist_ok=True)
        if os.access(beside, os.W_OK):
            return beside
    except OSError:
        pass  # read-only medium, or a folder of somebody else
    root = Path(os.environ.get('XDG_CACHE_HOME') or Path.home() / '.cache')
    digest = hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]
    elsewhere = root / 'lnn_control' / 'episodes' / digest / key
    elsewhere.mkdir(parents=True, exist_ok=True)
    return elsewhere


def load_sequences(
    data: Path | Iterable[Path],
    preprocessing: Preprocessing,
    say: Say | None = None,
    weight: float = 1.0,
) -> list[Sequence]:
    """Return episodes as they are learned from, converting what is new.

    The arrays lie in a folder `.cache` beside the episodes, see :func:`find_cache`, and are made
    again when the episode file, the preprocessing or CACHE_VERSION changes.

    :param data: episodes, or a folder of them with its subfolders.
    :param say: hears of a cache that lies elsewhere.
    :param weight: how often they are learned from in a pass over all data.
    :raises FileNotFoundError: if there is no episode.
    :raises EpisodeFileError: if a file is broken.
    :raises ValueError: if images are smaller than the network's.
    """
    paths = list_episodes(data) if isinstance(data, Path) else list(data)
    key = name_cache(preprocessing)
    caches = {parent: find_cache(parent, key) for parent in {path.parent for path in paths}}
    for parent, cache in sorted(caches.items()):
        if say is not None and parent not in cache.parents:
            say(f'{parent} cannot be written: its arrays lie in {cache}')
    sequences = (load_sequence(path, caches[path.parent], preprocessing) for path in paths)
    return [replace(sequence, weight=weight) for sequence in sequences]


def load_sequence(path: Path, cache: Path, preprocessing: Preprocessing) -> Sequence:
    """Return one episode, converted first if its arrays are missing, damaged or of another file.

    :param cache: folder of its arrays.
    """
    stem = cache / path.stem
    sequence = _open_arrays(path, stem)
    if sequence is None:
        _convert(path, stem, preprocessing)
        sequence = _open_arrays(path, stem)
    if sequence is None:
        raise OSError(f'{path} or its arrays in {cache} are being changed: run again')
    return sequence


def _open_arrays(path: Path, stem: Path) -> Sequence | None:
    """Return an episode from its arrays; None if they are missing, damaged or of another file."""
    try:
        with np.load(_signals_path(stem)) as arrays:
            signals: dict[str, Any] = {name: arrays[name] for name in arrays.files}
        if signals.pop('source').tolist() != _identify(path):
            return None
        classes = None
        if signals.pop('has_segmentation'):
            classes = np.load(_array_path(stem, 'segmentation'), mmap_mode='r')
        lead_in = int(signals.pop('lead_in'))
        images = np.load(_array_path(stem, 'images'), mmap_mode='r')
    except (FileNotFoundError, KeyError, ValueError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    arrays_of_images = (images, *(() if classes is None else (classes,)), *signals.values())
    if len({len(array) for array in arrays_of_images}) != 1:
        return None
    return Sequence(path.stem, images, segmentation=classes, lead_in=lead_in, **signals)
