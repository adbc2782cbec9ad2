# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How long tests wait for other processes. Only what hangs ever takes so long."""

PATIENCE = 600.0
"""More than the slowest and busiest machine takes for anything [s]."""
