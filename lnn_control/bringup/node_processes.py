# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Starts the nodes of a graph as processes, watches them and ends them without a trace."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from lnn_control.bringup.graph import (
    NodeDescription,
    Value,
    find_parameters,
    find_remappings,
    make_environment,
)
from lnn_control.nodes.lifetime import PARENT_VARIABLE

# How long a node may take to end after SIGTERM: more than the grace it gives itself [s].
_PATIENCE = 25.0
# How long the last lines of a node that has ended may take to come through the pipe [s].
_READING_TIME = 10.0


class NodeDiedError(RuntimeError):
    """A node ended by itself."""


def print_line(text: str) -> None:
    """Print a line at once."""
    print(text, flush=True)


def make_command(node: NodeDescription, values: Mapping[str, Value]) -> list[str]:
    """Return the command line that runs a node with the graph's argument values."""
    command = [sys.executable, '-m', node.module, '--ros-args', '--params-file', str(node.config)]
    for name, value in find_parameters(node, values).items():
        # JSON is YAML: text in quotes stays text.
        command += ['-p', f'{name}:={json.dumps(value)}']
    for topic, other in find_remappings(node, values).items():
        command += ['-r', f'{topic}:={other}']
    namespace = node.find_namespace(values)
    if namespace:
        command += ['-r', f'__ns:=/{namespace}']
    return command


@dataclass(eq=False)
class NodeProcess:
    """A running node, by its name in the graph's namespace, and the last line it said.

    :param is_vital: whether nothing can fly without it.
    """

    name: str
    is_vital: bool
    process: subprocess.Popen[str]
    reader: threading.Thread
    lines: deque[str]

    @property
    def last_line(self) -> str:
        """What it said last; complete once the process has ended."""
        self.reader.join(timeout=_READING_TIME)
        return self.lines[-1] if self.lines else 'it said nothing'

    @property
    def has_ended(self) -> bool:
        """Whether it runs no more."""
        return self.process.poll() is not None

    def describe_end(self) -> str:
        """Return its name, exit code and last line, once it has ended."""
        code = self.process.returncode
        how = f'was ended by {signal.Signals(-code).name}' if code < 0 else f'ended ({code})'
        line = self.last_line.removeprefix(f'{self.name.rpartition("/")[2]}: ')
        return f'{self.name} {how}: {line}'


class NodeProcesses:
    """The processes of a graph, ended in the reverse order of their start when left.

    Each has a session of its own, so that Ctrl-C reaches this process alone, and asks the kernel
    for a signal should this process be killed.

    :param write: takes each line that a node says, called from one thread a node.
    :raises ValueError: if the values give a node what it cannot take.
    """

    def __init__(
        self,
        nodes: Sequence[NodeDescription],
        values: Mapping[str, Value],
        write: Callable[[str], None] = print_line,
    ) -> None:
        # All before the first one starts: a mistake in what the user gave starts none.
        self._commands = [(node, make_command(node, values)) for node in nodes]
        self._write = write
        self._running: list[NodeProcess] = []
        self._lost: list[NodeProcess] = []

    def __enter__(self) -> 'NodeProcesses':
        try:
            for node, command in self._commands:
                self._running.append(self._start(node, command))
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _start(self, node: NodeDescription, command: list[str]) -> NodeProcess:
        environment = {
            **os.environ,
            **make_environment(),
            PARENT_VARIABLE: str(os.getpid()),
            'PYTHONUNBUFFERED': '1',
            # Small networks: more threads only take the core from the simulator.
            'OMP_NUM_THREADS': os.environ.get('OMP_NUM_THREADS', '1'),
        }
        process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors='replace',
            start_new_session=True,
        )
        lines: deque[str] = deque(maxlen=1)
        reader = threading.Thread(
            target=_forward, args=(node.path, process, lines, self._write), daemon=True
        )
        reader.start()
        return NodeProcess(node.path, node.is_vital, process, reader, lines)

    def check(self) -> None:
        """Raise if a node has ended.

        :raises NodeDiedError: with the node's name, exit code and last line.
        """
        for node in self._running:
            if node.has_ended:
                raise NodeDiedError(node.describe_end())

    def check_flight(self) -> list[str]:
        """Raise if a node has ended that nothing flies without: a pilot needs no policy.

        :return: a line for each other node that has ended since this was last asked.
        :raises NodeDiedError: with the node's name, exit code and last line.
        """
        ended = [node for node in self._running if node.has_ended and node not in self._lost]
        for node in ended:
            if node.is_vital:
                raise NodeDiedError(node.describe_end())
        self._lost += ended
        return [node.describe_end() for node in ended]

    def stop(self) -> None:
        """End every node: the policy first, what it commanded last, so that zero arrives."""
        for node in reversed(self._running):
            _end(node.process)
        for node in self._running:
            node.reader.join(timeout=_READING_TIME)
        self._running.clear()


def _forward(
    name: str,
    process: 'subprocess.Popen[str]',
    lines: deque[str],
    write: Callable[[str], None],
) -> None:
    """Pass on what a node says, and keep the last line."""
    assert process.stdout is not None
    for line in process.stdout:
        text = line.rstrip()
        if text:
            lines.append(text)
            write(f'[{name}] {text}')


def _end(process: 'subprocess.Popen[str]') -> None:
    """Ask a process to end, then make it."""
    for number, patience in ((signal.SIGTERM, _PATIENCE), (signal.SIGKILL, 2.0)):
        if process.poll() is not None:
            return
        process.send_signal(number)
        deadline = time.monotonic() + patience
        while process.poll() is None and time.monotonic() < deadline:
            try:
                process.wait(timeout=0.1)
            except subprocess.TimeoutExpired:
                continue
