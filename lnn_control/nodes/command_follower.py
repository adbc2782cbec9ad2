# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a bridge to a vehicle needs: the last cmd_vel, and a time-out of its own.

A bridge sends at its own rate, as autopilots want it, so it must notice itself when the safety
node has died.
"""

import math
import time

from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import ZERO
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import read_twist
from lnn_control.nodes.parameters import Parameter

PARAMETERS = (
    Parameter('stamped', True, 'take cmd_vel as TwistStamped (true) or as Twist (false)'),
    Parameter('timeout', 0.25, 'a cmd_vel older than this counts as zero [s]', 0.01, 10.0),
    Parameter('rate', 20.0, 'commands to the vehicle a second [Hz]', 2.0, 200.0),
)


class CommandFollower:
    """Listens to cmd_vel.

    :param timeout: an older command counts as zero [s].
    """

    def __init__(self, node: Node, is_stamped: bool, timeout: float) -> None:
        self._timeout = timeout
        self._command = ZERO
        self._received_at = -math.inf
        topic = topics.choose_command_topic(is_stamped)
        node.create_subscription(topic.type, topic.name, self._receive, topic.qos)

    @property
    def has_come(self) -> bool:
        """Whether the safety node was ever heard."""
        return self._received_at > -math.inf

    @property
    def command(self) -> VelocityCommand:
        """The last command, zero once it is old."""
        is_fresh = time.monotonic() - self._received_at <= self._timeout
        return self._command if is_fresh else ZERO

    def _receive(self, message: Twist | TwistStamped) -> None:
        values = read_twist(message)
        self._command = VelocityCommand(*values) if all(map(math.isfinite, values)) else ZERO
        self._received_at = time.monotonic()
