# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The node graphs as plain data, for the launch files as for `lnn-control bringup`.

Imports no ROS, so that it can be read where there is none. Arguments have the names that the
options of `lnn-control` have, with underscores.
"""

import difflib
import os
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeAlias

from lnn_control.core.fleet import MOST_VEHICLES, name_vehicles
from lnn_control.core.safety import CommandLimits
from lnn_control.core.vehicle_profiles import PROFILES
from lnn_control.deploy.provide import BACKENDS
from lnn_control.nodes.parameter_types import OF_ROS, fit_value
from lnn_control.nodes.params_file import Block, Setting, choose_settings, read_blocks
from lnn_control.policies.folders import name_policy
from sim.renderers import AUTO, RENDERERS
from sim.tasks import TASKS
from sim.worlds import SEASONS, WORLDS

PACKAGE = 'lnn_control'
PROFILE_VARIABLES = ('FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE')
_SHARED_MEMORY, _LEAST_SHARED = Path('/dev/shm'), 512 * 2**20
OF_VEHICLE = -1.0
"""Stands for the limit that a vehicle brings. Zero is a limit: no vehicle has a negative one."""
BRIDGES = ('px4_node', 'ackermann_node', 'mavlink_node')

_FLAGS = {'true': True, 'false': False}
_TOPIC = re.compile(r'(~?/)?[A-Za-z_][A-Za-z0-9_]*(/[A-Za-z_][A-Za-z0-9_]*)*')

Value: TypeAlias = bool | int | float | str
Derive: TypeAlias = Callable[[Mapping[str, Value]], dict[str, Value]]


@dataclass(frozen=True)
class Argument:
    """What a user may set when starting a graph; the default tells its type.

    :param choices: valid values; any if empty.
    """

    name: str
    default: Value
    description: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class NodeDescription:
    """One node of a graph.

    :param name: of the node, of its executable in lib/lnn_control, of its module in
        lnn_control.nodes and of its file in config/.
    :param settings: parameter -> the argument that sets it.
    :param constants: parameter -> fixed value.
    :param remappings: relative topic -> the argument that names another one.
    :param derive: returns further parameters from the values of all arguments.
    :param only_if: conditions of which one must hold for the node to start: an argument that is
        true, or such as mode=record; none for always.
    :param is_lifecycle: whether it must be configured and activated.
    :param is_of_vehicle: whether each of several vehicles has one of its own.
    :param is_vital: whether nothing can fly without it, not even a pilot: the graph ends with it.
    :param vehicle: whose it is, if there are several: its namespace in that of the graph.
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, Value], ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    derive: Derive | None = None
    only_if: tuple[str, ...] = ()
    is_lifecycle: bool = False
    is_of_vehicle: bool = False
    is_vital: bool = False
    vehicle: str = ''

    @property
    def path(self) -> str:
        """Its name in the namespace of the graph."""
        return f'{self.vehicle}/{self.name}' if self.vehicle else self.name

    def find_namespace(self, values: Mapping[str, Value]) -> str:
        """Return the namespace that it lives in; empty for none."""
        return '/'.join(filter(None, (str(values['namespace']).strip('/'), self.vehicle)))

    def find_full_name(self, values: Mapping[str, Value]) -> str:
        """Return its name with its namespace, such as /drone/safety_node."""
        return '/'.join(('', *filter(None, (self.find_namespace(values), self.name))))

    def is_wanted(self, values: Mapping[str, Value]) -> bool:
        """Return whether argument values ask for the node, as such or as text."""
        if not self.only_if:
            return True
        pairs = (condition.partition('=') for condition in self.only_if)
        return any(
            str(values[name]).lower() == (text if separator else 'true')
            for name, separator, text in pairs
        )

    @property
    def module(self) -> str:
        """The module that runs the node."""
        return f'{PACKAGE}.nodes.{self.name}'

    @property
    def config(self) -> Path:
        """The file with the node's parameters."""
        return find_share_directory() / 'config' / f'{self.name}.yaml'


