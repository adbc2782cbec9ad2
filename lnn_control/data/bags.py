# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bags on the disk: which files belong together, and which are left out and why."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from lnn_control.core.file_search import walk_files

STORAGE = ('.mcap', '.db3', '.bag')
COMPRESSED = ('.zstd', '.zst', '.lz4')
METADATA = 'metadata.yaml'
DATASET = 'dataset.json'
"""File that makes a folder a data set."""

# What lies beside bags and is none.
_COMPANIONS = ('.yaml', '.yml', '.json', '.jsonl', '.md', '.txt')
JOURNALS = ('-wal', '-journal')
"""Ends of the files beside a database in which SQLite keeps what is not yet in it."""
_OF_SQLITE = (*JOURNALS, '-shm')


class BagError(ValueError):
    """Files that cannot be read as a bag; the message says which and why."""


@dataclass(frozen=True)
class Bag:
    """A recording: one file, or several that it was split into, in their order.

    :param name: of the recording, from the folder that was asked for: 'monday/flight_3'.
    :param missing: files that belong to it but are not there.
    """

    name: str
    files: tuple[Path, ...]
    missing: tuple[str, ...] = ()

    def measure_bytes(self) -> dict[str, int]:
        """Return how long each file is, by name; 0 where it cannot be told."""
        return {path.name: path.stat().st_size if path.exists() else 0 for path in self.files}

    def describe(self) -> str:
        """Return the place of the recording as text."""
        return str(self.files[0] if len(self.files) == 1 else self.files[0].parent)


@dataclass(frozen=True)
class LeftOut:
    """A file that is not read, and why."""

    path: Path
    reason: str


def is_storage(path: Path) -> bool:
    """Return whether a file's name is that of a bag's storage, compressed or not."""
    name = path.name.lower()
    for suffix in COMPRESSED:
        name = name.removesuffix(suffix)
    return name.endswith(STORAGE)


def find_bags(place: Path) -> tuple[list[Bag], list[LeftOut]]:
    """Return the bags of a folder and its subfolders, or the one bag that a file is.

    A folder with a metadata.yaml is one bag; every other file is one by itself.

    :raises FileNotFoundError: if there is no such place or no bag in it; it names what is there.
    """
    if place.is_file():
        return [Bag(_strip(place.name), (place,))], []
    if not place.is_dir():
        raise FileNotFoundError(f'{place} must be a bag or a folder of bags, there is none')
    closed: list[OSError] = []
    files = list(_skip_datasets(place, closed.append))
    bags: list[Bag] = []
    taken: set[Path] = set()
    for path in files:
        if path.name.lower() == METADATA:
            parts, missing = _list_parts(path)
            if parts:
                bags.append(Bag(_name(place, path.parent), parts, missing))
                taken.update(parts)
    left_out = [
        LeftOut(Path(error.filename), f'cannot be opened: {error.strerror}') for error in closed
    ]
    for path in files:
        if path in taken or path.name.lower() == METADATA or _is_journal(path):
            continue
        if path.exists() and not path.is_file():
            left_out.append(LeftOut(path, 'no file: a pipe, a socket or a device'))
        elif is_storage(path):
            bags.append(Bag(_name(place, path.parent / _strip(path.name)), (path,)))
        elif path.suffix.lower() not in _COMPANIONS:
            left_out.append(LeftOut(path, _explain(path)))
    if not bags:
        found = ', '.join(sorted({path.name for path in files})[:5]) or 'nothing'
        found += ''.join(f'; {one.path} {one.reason}' for one in left_out[: len(closed)])
        raise FileNotFoundError(
            f'{place} must hold bags ({", ".join(STORAGE)}, compressed or not), found {found}'
        )
    return sorted(bags, key=lambda bag: bag.name), left_out


def _skip_datasets(place: Path, refuse: Callable[[OSError], None]) -> Iterator[Path]:
    """Yield the files of a folder, without the data sets in it: those hold what bags became."""
    files = list(walk_files(place, refuse))
    made = tuple(path.parent for path in files if path.name == DATASET and path.parent != place)
    yield from (path for path in files if not any(path.is_relative_to(one) for one in made))


def _list_parts(path: Path) -> tuple[tuple[Path, ...], tuple[str, ...]]:
    """Return the files that a metadata.yaml lists, and the names of those that are missing."""
    try:
        information = yaml.safe_load(path.read_text(encoding='utf-8'))
        names = information['rosbag2_bagfile_information']['relative_file_paths']
        if not isinstance(names, list):
            raise TypeError(f'relative_file_paths must be a list, got {names!r}')
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        # Damaged, or of something else: the files speak for themselves.
        return (), ()
    # Old recordings list paths of the machine that they were made on.
    wanted = list(dict.fromkeys(Path(str(name)).name for name in names))
    present = {entry.name.lower(): entry for entry in path.parent.iterdir()}
    parts = tuple(present[name.lower()] for name in wanted if name.lower() in present)
    return parts, tuple(name for name in wanted if name.lower() not in present)


def _is_journal(path: Path) -> bool:
    """Return whether a file lies beside a database of SQLite and is read with it."""
    ends = [end for end in _OF_SQLITE if path.name.endswith(end)]
    return any(is_storage(path.with_name(path.name.removesuffix(end))) for end in ends)


def _explain(path: Path) -> str:
    if path.name.lower().endswith(('.part', '.active')):
        return 'unfinished: still being written, or left by a crash (`lnn-control data repair`)'
    return f'no bag: those end in {", ".join(STORAGE)}'


def _strip(name: str) -> str:
    """Return a file's name without the suffixes of storage and compression."""
    for suffix in (*COMPRESSED, *STORAGE):
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
    return name or 'bag'


def _name(root: Path, path: Path) -> str:
    relative = path.relative_to(root).as_posix()
    return relative if relative != '.' else root.resolve().name
