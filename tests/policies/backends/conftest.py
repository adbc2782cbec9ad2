# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The same exports that the tests of the exporters use."""

from tests.deploy.conftest import exported, small_checkpoint

__all__ = ['exported', 'small_checkpoint']