@dataclass(frozen=True)
class Graph:
    """Nodes that work together and the arguments they share.

    :param nodes: in the order of their start; they end in reverse, each while those it talks to
        still listen.
    """

    description: str
    arguments: tuple[Argument, ...]
    nodes: tuple[NodeDescription, ...]


def list_vehicles(values: Mapping[str, Value]) -> tuple[str, ...]:
    """Return the names of a graph's vehicles; one alone has an empty name.

    :raises ValueError: if there are too many or none.
    """
    return name_vehicles(int(values.get('vehicles', 1)))


def choose_nodes(graph: Graph, values: Mapping[str, Value]) -> list[NodeDescription]:
    """Return the nodes of a graph that the argument values ask for.

    :raises ValueError: if they ask for a number of vehicles, or of policies for them, that cannot
        be.
    """
    for vehicle in list_vehicles(values):
        choose_values(values, vehicle)
    return [node for node in _list_nodes(graph, values) if node.is_wanted(values)]


def _list_nodes(graph: Graph, values: Mapping[str, Value]) -> list[NodeDescription]:
    """Return the nodes of a graph, wanted or not, those of a vehicle for each vehicle."""
    vehicles = list_vehicles(values)
    return [
        replace(node, vehicle=vehicle) if node.is_of_vehicle else node
        for node in graph.nodes
        for vehicle in (vehicles if node.is_of_vehicle else ('',))
    ]


def choose_values(values: Mapping[str, Value], vehicle: str) -> dict[str, Value]:
    """Return the values of the arguments for one of several vehicles: its policy, its folder.

    :param vehicle: its name; empty for one alone, and for nodes that all share.
    :raises ValueError: if there is another number of policies than of vehicles.
    """
    if not vehicle:
        return dict(values)
    vehicles, policies = list_vehicles(values), str(values['policy']).split(',')
    if len(policies) not in (1, len(vehicles)):
        raise ValueError(
            f'policy must name one policy for all {len(vehicles)} vehicles, or one for each with '
            f'commas between, got {values["policy"]!r}'
        )
    policy = policies[vehicles.index(vehicle) % len(policies)].strip()
    return {**values, 'policy': policy, 'output': str(Path(str(values['output'])) / vehicle)}


def find_parameters(node: NodeDescription, values: Mapping[str, Value]) -> dict[str, Setting]:
    """Return what the arguments' values give the parameters of a node; params_file is the last.

    :raises ValueError: if that is no such file, or gives a parameter a value of another type.
    """
    path = str(values['params_file'])
    blocks = read_blocks(path) if path else []
    last_word = fit_settings(node, blocks, values)
    values = choose_values(values, node.vehicle)
    derived = node.derive(values) if node.derive is not None else {}
    settings = {name: values[argument] for name, argument in node.settings}
    return {**settings, **dict(node.constants), **derived, **last_word}


def fit_settings(
    node: NodeDescription, blocks: Sequence[Block], values: Mapping[str, Value]
) -> dict[str, Setting]:
    """Return what the blocks of params_file give the parameters of a node, in their types.

    :raises ValueError: if a value is of another type; what has no such name the node refuses.
    """
    full_name = node.find_full_name(values)
    usual = {**OF_ROS, **choose_settings(read_blocks(str(node.config)), full_name)}
    given = choose_settings(blocks, full_name)
    try:
        return {
            name: fit_value(name, usual[name], value) if name in usual else value
            for name, value in given.items()
        }
    except ValueError as error:
        raise ValueError(f'params_file {values["params_file"]}: {node.name}: {error}') from error


def find_remappings(node: NodeDescription, values: Mapping[str, Value]) -> dict[str, str]:
    """Return topics of a node -> what they are called by the arguments, where that is different.

    :raises ValueError: if one is called what ROS takes for no name.
    """
    others = {topic: (name, str(values[name])) for topic, name in node.remappings}
    for topic, (argument, other) in others.items():
        if _TOPIC.fullmatch(other) is None:
            raise ValueError(f'{argument} must be a ROS name such as {topic}, got {other!r}')
    return {topic: other for topic, (_, other) in others.items() if other != topic}


