# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Publishers and subscriptions of nodes that are light on the executor.

rclpy's executor goes through all that a node has whenever anything comes. By default each
publisher and each subscription brings two more, for partners with another QoS or type. Who
publishes their inputs so, nodes find out by themselves once a second (`graph_checks`), and name it
in their diagnostics.
"""

from collections.abc import Callable
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import PublisherEventCallbacks, SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import ReliabilityPolicy
from rclpy.subscription import Subscription

from lnn_control.nodes.topics import Topic


class UnwatchedGroup(CallbackGroup):
    """Of subscriptions that the executor does not wait for: whoever wants messages takes them."""

    def can_execute(self, entity: Any) -> bool:
        """Return that nothing of this group is ever called."""
        return False

    def beginning_execution(self, entity: Any) -> bool:
        """Return that nothing of this group is ever called."""
        return False

    def ending_execution(self, entity: Any) -> None:
        """Do nothing."""


def open_publisher(node: Node, topic: Topic) -> Publisher:
    """Return a publisher of a topic.

    Whoever listens reliably to what is sent at best effort hears nothing: that is still told.
    """
    is_best_effort = topic.qos.reliability == ReliabilityPolicy.BEST_EFFORT
    callbacks = PublisherEventCallbacks(use_default_callbacks=is_best_effort)
    return node.create_publisher(topic.type, topic.name, topic.qos, event_callbacks=callbacks)


def open_subscription(
    node: Node,
    topic: Topic,
    callback: Callable[[Any], None],
    group: CallbackGroup | None = None,
) -> Subscription:
    """Return a subscription of a topic whose publishers the node checks by itself."""
    callbacks = SubscriptionEventCallbacks(use_default_callbacks=False)
    return node.create_subscription(
        topic.type,
        topic.name,
        callback,
        topic.qos,
        callback_group=group,
        event_callbacks=callbacks,
    )
