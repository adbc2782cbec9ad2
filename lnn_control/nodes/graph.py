# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The node graphs as plain data, for the launch files as for `lnn-control bringup`.

Imports no ROS, so that it can be read where there is none.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from lnn_control.policies.folders import DEFAULT_POLICY

PACKAGE = 'lnn_control'

Value: TypeAlias = bool | int | float | str


@dataclass(frozen=True)
class Argument:
    """What a user may set when starting a graph; the default tells its type."""

    name: str
    default: Value
    description: str


@dataclass(frozen=True)
class NodeDescription:
    """One node of a graph.

    :param name: of the node, of its executable in lib/lnn_control, of its module in
        lnn_control.nodes and of its file in config/.
    :param settings: parameter -> the argument that sets it.
    :param constants: parameter -> fixed value.
    :param remappings: relative topic -> the argument that names another one.
    :param only_if: argument that must be true for the node to start; empty for always.
    :param is_lifecycle: whether it must be configured and activated.
    """

    name: str
    settings: tuple[tuple[str, str], ...] = ()
    constants: tuple[tuple[str, Value], ...] = ()
    remappings: tuple[tuple[str, str], ...] = ()
    only_if: str = ''
    is_lifecycle: bool = False

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


_COMMON = (
    Argument('checkpoint', DEFAULT_POLICY, 'folder of a checkpoint, or name of a shipped one'),
    Argument('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
    Argument('record', False, 'record every episode as an MCAP file'),
    Argument('directory', 'runs/recordings', 'where recordings go'),
    Argument('namespace', '', 'prefix of nodes and topics'),
)

SIMULATION = Graph(
    'Fly the policy in the simulator, one trial after another.',
    (
        Argument('task', 'fly_to_target', 'what is asked; it brings the vehicle'),
        Argument('world', 'forest', 'world of the trials'),
        Argument('season', 'summer', 'season of the world'),
        Argument('seed', 2_000_000, 'first trial; the same seed gives the same world'),
        Argument('renderer', 'tiny', 'what draws the camera image'),
        Argument('real_time_factor', 1.0, 'simulated seconds a second at most'),
        Argument('auto_reset', True, 'start the next seed when a trial is over'),
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=(('directory', 'directory'), ('stamped', 'stamped')),
            constants=(('use_sim_time', True),),
            only_if='record',
        ),
        NodeDescription(
            'sim_node',
            settings=tuple(
                (name, name)
                for name in (
                    'task',
                    'world',
                    'season',
                    'seed',
                    'renderer',
                    'real_time_factor',
                    'auto_reset',
                    'stamped',
                )
            ),
        ),
        NodeDescription(
            'safety_node',
            settings=(('stamped', 'stamped'),),
            constants=(('use_sim_time', True),),
        ),
        NodeDescription(
            'policy_node',
            settings=(('checkpoint', 'checkpoint'),),
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

ROBOT = Graph(
    'Fly the policy on a vehicle that brings its own camera, IMU and velocity controller.',
    (
        Argument('image_topic', 'camera/image_raw', 'camera images of the vehicle'),
        Argument('imu_topic', 'imu/data_raw', 'inertial samples of the vehicle'),
        Argument('command_topic', 'cmd_vel', 'where the vehicle takes velocity commands'),
        Argument('use_sim_time', False, 'take the time from /clock'),
        *_COMMON,
    ),
    (
        NodeDescription(
            'recorder_node',
            settings=(
                ('directory', 'directory'),
                ('stamped', 'stamped'),
                ('use_sim_time', 'use_sim_time'),
            ),
            remappings=_ROBOT_TOPICS,
            only_if='record',
        ),
        NodeDescription(
            'safety_node',
            settings=(('stamped', 'stamped'), ('use_sim_time', 'use_sim_time')),
            remappings=(('cmd_vel', 'command_topic'),),
        ),
        NodeDescription(
            'policy_node',
            settings=(('checkpoint', 'checkpoint'), ('use_sim_time', 'use_sim_time')),
            remappings=_ROBOT_TOPICS[:2],
            is_lifecycle=True,
        ),
    ),
)

GRAPHS = {'simulation': SIMULATION, 'robot': ROBOT}
"""Name of each graph -> the graph."""
