# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Vehicles: bodies with actuators and the controller that an autopilot would run."""
