# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.core.extras import describe_missing


@pytest.mark.parametrize(
    ('module', 'cure'),
    [
        ('pybullet', ': install it with pip install "lnn_control[sim]"'),
        ('matplotlib.pyplot', ': install it with pip install "lnn_control[report]"'),
        (
            'sensor_msgs.msg',
            ': install it with pip install "lnn_control[ros]", '
            'or source ROS 2 (apt install ros-jazzy-ros-base)',
        ),
        ('launch_ros.actions', ': source ROS 2 (apt install ros-jazzy-ros-base)'),
        ('serial', ': install it with pip install "lnn_control[mavlink]"'),
        ('rerun', ': install it with pip install rerun-sdk'),
        ('somebody_elses_policy', ''),
    ],
)
def test_missing_module_is_one_line_with_the_cure(module: str, cure: str) -> None:
    assert describe_missing(module) == f'Python module {module!r} is missing{cure}'
