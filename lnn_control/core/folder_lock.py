# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A folder for one process alone, until that ends in whatever way."""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lnn_control.core.whole_file import remove_unfinished

# What file systems say that cannot lock a folder.
_NO_LOCKS = (errno.EBADF, errno.EINVAL, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS)


@contextmanager
def hold_folder(folder: Path, doing: str = 'working') -> Iterator[None]:
    """Have a folder, made if it is not there, for this process while the block runs.

    Nothing is written for it; what killed processes have left half written in it is removed.
    Network file systems that cannot lock folders let everybody in.

    :param doing: what for, as whoever finds it taken is told.
    :raises ValueError: if another process has it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    held = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ValueError(
                f'another process is {doing} in {folder}: wait for it, or give another --output'
            ) from error
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
        remove_unfinished(folder, '**/*')
        yield
    finally:
        os.close(held)
