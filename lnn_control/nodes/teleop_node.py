# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A person flies: joystick messages in, velocity commands for the safety node out.

Commands come only while the dead-man switch is held; letting go sends one zero, then nothing, so
that what is recorded tells when somebody commanded.
"""

import sys
from dataclasses import fields

from rclpy.node import Node
from sensor_msgs.msg import Joy

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import ZERO
from lnn_control.core.teleoperation import Sticks, read_sticks
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import Source, make_diagnostics, make_twist_stamped
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

_DEFAULTS = Sticks()
PARAMETERS = (
    Parameter('deadman', _DEFAULTS.deadman, 'button that must be held, from 0', 0, 63),
    Parameter('deadzone', _DEFAULTS.deadzone, 'share of a deflection that is none', 0.0, 0.9),
    Parameter('forward', _DEFAULTS.forward, 'axis of forward speed, from 0', 0, 63),
    Parameter('left', _DEFAULTS.left, 'axis of speed to the left', 0, 63),
    Parameter('up', _DEFAULTS.up, 'axis of climb', 0, 63),
    Parameter('turn', _DEFAULTS.turn, 'axis of turning to the left', 0, 63),
    Parameter('speed', _DEFAULTS.speed, 'speed of the full deflection [m/s]', 0.001, 100.0),
    Parameter(
        'climb_speed', _DEFAULTS.climb_speed, 'climb of the full deflection [m/s]', 0.001, 100.0
    ),
    Parameter(
        'yaw_rate', _DEFAULTS.yaw_rate, 'yaw rate of the full deflection [rad/s]', 0.001, 100.0
    ),
    Parameter(
        'timeout',
        _DEFAULTS.timeout,
        'without a message for so long nobody commands [s]',
        0.01,
        10.0,
    ),
    Parameter('rate', 20.0, 'commands a second while the switch is held [Hz]', 1.0, 200.0),
)


class TeleopNode(Node):
    """Shell around :mod:`lnn_control.core.teleoperation`."""

    def __init__(self) -> None:
        super().__init__('teleop_node')
        settings = declare_parameters(self, PARAMETERS)
        self._sticks = Sticks(
            **{entry.name: getattr(settings, entry.name) for entry in fields(Sticks)}
        )
        self._wanted: VelocityCommand | None = None
        self._heard_at = -1.0
        self._commands = False
        self._problem = ''
        raw, joy, diagnostics = topics.RAW_COMMAND, topics.JOYSTICK, topics.DIAGNOSTICS
        self._publisher = self.create_publisher(raw.type, raw.name, raw.qos)
        self._diagnostics = self.create_publisher(
            diagnostics.type, diagnostics.name, diagnostics.qos
        )
        self.create_subscription(joy.type, joy.name, self._hear, joy.qos)
        self.create_timer(1.0 / settings.rate, self._command)
        self.create_timer(1.0, self._diagnose)

    def finish(self) -> None:
        """Leave the vehicle standing."""
        if self._commands:
            self._send(ZERO)

    def _now(self) -> float:
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _hear(self, message: Joy) -> None:
        try:
            self._wanted = read_sticks(message.axes, message.buttons, self._sticks)
            self._problem = ''
        except ValueError as error:
            self._wanted, problem = None, str(error)
            if problem != self._problem:
                self.get_logger().error(problem)
            self._problem = problem
        self._heard_at = self._now()

    def _command(self) -> None:
        """Send what is wanted; one zero when nobody commands any more."""
        is_fresh = 0.0 <= self._now() - self._heard_at <= self._sticks.timeout
        wanted = self._wanted if is_fresh else None
        if wanted is not None:
            self._send(wanted)
        elif self._commands:
            self._send(ZERO)
        self._commands = wanted is not None

    def _send(self, command: VelocityCommand) -> None:
        self._publisher.publish(make_twist_stamped(command, self._now()))

    def _diagnose(self) -> None:
        problem = self._problem or ('' if self._heard_at >= 0 else 'no joystick has been heard')
        values = {'commands': self._commands}
        source = Source('teleop', self.get_namespace())
        self._diagnostics.publish(make_diagnostics(source, problem, values, self._now()))


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(TeleopNode, 'teleop_node')


if __name__ == '__main__':
    sys.exit(main())
