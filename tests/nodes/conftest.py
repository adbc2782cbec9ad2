# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes over real DDS: a probe that listens and speaks, and processes to probe."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Before anything imports rclpy. Field checks turn silent corruption of messages into errors.
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'

PATIENCE = 60.0
"""How long a busy machine may take for anything [s]."""


def take_domain() -> socket.socket:
    """Choose a ROS domain that no other test run on this machine uses, while the socket lives."""
    for attempt in range(100):
        domain = 1 + (os.getpid() + attempt) % 100
        lock = socket.socket()
        try:
            lock.bind(('127.0.0.1', 17400 + domain))
        except OSError:
            lock.close()
            continue
        os.environ['ROS_DOMAIN_ID'] = str(domain)
        return lock
    raise RuntimeError('all ROS domains are in use')


_DOMAIN_LOCK = take_domain()


class NodeRun:
    """One node as a process, its output in a file."""

    def __init__(self, module: str, arguments: list[str], log: Path) -> None:
        self._log = log
        command = [sys.executable, '-m', module, *arguments]
        with log.open('w') as stream:
            self.process = subprocess.Popen(
                command, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait(self) -> int:
        return self.process.wait(timeout=PATIENCE)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


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


class Probe:
    """A node that notes what is published and publishes what a test says."""

    def __init__(self, node: Any, executor: Any) -> None:
        self.node = node
        self._executor = executor
        self._publishers: dict[str, Any] = {}

    def listen(self, topic: Any) -> list[Any]:
        """Return a list that grows with every message on a topic."""
        messages: list[Any] = []
        self.node.create_subscription(topic.type, topic.name, messages.append, topic.qos)
        return messages

    def publish(self, topic: Any, message: Any) -> None:
        if topic.name not in self._publishers:
            self._publishers[topic.name] = self.node.create_publisher(
                topic.type, topic.name, topic.qos
            )
        self._publishers[topic.name].publish(message)

    def spin(self) -> None:
        self._executor.spin_once(timeout_sec=0.02)

    def wait_until(
        self, condition: Callable[[], Any], doing: Callable[[], None] | None = None
    ) -> None:
        """Spin, and do something over and over, until a condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, 'waited in vain'
            if doing is not None:
                doing()
            self.spin()

    def call(self, service_type: Any, name: str, request: Any) -> Any:
        client = self.node.create_client(service_type, name)
        self.wait_until(client.service_is_ready)
        future = client.call_async(request)
        self.wait_until(future.done)
        self.node.destroy_client(client)
        return future.result()


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


@pytest.fixture(scope='session')
def untrained_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkpoint of the shipped policy's kind with random weights."""
    import torch

    from lnn_control.policies.checkpoint import save_checkpoint
    from lnn_control.policies.network import LiquidNetwork, NetworkConfig

    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('checkpoints') / 'untrained'
    save_checkpoint(folder, 'untrained', LiquidNetwork(NetworkConfig()), {})
    return folder
