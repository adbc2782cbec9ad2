# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib
import os
import re
from collections.abc import Callable
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
from lnn_control.bringup.node_processes import NodeProcesses, make_command
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
    # By these params_file is judged before a node starts.
    kinds = {entry.name: type(entry.default) for entry in parameters}
    assert {name: type(value) for name, value in read_config(node).items()} == kinds
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
        *('baud', 'system_id', 'wheelbase', 'max_steering'),
        *('max_tilt_deg', 'fence', 'lowest', 'highest', 'fence_margin', 'range_sources'),
        *('stop_distance', 'button_timeout', 'manual_stamped', 'resume_after_manual'),
        *('ask_after', 'ask_for', 'max_image_age', 'tolerate'),
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


def test_zero_is_a_limit_and_minus_one_is_that_of_the_vehicle() -> None:
    graph = GRAPHS['robot']
    drone = {'profile': 'px4_mavros'}
    for given, wanted in (
        ({}, 'jerk:=20.0'),
        ({'jerk': -1.0}, 'jerk:=20.0'),
        ({'jerk': 0.0}, 'jerk:=0.0'),
        # Which safety_node refuses: it is no speed to fly at.
        ({'horizontal_speed': 0.0}, 'horizontal_speed:=0.0'),
    ):
        values = complete_values(graph, {**drone, **given})
        assert wanted in make_command(find_node(graph, 'safety_node'), values)


@pytest.mark.parametrize('graph', GRAPHS.values(), ids=list(GRAPHS))
def test_what_a_flight_needs_of_safety_is_an_argument(graph: Graph) -> None:
    given = {'fence': '-5 -5, 20 5', 'range_sources': 'scan', 'max_tilt_deg': 30.0}
    given |= {'max_image_age': 0.0, 'ask_for': 'land', 'tolerate': 'imu.frozen'}
    values = complete_values(graph, given)
    safety = make_command(find_node(graph, 'safety_node'), values)
    assert {'fence:="-5 -5, 20 5"', 'range_sources:="scan"', 'max_tilt_deg:=30.0'} <= set(safety)
    assert {'max_image_age:=0.0', 'ask_for:="land"'} <= set(safety)
    policy = make_command(find_node(graph, 'policy_node'), values)
    assert {'max_image_age:=0.0', 'tolerate:="imu.frozen"'} <= set(policy)


def test_what_a_bridge_must_know_of_the_vehicle_is_an_argument() -> None:
    graph = GRAPHS['robot']
    values = complete_values(
        graph, {'baud': 57600, 'system_id': 7, 'wheelbase': 0.3, 'max_steering': 0.4}
    )
    mavlink = make_command(find_node(graph, 'mavlink_node'), values)
    assert {'baud:=57600', 'system_id:=7'} <= set(mavlink)
    ackermann = make_command(find_node(graph, 'ackermann_node'), values)
    assert {'wheelbase:=0.3', 'max_steering:=0.4'} <= set(ackermann)


@pytest.mark.parametrize('other', ['', 'a-b', '1st', 'a//b', 'a/', '/', 'a b', 'ä', 'a:=b'])
def test_topic_that_is_no_ros_name_starts_nothing(other: str) -> None:
    graph = GRAPHS['robot']
    values = {**find_defaults(graph), 'image_topic': other}
    with pytest.raises(ValueError) as caught:
        NodeProcesses(choose_nodes(graph, values), values)
    assert str(caught.value) == (
        f'image_topic must be a ROS name such as camera/image_raw, got {other!r}'
    )


@pytest.mark.parametrize('other', ['/zed/rgb', 'a', '_a/b_1', '~/image'])
def test_topic_that_is_a_ros_name_is_taken(other: str) -> None:
    graph = GRAPHS['robot']
    values = {**find_defaults(graph), 'image_topic': other}
    command = make_command(find_node(graph, 'policy_node'), values)
    assert f'camera/image_raw:={other}' in command


