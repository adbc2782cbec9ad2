# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns cmd_vel into an AckermannDriveStamped for cars. Needs ackermann_msgs, which apt brings."""

import sys

from rclpy.clock import Clock, ClockType
from rclpy.duration import Duration
from rclpy.node import Node

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import ZERO
from lnn_control.core.vehicle_frames import SteeredWheels
from lnn_control.nodes import command_follower
from lnn_control.nodes.command_follower import CommandFollower
from lnn_control.nodes.conversions import BASE_FRAME
from lnn_control.nodes.foreign_messages import import_messages
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = (
    *command_follower.PARAMETERS,
    Parameter('wheelbase', 2.6, 'distance between the axles [m]', 0.01, 20.0),
    Parameter('max_steering', 0.6, 'of the front wheels [rad]', 0.01, 1.5),
)


def describe_drive(command: VelocityCommand, wheels: SteeredWheels) -> dict[str, float]:
    """Return the fields of an AckermannDrive; those that are left are 0: as fast as it can."""
    speed, steering = wheels.steer(command)
    return {'speed': float(speed), 'steering_angle': float(steering)}


class AckermannNode(Node):
    """Publishes `ackermann_cmd` at its own rate."""

    def __init__(self) -> None:
        super().__init__('ackermann_node')
        (self._type,) = import_messages('ackermann_msgs', 'AckermannDriveStamped')
        values = declare_parameters(self, PARAMETERS)
        self._wheels = SteeredWheels(values.wheelbase, values.max_steering)
        self._follower = CommandFollower(self, values.stamped, values.timeout)
        self._publisher = self.create_publisher(self._type, 'ackermann_cmd', 1)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / values.rate, self._send, clock=steady)

    def finish(self) -> None:
        """Leave the car with a zero that has arrived."""
        self._publish(ZERO)
        self._publisher.wait_for_all_acked(Duration(seconds=1))

    def _send(self) -> None:
        self._publish(self._follower.command)

    def _publish(self, command: VelocityCommand) -> None:
        message = self._type()
        message.header.stamp = self.get_clock().now().to_msg()
        message.header.frame_id = BASE_FRAME
        for name, value in describe_drive(command, self._wheels).items():
            setattr(message.drive, name, value)
        self._publisher.publish(message)


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(AckermannNode, 'ackermann_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
