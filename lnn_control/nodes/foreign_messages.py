# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Messages that not every ROS has, loaded by the node that needs them."""

import importlib
from typing import Any

CURES = {
    'ackermann_msgs': 'sudo apt install ros-$ROS_DISTRO-ackermann-msgs',
    'bond': 'sudo apt install ros-$ROS_DISTRO-bond',
    'px4_msgs': 'clone github.com/PX4/px4_msgs, of the branch of your PX4, into the workspace and '
    'run colcon build',
    'tf2_msgs': 'sudo apt install ros-$ROS_DISTRO-tf2-msgs',
}
"""Package -> what installs it."""


def import_messages(package: str, *names: str) -> list[Any]:
    """Return message types of a package.

    :raises ImportError: with the command that installs it.
    """
    try:
        module = importlib.import_module(f'{package}.msg')
    except ImportError as error:
        raise ImportError(f'{package} is missing: {CURES[package]}') from error
    return [getattr(module, name) for name in names]