@pytest.mark.parametrize('name', [name for name in PROFILES if name != 'simulator'])
def test_profile_names_arguments_that_there_are_and_a_bridge(name: str) -> None:
    graph = GRAPHS['robot']
    defaults = find_defaults(graph)
    profile = PROFILES[name]
    assert {key: type(value) for key, value in profile.arguments.items()} == {
        key: type(defaults[key]) for key in profile.arguments
    }
    values = complete_values(graph, {'profile': name})
    started = {node.name for node in choose_nodes(graph, values)}
    assert started - {'safety_node', 'policy_node'} == {profile.bridge} - {''}
    limits = make_command(find_node(graph, 'safety_node'), values)
    assert f'horizontal_speed:={profile.limits.horizontal_speed}' in limits


def test_profile_leaves_what_the_user_says() -> None:
    graph = GRAPHS['robot']
    given = {'profile': 'turtlebot', 'imu_topic': '/my/imu', 'horizontal_speed': 0.1}
    values = complete_values(graph, given)
    assert values['imu_topic'] == '/my/imu'
    assert values['image_topic'] == 'oakd/rgb/preview/image_raw'
    assert values['stamped'] is False
    command = make_command(find_node(graph, 'safety_node'), values)
    assert 'horizontal_speed:=0.1' in command
    assert 'yaw_rate:=1.9' in command
    assert 'stamped:=false' in command


def test_profile_leaves_what_the_user_says_even_where_it_is_the_default() -> None:
    graph = GRAPHS['robot']
    defaults = find_defaults(graph)
    for name, given in (
        ('turtlebot', {'stamped': True, 'image_topic': defaults['image_topic']}),
        ('px4_uxrce', {'bridge': ''}),
    ):
        assert all(defaults[argument] == value for argument, value in given.items())
        values = complete_values(graph, {'profile': name, **given})
        assert {argument: values[argument] for argument in given} == given


@pytest.mark.parametrize('namespace', ['drone', 'drone/', '/drone', '/drone/'])
def test_namespace_is_the_same_with_slashes_at_its_ends(namespace: str) -> None:
    values = complete_values(GRAPHS['simulation'], {'namespace': namespace, 'vehicles': 2})
    assert values['namespace'] == 'drone'
    safety = choose_nodes(GRAPHS['simulation'], values)[-3]
    assert safety.find_full_name(values) == '/drone/vehicle2/safety_node'
    assert safety.find_full_name({**values, 'namespace': namespace}) == (
        '/drone/vehicle2/safety_node'
    )
    assert '__ns:=/drone/vehicle2' in make_command(safety, {**values, 'namespace': namespace})


def test_nodes_that_a_pilot_needs_are_vital() -> None:
    vital = {node.name for graph in GRAPHS.values() for node in graph.nodes if node.is_vital}
    assert vital == {'sim_node', 'safety_node', 'px4_node', 'ackermann_node', 'mavlink_node'}


