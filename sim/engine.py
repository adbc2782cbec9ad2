# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""PyBullet, loaded and connected without the lines that it prints."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr
from io import StringIO


@contextmanager
def _mute_stdout() -> Iterator[None]:
    """Send what C code writes to standard output nowhere: results printed there stay clean."""
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    libc.fflush(None)
    saved, null = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    try:
        yield
    finally:
        libc.fflush(None)
        os.dup2(saved, 1)
        os.close(saved)
        os.close(null)


# Its greeting goes to Python's standard error, what it says of a client to C's standard output.
with redirect_stderr(StringIO()):
    import pybullet
    from pybullet_utils.bullet_client import BulletClient


def connect() -> BulletClient:
    """Return a new client without a window."""
    with _mute_stdout():
        return BulletClient(pybullet.DIRECT)


def connect_by_number() -> int:
    """Return the number of a new client without a window, negative if there is none left."""
    with _mute_stdout():
        return int(pybullet.connect(pybullet.DIRECT))


__all__ = ['BulletClient', 'connect', 'connect_by_number', 'pybullet']
