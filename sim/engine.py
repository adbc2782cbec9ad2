# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""PyBullet, loaded and connected without the lines that it prints."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _mute(descriptor: int) -> Iterator[None]:
    """Send what C code writes to standard output (1) or error (2) nowhere for a while."""
    libc = ctypes.CDLL(None)
    sys.stdout.flush()
    sys.stderr.flush()
    libc.fflush(None)
    saved, null = os.dup(descriptor), os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    try:
        yield
    finally:
        libc.fflush(None)
        os.dup2(saved, descriptor)
        os.close(saved)
        os.close(null)


with _mute(2):
    import pybullet
    from pybullet_utils.bullet_client import BulletClient


def connect() -> BulletClient:
    """Return a new client without a window."""
    with _mute(1):
        return BulletClient(pybullet.DIRECT)


def connect_by_number() -> int:
    """Return the number of a new client without a window, negative if there is none left."""
    with _mute(1):
        return int(pybullet.connect(pybullet.DIRECT))


__all__ = ['BulletClient', 'connect', 'connect_by_number', 'pybullet']