Write = Callable[..., dict[str, object]]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file of parameters and returns the values with it."""

    def write_file(text: str, graph: str = 'robot', **given: object) -> dict[str, object]:
        path = tmp_path / 'mine.yaml'
        path.write_text(text)
        return complete_values(GRAPHS[graph], {**given, 'params_file': str(path)})

    return write_file


def list_settings(graph: str, values: dict[str, object]) -> dict[str, list[str]]:
    """Return what every node is set to by its command line."""
    return {
        node.path: [word for word in make_command(node, values) if ':=' in word]
        for node in choose_nodes(GRAPHS[graph], values)
    }


def test_parameter_file_has_the_last_word_and_is_checked(write: Write, tmp_path: Path) -> None:
    graph = GRAPHS['robot']
    values = write(
        'safety_node:\n  ros__parameters:\n    fence: "-5 -5, 5 5"\n    jerk: 1e3\n',
        jerk=5.0,
    )
    check_params_file(graph, values)
    settings = list_settings('robot', values)
    assert {'fence:="-5 -5, 5 5"', 'jerk:=1000.0'} <= set(settings['safety_node'])
    assert 'jerk:=5.0' not in settings['safety_node']
    assert not any('fence' in word for word in settings['policy_node'])
    for text, message in (
        ('safty_node:\n  ros__parameters: {}\n', "got 'safty_node'; did you mean 'safety_node'"),
        ('safety_node:\n  jerk: 5.0\n', "block 'safety_node/jerk' must hold ros__parameters"),
        ('- jerk', 'must hold a block a node'),
        ('a: b: c', 'params_file must be a YAML file'),
    ):
        values = write(text)
        with pytest.raises(ValueError, match=re.escape(message)):
            check_params_file(graph, values)
    with pytest.raises(ValueError, match='params_file must be a YAML file'):
        check_params_file(graph, {**values, 'params_file': str(tmp_path / 'none.yaml')})


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('range_sources: [scan, range]', "text, got the list ['scan', 'range']: write it in quo"),
        ('range_sources: []', 'text, got the list []'),
        ('fence: [-5, -5, 20, 5]', 'text, got the list [-5, -5, 20, 5]'),
        ("horizontal_speed: '0.5'", "a finite number, got the text '0.5'"),
        ('horizontal_speed: 0,5', "a finite number, got the text '0,5'"),
        ('horizontal_speed: 0.5 m/s', "a finite number, got the text '0.5 m/s'"),
        ('horizontal_speed: [0.5]', 'a finite number, got the list [0.5]'),
        ('horizontal_speed: true', 'a finite number, got true'),
        ('horizontal_speed: .nan', 'a finite number, got nan'),
        ("max_tilt_deg: '30'", "a finite number, got the text '30'"),
        ('button_timeout: 1s', "a finite number, got the text '1s'"),
        ('range_scans: 3.0', 'a whole number, got 3.0'),
        ('stamped: 1', 'true or false, got 1'),
        ('use_sim_time: "true"', "true or false, got the text 'true'"),
    ],
)
@pytest.mark.parametrize('block', ['safety_node', '/**', '/drone/safety_node'])
def test_value_of_another_type_starts_nothing(
    block: str, line: str, message: str, write: Write
) -> None:
    values = write(f'{block}:\n  ros__parameters:\n    {line}\n', namespace='drone')
    with pytest.raises(ValueError) as caught:
        NodeProcesses(choose_nodes(GRAPHS['robot'], values), values)
    name = line.partition(':')[0]
    told = str(caught.value)
    assert told.startswith(f'params_file {values["params_file"]}: ')
    assert f'_node: {name} must be {message}' in told


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('fence: [[-5, -5], [20, 5]]', 'fence must be one value or a list of values, got more'),
        ('fence: [{x: 1}]', 'fence must be one value or a list of values'),
        ('fence:', "fence has no value: give it one ('' is an empty text) or leave it out"),
        ('fence: ~', 'fence has no value'),
        ('a: {fence: }', 'a.fence has no value'),
        ('fence: {}', 'fence must be one value or a list of values'),
        ('- fence: "-5 -5, 5 5"', 'ros__parameters must hold lines as name: value'),
        ('fence', 'ros__parameters must hold lines as name: value'),
    ],
)
def test_what_is_no_value_is_refused(line: str, message: str, write: Write) -> None:
    values = write(f'safety_node:\n  ros__parameters:\n    {line}\n')
    with pytest.raises(ValueError) as caught:
        check_params_file(GRAPHS['robot'], values)
    assert f'params_file {values["params_file"]}: safety_node: {message}' in str(caught.value)


def test_block_of_which_all_is_commented_out_sets_nothing(write: Write) -> None:
    values = write('safety_node:\n  ros__parameters:\n    # fence: "-5 -5, 5 5"\n')
    check_params_file(GRAPHS['robot'], values)
    assert 'fence:=""' in list_settings('robot', values)['safety_node']


def test_whole_number_is_a_number_as_well(write: Write) -> None:
    values = write('safety_node:\n  ros__parameters:\n    horizontal_speed: 2\n')
    assert 'horizontal_speed:=2.0' in list_settings('robot', values)['safety_node']


@pytest.mark.parametrize('namespace', ['', 'drone', 'park/drone'])
@pytest.mark.parametrize('name', ['safety_node', 'safety_node/', '/**', '**', '/**/safety_node'])
def test_block_without_a_namespace_is_for_the_node_in_any(
    name: str, namespace: str, write: Write
) -> None:
    values = write(
        f'"{name}":\n  ros__parameters:\n    horizontal_speed: 0.5\n', namespace=namespace
    )
    check_params_file(GRAPHS['robot'], values)
    assert 'horizontal_speed:=0.5' in list_settings('robot', values)['safety_node']


def test_block_with_a_namespace_is_for_that_node_and_wins_over_one_without(write: Write) -> None:
    values = write(
        '/vehicle2/safety_node:\n  ros__parameters:\n    jerk: 2.0\n'
        'vehicle3:\n  safety_node:\n    ros__parameters: {jerk: 3.0}\n'
        '/*/safety_node:\n  ros__parameters: {jerk: 5.0, climb_speed: 0.5}\n'
        'safety_node:\n  ros__parameters:\n    jerk: 1.0\n',
        'simulation',
        vehicles=3,
    )
    check_params_file(GRAPHS['simulation'], values)
    settings = list_settings('simulation', values)
    for number in (1, 2, 3):
        found = settings[f'vehicle{number}/safety_node']
        assert [word for word in found if word.startswith('jerk')] == [f'jerk:={number}.0']
        assert 'climb_speed:=0.5' in found


@pytest.mark.parametrize(
    ('name', 'there'),
    [
        ('/safety_node', '/park/vehicle1/safety_node or /park/vehicle2/safety_node'),
        ('/park/vehicle3/safety_node', '/park/vehicle1/safety_node or'),
        ('/vehicle1/safety_node', '/park/vehicle1/safety_node or'),
        ('/vehicle1/sim_node', '/park/sim_node, or sim_node wherever it is'),
    ],
)
def test_block_of_no_node_that_is_started_is_refused(name: str, there: str, write: Write) -> None:
    text = f'{name}:\n  ros__parameters:\n    jerk: 1.0\n'
    values = write(text, 'simulation', namespace='park', vehicles=2)
    with pytest.raises(ValueError, match=f"'{name}' is no node here, write {there}"):
        check_params_file(GRAPHS['simulation'], values)


def test_values_of_a_parameter_file_are_those_that_ros_reads(write: Write) -> None:
    values = write(
        'safety_node:\n  ros__parameters:\n'
        '    a: 0x10\n    b: yes\n    c: 2026-01-01\n    d: "1.0"\n    e: 1e-3\n'
        '    f: 1:30\n    g:\n      h: [1.0, 2.5]\n    i: [scan, "1"]\n    j: -3\n'
    )
    found = list_settings('robot', values)['safety_node']
    wanted = ['a:=16', 'b:=true', 'c:="2026-01-01"', 'd:="1.0"', 'e:=0.001', 'f:="1:30"']
    wanted += ['g.h:=[1.0, 2.5]', 'i:=["scan", "1"]', 'j:=-3']
    assert set(wanted) <= set(found)


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


def read_table() -> dict[str, dict[str, list[str]]]:
    """Return default and meaning of the parameters of each node by docs/nodes.md."""
    text = (ROOT / 'docs' / 'nodes.md').read_text().partition('| node | parameter |')[2]
    found: dict[str, dict[str, list[str]]] = {}
    names: list[str] = []
    for line in text.partition('\n\n')[0].splitlines()[2:]:
        node, parameters, default, _ = (cell.strip() for cell in line.strip('|').split('|'))
        names = node.partition(' (')[0].split(', ') if node else names
        for name in names:
            entries = found.setdefault(name, {})
            entries |= dict.fromkeys(parameters.replace('`', '').split(', '), default.split(', '))
    return found


def test_docs_name_every_parameter_of_every_node() -> None:
    table = read_table()
    for node in {entry.name: entry for graph in GRAPHS.values() for entry in graph.nodes} | {
        DASHBOARD.name: DASHBOARD
    }:
        config = yaml.safe_load((ROOT / 'config' / f'{node}.yaml').read_text())['/**']
        assert set(table[node]) == set(config['ros__parameters']), node
