# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib
import os
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest
import yaml

from lnn_control.bringup.graph import (
    DASHBOARD,
    GRAPHS,
    Graph,
    NodeDescription,
    check_params_file,
    choose_nodes,
    complete_values,
    find_share_directory,
)
from lnn_control.bringup.node_processes import make_command
from lnn_control.cli.collect import Collect
from lnn_control.cli.dashboard import Dashboard
from lnn_control.cli.evaluate import Evaluate
from lnn_control.cli.sim import View
from lnn_control.core.safety import CommandLimits
from lnn_control.core.vehicle_profiles import PROFILES
from lnn_control.policies.folders import (
    DEFAULT_POLICY,
    POLICY_OF_TASK,
    name_policy,
    shipped_checkpoints,
)
from sim.tasks import TASKS
from sim.vehicles import VEHICLES, find_vehicle
from sim.worlds import SEASONS, WORLDS

ROOT = Path(__file__).parents[2]
NODES = [
    pytest.param(graph, node, id=f'{name}-{node.name}')
    for name, graph in GRAPHS.items()
    for node in graph.nodes
]


def read_config(node: NodeDescription) -> dict[str, object]:
    content = yaml.safe_load(node.config.read_text())
    # A block with a node's name would win over what the command line sets.
    assert list(content) == ['/**']
    return content['/**']['ros__parameters']


def test_dashboard_has_an_executable_and_the_parameters_of_its_config() -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    assert os.access(ROOT / 'libexec' / DASHBOARD.name, os.X_OK)
    parameters = importlib.import_module(DASHBOARD.module).PARAMETERS
    assert read_config(DASHBOARD) == {entry.name: entry.default for entry in parameters}
    assert {name for name, _ in DASHBOARD.settings} <= {entry.name for entry in parameters}
    options = {entry.name: entry.default for entry in fields(Dashboard)}
    for name in ('address', 'port', 'image_transport', 'stamped'):
        assert options[name] == read_config(DASHBOARD)[name]
    assert set(dict(DASHBOARD.remappings).values()) <= set(options)


def find_defaults(graph: Graph) -> dict[str, object]:
    return {entry.name: entry.default for entry in graph.arguments}


@pytest.mark.parametrize(('graph', 'node'), NODES)
def test_node_has_an_executable_and_arguments_for_all_it_refers_to(
    graph: Graph, node: NodeDescription
) -> None:
    assert os.access(ROOT / 'libexec' / node.name, os.X_OK)
    used = [argument for _, argument in (*node.settings, *node.remappings)]
    asked = {condition.partition('=')[0] for condition in node.only_if}
    assert {*used, *asked} <= set(find_defaults(graph))


@pytest.mark.parametrize(('graph', 'node'), NODES)
def test_config_names_the_parameters_of_the_node_with_their_defaults(
    graph: Graph, node: NodeDescription
) -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    if node.name == 'mavlink_node':
        pytest.importorskip('pymavlink', reason='needs the extra mavlink')
    parameters = importlib.import_module(node.module).PARAMETERS
    assert read_config(node) == {entry.name: entry.default for entry in parameters}
    assert all(entry.description for entry in parameters)
    known = {entry.name for entry in parameters} | {'use_sim_time'}
    assert {name for name, _ in (*node.settings, *node.constants)} <= known


@pytest.mark.parametrize(('graph', 'node'), NODES)
def test_arguments_default_to_what_the_config_says(graph: Graph, node: NodeDescription) -> None:
    config, defaults = read_config(node), find_defaults(graph)
    for parameter, argument in node.settings:
        # A policy on its own knows no task; a simulation always has one.
        of_simulation = ('task', 'camera_fov_deg', 'camera_rate')
        is_unknown = node.name in ('policy_node', 'recorder_node') and parameter in of_simulation
        assert is_unknown or config.get(parameter, False) == defaults[argument]


def test_policy_that_is_not_named_is_the_shipped_one_of_the_task() -> None:
    assert DEFAULT_POLICY in shipped_checkpoints()
    for graph in GRAPHS.values():
        assert find_defaults(graph)['policy'] == ''
    assert name_policy('', '') == name_policy('', 'stand on its head') == DEFAULT_POLICY
    for task, name in POLICY_OF_TASK.items():
        assert name_policy('', task) == name
        recorder = list_commands(task=task, record=True)['recorder_node']
        assert f'pilot:="{name}"' in recorder
    assert 'pilot:="hover"' in list_commands(policy='hover', record=True)['recorder_node']


@pytest.mark.parametrize(
    ('graph', 'options'), [('simulation', (Evaluate, View, Collect)), ('robot', (Evaluate,))]
)
def test_arguments_are_called_like_the_options_of_the_commands(
    graph: str, options: tuple[type, ...]
) -> None:
    words = {entry.name for kind in options for entry in fields(kind)}
    own = {
        *('auto_reset', 'real_time_factor', 'stamped', 'record', 'namespace', 'use_sim_time'),
        'vehicles',
        *('image_topic', 'info_topic', 'imu_topic', 'odom_topic', 'joy_topic', 'command_topic'),
        *(
            'image_transport',
            'bond',
            'vehicle',
            'mode',
            'profile',
            'bridge',
            'device',
            'autostart',
            'params_file',
        ),
        *(entry.name for entry in fields(CommandLimits)),
    }
    assert {entry.name for entry in GRAPHS[graph].arguments} <= words | own


