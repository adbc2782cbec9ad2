# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Turns cmd_vel into MAVLink setpoints for PX4 and ArduPilot, without MAVROS. Extra `mavlink`.

It streams SET_POSITION_TARGET_LOCAL_NED in the body frame at its own rate, and a heartbeat, to the
autopilot of its system id. Mode and arming are the pilot's: it asks for hold or land only when the
safety node does, until the autopilot has accepted.
"""

import math
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
from lnn_control.nodes.endpoints import open_publisher
from lnn_control.nodes.mavlink_link import MavlinkLink
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
        self._link = MavlinkLink(self._connect)
        self._told = ''
        self._began = time.monotonic()
        self._target: tuple[int, int] | None = None
        self._heard_at = -math.inf
        self._others: dict[int, float] = {}
        self._request = ''
        self._is_accepted = False
        self._num_asked = 0
        self._answer = ''
        self._follower = CommandFollower(self, self._values.stamped, self._values.timeout)
        topic = topics.AUTOPILOT_REQUEST
        self.create_subscription(topic.type, topic.name, self._ask, topic.qos)
        self._diagnostics = open_publisher(self, topics.DIAGNOSTICS)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(1.0 / self._values.rate, self._send, clock=steady)
        self.create_timer(1.0, self._beat, clock=steady)

    def _connect(self) -> Any:
        return mavutil.mavlink_connection(
            self._values.device,
            baud=self._values.baud,
            source_system=self._values.system_id,
            source_component=_COMPUTER,
            retries=1,
        )

    def finish(self) -> None:
        """Leave the vehicle standing and close the link."""
        if self._target is not None:
            self._send_setpoint(VelocityCommand())
        self._link.close()

    def _listen(self) -> None:
        """Read what has come."""
        for message in self._link.receive():
            if message.get_type() == 'HEARTBEAT':
                self._receive_heartbeat(message)
            elif message.get_type() == 'COMMAND_ACK':
                self._receive_answer(message)

    def _receive_heartbeat(self, message: Any) -> None:
        """Note who is there: the first autopilot of the vehicle's system is the one spoken to."""
        # An onboard computer, a ground station or a gimbal.
        if (
            message.get_srcComponent() == _COMPUTER
            or message.autopilot == _ENUM.MAV_AUTOPILOT_INVALID
        ):
            return
        source = (message.get_srcSystem(), message.get_srcComponent())
        if source[0] != self._values.system_id:
            self._others[source[0]] = time.monotonic()
            return
        if self._target is None:
            self._target = source
            self.get_logger().info(f'hears autopilot {source[0]}, component {source[1]}')
        if source == self._target:
            self._heard_at = time.monotonic()

    def _receive_answer(self, message: Any) -> None:
        """Note what the autopilot says to the request."""
        source = (message.get_srcSystem(), message.get_srcComponent())
        if source != self._target or message.command != _ASKED.get(self._request):
            return
        if self._is_accepted:
            return  # an answer to an earlier asking
        self._is_accepted = message.result == _ENUM.MAV_RESULT_ACCEPTED
        results = _ENUM.enums['MAV_RESULT']
        known = results.get(message.result)
        answer = known.name if known is not None else f'MAV_RESULT {message.result}'
        if answer != self._answer:
            self._answer = answer
            self.get_logger().warning(f'the autopilot says {answer} to {self._request}')

    def _send(self) -> None:
        self._listen()
        if self._target is not None and self._follower.has_come:
            self._send_setpoint(self._follower.command)

    def _send_setpoint(self, command: VelocityCommand) -> None:
        assert self._target is not None
        velocity = to_body_frd(command)
        self._link.send(
            'set_position_target_local_ned',
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
        """Take up what the safety node asks for, or that it asks for nothing any more."""
        request = message.data if message.data in _ASKED else ''
        if request == self._request:
            return
        self._request, self._is_accepted, self._num_asked = request, False, 0
        self._answer = ''
        if request:
            self.get_logger().warning(f'asks the autopilot to {request}')
        self._send_request()

    def _send_request(self) -> None:
        """Ask the autopilot once more, unless it has accepted."""
        if not self._request or self._is_accepted or self._target is None:
            return
        # MAVLink's count of how often a command was sent before, in one byte.
        confirmation = min(self._num_asked, 255)
        self._num_asked += 1
        nothing: tuple[Any, ...] = (0.0,) * 7
        target, command = self._target, _ASKED[self._request]
        self._link.send('command_long', *target, command, confirmation, *nothing)

    def _beat(self) -> None:
        self._link.mend()
        self._tell_of_link()
        kind = _ENUM.MAV_TYPE_ONBOARD_CONTROLLER
        self._link.send('heartbeat', kind, _ENUM.MAV_AUTOPILOT_INVALID, 0, 0, 0)
        self._send_request()
        values = {
            'target': self._target,
            'device': self._values.device,
            'others': self._list_others(),
            'request': self._request,
            'answer': self._answer,
        }
        now = self.get_clock().now().nanoseconds * 1e-9
        source = Source('mavlink', self.get_namespace())
        message = make_diagnostics(source, self._describe_problem(), values, now, is_error=True)
        self._diagnostics.publish(message)

    def _tell_of_link(self) -> None:
        """Say once that the link has broken, and once that it is there again."""
        problem, before = self._link.problem, self._told
        self._told = problem
        if problem and not before:
            self.get_logger().error(f'the link to {self._values.device} is broken: {problem}')
        elif before and not problem:
            self.get_logger().info(f'the link to {self._values.device} is there again')

    def _describe_problem(self) -> str:
        """Return what is wrong between this node and the autopilot; empty if nothing is."""
        if self._link.problem:
            return (
                f'the link to {self._values.device} is broken: {self._link.problem}; it is opened '
                'again as soon as that can be done: look at cable, port and peer'
            )
        silence, others = time.monotonic() - self._heard_at, self._list_others()
        if silence > self._values.silence and others:
            return (
                f'no heartbeat of autopilot {self._values.system_id} on {self._values.device}, '
                f'but of {others}: set system_id to that of this vehicle'
            )
        if silence > self._values.silence:
            return (
                f'no heartbeat of an autopilot on {self._values.device}: '
                'look at cable, port and baud'
            )
        if self._request and not self._is_accepted:
            return (
                f'the autopilot has not accepted {self._request}: {self._answer or "no answer"}; '
                'it is asked again'
            )
        return ''

    def _list_others(self) -> str:
        """Return the autopilots of other vehicles that are heard."""
        now = time.monotonic()
        heard = (
            system
            for system, heard_at in self._others.items()
            if now - heard_at <= self._values.silence
        )
        return ', '.join(map(str, sorted(heard)))


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(MavlinkNode, 'mavlink_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
