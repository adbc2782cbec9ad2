# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns cmd_vel into MAVLink setpoints for PX4 and ArduPilot, without MAVROS. Extra `mavlink`.

It streams SET_POSITION_TARGET_LOCAL_NED in the body frame at its own rate, and a heartbeat, to the
autopilot that it hears. Mode and arming are the pilot's: it asks for hold or land only when the
safety node does.
"""

import sys
import time
from typing import Any

from pymavlink import mavutil
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from std_msgs.msg import String

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.vehicle_frames import to_body_frd
from lnn_control.nodes import command_follower, topics
from lnn_control.nodes.command_follower import CommandFollower
from lnn_control.nodes.conversions import Source, make_diagnostics
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = (
    *command_follower.PARAMETERS,
    Parameter(
        'device',
        'udpin:127.0.0.1:14550',
        'where the autopilot is, as pymavlink writes it: udpin:HOST:PORT, /dev/ttyACM0',
    ),
    Parameter('baud', 921_600, 'of a serial device', 1200, 10_000_000),
    Parameter('system_id', 1, 'of the vehicle that this computer is on', 1, 255),
    Parameter('silence', 3.0, 'so long without a heartbeat the autopilot is gone [s]', 0.5, 60.0),
)

_ENUM = mavutil.mavlink
# Positions, accelerations and yaw are not given: velocities and yaw rate alone.
VELOCITY_ONLY = (
    _ENUM.POSITION_TARGET_TYPEMASK_X_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_Y_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_Z_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_AX_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_AY_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_AZ_IGNORE
    | _ENUM.POSITION_TARGET_TYPEMASK_YAW_IGNORE
)
_ASKED = {'hold': _ENUM.MAV_CMD_NAV_LOITER_UNLIM, 'land': _ENUM.MAV_CMD_NAV_LAND}
_COMPUTER = _ENUM.MAV_COMP_ID_ONBOARD_COMPUTER


class MavlinkNode(Node):
    """Speaks to one autopilot."""

    def __init__(self) -> None:
        super().__init__('mavlink_node')
        self._values = declare_parameters(self, PARAMETERS)
        self._link = mavutil.mavlink_connection(
            self._values.device,
            baud=self._values.baud,
            source_system=self._values.system_id,
            source_component=_COMPUTER,
        )
        self._began = time.monotonic()
        self._target: tuple[int, int] | None = None
        self._heard_at = -1e9
        self._follower = CommandFollower(self, self._values.stamped, self._values.timeout)
        topic = topics.AUTOPILOT_REQUEST
        self.create_subscription(topic.type, topic.name, self._ask, topic.qos)
        diagnostics = topics.DIAGNOSTICS
        self._diagnostics = self.create_publisher(
            diagnostics.type, diagnostics.name, diagnostics.qos
        )
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._values.rate, self._send, clock=steady)
        self.create_timer(1.0, self._beat, clock=steady)

    def finish(self) -> None:
        """Leave the vehicle standing and close the link."""
        if self._target is not None:
            self._send_setpoint(VelocityCommand())
        self._link.close()

    def _listen(self) -> None:
        """Read what has come; the first autopilot that is heard is the one spoken to."""
        while (message := self._link.recv_match(blocking=False)) is not None:
            if message.get_type() != 'HEARTBEAT' or message.get_srcComponent() == _COMPUTER:
                continue
            if message.autopilot == _ENUM.MAV_AUTOPILOT_INVALID:
                continue  # a ground station or a gimbal
            source = (message.get_srcSystem(), message.get_srcComponent())
            if self._target is None:
                self._target = source
                self.get_logger().info(f'hears autopilot {source[0]}, component {source[1]}')
            if source == self._target:
                self._heard_at = time.monotonic()

    def _send(self) -> None:
        self._listen()
        if self._target is not None and self._follower.has_come:
            self._send_setpoint(self._follower.command)

    def _send_setpoint(self, command: VelocityCommand) -> None:
        assert self._target is not None
        velocity = to_body_frd(command)
        self._link.mav.set_position_target_local_ned_send(
            int((time.monotonic() - self._began) * 1000),
            *self._target,
            _ENUM.MAV_FRAME_BODY_NED,
            VELOCITY_ONLY,
            *(0.0, 0.0, 0.0),
            *(velocity.x, velocity.y, velocity.z),
            *(0.0, 0.0, 0.0),
            0.0,
            velocity.yaw_rate,
        )

    def _ask(self, message: String) -> None:
        """Ask the autopilot for what the safety node asks for."""
        if message.data not in _ASKED or self._target is None:
            return
        self.get_logger().warning(f'asks the autopilot to {message.data}')
        nothing: tuple[Any, ...] = (0.0,) * 7
        self._link.mav.command_long_send(*self._target, _ASKED[message.data], 0, *nothing)

    def _beat(self) -> None:
        self._link.mav.heartbeat_send(
            _ENUM.MAV_TYPE_ONBOARD_CONTROLLER, _ENUM.MAV_AUTOPILOT_INVALID, 0, 0, 0
        )
        silence = time.monotonic() - self._heard_at
        is_silent = silence > self._values.silence
        problem = (
            f'no heartbeat of an autopilot on {self._values.device}: look at cable, port and baud'
        )
        values = {'target': self._target, 'device': self._values.device}
        now = self.get_clock().now().nanoseconds * 1e-9
        source = Source('mavlink', self.get_namespace())
        message = make_diagnostics(source, problem if is_silent else '', values, now, True)
        self._diagnostics.publish(message)


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(MavlinkNode, 'mavlink_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
