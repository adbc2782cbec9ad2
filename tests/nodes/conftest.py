# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.nodes.probe import NodeRun, Probe


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., NodeRun]]:
    """Return a function that starts a module with ROS parameters; all end with the test."""
    runs: list[NodeRun] = []

    def start_module(module: str, **parameters: object) -> NodeRun:
        arguments = ['--ros-args'] if parameters else []
        for name, value in parameters.items():
            text = str(value).lower() if isinstance(value, bool) else str(value)
            arguments += ['-p', f'{name}:={text}']
        run = NodeRun(f'lnn_control.nodes.{module}', arguments, tmp_path / f'{len(runs)}.log')
        runs.append(run)
        return run

    yield start_module
    for run in runs:
        run.end()
        print(run.output)  # which pytest shows if the test failed


@pytest.fixture
def probe() -> Iterator[Probe]:
    rclpy = pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
    from rclpy.executors import SingleThreadedExecutor
    from rclpy.signals import SignalHandlerOptions

    rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
    node = rclpy.create_node('probe')
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    yield Probe(node, executor)
    executor.shutdown()
    node.destroy_node()
    rclpy.shutdown()
