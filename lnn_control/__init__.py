# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drone and robot control with liquid neural networks on ROS 2."""

__version__ = '0.1.0'
