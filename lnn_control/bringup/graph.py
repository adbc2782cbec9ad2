# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The node graphs as plain data, for the launch files as for `lnn-control bringup`.

Imports no ROS, so that it can be read where there is none. Arguments have the names that the
options of `lnn-control` have, with underscores.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeAlias

from lnn_control.core.safety import CommandLimits
from lnn_control.deploy.provide import BACKENDS
from lnn_control.policies.folders import DEFAULT_POLICY
from sim.renderers import AUTO, RENDERERS
from sim.tasks import TASKS
from sim.worlds import SEASONS, WORLDS

PACKAGE = 'lnn_control'

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
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, Value], ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    derive: Derive | None = None
    only_if: tuple[str, ...] = ()
    is_lifecycle: bool = False

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
    limits = getattr(made_by, 'safety_limits', CommandLimits())
    return {entry.name: float(getattr(limits, entry.name)) for entry in fields(limits)}


def describe_simulated_flight(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return what the recorder writes of a simulation: the vehicle of the task and who flies."""
    vehicle = TASKS.find(str(values['task'])).vehicle
    name = vehicle if isinstance(vehicle, str) else getattr(vehicle, '__name__', '')
    return {'vehicle': name, 'pilot': str(values['policy'])}


def describe_pilot(values: Mapping[str, Value]) -> dict[str, Value]:
    """Return who flies a robot: the policy, or whoever holds the sticks."""
    is_person = values['mode'] == 'record'
    return {'pilot': 'person' if is_person else str(values['policy'])}


_POLICY = Argument(
    'policy',
    DEFAULT_POLICY,
    'who flies: folder of a checkpoint or an exported policy, shipped name, registered name or '
    'module:Class',
)
_COMMON = (
    _POLICY,
    Argument('backend', '', 'what computes a checkpoint; torch if empty', ('', *BACKENDS)),
    Argument('allow_untrained', False, 'fly also what the policy was not trained for'),
    Argument('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
    Argument('record', False, 'record every episode as an MCAP file'),
    Argument('output', 'runs/recordings', 'folder of the recordings'),
    Argument('namespace', '', 'prefix of nodes and topics'),
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
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=_same('output', 'stamped', 'task', 'camera_fov_deg', 'camera_pitch_deg'),
            constants=(('use_sim_time', True),),
            derive=describe_simulated_flight,
            only_if=('record',),
        ),
        NodeDescription(
            'sim_node',
            settings=(
                *_same('task', 'task_option', 'world', 'season'),
                ('seed', 'first_seed'),
                *_same('camera_fov_deg', 'camera_pitch_deg', 'camera_rate', 'renderer'),
                *_same('real_time_factor', 'auto_reset', 'stamped'),
            ),
        ),
        NodeDescription(
            'safety_node',
            settings=_same('stamped'),
            constants=(('use_sim_time', True),),
            derive=limit_vehicle,
        ),
        NodeDescription(
            'policy_node',
            settings=_same(
                *(
                    'policy',
                    'backend',
                    'task',
                    'camera_fov_deg',
                    'camera_pitch_deg',
                    'camera_rate',
                ),
                'allow_untrained',
            ),
            constants=(('use_sim_time', True),),
            is_lifecycle=True,
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

ROBOT = Graph(
    'Fly the policy on a vehicle that brings its own camera, IMU and velocity controller.',
    (
        Argument(
            'mode',
            'fly',
            'fly: the policy flies; record: a person flies and it is recorded',
            ('fly', 'record'),
        ),
        Argument('image_topic', 'camera/image_raw', 'camera images of the vehicle'),
        Argument('info_topic', 'camera/camera_info', 'calibration of that camera'),
        Argument('imu_topic', 'imu/data_raw', 'inertial samples of the vehicle'),
        Argument('command_topic', 'cmd_vel', 'where the vehicle takes velocity commands'),
        Argument('joy_topic', 'joy', 'joystick of the person who flies'),
        Argument('task', '', 'what is asked, by name; empty if it is none of those'),
        Argument('vehicle', '', 'what flies: quadrotor, rover, car; empty if it is none of those'),
        Argument('camera_fov_deg', 0.0, 'field of view across the image [deg]; 0: by camera_info'),
        Argument('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]'),
        Argument('camera_rate', 0.0, 'images a second [Hz]; 0: not known'),
        Argument('use_sim_time', False, 'take the time from /clock'),
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=_same(
                *('output', 'stamped', 'use_sim_time', 'task', 'vehicle'),
                *('camera_fov_deg', 'camera_pitch_deg'),
            ),
            remappings=(*_ROBOT_TOPICS, _INFO_TOPIC, _JOY_TOPIC),
            derive=describe_pilot,
            only_if=('record', 'mode=record'),
        ),
        NodeDescription(
            'safety_node',
            settings=_same('stamped', 'use_sim_time'),
            remappings=(('cmd_vel', 'command_topic'),),
        ),
        NodeDescription(
            'teleop_node',
            settings=_same('use_sim_time'),
            remappings=(_JOY_TOPIC,),
            only_if=('mode=record',),
        ),
        NodeDescription(
            'policy_node',
            settings=_same(
                *(
                    'policy',
                    'backend',
                    'task',
                    'vehicle',
                    'camera_fov_deg',
                    'camera_pitch_deg',
                    'camera_rate',
                ),
                *('allow_untrained', 'use_sim_time'),
            ),
            remappings=(*_ROBOT_TOPICS[:2], _INFO_TOPIC),
            only_if=('mode=fly',),
            is_lifecycle=True,
        ),
    ),
)

GRAPHS = {'simulation': SIMULATION, 'robot': ROBOT}
"""Name of each graph -> the graph."""
