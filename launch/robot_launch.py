# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly the policy on a vehicle: ros2 launch lnn_control robot_launch.py image_topic:=/my/image."""

from launch import LaunchDescription

from lnn_control.bringup.graph import ROBOT
from lnn_control.bringup.launch_description import describe_launch


def generate_launch_description() -> LaunchDescription:
    """Return the policy with its safety node, for a vehicle that runs already."""
    return describe_launch(ROBOT)