def find_share_directory() -> Path:
    """Return the folder that holds config/ and launch/: the source tree or share/lnn_control.

    :raises FileNotFoundError: if the package was installed without its data.
    """
    for parent in Path(__file__).resolve().parents:
        for folder in (parent, parent / 'share' / PACKAGE):
            if (folder / 'package.xml').is_file() and (folder / 'config').is_dir():
                return folder
    raise FileNotFoundError(
        f'{PACKAGE} is installed without its configuration: install it again with pip or colcon'
    )


def _same(*names: str) -> tuple[tuple[str, str], ...]:
    """Return settings of parameters that are called like their arguments."""
    return tuple((name, name) for name in names)


def limit_vehicle(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the limits of the vehicle that a task brings, as parameters of the safety node.

    :param values: of the arguments, `task` among them.
    """
    # Only here, as the vehicles load the physics engine.
    from sim.vehicles import find_vehicle

    vehicle = TASKS.find(str(values['task'])).vehicle
    made_by = find_vehicle(vehicle) if isinstance(vehicle, str) else vehicle
    # What is no class of ours, such as a factory, says nothing: the usual limits hold.
    return choose_limits(getattr(made_by, 'safety_limits', CommandLimits()), values)


def describe_simulated_flight(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the recorder writes of a simulation: the vehicle of the task and who flies."""
    vehicle = TASKS.find(str(values['task'])).vehicle
    name = vehicle if isinstance(vehicle, str) else getattr(vehicle, '__name__', '')
    return {'vehicle': name, 'pilot': _name_pilot(values)}


def describe_pilot(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return who flies a robot: the policy, or whoever holds the sticks."""
    is_person = values['mode'] == 'record'
    return {'pilot': 'person' if is_person else _name_pilot(values)}


def _name_pilot(values: Mapping[str, Value]) -> str:
    return name_policy(str(values['policy']), str(values['task']))


def choose_limits(limits: CommandLimits, values: Mapping[str, Value]) -> dict[str, Value]:
    """Return a vehicle's limits as parameters, where an argument does not name another.

    :param values: of the arguments; OF_VEHICLE leaves a limit to the vehicle.
    """
    names = [entry.name for entry in fields(limits)]
    own = {name: float(getattr(limits, name)) for name in names}
    return own | {name: values[name] for name in names if values[name] != OF_VEHICLE}


def make_environment() -> dict[str, str]:
    """Return what nodes are given besides the environment: Fast DDS carries large images whole.

    A profile that the user has chosen stays. Each node takes 32 MiB of shared memory for it, which
    a container may not have.
    """
    if any(os.environ.get(name) for name in PROFILE_VARIABLES):
        return {}
    if not _SHARED_MEMORY.is_dir() or shutil.disk_usage(_SHARED_MEMORY).free < _LEAST_SHARED:
        return {}
    return {PROFILE_VARIABLES[0]: str(find_share_directory() / 'config' / 'fastdds.xml')}


def read_value(argument: Argument, text: str) -> Value:
    """Return what a text gives an argument.

    :raises ValueError: if it is of another type or no valid choice.
    """
    wanted = type(argument.default)
    # What another package offers without registering it has no place in a list.
    if argument.choices and text not in argument.choices and ':' not in text:
        closest = difflib.get_close_matches(text, argument.choices, n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        raise ValueError(
            f'{argument.name} must be one of {sorted(filter(None, argument.choices))}, '
            f'got {text!r}{hint}'
        )
    try:
        return _FLAGS[text.lower()] if wanted is bool else wanted(text)
    except (KeyError, ValueError) as error:
        kind = {bool: 'true or false', int: 'a whole number', float: 'a number'}[wanted]
        raise ValueError(f'{argument.name} must be {kind}, got {text!r}') from error


def check_params_file(graph: Graph, values: Mapping[str, Value]) -> None:
    """Check that a file of parameters exists and names no node that there is not.

    ROS ignores a misspelt block without a word; misspelt parameters the nodes refuse themselves.

    :raises ValueError: if not, with the closest name, or those that the node has here.
    """
    path = str(values['params_file'])
    known = [node.name for node in graph.nodes]
    full_names = [node.find_full_name(values) for node in _list_nodes(graph, values)]
    for block in read_blocks(path) if path else ():
        if any(map(block.fits, full_names)):
            continue
        there = [name for name in full_names if name.rpartition('/')[2] == block.last_name]
        if there:
            raise ValueError(
                f'params_file {path}: {block.name!r} is no node here, write '
                f'{" or ".join(there)}, or {block.last_name} wherever it is'
            )
        closest = difflib.get_close_matches(block.last_name, known, n=1)
        hint = f'; did you mean {closest[0]!r}?' if closest else ''
        raise ValueError(
            f'params_file {path} must have blocks of {known}, got {block.name!r}{hint}'
        )


_UNITS = {
    'horizontal_speed': '[m/s]',
    'climb_speed': '[m/s]',
    'yaw_rate': '[rad/s]',
    'horizontal_acceleration': '[m/s^2]',
    'climb_acceleration': '[m/s^2]',
    'yaw_acceleration': '[rad/s^2]',
    'jerk': '[m/s^3], 0 is any',
}
_SAFETY = (
    Argument('max_tilt_deg', 0.0, 'more has tilted over and stops, by odom [deg]; 0: any'),
    Argument('fence', '', "corners 'x y, x y, ...' in the frame of odom [m]; two for a box"),
    Argument('lowest', -10_000.0, 'least altitude of odom [m]'),
    Argument('highest', 10_000.0, 'greatest altitude of odom [m]'),
    Argument('fence_margin', 2.0, 'so far outside the vehicle only hovers [m]'),
    Argument('range_sources', '', 'that must be heard of, of scan range points; none if empty'),
    Argument('stop_distance', 1.0, 'kept to obstacles [m]'),
    Argument('button_timeout', 0.0, 'so long without emergency_stop stops [s]; 0: none is needed'),
    Argument('manual_stamped', True, 'cmd_vel_manual is TwistStamped (true) or Twist (false)'),
    Argument('resume_after_manual', False, 'the policy flies on when the pilot lets go'),
    Argument('ask_after', 0.0, 'so long hovering asks the autopilot [s]; 0: never'),
    Argument('ask_for', 'hold', 'what is asked of the autopilot', ('hold', 'land')),
)
_OF_SENSORS = (
    Argument('max_image_age', 0.5, 'nothing flies on an older image [s]; 0: not looked at'),
    Argument('tolerate', '', 'findings of the sensors that do not stop, such as "imu.frozen"'),
)
_POLICY = Argument(
    'policy',
    '',
    'who flies: folder of a checkpoint or an exported policy, shipped name, registered name or '
    'module:Class; the shipped one of the task if empty',
)
_COMMON = (
    _POLICY,
    Argument('backend', '', 'what computes a checkpoint; torch if empty', ('', *BACKENDS)),
    Argument('allow_untrained', False, 'fly also what the policy was not trained for'),
    Argument('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
    Argument('record', False, 'record every episode as an MCAP file'),
    Argument('output', 'runs/recordings', 'folder of the recordings'),
    Argument('namespace', '', 'prefix of nodes and topics'),
    Argument('autostart', True, 'configure and activate the policy; false leaves that to you'),
    Argument(
        'params_file', '', 'YAML file with blocks of parameters a node; it has the last word'
    ),
    *(
        Argument(
            entry.name,
            OF_VEHICLE,
            f"safety limit {_UNITS[entry.name]}; {OF_VEHICLE:g}: the vehicle's own",
        )
        for entry in fields(CommandLimits)
    ),
    *_SAFETY,
    *_OF_SENSORS,
)

# What the arguments set on the two nodes that every graph has.
_SAFETY_SETTINGS = _same('stamped', 'max_image_age', *(entry.name for entry in _SAFETY))
_POLICY_SETTINGS = _same(
    *('policy', 'backend', 'task', 'camera_fov_deg', 'camera_pitch_deg', 'camera_rate'),
    *('allow_untrained', *(entry.name for entry in _OF_SENSORS)),
)

SIMULATION = Graph(
    'Fly the policy in the simulator, one trial after another.',
    (
        Argument(
            'task', 'fly_to_target', 'what is asked; it brings the vehicle', choices=tuple(TASKS)
        ),
        Argument('task_option', '', 'fields of the task, such as "density=2 hold=3"'),
        Argument('world', '', "world of the trials; the task's first one if empty", ('', *WORLDS)),
        Argument('season', 'summer', 'season of the world', tuple(SEASONS)),
        Argument('first_seed', 2_000_000, 'first trial; the same seed gives the same world'),
        Argument('camera_fov_deg', 100.0, 'field of view across the image [deg]'),
        Argument('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]'),
        Argument('camera_rate', 20.0, 'images a second [Hz], a divisor of 1200'),
        Argument('renderer', 'tiny', 'what draws the camera image', (*RENDERERS, AUTO)),
        Argument('real_time_factor', 1.0, 'simulated seconds a second at most'),
        Argument('auto_reset', True, 'start the next seed when a trial is over'),
        Argument(
            'vehicles',
            1,
            f'in one world, at most {MOST_VEHICLES}; several have the namespaces vehicle1, '
            'vehicle2 and so on with nodes of their own; policy is for all, or one for each: a,b',
        ),
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=_same('output', 'stamped', 'task', 'camera_fov_deg', 'camera_pitch_deg'),
            constants=(('use_sim_time', True),),
            derive=describe_simulated_flight,
            only_if=('record',),
            is_of_vehicle=True,
        ),
        NodeDescription(
            'sim_node',
            settings=(
                *_same('task', 'task_option', 'world', 'season'),
                ('seed', 'first_seed'),
                *_same('camera_fov_deg', 'camera_pitch_deg', 'camera_rate', 'renderer'),
                *_same('real_time_factor', 'auto_reset', 'stamped', 'vehicles'),
            ),
            is_vital=True,
        ),
        NodeDescription(
            'safety_node',
            settings=_SAFETY_SETTINGS,
            constants=(('use_sim_time', True),),
            derive=limit_vehicle,
            is_of_vehicle=True,
            is_vital=True,
        ),
        NodeDescription(
            'policy_node',
            settings=_POLICY_SETTINGS,
            constants=(('use_sim_time', True),),
            is_lifecycle=True,
            is_of_vehicle=True,
        ),
    ),
)

_ROBOT_TOPICS = (
    ('camera/image_raw', 'image_topic'),
    ('imu/data_raw', 'imu_topic'),
    ('cmd_vel', 'command_topic'),
)
_INFO_TOPIC = ('camera/camera_info', 'info_topic')
_JOY_TOPIC = ('joy', 'joy_topic')
_ODOMETRY_TOPIC = ('odom', 'odom_topic')


def limit_robot(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return the limits of the profile's vehicle, as parameters of the safety node."""
    profile = PROFILES.get(str(values['profile']))
    return choose_limits(profile.limits if profile is not None else CommandLimits(), values)


def complete_values(graph: Graph, given: Mapping[str, Value]) -> dict[str, Value]:
    """Return the values of all arguments: what the user says, else what is usual for the profile.

    :param given: argument -> value, those alone that the user gives.
    """
    values = {entry.name: entry.default for entry in graph.arguments} | dict(given)
    profile = PROFILES.get(str(values.get('profile', '')))
    if profile is not None:
        values |= {'bridge': profile.bridge, **profile.arguments, **given}
    # Written with slashes at either end it is the same.
    return values | {'namespace': str(values['namespace']).strip('/')}


def _make_bridge(name: str, *settings: str) -> NodeDescription:
    """Return a node that turns cmd_vel into what a vehicle takes, where it is asked for."""
    return NodeDescription(
        name,
        settings=_same('stamped', *settings),
        remappings=(('cmd_vel', 'command_topic'),),
        only_if=(f'bridge={name}',),
        is_vital=True,
    )


ROBOT = Graph(
    'Fly the policy on a vehicle that brings its own camera, IMU and velocity controller.',
    (
        Argument(
            'mode',
            'fly',
            'fly: the policy flies; record: a person flies and it is recorded',
            ('fly', 'record'),
        ),
        Argument(
            'profile',
            '',
            'kind of the vehicle: sets topics, message type, limits and bridge that you do not',
            ('', *(name for name in PROFILES if name != 'simulator')),
        ),
        Argument('image_topic', 'camera/image_raw', 'camera images of the vehicle'),
        Argument(
            'image_transport',
            'raw',
            'how they come: raw, or compressed (JPEG or PNG on IMAGE_TOPIC/compressed)',
            ('raw', 'compressed'),
        ),
        Argument('info_topic', 'camera/camera_info', 'calibration of that camera'),
        Argument('imu_topic', 'imu/data_raw', 'inertial samples of the vehicle'),
        Argument('odom_topic', 'odom', 'where the vehicle is, for fence and tilt'),
        Argument('command_topic', 'cmd_vel', 'where the vehicle takes velocity commands'),
        Argument('joy_topic', 'joy', 'joystick of the person who flies'),
        Argument(
            'bridge',
            '',
            'node that turns cmd_vel into what the vehicle takes',
            ('', *BRIDGES),
        ),
        Argument('device', 'udpin:127.0.0.1:14550', 'of mavlink_node: where the autopilot is'),
        Argument('baud', 921_600, 'of mavlink_node: speed of a serial device [baud]'),
        Argument('system_id', 1, 'of mavlink_node: MAVLink id of this vehicle'),
        Argument('wheelbase', 2.6, 'of ackermann_node: distance between the axles [m]'),
        Argument('max_steering', 0.6, 'of ackermann_node: of the front wheels [rad]'),
        Argument('task', '', 'what is asked, by name; empty if it is none of those'),
        Argument('vehicle', '', 'what flies: quadrotor, rover, car; empty if it is none of those'),
        Argument('camera_fov_deg', 0.0, 'field of view across the image [deg]; 0: by camera_info'),
        Argument('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]'),
        Argument('camera_rate', 0.0, 'images a second [Hz]; 0: not known'),
        Argument('use_sim_time', False, 'take the time from /clock'),
        Argument(
            'bond', False, "keep a bond with Nav2's lifecycle manager; needs the package bond"
        ),
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=_same(
                *('output', 'stamped', 'use_sim_time', 'task', 'vehicle'),
                *('camera_fov_deg', 'camera_pitch_deg', 'image_transport'),
            ),
            remappings=(*_ROBOT_TOPICS, _INFO_TOPIC, _ODOMETRY_TOPIC, _JOY_TOPIC),
            derive=describe_pilot,
            only_if=('record', 'mode=record'),
        ),
        _make_bridge('px4_node'),
        _make_bridge('ackermann_node', 'wheelbase', 'max_steering'),
        _make_bridge('mavlink_node', 'device', 'baud', 'system_id'),
        NodeDescription(
            'safety_node',
            settings=(*_SAFETY_SETTINGS, *_same('use_sim_time')),
            remappings=(('cmd_vel', 'command_topic'), _ODOMETRY_TOPIC),
            derive=limit_robot,
            is_vital=True,
        ),
        NodeDescription(
            'teleop_node',
            settings=_same('use_sim_time'),
            remappings=(_JOY_TOPIC,),
            only_if=('mode=record',),
        ),
        NodeDescription(
            'policy_node',
            settings=(
                *_POLICY_SETTINGS,
                *_same('vehicle', 'image_transport', 'bond', 'use_sim_time'),
            ),
            remappings=(*_ROBOT_TOPICS[:2], _INFO_TOPIC),
            only_if=('mode=fly',),
            is_lifecycle=True,
        ),
    ),
)

DASHBOARD = NodeDescription(
    'dashboard_node',
    settings=_same('address', 'port', 'image_transport', 'stamped'),
    remappings=(('camera/image_raw', 'image_topic'), ('cmd_vel', 'command_topic')),
)
"""The live page, started by itself beside a graph."""

GRAPHS = {'simulation': SIMULATION, 'robot': ROBOT}
"""Name of each graph -> the graph."""
