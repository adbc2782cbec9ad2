# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Real nodes over real DDS: a probe that listens and speaks, and processes to probe.

Topics find each other in any order and at any time, and messages before that are lost. So a test
waits for what it needs, says it until it is heard, and never counts on a first message.
"""

import contextlib
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE

# Callbacks between two looks at what is waited for.
_MOST_AT_ONCE = 200
# Longer than most services take to answer [s].
_ANSWER = 15.0


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
        """End the node in order, so that it leaves no shared memory behind."""
        self.process.terminate()
        try:
            self.wait()
        finally:
            self.process.kill()


class Probe:
    """A node that notes what is published and publishes what a test says."""

    def __init__(self, node: Any, executor: Any) -> None:
        self.node = node
        self._executor = executor
        self._publishers: dict[str, Any] = {}

    def add(self, node: Any) -> None:
        """Spin another node of this process as well."""
        self._executor.add_node(node)

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
        """Wait a little for what comes and take all of it: a queue that grows makes it old."""
        from rclpy.executors import TimeoutException

        self._executor.spin_once(timeout_sec=0.02)
        with contextlib.suppress(TimeoutException):
            for _ in range(_MOST_AT_ONCE):
                callback, _, _ = self._executor.wait_for_ready_callbacks(timeout_sec=0.0)
                callback()
                callback.result()  # raises what it has raised

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
        """Return the first answer of a service.

        A node that has ended stays in the graph for a while and takes requests: ask again.
        """
        client = self.node.create_client(service_type, name)
        self.wait_until(client.service_is_ready)
        futures: list[Any] = []
        asked_at = -math.inf

        def ask() -> None:
            nonlocal asked_at
            if time.monotonic() - asked_at > _ANSWER:
                futures.append(client.call_async(request))
                asked_at = time.monotonic()

        self.wait_until(lambda: any(future.done() for future in futures), ask)
        self.node.destroy_client(client)
        return next(future.result() for future in futures if future.done())


def is_standing(commands: list[Any]) -> bool:
    """Return whether the last command heard is zero."""
    from lnn_control.nodes.conversions import read_twist

    return bool(commands) and read_twist(commands[-1]) == (0.0, 0.0, 0.0, 0.0)


def says(texts: list[Any], text: str) -> bool:
    """Return whether the last text heard is this one."""
    return bool(texts) and texts[-1].data == text


def stamp_of(message: Any) -> float:
    """Return the stamp of a message [s]."""
    return float(message.header.stamp.sec + message.header.stamp.nanosec * 1e-9)
