# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Simulator: worlds, renderers, vehicles, sensors, tasks, experts and Gymnasium environments."""
