# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Compilers and emulators that tests need: without one they skip, under .ci/run they fail."""

import os
import shutil

import pytest

PACKAGES = {
    'gcc': 'gcc',
    'make': 'make',
    'clang': 'clang',
    'aarch64-linux-gnu-gcc': 'gcc-aarch64-linux-gnu libc6-dev-arm64-cross',
    'qemu-aarch64': 'qemu-user',
    'arm-none-eabi-gcc': 'gcc-arm-none-eabi libnewlib-arm-none-eabi',
    'qemu-system-arm': 'qemu-system-arm',
}
"""Program -> the packages of Debian that bring it."""


def require(*programs: str) -> None:
    """Skip a test where a program is missing; fail it where everything must be there."""
    missing = [name for name in programs if shutil.which(name) is None]
    if not missing:
        return
    packages = ' '.join(PACKAGES[name] for name in missing)
    reason = f'needs {" and ".join(missing)}: sudo apt install {packages}'
    if os.environ.get('LNN_CONTROL_CI', '') not in ('', '0'):
        pytest.fail(reason)
    pytest.skip(reason)
