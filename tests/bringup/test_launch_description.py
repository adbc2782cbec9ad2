# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What `ros2 launch` is told to start, where ROS 2 brings launch_ros."""

import pytest

pytest.importorskip('launch_ros', reason='needs ROS 2: its launch is not among the wheels')

from launch import LaunchContext
from launch.actions import OpaqueFunction
from launch_ros.actions import LifecycleNode, Node

from lnn_control.bringup.graph import SIMULATION
from lnn_control.bringup.launch_description import describe_launch


def list_nodes(**given: str) -> dict[str, type]:
    """Return the full name of every node that a launch with these arguments starts."""
    context = LaunchContext()
    context.launch_configurations.update(given)
    entities = []
    for entity in describe_launch(SIMULATION).entities:
        described = entity.visit(context)
        entities += (described or []) if isinstance(entity, OpaqueFunction) else []
    nodes = [entity for entity in entities if isinstance(entity, Node)]
    for node in nodes:
        # The full name is known once the node would start.
        node._perform_substitutions(context)
    return {node.node_name: type(node) for node in nodes}


def test_one_vehicle_has_no_namespace_unless_it_is_given_one() -> None:
    names = ('sim_node', 'safety_node', 'policy_node')
    assert list(list_nodes()) == [f'/{name}' for name in names]
    assert list(list_nodes(namespace='drone')) == [f'/drone/{name}' for name in names]


def test_each_of_several_vehicles_has_its_policy_and_its_safety() -> None:
    nodes = list_nodes(vehicles='2', namespace='park', record='true')
    assert nodes == {
        '/park/vehicle1/recorder_node': Node,
        '/park/vehicle2/recorder_node': Node,
        '/park/sim_node': Node,
        '/park/vehicle1/safety_node': Node,
        '/park/vehicle2/safety_node': Node,
        '/park/vehicle1/policy_node': LifecycleNode,
        '/park/vehicle2/policy_node': LifecycleNode,
    }


def test_impossible_number_of_vehicles_starts_nothing() -> None:
    with pytest.raises(ValueError, match='whole number from 1 to 8, got 9'):
        list_nodes(vehicles='9')
