# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from tests.nodes.conftest import probe, start

__all__ = ['probe', 'start']