def test_choices_are_what_the_simulator_has() -> None:
    choices = {entry.name: entry.choices for entry in GRAPHS['simulation'].arguments}
    assert choices['task'] == tuple(TASKS)
    assert choices['world'] == ('', *WORLDS)
    assert choices['season'] == tuple(SEASONS)


def test_share_directory_holds_launch_files_for_every_graph() -> None:
    for name in GRAPHS:
        assert (find_share_directory() / 'launch' / f'{name}_launch.py').is_file()


def test_command_line_quotes_text_and_writes_flags() -> None:
    graph = GRAPHS['simulation']
    values = {**find_defaults(graph), 'season': '1', 'namespace': 'drone_1', 'first_seed': 7}
    node = next(node for node in graph.nodes if node.name == 'sim_node')
    command = make_command(node, values)
    assert 'season:="1"' in command
    assert 'auto_reset:=true' in command
    assert 'seed:=7' in command
    assert '__ns:=/drone_1' in command


def test_topics_are_remapped_only_where_they_differ() -> None:
    graph = GRAPHS['robot']
    values = {**find_defaults(graph), 'image_topic': '/zed/rgb'}
    node = next(node for node in graph.nodes if node.name == 'policy_node')
    command = make_command(node, values)
    assert 'camera/image_raw:=/zed/rgb' in command
    assert not any(word.startswith('imu/data_raw') for word in command)


def test_recorder_runs_only_on_request() -> None:
    graph = GRAPHS['robot']
    names = [node.name for node in choose_nodes(graph, find_defaults(graph))]
    assert 'recorder_node' not in names
    chosen = choose_nodes(graph, {**find_defaults(graph), 'record': True})
    assert chosen[0].name == 'recorder_node'


def test_person_flies_without_a_policy_and_is_recorded() -> None:
    graph = GRAPHS['robot']
    values = {**find_defaults(graph), 'mode': 'record'}
    names = [node.name for node in choose_nodes(graph, values)]
    assert names == ['recorder_node', 'safety_node', 'teleop_node']
    assert 'pilot:="person"' in make_command(graph.nodes[0], values)
    assert [node.name for node in choose_nodes(graph, find_defaults(graph))] == [
        'safety_node',
        'policy_node',
    ]


def test_safety_limits_are_those_of_the_vehicle_that_the_task_brings() -> None:
    graph = GRAPHS['simulation']
    node = next(node for node in graph.nodes if node.name == 'safety_node')
    for task, speed in (('hike', 3.0), ('drive_to_target', 2.0), ('keep_lane', 15.0)):
        command = make_command(node, {**find_defaults(graph), 'task': task})
        assert f'horizontal_speed:={speed}' in command
    assert not any(word.startswith('timeout:=') for word in command)


def test_limits_of_a_vehicle_let_it_do_what_its_commands_allow() -> None:
    for name in VEHICLES:
        kind = find_vehicle(name)
        speed, _, _, yaw_rate = kind.command_limits
        assert kind.safety_limits.horizontal_speed == speed
        assert kind.safety_limits.yaw_rate <= yaw_rate
        usual = np.abs(kind.usual_command)
        assert (usual <= kind.command_limits).all()
        assert usual[0] > 0.0


def find_node(graph: Graph, name: str) -> NodeDescription:
    return next(node for node in graph.nodes if node.name == name)


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=list(GRAPHS))
def test_limits_are_arguments_of_every_graph(graph: Graph) -> None:
    safety = find_node(graph, 'safety_node')
    usual = make_command(safety, find_defaults(graph))
    assert 'horizontal_speed:=3.0' in usual
    slow = make_command(safety, {**find_defaults(graph), 'horizontal_speed': 0.5})
    assert 'horizontal_speed:=0.5' in slow
    assert 'climb_speed:=1.0' in slow


@pytest.mark.parametrize('name', [name for name in PROFILES if name != 'simulator'])
def test_profile_names_arguments_that_there_are_and_a_bridge(name: str) -> None:
    graph = GRAPHS['robot']
    defaults = find_defaults(graph)
    profile = PROFILES[name]
    assert {key: type(value) for key, value in profile.arguments.items()} == {
        key: type(defaults[key]) for key in profile.arguments
    }
    values = complete_values(graph, {**defaults, 'profile': name})
    started = {node.name for node in choose_nodes(graph, values)}
    assert started - {'safety_node', 'policy_node'} == {profile.bridge} - {''}
    limits = make_command(find_node(graph, 'safety_node'), values)
    assert f'horizontal_speed:={profile.limits.horizontal_speed}' in limits


