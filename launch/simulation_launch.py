# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly the policy in the simulator: ros2 launch lnn_control simulation_launch.py season:=winter."""

from launch import LaunchDescription

from lnn_control.bringup.graph import SIMULATION
from lnn_control.bringup.launch_description import describe_launch


def generate_launch_description() -> LaunchDescription:
    """Return the simulated vehicle with its policy."""
    return describe_launch(SIMULATION)
