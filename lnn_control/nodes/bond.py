# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A bond with Nav2's lifecycle manager: a heartbeat while a node is active. Needs bond.

The manager takes the whole system down when a heartbeat ceases. It says itself when it lets go; a
node then says the same once and is silent, as bondcpp does.
"""

import uuid
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node

from lnn_control.nodes.foreign_messages import import_messages

# As the nodes of Nav2 have it [s].
PERIOD, TIMEOUT = 0.1, 4.0


def describe_status(name: str, instance: str, is_alive: bool) -> dict[str, Any]:
    """Return the fields of a Status besides its header.

    :param name: of the node, by which the manager knows it. :param instance: of this end.
    """
    return {
        'id': name,
        'instance_id': instance,
        'active': bool(is_alive),
        'heartbeat_timeout': float(TIMEOUT),
        'heartbeat_period': float(PERIOD),
    }


def is_farewell(message: Any, name: str, instance: str) -> bool:
    """Return whether the other end of a bond says that it lets go.

    :param message: a Status. :param name: of the bond. :param instance: of this end.
    """
    return message.id == name and message.instance_id != instance and not message.active


class Bond:
    """This node's end of its bond.

    :raises ImportError: if the package is missing, with the command that installs it.
    """

    def __init__(self, node: Node) -> None:
        (self._type,) = import_messages('bond', 'Status')
        self._node = node
        self._instance = str(uuid.uuid4())
        self._publisher = node.create_publisher(self._type, 'bond', 5)
        node.create_subscription(self._type, 'bond', self._hear, 100)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(PERIOD, self._beat, clock=steady)
        self._timer.cancel()

    def form(self) -> None:
        """Begin to beat, as somebody new."""
        self._instance = str(uuid.uuid4())
        self._timer.reset()

    def leave(self) -> None:
        """Say that the node is going, and beat no more; nothing if it does not beat."""
        if not self._timer.is_canceled():
            self._timer.cancel()
            self._tell(False)

    def _beat(self) -> None:
        self._tell(True)

    def _tell(self, is_alive: bool) -> None:
        message = self._type(**describe_status(self._node.get_name(), self._instance, is_alive))
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def _hear(self, message: Any) -> None:
        if is_farewell(message, self._node.get_name(), self._instance):
            self.leave()
