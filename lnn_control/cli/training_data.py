# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What `--data` names: data sets, folders of episodes, and folders of what a robot recorded."""

import math
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lnn_control.core.file_search import find_files
from lnn_control.core.observation import Preprocessing

Say = Callable[[str], None]

_MOST_WEIGHT = 100.0


@dataclass(frozen=True)
class Source:
    """Episodes to learn from.

    :param folder: as it was named. :param weight: how often they are learned from in a pass.
    :param paths: the episodes' files.
    """

    folder: Path
    weight: float
    paths: tuple[Path, ...]


def parse_source(text: str) -> tuple[Path, float]:
    """Return folder and weight of FOLDER or FOLDER=WEIGHT.

    :raises ValueError: if the weight is none.
    """
    folder, separator, number = text.rpartition('=')
    if not separator or Path(text).exists():
        return Path(text), 1.0
    try:
        weight = float(number)
    except ValueError:
        return Path(text), 1.0  # a folder with such a name
    if not (math.isfinite(weight) and 0.0 < weight <= _MOST_WEIGHT):
        raise ValueError(
            f'weight of {folder} must be above 0, up to {_MOST_WEIGHT:g}, got {number}'
        )
    return Path(folder), weight


def open_sources(data: Sequence[str], preprocessing: Preprocessing, say: Say) -> list[Source]:
    """Return the episodes of every folder.

    Of a data set those for training. What a robot recorded is imported first, by the contract of
    our own nodes' topics.

    :param preprocessing: whose size the images of recordings are kept in.
    :raises FileNotFoundError: if a folder holds nothing.
    :raises DatasetError: if a data set is unfinished.
    :raises EpisodeFileError: if an episode is damaged.
    :raises RecordingError: if a recording cannot be used; it says what to do.
    """
    sources = []
    for text in data:
        folder, weight = parse_source(text)
        sources.append(Source(folder, weight, tuple(_list_paths(folder, preprocessing, say))))
    return sources


def _list_paths(folder: Path, preprocessing: Preprocessing, say: Say) -> list[Path]:
    from lnn_control.data.bags import STORAGE, is_storage
    from lnn_control.data.dataset import DatasetError, is_dataset, load_dataset
    from lnn_control.imitation.cache import list_episodes
    from lnn_control.imitation.episode_file import is_episode, read_metadata

    if is_dataset(folder):
        found = load_dataset(folder)
        if not found.is_complete:
            raise DatasetError(f'{folder} is not finished: run `lnn-control data import` again')
        paths = found.list_paths('train')
        if not paths:
            raise DatasetError(f'{folder} holds no episode to learn from')
        kept = len(found.episodes) - len(paths)
        if kept:
            say(f'{folder}: {kept} episodes are kept for validation and test')
        return paths
    suffixes = [f'{kind}{end}' for kind in STORAGE for end in ('', '.zstd', '.zst', '.lz4')]
    files = [path for path in find_files(folder, suffixes) if is_storage(path)]
    others = [path for path in files if not is_episode(path)]
    if not others:
        return list_episodes(folder)
    if len(others) < len(files):
        # A damaged file among episodes is one of them rather than a recording.
        for path in others:
            if path.suffix == '.mcap':
                read_metadata(path)
    return _import(folder, preprocessing, say)


def _import(folder: Path, preprocessing: Preprocessing, say: Say) -> list[Path]:
    """Import recordings into the cache beside them and return the episodes."""
    from lnn_control.data.contract import OUR_CONTRACT, with_size
    from lnn_control.data.dataset import DatasetError, load_dataset
    from lnn_control.data.importer import import_bags
    from lnn_control.imitation.cache import find_cache

    size = preprocessing.width_px, preprocessing.height_px
    cache = find_cache(folder, 'imported-{}x{}'.format(*size))
    say(f'{folder} holds recordings: importing them into {cache}')
    contract = with_size(OUR_CONTRACT, size)
    try:
        imported = list(import_bags([folder], contract, cache, say=say))
    except DatasetError:
        # Of files that were written again since, or of an earlier version.
        shutil.rmtree(cache)
        imported = list(import_bags([folder], contract, cache, say=say))
    for bag in imported:
        for note in bag.source.notes:
            say(note)
    return load_dataset(cache).list_paths()
