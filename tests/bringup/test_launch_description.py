# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What `ros2 launch` is told to start, where ROS 2 brings launch_ros."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('launch_ros', reason='needs ROS 2: its launch is not among the wheels')

import yaml
from launch import LaunchContext
from launch.actions import OpaqueFunction, Shutdown
from launch_ros.actions import LifecycleNode, Node
from launch_ros.utilities import evaluate_parameters

from lnn_control.bringup.graph import GRAPHS, SIMULATION, Graph
from lnn_control.bringup.launch_description import describe_launch


def describe_nodes(graph: Graph, given: dict[str, str]) -> tuple[dict[str, Node], LaunchContext]:
    """Return every node that a launch with these arguments starts, by its full name."""
    context = LaunchContext()
    context.launch_configurations.update(given)
    entities = []
    for entity in describe_launch(graph).entities:
        described = entity.visit(context)
        entities += (described or []) if isinstance(entity, OpaqueFunction) else []
    nodes = [entity for entity in entities if isinstance(entity, Node)]
    for node in nodes:
        # The full name is known once the node would start.
        node._perform_substitutions(context)
    return {node.node_name: node for node in nodes}, context


def list_nodes(**given: str) -> dict[str, type]:
    """Return the full name of every node that a launch with these arguments starts."""
    return {name: type(node) for name, node in describe_nodes(SIMULATION, given)[0].items()}


def list_parameters(graph: str, **given: str) -> dict[str, dict[str, Any]]:
    """Return what a launch sets on every node, by its full name."""
    nodes, context = describe_nodes(GRAPHS[graph], given)
    found = {}
    for name, node in nodes.items():
        sets = evaluate_parameters(context, node._Node__parameters)
        found[name] = {key: value for entry in sets if isinstance(entry, dict)
                       for key, value in entry.items()}  # fmt: skip
    return found


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


@pytest.mark.parametrize(('given', 'stamped'), [({}, False), ({'stamped': 'true'}, True)])
def test_profile_leaves_what_the_user_says(given: dict[str, str], stamped: bool) -> None:
    parameters = list_parameters('robot', profile='turtlebot', **given)
    assert parameters['/safety_node']['stamped'] is stamped


def test_arguments_are_shown_with_their_defaults() -> None:
    shown = {
        entry.name: entry for entry in describe_launch(GRAPHS['robot']).get_launch_arguments()
    }
    assert shown['stamped'].default_value[0].text == 'true'
    assert shown['image_topic'].default_value[0].text == 'camera/image_raw'


def test_parameter_file_reaches_a_node_in_a_namespace(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    settings = {'horizontal_speed': 0.5, 'tolerate': ['imu.frozen', 'x'], 'rates': [1.0, 2.0]}
    path.write_text(yaml.safe_dump({'safety_node': {'ros__parameters': settings}}))
    found = list_parameters('robot', namespace='drone/', params_file=str(path))
    read = found['/drone/safety_node']
    assert read['horizontal_speed'] == 0.5
    assert list(read['tolerate']) == ['imu.frozen', 'x'] and list(read['rates']) == [1.0, 2.0]
    path.write_text('/safety_node:\n  ros__parameters: {jerk: 1.0}\n')
    with pytest.raises(ValueError, match='is no node here, write /drone/safety_node'):
        list_parameters('robot', namespace='drone', params_file=str(path))


@pytest.mark.parametrize(
    ('given', 'line', 'message'),
    [
        ({}, "horizontal_speed: '0.5'", "must be a finite number, got the text '0.5'"),
        ({}, 'range_sources: [scan]', r"must be text, got the list \['scan'\]"),
        ({'image_topic': 'a-b'}, 'jerk: 1.0', 'image_topic must be a ROS name such as camera'),
    ],
)
def test_what_a_node_cannot_take_starts_nothing(
    given: dict[str, str], line: str, message: str, tmp_path: Path
) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text(f'safety_node:\n  ros__parameters:\n    {line}\n')
    with pytest.raises(ValueError, match=message):
        list_parameters('robot', params_file=str(path), **given)


def test_launch_ends_with_the_nodes_that_nothing_flies_without_and_with_no_other() -> None:
    nodes, context = describe_nodes(SIMULATION, {'record': 'true'})
    ends = {}
    for name, node in nodes.items():
        done = node._ExecuteLocal__on_exit.execute(context) or []
        ends[name] = any(isinstance(entity, Shutdown) for entity in done)
    assert ends == {
        '/recorder_node': False,
        '/sim_node': True,
        '/safety_node': True,
        '/policy_node': False,
    }
