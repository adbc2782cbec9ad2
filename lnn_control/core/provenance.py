# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where a result comes from: versions, commit and platform, for every run folder."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ('lnn_control', 'torch', 'numpy', 'pybullet', 'gymnasium', 'opencv-python')


def describe_versions() -> dict[str, str]:
    """Return the versions of Python, of what results depend on, and the commit."""
    versions = {'python': platform.python_version(), 'machine': platform.machine()}
    for package in PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = 'not installed'
    versions['commit'] = find_commit()
    return versions


def find_commit() -> str:
    """Return the commit of the source tree, with '+' if it has changes, or 'unknown'."""
    root = Path(__file__).resolve().parents[2]
    if not (root / '.git').exists():
        return 'unknown'
    try:
        commit = subprocess.run(
            ['git', '-C', str(root), 'describe', '--always', '--dirty=+', '--abbrev=12'],
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return 'unknown'
    return commit.stdout.strip()
