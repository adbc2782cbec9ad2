# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Files that appear whole or not at all: written beside their place as `.part`, then renamed."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_SUFFIX = '.part'


class PartFile:
    """A file that grows beside its place and takes it when it is finished.

    :param path: its place. :param part: where it grows; open for writing as `stream`.
    :raises OSError: if the folder cannot be written.
    """

    def __init__(self, path: Path, part: Path) -> None:
        self.path, self.part = path, part
        path.parent.mkdir(parents=True, exist_ok=True)
        self.stream: BinaryIO = open(part, 'wb')  # noqa: SIM115
        # Held while somebody writes, so that others know it from what a crash has left.
        fcntl.flock(self.stream, fcntl.LOCK_EX)

    def finish(self) -> None:
        """Have it on the disk and at its place.

        :raises OSError: if the disk is full.
        """
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self.part.replace(self.path)
        self.stream.close()

    def discard(self) -> None:
        """Remove it, unless it is finished."""
        with suppress(OSError):  # what still waits in a buffer has no room
            self.stream.close()
        self.part.unlink(missing_ok=True)


def find_part(path: Path) -> Path:
    """Return where this process writes a file before it takes its place."""
    return path.with_name(f'{path.name}.{os.getpid()}{_SUFFIX}')


@contextmanager
def write_whole(path: Path) -> Iterator[BinaryIO]:
    """Open a file that takes its place, whole and on the disk, when the block ends.

    If the block fails, what stood at the place stays. Two processes may write the same file: the
    later one wins.

    :raises OSError: if the disk is full or the folder cannot be written; it names the file.
    """
    part = find_part(path)
    try:
        file = PartFile(path, part)
        try:
            yield file.stream
            file.finish()
        finally:
            file.discard()
    except OSError as error:
        raise _name_file(error, path) from error


@contextmanager
def replace_whole(path: Path) -> Iterator[Path]:
    """Give a place to write a file to by its name, which takes its own when the block ends.

    For libraries that open files themselves; :func:`write_whole` is for all others.

    :raises OSError: if the disk is full or the folder cannot be written; it names the file.
    """
    part = find_part(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        with open(part, 'rb') as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        raise _name_file(error, path) from error
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def make_whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill, which takes its place when the block ends; if it fails, none is left.

    :raises ValueError: if there is something in its place already.
    :raises OSError: if the folder cannot be written.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise ValueError(f'{path} must be empty: choose another folder')
    part = find_part(path)
    part.mkdir(parents=True)
    try:
        yield part
        part.replace(path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _name_file(error: OSError, path: Path) -> OSError:
    """Return the error with the file's name in its message: writing itself does not tell."""
    if error.errno is None or error.filename is not None:
        return error
    return OSError(error.errno, error.strerror, str(path))


def remove_unfinished(folder: Path, pattern: str) -> list[Path]:
    """Remove what killed processes have left half written in a folder, and return it.

    What grows under a name of its own, such as a recording, stays: it can be repaired.

    :param pattern: of the whole files' names, such as '*.mcap', or '**/*' also of folders inside.
    """
    removed = []
    for part in sorted(folder.glob(f'{pattern}.*{_SUFFIX}')):
        if not part.is_file() or not part.name.split('.')[-2].isdecimal():
            continue
        try:
            with open(part, 'rb') as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                part.unlink(missing_ok=True)
        except (BlockingIOError, FileNotFoundError):
            continue  # somebody is writing it, or has just finished
        removed.append(part)
    return removed
