# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every benchmark leaves behind: its name, flat metrics and the versions they hold for."""

from __future__ import annotations

import json
import platform
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path


def find_versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of packages and of Python."""
    versions = {}
    for name in packages:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = 'not installed'
    return versions | {'python': platform.python_version()}


def write_record(
    path: Path, name: str, metrics: Mapping[str, float], versions: Mapping[str, str]
) -> None:
    """Write a benchmark's record as JSON."""
    report = {'name': name, 'metrics': dict(metrics), 'versions': dict(versions)}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + '\n', encoding='utf-8')


def read_resident_mib(field: str = 'VmRSS') -> float:
    """Return this process's resident memory now, or with 'VmHWM' its peak [MiB]."""
    lines = Path('/proc/self/status').read_text(encoding='utf-8').splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith(field)) / 1024
