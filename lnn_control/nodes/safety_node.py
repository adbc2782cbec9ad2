# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The only publisher of cmd_vel: passes commands within limits and stops the vehicle otherwise.

A process of its own, so that it lives on when the policy dies.
"""

import sys
import time

from geometry_msgs.msg import TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node
from rclpy.publisher import Publisher
from std_msgs.msg import String

from lnn_control.core.ros_messages import PASSING
from lnn_control.core.safety import (
    CommandLimits,
    SafetyState,
    StopReason,
    receive_command,
    stop,
    update_safety,
)
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    make_diagnostics,
    make_twist,
    make_twist_stamped,
    read_twist,
    seconds_from_stamp,
)
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

_DEFAULTS = CommandLimits()
PARAMETERS = (
    Parameter(
        'horizontal_speed', _DEFAULTS.horizontal_speed, 'greatest speed [m/s]', 0.001, 100.0
    ),
    Parameter('climb_speed', _DEFAULTS.climb_speed, 'greatest climb or sink [m/s]', 0.001, 100.0),
    Parameter('yaw_rate', _DEFAULTS.yaw_rate, 'greatest yaw rate [rad/s]', 0.001, 100.0),
    Parameter(
        'horizontal_acceleration',
        _DEFAULTS.horizontal_acceleration,
        'greatest change of horizontal velocity [m/s^2]',
        0.001,
        1000.0,
    ),
    Parameter(
        'climb_acceleration',
        _DEFAULTS.climb_acceleration,
        'greatest change of climb speed [m/s^2]',
        0.001,
        1000.0,
    ),
    Parameter(
        'yaw_acceleration',
        _DEFAULTS.yaw_acceleration,
        'greatest change of yaw rate [rad/s^2]',
        0.001,
        1000.0,
    ),
    Parameter('timeout', _DEFAULTS.timeout, 'a command older than this stops [s]', 0.01, 10.0),
    Parameter('rate', 50.0, 'how often cmd_vel is sent at least [Hz]', 1.0, 500.0),
    Parameter(
        'clock_timeout',
        1.0,
        'with simulated time: a clock that rests this long stops [s]',
        0.1,
        60.0,
    ),
    Parameter('stamped', True, 'send cmd_vel as TwistStamped (true) or as Twist (false)'),
)


class SafetyNode(Node):
    """Shell around :mod:`lnn_control.core.safety`.

    Age is measured on the steady clock, which no time synchronisation can move; with simulated
    time on /clock, which may run slower than the wall.
    """

    def __init__(self) -> None:
        super().__init__('safety_node')
        self._settings = declare_parameters(self, PARAMETERS)
        self._limits = CommandLimits(
            **{name: getattr(self._settings, name) for name in vars(_DEFAULTS)}
        )
        self._is_simulated = bool(self.get_parameter('use_sim_time').value)
        self._clock_moved_at = time.monotonic()
        self._last_now = -1.0
        self._state = SafetyState()
        self._stamp: float | None = None
        self._published_reason: StopReason | str | None = ''
        command = topics.choose_command_topic(self._settings.stamped)
        self._publisher = self.create_publisher(command.type, command.name, command.qos)
        self._state_publisher = self._publish_on(topics.SAFETY_STATE)
        self._diagnostics_publisher = self._publish_on(topics.DIAGNOSTICS)
        raw = topics.RAW_COMMAND
        self.create_subscription(raw.type, raw.name, self._receive, raw.qos)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._settings.rate, self._update, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def finish(self) -> None:
        """Leave the vehicle with a zero command, and the reason for it, that have arrived."""
        self._state = stop(self._state, StopReason.SHUTDOWN, self._now())
        self._publish()
        for publisher in (self._publisher, self._state_publisher):
            publisher.wait_for_all_acked(Duration(seconds=1))

    def _publish_on(self, topic: topics.Topic) -> Publisher:
        return self.create_publisher(topic.type, topic.name, topic.qos)

    def _now(self) -> float:
        if not self._is_simulated:
            return time.monotonic()
        return float(self.get_clock().now().nanoseconds * 1e-9)

    def _receive(self, message: TwistStamped) -> None:
        self._state = receive_command(self._state, read_twist(message), self._now())
        self._stamp = seconds_from_stamp(message.header.stamp) or None
        self._update()

    def _update(self) -> None:
        now = self._now()
        if now != self._last_now:
            self._last_now, self._clock_moved_at = now, time.monotonic()
        rest = time.monotonic() - self._clock_moved_at
        has_begun = self._state.stop_reason is not StopReason.NO_COMMAND
        if has_begun and rest > self._settings.clock_timeout:
            self._state = stop(self._state, StopReason.CLOCK_STOPPED, now)
        else:
            self._state = update_safety(self._state, now, self._limits)
        self._publish()

    def _publish(self) -> None:
        """Send the command with the stamp of what it answers, a stop with the time now."""
        if self._settings.stamped:
            is_passing = self._state.stop_reason is None and self._stamp is not None
            now = self.get_clock().now().nanoseconds * 1e-9
            stamp = self._stamp if is_passing and self._stamp is not None else now
            self._publisher.publish(make_twist_stamped(self._state.command, stamp))
        else:
            self._publisher.publish(make_twist(self._state.command))
        self._report()

    def _report(self) -> None:
        """Publish and log why the vehicle stands, once a change."""
        reason = self._state.stop_reason
        if reason is self._published_reason:
            return
        self._published_reason = reason
        text = PASSING if reason is None else reason.value
        self._state_publisher.publish(String(data=text))
        if reason in (None, StopReason.NO_COMMAND, StopReason.SHUTDOWN):
            self.get_logger().info(text)
        else:
            self.get_logger().warning(f'stopped: {text}')

    def _diagnose(self) -> None:
        state = self._state
        problem = state.stop_reason.value if state.stop_reason is not None else ''
        last = state.last_stop_reason
        values = {
            'stops': state.num_stops,
            'last_stop': last.value if last is not None else '',
            'vx': round(state.command.vx, 3),
            'vy': round(state.command.vy, 3),
            'vz': round(state.command.vz, 3),
            'yaw_rate': round(state.command.yaw_rate, 3),
        }
        now = self.get_clock().now().nanoseconds * 1e-9
        self._diagnostics_publisher.publish(make_diagnostics('safety', problem, values, now))


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(SafetyNode, 'safety_node')


if __name__ == '__main__':
    sys.exit(main())
