# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What C libraries hold goes back once: when its owner is closed or dropped, in its process."""

import ctypes
import os
import weakref
from collections.abc import Callable


def release_with(owner: object, release: Callable[[], None]) -> Callable[[], object]:
    """Return what calls `release` the first time only; dropping the owner calls it too.

    In a forked child nothing is called: what the parent opened is not its own to close.

    :param release: must not refer to the owner, which would then never be dropped.
    """
    finalizer = weakref.finalize(owner, _release_here, os.getpid(), release)
    # At the end of a process the operating system takes everything back, in the right order.
    finalizer.atexit = False
    return finalizer


def _release_here(process: int, release: Callable[[], None]) -> None:
    if process == os.getpid():
        release()


def return_memory() -> None:
    """Give freed memory back to the operating system, where the C library can.

    A world is drawn from some 100,000 small blocks; without being asked, glibc keeps the space.
    """
    trim = getattr(ctypes.CDLL(None), 'malloc_trim', None)
    if trim is not None:
        trim(0)
