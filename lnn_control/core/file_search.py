# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Files below a folder: links are followed, the case of names is ignored, hidden folders are not
looked into.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path


def _raise(error: OSError) -> None:
    raise error


def walk_files(folder: Path, refuse: Callable[[OSError], None] = _raise) -> Iterator[Path]:
    """Yield every file below a folder that is not hidden, in the order of names.

    :param refuse: called where a folder cannot be looked into; it ends the walk if not given.
    :raises OSError: in that case.
    """
    seen: set[str] = set()
    for place, folders, names in os.walk(folder, followlinks=True, onerror=refuse):
        # A link that leads back up would go round for ever.
        real = os.path.realpath(place)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        yield from (Path(place) / name for name in sorted(names) if not name.startswith('.'))


def find_files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Return the files below a folder whose names end with one of some suffixes, sorted.

    Where there is no such folder there are none.

    :raises OSError: if a folder cannot be looked into.
    """
    if not folder.exists():
        return []
    ends = tuple(suffix.lower() for suffix in suffixes)
    return sorted(path for path in walk_files(folder) if path.name.lower().endswith(ends))
