# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What it took to be ready: time and memory of this process, as Linux counts them."""

import os
from pathlib import Path


def describe_effort() -> str:
    """Return the time since the process started and its resident memory, in words."""
    return f'ready after {measure_age():.1f} s, {measure_memory() / 2**20:.0f} MiB resident'


def measure_age() -> float:
    """Return the time since this process started [s]."""
    # After the name, which may hold blanks, in its brackets; the start is field 22 of all.
    fields = Path('/proc/self/stat').read_text(encoding='utf-8').rpartition(')')[2].split()
    started = int(fields[19]) / os.sysconf('SC_CLK_TCK')
    return float(Path('/proc/uptime').read_text(encoding='utf-8').split()[0]) - started


def measure_memory() -> int:
    """Return how much of this process is in memory [bytes]."""
    pages = int(Path('/proc/self/statm').read_text(encoding='utf-8').split()[1])
    return pages * os.sysconf('SC_PAGE_SIZE')