def test_profile_leaves_what_the_user_says() -> None:
    graph = GRAPHS['robot']
    given = {**find_defaults(graph), 'profile': 'turtlebot', 'imu_topic': '/my/imu'}
    values = complete_values(graph, {**given, 'horizontal_speed': 0.1})
    assert values['imu_topic'] == '/my/imu'
    assert values['image_topic'] == 'oakd/rgb/preview/image_raw'
    assert values['stamped'] is False
    command = make_command(find_node(graph, 'safety_node'), values)
    assert 'horizontal_speed:=0.1' in command
    assert 'yaw_rate:=1.9' in command
    assert 'stamped:=false' in command


def test_parameter_file_has_the_last_word_and_is_checked(tmp_path: Path) -> None:
    graph = GRAPHS['robot']
    path = tmp_path / 'mine.yaml'
    path.write_text('safety_node:\n  ros__parameters:\n    fence: "-5 -5, 5 5"\n')
    check_params_file(str(path), graph)
    values = {**find_defaults(graph), 'params_file': str(path)}
    command = make_command(find_node(graph, 'safety_node'), values)
    assert command.index(str(path)) > max(
        place for place, word in enumerate(command) if word == '-p'
    )
    path.write_text('safty_node:\n  ros__parameters: {}\n')
    with pytest.raises(ValueError, match=r"got 'safty_node'; did you mean 'safety_node'\?"):
        check_params_file(str(path), graph)
    with pytest.raises(ValueError, match='params_file must be a YAML file'):
        check_params_file(str(tmp_path / 'none.yaml'), graph)


def list_commands(**given: object) -> dict[str, list[str]]:
    """Return the command line of every node of a simulation with these arguments."""
    graph = GRAPHS['simulation']
    values = {**find_defaults(graph), **given}
    return {node.path: make_command(node, values) for node in choose_nodes(graph, values)}


def test_every_vehicle_has_nodes_of_its_own_in_its_namespace_and_all_share_the_simulator() -> None:
    commands = list_commands(vehicles=2, record=True)
    assert list(commands) == [
        'vehicle1/recorder_node',
        'vehicle2/recorder_node',
        'sim_node',
        'vehicle1/safety_node',
        'vehicle2/safety_node',
        'vehicle1/policy_node',
        'vehicle2/policy_node',
    ]
    assert 'vehicles:=2' in commands['sim_node']
    assert not any(word.startswith('__ns:=') for word in commands['sim_node'])
    for path, command in commands.items():
        vehicle, _, name = path.rpartition('/')
        assert command[2] == f'lnn_control.nodes.{name}'
        assert (f'__ns:=/{vehicle}' in command) == bool(vehicle)
    # Two recorders in one folder would take each other's files.
    assert 'output:="runs/recordings/vehicle2"' in commands['vehicle2/recorder_node']


def test_namespace_holds_the_simulator_and_those_of_its_vehicles() -> None:
    commands = list_commands(vehicles=2, namespace='/park/')
    assert '__ns:=/park' in commands['sim_node']
    assert '__ns:=/park/vehicle1' in commands['vehicle1/policy_node']


def test_one_vehicle_alone_has_no_namespace() -> None:
    commands = list_commands(record=True)
    assert list(commands) == ['recorder_node', 'sim_node', 'safety_node', 'policy_node']
    assert not any('__ns' in word for command in commands.values() for word in command)
    assert 'output:="runs/recordings"' in commands['recorder_node']
    # A comma is part of a name unless there is somebody to share it with.
    assert 'policy:="a,b"' in list_commands(policy='a,b')['policy_node']


def test_policy_is_for_all_vehicles_or_one_for_each() -> None:
    commands = list_commands(vehicles=2, policy='hover')
    assert 'policy:="hover"' in commands['vehicle1/policy_node']
    assert 'policy:="hover"' in commands['vehicle2/policy_node']
    commands = list_commands(vehicles=2, policy='forest_cfc, hover', record=True)
    assert 'policy:="forest_cfc"' in commands['vehicle1/policy_node']
    assert 'policy:="hover"' in commands['vehicle2/policy_node']
    # What is recorded names who flew.
    assert 'pilot:="hover"' in commands['vehicle2/recorder_node']
    with pytest.raises(ValueError, match='one policy for all 3 vehicles, or one for each'):
        list_commands(vehicles=3, policy='forest_cfc,hover')


@pytest.mark.parametrize('number', [0, -1, 9])
def test_number_of_vehicles_is_checked_before_anything_starts(number: int) -> None:
    with pytest.raises(ValueError, match=f'whole number from 1 to 8, got {number}'):
        list_commands(vehicles=number)


def test_parameter_file_reaches_one_of_several_vehicles(tmp_path: Path) -> None:
    path = tmp_path / 'mine.yaml'
    path.write_text('/vehicle2/safety_node:\n  ros__parameters:\n    jerk: 5.0\n')
    check_params_file(str(path), GRAPHS['simulation'])
