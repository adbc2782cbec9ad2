# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all: written beside their place as `.part`, then renamed."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

_SUFFIX = '.part'


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place, whole and on the disk, when the block ends.

    If the block fails, what stood at the place stays. Two processes may write the same file: the
    later one wins.

    :raises OSError: if the disk is full or the folder cannot be written; it names the file.
    """
    part = path.with_name(f'{path.name}.{os.getpid()}{_SUFFIX}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(part, 'wb') as stream:
            # Held while somebody writes, so that others know it from what a crash has left.
            fcntl.flock(stream, fcntl.LOCK_EX)
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            part.replace(path)
    except OSError as error:
        raise _name_file(error, path) from error
    finally:
        part.unlink(missing_ok=True)


def _name_file(error: OSError, path: Path) -> OSError:
    """Return the error with the file's name in its message: writing itself does not tell."""
    if error.errno is None or error.filename is not None:
        return error
    return OSError(error.errno, error.strerror, str(path))


def remove_unfinished(folder: Path, pattern: str) -> list[Path]:
    """Remove what killed processes have left half written in a folder, and return it.

    :param pattern: of the whole files' names, such as '*.mcap'.
    """
    removed = []
    for part in sorted(folder.glob(f'{pattern}.*{_SUFFIX}')):
        try:
            with open(part, 'rb') as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue  # somebody is writing it, or has just finished
        removed.append(part)
    return removed
