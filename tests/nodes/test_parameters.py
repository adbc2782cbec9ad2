# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from lnn_control.nodes.parameters import Parameter, declare_parameters

Join = Callable[..., tuple[Any, Any]]
SPEED = Parameter('speed', 1.0, 'greatest speed [m/s]')
GAIN = Parameter('gain', 1.0, 'of the speed', is_fixed=False)


@pytest.mark.parametrize(('name', 'value'), [('speed', 2.0), ('use_sim_time', False)])
def test_what_is_read_at_the_start_is_refused_as_read_only(
    name: str, value: object, join: Join
) -> None:
    _, node = join(lambda: Node('car'), 'car', use_sim_time=True)
    settings = declare_parameters(node, (SPEED, GAIN))
    answer = node.set_parameters([RosParameter(name, value=value)])[0]
    assert not answer.successful
    assert 'read-only' in answer.reason and name in answer.reason
    assert settings.speed == node.get_parameter('speed').value == 1.0
    assert node.get_parameter('use_sim_time').value is True
    assert node.set_parameters([RosParameter('gain', value=2.0)])[0].successful
