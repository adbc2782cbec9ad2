# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns cmd_vel into PX4's setpoints over its uXRCE-DDS agent. Needs px4_msgs.

PX4 takes velocities in the world, north, east, down: they are turned by the heading that it tells
itself. It streams while cmd_vel comes; mode and arming are the pilot's. Where the heading is old,
nobody knows where forward is: it tells zero.
"""

import math
import sys
import time
from typing import Any

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import ZERO
from lnn_control.core.vehicle_frames import to_world_ned, yaw_from_ned, yaw_of_ned_quaternion
from lnn_control.nodes import command_follower, topics
from lnn_control.nodes.command_follower import CommandFollower
from lnn_control.nodes.conversions import Source, make_diagnostics
from lnn_control.nodes.endpoints import open_publisher
from lnn_control.nodes.foreign_messages import import_messages
from lnn_control.nodes.parameters import declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = command_follower.PARAMETERS
HEADING_TIMEOUT = 0.25
"""An older heading turns no command [s]."""

_ODOMETRY = 'fmu/out/vehicle_odometry'

# As PX4 has them on its side of the agent.
_IN = QoSProfile(
    depth=1,
    reliability=ReliabilityPolicy.BEST_EFFORT,
    durability=DurabilityPolicy.TRANSIENT_LOCAL,
)
_OUT = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)


def describe_setpoint(command: VelocityCommand, yaw: float, time_us: int) -> dict[str, Any]:
    """Return the fields of a TrajectorySetpoint; NaN leaves the rest to PX4.

    :param yaw: heading of the vehicle in ENU [rad]. :param time_us: of PX4's clock.
    """
    velocity = to_world_ned(command, yaw)
    nothing = [math.nan] * 3
    return {
        'timestamp': int(time_us),
        'position': nothing,
        'velocity': [velocity.x, velocity.y, velocity.z],
        'acceleration': nothing,
        'jerk': nothing,
        'yaw': math.nan,
        'yawspeed': velocity.yaw_rate,
    }


class Px4Node(Node):
    """Publishes `fmu/in/trajectory_setpoint` and the mode of control that goes with it."""

    def __init__(self) -> None:
        super().__init__('px4_node')
        self._mode_type, self._setpoint_type, odometry_type = import_messages(
            'px4_msgs', 'OffboardControlMode', 'TrajectorySetpoint', 'VehicleOdometry'
        )
        values = declare_parameters(self, PARAMETERS)
        self._yaw: float | None = None
        self._turned_at = -math.inf
        self._told = ''
        self._follower = CommandFollower(self, values.stamped, values.timeout)
        self._mode = self.create_publisher(self._mode_type, 'fmu/in/offboard_control_mode', _IN)
        self._setpoint = self.create_publisher(
            self._setpoint_type, 'fmu/in/trajectory_setpoint', _IN
        )
        self.create_subscription(odometry_type, _ODOMETRY, self._turn, _OUT)
        self._diagnostics = open_publisher(self, topics.DIAGNOSTICS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / values.rate, self._send, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def finish(self) -> None:
        """Leave the vehicle standing."""
        if self._yaw is not None and self._follower.has_come:
            self._send_setpoint(ZERO, self._yaw)

    def _turn(self, message: Any) -> None:
        yaw = yaw_from_ned(yaw_of_ned_quaternion(*(float(value) for value in message.q)))
        if math.isfinite(yaw):
            self._yaw, self._turned_at = yaw, time.monotonic()

    @property
    def _has_heading(self) -> bool:
        return time.monotonic() - self._turned_at <= HEADING_TIMEOUT

    def _send(self) -> None:
        self._report()
        # Before the first heading PX4 keeps its own mode.
        if self._yaw is None or not self._follower.has_come:
            return
        self._send_setpoint(self._follower.command if self._has_heading else ZERO, self._yaw)

    def _send_setpoint(self, command: VelocityCommand, yaw: float) -> None:
        time_us = self.get_clock().now().nanoseconds // 1000
        self._mode.publish(self._mode_type(timestamp=time_us, velocity=True))
        fields = describe_setpoint(command, yaw, time_us)
        self._setpoint.publish(self._setpoint_type(**fields))

    def _describe_problem(self) -> str:
        """Return what is wrong with the heading; empty if nothing is."""
        cure = "look at PX4's uXRCE-DDS client and its agent"
        if self._yaw is None:
            return f'no heading on {_ODOMETRY} yet, and nothing is sent: {cure}'
        if not self._has_heading:
            return f'no heading on {_ODOMETRY} any more, and zero is sent: {cure}'
        return ''

    def _report(self) -> None:
        """Log a heading that was lost, and that it has come back."""
        problem = self._describe_problem() if self._yaw is not None else ''
        if problem == self._told:
            return
        self._told = problem
        # Two lines: rclpy refuses one that logs now with this severity, now with that.
        if problem:
            self.get_logger().error(problem)
        else:
            self.get_logger().info('the heading has come back')

    def _diagnose(self) -> None:
        now = self.get_clock().now().nanoseconds * 1e-9
        source = Source('px4', self.get_namespace())
        message = make_diagnostics(source, self._describe_problem(), {}, now, is_error=True)
        self._diagnostics.publish(message)


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(Px4Node, 'px4_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
