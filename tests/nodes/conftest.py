# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import contextlib
import gc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.nodes.probe import NodeRun, Probe


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., NodeRun]]:
    """Return a function that starts a module with ROS parameters; all end with the test."""
    runs: list[NodeRun] = []

    def start_module(
        module: str, remap: dict[str, str] | None = None, **parameters: object
    ) -> NodeRun:
        words = write_parameters(parameters)
        arguments = ['--ros-args', *(part for word in words for part in ('-p', word))]
        for name, other in (remap or {}).items():
            arguments += ['-r', f'{name}:={other}']
        run = NodeRun(f'lnn_control.nodes.{module}', arguments, tmp_path / f'{len(runs)}.log')
        runs.append(run)
        return run

    yield start_module
    for run in runs:
        run.end()
        print(run.output)  # which pytest shows if the test failed


@pytest.fixture
def probe() -> Iterator[Probe]:
    with join_graph([]) as here:
        yield here


@pytest.fixture
def join() -> Iterator[Callable[..., tuple[Probe, Any]]]:
    """Return a function that makes a node beside the probe, in this process, where no signal is
    tried: `join(SafetyNode, 'safety_node', timeout=1.0)`.
    """
    with contextlib.ExitStack() as stack:

        def make(
            make_node: Callable[[], Any],
            name: str,
            remap: dict[str, str] | None = None,
            **parameters: object,
        ) -> Any:
            words = [f'{name}:{word}' for word in write_parameters(parameters)]
            arguments = [part for word in words for part in ('-p', word)]
            for topic, other in (remap or {}).items():
                arguments += ['-r', f'{name}:{topic}:={other}']
            probe = stack.enter_context(join_graph(['--ros-args', *arguments]))
            node = make_node()
            stack.callback(node.destroy_node)
            probe.add(node)
            return probe, node

        yield make


@contextlib.contextmanager
def join_graph(arguments: list[str]) -> Iterator[Probe]:
    """Yield a probe in the ROS graph, with arguments that all nodes made here are given."""
    rclpy = pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(args=arguments, signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('probe')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    try:
        yield Probe(node, executor)
    finally:
        executor.shutdown()
        node.destroy_node()
        rclpy.try_shutdown()
        # Services of a lifecycle node live as long as the node: one that somebody still refers to
        # would take requests meant for the next test's node, and never answer.
        gc.collect()


def write_parameters(parameters: dict[str, object]) -> list[str]:
    """Return parameters as ROS takes them on a command line."""
    return [
        f'{name}:={str(value).lower() if isinstance(value, bool) else value}'
        for name, value in parameters.items()
    ]
