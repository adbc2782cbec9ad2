# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Waits until the nodes of a graph are ready and takes the policy into flight."""

import math
import time
from collections.abc import Callable
from typing import Any

import rclpy
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState
from rclpy.exceptions import InvalidNamespaceException
from rclpy.executors import SingleThreadedExecutor
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions
from rclpy.validate_namespace import validate_namespace

from lnn_control.nodes import topics

# Longer than a busy machine takes to start everything [s].
_PATIENCE = 90.0
_TRANSITIONS = {
    'configure': Transition.TRANSITION_CONFIGURE,
    'activate': Transition.TRANSITION_ACTIVATE,
}


def check_namespace(namespace: str) -> None:
    """Check before a node starts that ROS takes a namespace.

    :raises ValueError: if not; it says what is wrong with it.
    """
    try:
        validate_namespace(f'/{namespace.strip("/")}')
    except InvalidNamespaceException as error:
        reason = str(error).partition('\n')[0].removesuffix(':')
        raise ValueError(
            f'namespace must be a ROS name such as drone_1, got {namespace!r}: {reason}'
        ) from error


class Supervisor:
    """A node that looks at the others. Waits by conditions, never by sleeping.

    :param namespace: where the nodes live.
    :param check: called while waiting; raises to end the wait.
    """

    def __init__(self, namespace: str, check: Callable[[], None]) -> None:
        self._check = check
        if not rclpy.ok():
            rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('bringup', namespace=namespace.strip('/') or None)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        self._seen: set[str] = set()

    def close(self) -> None:
        """Leave the ROS graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def wait_until(
        self, condition: Callable[[], bool], what: str = '', timeout: float = math.inf
    ) -> None:
        """Return as soon as the condition holds.

        :param what: is waited for. :param timeout: [s].
        :raises TimeoutError: if it takes longer.
        """
        deadline = time.monotonic() + timeout
        while not condition():
            self._check()
            if time.monotonic() > deadline:
                raise TimeoutError(f'waited {timeout:g} s for {what} in vain')
            self._executor.spin_once(timeout_sec=0.05)

    def wait_for_topics(self, *wanted: topics.Topic) -> None:
        """Wait for one message of each topic."""
        for topic in wanted:
            self.subscribe(topic, self._make_callback(topic.name))
        names = {topic.name for topic in wanted}
        what = f'a message on {" and ".join(sorted(names))}'
        self.wait_until(lambda: names <= self._seen, what, _PATIENCE)

    def wait_for_publisher(self, topic: topics.Topic) -> None:
        """Wait until somebody could send on a topic."""
        name = topic.name
        self.wait_until(lambda: self.count_publishers(name) > 0, f'who sends {name}', _PATIENCE)

    def open(self, topic: topics.Topic, name: str) -> Publisher:
        """Return a publisher of a kind of topic under another name."""
        return self._node.create_publisher(topic.type, name, topic.qos)

    def subscribe(
        self, topic: topics.Topic, callback: Callable[..., None], depth: int = 0
    ) -> None:
        """Call back with each message of a topic while waiting.

        :param callback: may take the message's info as a second argument.
        :param depth: how many messages wait for a busy reader; 0 for the topic's own depth.
        """
        qos = QoSProfile(
            depth=depth or topic.qos.depth,
            reliability=topic.qos.reliability,
            durability=topic.qos.durability,
        )
        self._node.create_subscription(topic.type, topic.name, callback, qos)

    def _make_callback(self, name: str) -> Callable[[Any], None]:
        def note(message: Any) -> None:
            self._seen.add(name)

        return note

    def change_state(self, node_name: str, transition: str) -> bool:
        """Take a lifecycle node through a transition and return whether it succeeded."""
        request = ChangeState.Request(transition=Transition(id=_TRANSITIONS[transition]))
        answer = self.call(ChangeState, f'{node_name}/change_state', request)
        return bool(answer.success)

    def call(self, service: type[Any], name: str, request: Any) -> Any:
        """Call a service, once it is there, and return its answer.

        :raises TimeoutError: if it does not appear or answer.
        """
        client = self._node.create_client(service, name)
        try:
            self.wait_until(client.service_is_ready, f'service {name}', _PATIENCE)
            future = client.call_async(request)
            self.wait_until(future.done, f'an answer of service {name}', _PATIENCE)
            return future.result()
        finally:
            self._node.destroy_client(client)

    def count_publishers(self, topic: str) -> int:
        """Return how many nodes publish on a topic."""
        return self._node.count_publishers(topic)
