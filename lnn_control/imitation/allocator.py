# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Memory that was freed is kept for the next step instead of being given back and fetched anew."""

import ctypes
import sys

# Of malloc.h: the size from which memory comes from the system one by one, and how much freed
# memory at the top makes glibc give it back.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
_LARGE = 1 << 30


def keep_freed_memory() -> bool:
    """Tell the C library of this process to keep what is freed; return whether it could be told.

    A training step frees and takes the same hundred megabytes; each page that comes back from the
    system costs a fault. Only glibc knows the call.
    """
    if not sys.platform.startswith('linux'):
        return False
    call = getattr(ctypes.CDLL(None), 'mallopt', None)
    if call is None:
        return False
    return bool(call(_M_MMAP_THRESHOLD, _LARGE)) and bool(call(_M_TRIM_THRESHOLD, _LARGE))
