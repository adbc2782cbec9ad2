# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control bringup`: starts the ROS 2 nodes where `ros2 launch` is absent.

The same graph as the launch files: one process a node over DDS, until Ctrl-C.
"""

import difflib
import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Any

from lnn_control.bringup.graph import (
    GRAPHS,
    Argument,
    Graph,
    NodeDescription,
    Value,
    check_params_file,
    choose_nodes,
    complete_values,
    list_vehicles,
    read_value,
)
from lnn_control.bringup.node_processes import NodeDiedError, NodeProcesses
from lnn_control.nodes.lifetime import StopRequest, die_with_parent

DOMAIN = Argument('domain_id', -1, 'ROS domain, 0 to 101; -1 for that of the environment')


class StopRequestedError(Exception):
    """A signal asked for the end."""


class BringupError(ValueError):
    """The graph cannot fly; the message says why."""


def main(arguments: list[str]) -> int:
    """Start a graph and run it until a signal comes."""
    if not arguments or arguments[0] in ('-h', '--help'):
        print(describe_usage())
        return 0 if arguments else 2
    name, *rest = arguments
    if name not in GRAPHS:
        print(f'graph must be one of {sorted(GRAPHS)}, got {name!r}', file=sys.stderr)
        return 2
    graph = GRAPHS[name]
    if any(argument in ('-h', '--help') for argument in rest):
        print(describe_arguments(name, graph))
        return 0
    given = parse_arguments((*graph.arguments, DOMAIN), rest)
    values = {DOMAIN.name: DOMAIN.default, **complete_values(graph, given)}
    require_ros()
    if name == 'simulation':
        require_module('pybullet')
    set_environment(int(values[DOMAIN.name]))
    from lnn_control.bringup.supervisor import check_namespace

    check_namespace(str(values['namespace']))
    check_params_file(graph, values)
    return run_graph(graph, values)


def describe_usage() -> str:
    """Return the text of `lnn-control bringup --help`."""
    graphs = '\n'.join(f'  {name:<11} {graph.description}' for name, graph in GRAPHS.items())
    return (
        'usage: lnn-control bringup <graph> [argument:=value ...]\n\n'
        f'{graphs}\n\n`lnn-control bringup <graph> --help` lists the arguments of a graph.'
    )


def describe_arguments(name: str, graph: Graph) -> str:
    """Return the text of `lnn-control bringup <graph> --help`."""
    lines = [
        f'  {entry.name:<17} {entry.description}{_list_choices(entry)} '
        f'(default: {_write_value(entry.default)})'
        for entry in (*graph.arguments, DOMAIN)
    ]
    usage = f'usage: lnn-control bringup {name} [argument:=value ...]'
    return '\n'.join([usage, '', graph.description, '', *lines])


def parse_arguments(arguments: Sequence[Argument], words: Sequence[str]) -> dict[str, Value]:
    """Return the values of those arguments that are given, from words like season:=winter.

    :raises ValueError: if an argument is unknown, written differently or of another type.
    """
    known = {entry.name: entry for entry in arguments}
    values = {}
    for word in words:
        name, separator, text = word.partition(':=')
        if not separator:
            raise ValueError(f'arguments are written as name:=value, got {word!r}')
        if name not in known:
            closest = difflib.get_close_matches(name, known, n=1)
            hint = f'; did you mean {closest[0]!r}?' if closest else ''
            raise ValueError(f'argument must be one of {sorted(known)}, got {name!r}{hint}')
        values[name] = read_value(known[name], text)
    return values


def _list_choices(argument: Argument) -> str:
    names = [choice for choice in argument.choices if choice]
    return f': {", ".join(names)}' if names else ''


def _write_value(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value) or 'none'


def require_ros() -> None:
    """Raise a ModuleNotFoundError that main turns into a hint if there is no rclpy."""
    require_module('rclpy')


def require_module(name: str) -> None:
    """Raise a ModuleNotFoundError before a node ends with one."""
    if importlib.util.find_spec(name) is None:
        raise ModuleNotFoundError(f'No module named {name!r}', name=name)


def set_environment(domain_id: int) -> None:
    """Choose the domain; without a sourced ROS keep to this machine.

    :raises ValueError: if the domain is out of range, there or in the environment.
    """
    if not -1 <= domain_id <= 101:
        raise ValueError(f'domain_id must be 0 to 101, or -1, got {domain_id}')
    if domain_id >= 0:
        os.environ['ROS_DOMAIN_ID'] = str(domain_id)
    given = os.environ.get('ROS_DOMAIN_ID') or '0'
    if not given.isdecimal() or int(given) > 232:
        raise ValueError(f'ROS_DOMAIN_ID must be a whole number from 0 to 232, got {given!r}')
    if 'ROS_DISTRO' not in os.environ:
        os.environ.setdefault('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')


class GraphWatch:
    """Decides when a graph ends: on a signal, or with a node.

    Until it flies any node will do: a mistake in what the user gave is told at once. In flight it
    is those alone that nothing flies without: a pilot and the emergency stop outlive the policy.
    """

    def __init__(self, stop: StopRequest, processes: NodeProcesses) -> None:
        self._stop = stop
        self._processes = processes
        self.is_flying = False
        self.has_lost = False

    def check(self) -> None:
        """Raise when it is time to end; say which nodes the others fly on without.

        :raises StopRequestedError: after a signal. :raises NodeDiedError: if a node has ended.
        """
        if self._stop.is_set:
            raise StopRequestedError
        if not self.is_flying:
            self._processes.check()
            return
        for line in self._processes.check_flight():
            self.has_lost = True
            text = f'bringup: error: {line}; the other nodes go on, Ctrl-C ends them'
            print(text, file=sys.stderr, flush=True)


def run_graph(graph: Graph, values: dict[str, Value]) -> int:
    """Start the nodes, take the policy into flight, wait for a signal. Leaves no process.

    :return: exit code: 1 if a node was lost, even one that the others flew on without.
    """
    stop = StopRequest()
    die_with_parent()
    nodes = choose_nodes(graph, values)
    watch = None
    try:
        with NodeProcesses(nodes, values) as processes:
            watch = GraphWatch(stop, processes)
            fly(watch, nodes, values)
    except StopRequestedError:
        print('bringup: all nodes have ended', flush=True)
        return int(watch is not None and watch.has_lost)
    except (NodeDiedError, BringupError, TimeoutError) as error:
        print(f'bringup: {error}', file=sys.stderr, flush=True)
        return 1
    return 0


def fly(watch: GraphWatch, nodes: Sequence[NodeDescription], values: dict[str, Value]) -> None:
    """Wait until all is ready, activate the policy, then watch the nodes.

    :raises NodeDiedError: if a node ends that the graph ends with.
    :raises BringupError: if the policy does not start or somebody else commands the vehicle.
    """
    from lnn_control.bringup.supervisor import Supervisor
    from lnn_control.nodes import topics

    supervisor = Supervisor(str(values['namespace']), watch.check)
    try:
        wanted = [topics.SAFETY_STATE]
        if any(node.name == 'sim_node' for node in nodes):
            wanted.append(topics.TRIAL_STATE)
        vehicles = list_vehicles(values)
        supervisor.wait_for_topics(
            *(topics.place_topic(topic, vehicle) for topic in wanted for vehicle in vehicles)
        )
        if values.get('mode') == 'record':
            fly_by_hand(watch, supervisor, values)
            return
        if values['autostart']:
            start_policies(supervisor, [node for node in nodes if node.is_lifecycle], values)
            print('bringup: flying, Ctrl-C ends', flush=True)
        else:
            names = ', '.join(node.path for node in nodes if node.is_lifecycle)
            print(f'bringup: waiting for you to configure and activate {names}', flush=True)
        watch.is_flying = True
        supervisor.wait_until(lambda: False)
    finally:
        supervisor.close()


def fly_by_hand(watch: GraphWatch, supervisor: Any, values: dict[str, Value]) -> None:
    """Let a person fly, by joystick or by the keys of this terminal, until the end."""
    from lnn_control.bringup.keyboard import HELP, KeyStick, listen_to_keys
    from lnn_control.nodes import topics

    supervisor.wait_for_publisher(topics.RAW_COMMAND)
    check_alone(supervisor, values)
    watch.is_flying = True
    with listen_to_keys() as terminal:
        print('bringup: flying by hand, hold the dead-man button; Ctrl-C ends', flush=True)
        if terminal is None:
            supervisor.wait_until(lambda: False)
            return
        print(HELP, flush=True)
        publisher = supervisor.open(topics.JOYSTICK, str(values['joy_topic']))
        stick = KeyStick(publisher, terminal)

        def step() -> bool:
            stick.step()
            return False

        supervisor.wait_until(step)


def start_policies(
    supervisor: Any, policies: Sequence[NodeDescription], values: dict[str, Value]
) -> None:
    """Configure and activate the policies, unless somebody else commands their vehicles.

    All are configured before one is activated: vehicles start together.

    :raises BringupError: if one cannot.
    """
    for node in policies:
        if not supervisor.change_state(node.path, 'configure'):
            raise BringupError(f'{node.path} cannot be configured: its own line says why')
        check_alone(supervisor, values, node.vehicle)
    for node in policies:
        if not supervisor.change_state(node.path, 'activate'):
            raise BringupError(f'{node.path} cannot be activated: its own line says why')


def check_alone(supervisor: Any, values: dict[str, Value], vehicle: str = '') -> None:
    """Check that nobody else commands a vehicle.

    :raises BringupError: if somebody does.
    """
    topic = str(values.get('command_topic', 'cmd_vel'))
    topic = f'{vehicle}/{topic}' if vehicle else topic
    if supervisor.count_publishers(topic) > 1:
        domain = os.environ.get('ROS_DOMAIN_ID') or '0'
        raise BringupError(
            f'somebody else publishes {topic} in ROS domain {domain}: end it or choose a free '
            'domain with domain_id:=N'
        )
