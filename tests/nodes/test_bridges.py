# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bridges to vehicles: over MAVLink to a peer on this machine; elsewhere down to the bytes.

The messages of PX4 and of Ackermann cars are not among the wheels of pip: what would be published
is written and read back as CDR by rosbags, from the public definitions of the fields used.
"""

import math
import socket
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from std_msgs.msg import String

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.vehicle_frames import SteeredWheels
from lnn_control.nodes import topics
from lnn_control.nodes.ackermann_node import describe_drive
from lnn_control.nodes.conversions import make_twist_stamped
from lnn_control.nodes.px4_node import describe_setpoint

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]
SETPOINT = 'px4_msgs/msg/TrajectorySetpoint'
SETPOINT_FIELDS = """uint64 timestamp
float32[3] position
float32[3] velocity
float32[3] acceleration
float32[3] jerk
float32 yaw
float32 yawspeed
"""
DRIVE = 'ackermann_msgs/msg/AckermannDrive'
DRIVE_FIELDS = """float32 steering_angle
float32 steering_angle_velocity
float32 speed
float32 acceleration
float32 jerk
"""


def pass_as_cdr(kind: str, text: str, fields: dict[str, Any]) -> Any:
    """Return a message as it is after it has gone over the wire."""
    store = get_typestore(Stores.ROS2_JAZZY)
    store.register(get_types_from_msg(text, kind))
    values = {
        name: np.array(value, np.float32) if isinstance(value, list) else value
        for name, value in fields.items()
    }
    message = store.types[kind](**values)
    return store.deserialize_cdr(bytes(store.serialize_cdr(message, kind)), kind)


def test_px4_is_told_velocities_in_the_world_and_nothing_else() -> None:
    # Looks north: forward is north, left is west.
    fields = describe_setpoint(VelocityCommand(1.0, 2.0, 3.0, 0.4), math.pi / 2, 1234)
    message = pass_as_cdr(SETPOINT, SETPOINT_FIELDS, fields)
    assert message.timestamp == 1234
    assert message.velocity == pytest.approx([1.0, -2.0, -3.0])
    assert message.yawspeed == pytest.approx(-0.4)
    assert np.isnan([*message.position, *message.acceleration, *message.jerk, message.yaw]).all()


def test_car_is_told_speed_and_steering() -> None:
    fields = describe_drive(VelocityCommand(5.0, 1.0, 1.0, 0.5), SteeredWheels(2.5))
    rest = {'steering_angle_velocity': 0.0, 'acceleration': 0.0, 'jerk': 0.0}
    message = pass_as_cdr(DRIVE, DRIVE_FIELDS, {**rest, **fields})
    assert message.speed == 5.0
    assert message.steering_angle == pytest.approx(math.atan(0.25))


@pytest.mark.parametrize(
    ('node', 'package', 'cure'),
    [
        ('px4_node', 'px4_msgs', 'colcon build'),
        ('ackermann_node', 'ackermann_msgs', 'sudo apt install ros-$ROS_DISTRO-ackermann-msgs'),
    ],
)
def test_bridge_without_its_messages_is_one_line_with_the_cure(
    node: str, package: str, cure: str, start: Start
) -> None:
    try:
        __import__(package)
        pytest.skip(f'{package} is there')
    except ImportError:
        pass
    run = start(node)
    assert run.wait() == 1
    assert f'{node}: {package} is missing: ' in run.output
    assert cure in run.output
    assert 'Traceback' not in run.output


class Autopilot:
    """A MAVLink peer on this machine."""

    def __init__(self) -> None:
        mavutil = pytest.importorskip('pymavlink.mavutil', reason='needs the extra mavlink')
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(('127.0.0.1', 0))
            self.port = probe.getsockname()[1]
        self.enum = mavutil.mavlink
        self.link = mavutil.mavlink_connection(
            f'udpout:127.0.0.1:{self.port}', source_system=7, source_component=1
        )
        self.received: list[Any] = []

    def beat(self) -> None:
        """Say who it is, and take what has come."""
        self.link.mav.heartbeat_send(
            self.enum.MAV_TYPE_QUADROTOR, self.enum.MAV_AUTOPILOT_PX4, 0, 0, 0
        )
        while (message := self.link.recv_match(blocking=False)) is not None:
            self.received.append(message)

    def find(self, kind: str) -> list[Any]:
        return [message for message in self.received if message.get_type() == kind]


def test_autopilot_is_told_body_velocities_over_mavlink_and_zero_when_they_cease(
    join: Join,
) -> None:
    pilot = Autopilot()
    from lnn_control.nodes.mavlink_node import MavlinkNode

    device = f'udpin:127.0.0.1:{pilot.port}'
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, timeout=1.0)
    command = make_twist_stamped(VelocityCommand(1.0, 2.0, 3.0, 0.4), 1.0)

    def live() -> None:
        pilot.beat()
        probe.publish(topics.COMMAND_STAMPED, command)

    name = 'SET_POSITION_TARGET_LOCAL_NED'
    probe.wait_until(lambda: pilot.find(name) and pilot.find('HEARTBEAT'), live)
    told = pilot.find(name)[-1]
    assert (told.target_system, told.target_component) == (7, 1)
    assert told.coordinate_frame == pilot.enum.MAV_FRAME_BODY_NED
    # Bits of positions, accelerations and yaw: 7 + 448 + 1024.
    assert told.type_mask == 1479
    assert (told.vx, told.vy, told.vz) == pytest.approx((1.0, -2.0, -3.0))
    assert told.yaw_rate == pytest.approx(-0.4)
    beat = pilot.find('HEARTBEAT')[-1]
    assert beat.type == pilot.enum.MAV_TYPE_ONBOARD_CONTROLLER
    # The safety node is gone: its own time-out stops the vehicle, and goes on telling it.
    probe.wait_until(lambda: pilot.find(name)[-1].vx == 0.0, pilot.beat)
    assert not pilot.find('COMMAND_LONG')
    probe.wait_until(
        lambda: pilot.find('COMMAND_LONG'),
        lambda: (pilot.beat(), probe.publish(topics.AUTOPILOT_REQUEST, String(data='land'))),
    )
    assert pilot.find('COMMAND_LONG')[-1].command == pilot.enum.MAV_CMD_NAV_LAND
    assert not pilot.find('SET_MODE')


def test_setpoints_keep_their_rate(join: Join) -> None:
    pilot = Autopilot()
    from lnn_control.nodes.mavlink_node import MavlinkNode

    device = f'udpin:127.0.0.1:{pilot.port}'
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, rate=5.0)
    name = 'SET_POSITION_TARGET_LOCAL_NED'

    def live() -> None:
        pilot.beat()
        probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(VelocityCommand(1.0), 1.0))

    probe.wait_until(lambda: pilot.find(name), live)
    began, first = time.monotonic(), len(pilot.find(name))
    probe.wait_until(lambda: len(pilot.find(name)) >= first + 5, live)
    # Five intervals of 0.2 s; a busy machine may only be slower.
    assert time.monotonic() - began > 0.75
