# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bridges to vehicles: over MAVLink to a peer on this machine; elsewhere down to the bytes.

The messages of PX4 and of Ackermann cars are not among the wheels of pip: what would be published
is written and read back as CDR by rosbags, from the public definitions of the fields used. What a
node would publish is noted.
"""

import contextlib
import math
import os
import socket
import time
import tty
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from std_msgs.msg import Header, String

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.vehicle_frames import SteeredWheels
from lnn_control.nodes import ackermann_node, px4_node, topics
from lnn_control.nodes.ackermann_node import AckermannNode, describe_drive
from lnn_control.nodes.conversions import make_twist_stamped
from lnn_control.nodes.px4_node import Px4Node, describe_setpoint
from tests.patience import PATIENCE

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


class Notes:
    """What a node publishes and listens to in messages that this machine does not have."""

    def __init__(self) -> None:
        self.sent: dict[str, list[Any]] = {}
        self.callbacks: dict[str, Callable[[Any], None]] = {}

    def publisher(self, topic: str) -> Any:
        sent = self.sent.setdefault(topic, [])
        return SimpleNamespace(publish=sent.append, wait_for_all_acked=lambda duration: True)


def take_notes(monkeypatch: pytest.MonkeyPatch, module: Any, node_type: Any, make: Any) -> Notes:
    """Note what a node does with messages that this machine does not have.

    :param make: takes the fields of such a message and returns it.
    """
    notes = Notes()
    publish, listen = node_type.create_publisher, node_type.create_subscription

    def create_publisher(node: Any, kind: Any, topic: str, *rest: Any, **more: Any) -> Any:
        return (
            notes.publisher(topic) if kind is make else publish(node, kind, topic, *rest, **more)
        )

    def create_subscription(
        node: Any, kind: Any, topic: str, callback: Any, *rest: Any, **more: Any
    ) -> Any:
        if kind is not make:
            return listen(node, kind, topic, callback, *rest, **more)
        notes.callbacks[topic] = callback
        return None

    monkeypatch.setattr(module, 'import_messages', lambda package, *names: [make] * len(names))
    monkeypatch.setattr(node_type, 'create_publisher', create_publisher)
    monkeypatch.setattr(node_type, 'create_subscription', create_subscription)
    return notes


def make_drive() -> Any:
    return SimpleNamespace(header=Header(), drive=SimpleNamespace())


FORWARD = make_twist_stamped(VelocityCommand(1.0, 0.0, 0.2, 0.4), 1.0)


def test_px4_is_told_zero_once_the_heading_is_old(
    join: Join, monkeypatch: pytest.MonkeyPatch
) -> None:
    notes = take_notes(monkeypatch, px4_node, Px4Node, SimpleNamespace)
    # However busy the machine is, the command does not get old: the heading alone does.
    probe, _ = join(Px4Node, 'px4_node', timeout=10.0)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    setpoints = notes.sent['fmu/in/trajectory_setpoint']

    def command() -> None:
        probe.publish(topics.COMMAND_STAMPED, FORWARD)

    def live() -> None:
        # Looks north: forward is north.
        notes.callbacks['fmu/out/vehicle_odometry'](SimpleNamespace(q=(1.0, 0.0, 0.0, 0.0)))
        command()

    def says(text: str) -> bool:
        return bool(diagnostics) and text in diagnostics[-1].status[0].message

    def is_moving() -> bool:
        return bool(setpoints) and setpoints[-1].velocity == pytest.approx([1.0, 0.0, -0.2])

    probe.wait_until(lambda: says('yet, and nothing is sent'), command)
    assert not setpoints
    probe.wait_until(is_moving, live)
    probe.wait_until(lambda: says('OK'), live)
    probe.wait_until(lambda: not any(setpoints[-1].velocity), command)
    assert setpoints[-1].yawspeed == 0.0
    probe.wait_until(lambda: says('any more, and zero is sent'), command)
    # It goes on telling it: what is silent loses the mode.
    told = len(setpoints)
    probe.wait_until(lambda: len(setpoints) > told + 2, command)
    assert len(notes.sent['fmu/in/offboard_control_mode']) == len(setpoints)
    probe.wait_until(is_moving, live)


def test_px4_is_left_with_zero(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = take_notes(monkeypatch, px4_node, Px4Node, SimpleNamespace)
    probe, node = join(Px4Node, 'px4_node', timeout=10.0)
    setpoints = notes.sent['fmu/in/trajectory_setpoint']
    node.finish()
    assert not setpoints

    def live() -> None:
        notes.callbacks['fmu/out/vehicle_odometry'](SimpleNamespace(q=(1.0, 0.0, 0.0, 0.0)))
        probe.publish(topics.COMMAND_STAMPED, FORWARD)

    probe.wait_until(lambda: setpoints and setpoints[-1].velocity[0] > 0.5, live)
    node.finish()
    assert not any(setpoints[-1].velocity)
    assert setpoints[-1].yawspeed == 0.0


def test_car_is_left_with_zero(join: Join, monkeypatch: pytest.MonkeyPatch) -> None:
    notes = take_notes(monkeypatch, ackermann_node, AckermannNode, make_drive)
    probe, node = join(AckermannNode, 'ackermann_node', timeout=10.0)
    sent = notes.sent['ackermann_cmd']
    probe.wait_until(
        lambda: sent and sent[-1].drive.speed == 1.0,
        lambda: probe.publish(topics.COMMAND_STAMPED, FORWARD),
    )
    node.finish()
    assert (sent[-1].drive.speed, sent[-1].drive.steering_angle) == (0.0, 0.0)


class Autopilot:
    """A MAVLink peer on this machine."""

    def __init__(self, system: int = 7, port: int | None = None) -> None:
        mavutil = pytest.importorskip('pymavlink.mavutil', reason='needs the extra mavlink')
        self.port = port or self._find_port()
        self.enum = mavutil.mavlink
        self.link = mavutil.mavlink_connection(
            f'udpout:127.0.0.1:{self.port}', source_system=system, source_component=1
        )
        self.received: list[Any] = []

    @staticmethod
    def _find_port() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(('127.0.0.1', 0))
            return int(probe.getsockname()[1])

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
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, system_id=7, timeout=1.0)
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


def wait_until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline, 'waited in vain'
        time.sleep(0.01)


def test_link_to_a_peer_that_starts_anew_is_opened_again(
    join: Join, capfd: pytest.CaptureFixture[str]
) -> None:
    mavutil = pytest.importorskip('pymavlink.mavutil', reason='needs the extra mavlink')
    from lnn_control.nodes.mavlink_node import MavlinkNode

    with socket.create_server(('127.0.0.1', 0)) as server:
        server.settimeout(PATIENCE)
        device = f'tcp:127.0.0.1:{server.getsockname()[1]}'
        probe, _ = join(MavlinkNode, 'mavlink_node', device=device)
        diagnostics = probe.listen(topics.DIAGNOSTICS)
        server.accept()[0].close()
        probe.wait_until(lambda: diagnostics and 'is broken' in diagnostics[-1].status[0].message)
        peer, _ = server.accept()
    sender = mavutil.mavlink.MAVLink(None, 1, 1)
    beat = sender.heartbeat_encode(2, mavutil.mavlink.MAV_AUTOPILOT_PX4, 0, 0, 4).pack(sender)
    received = []
    parser = mavutil.mavlink.MAVLink(None)
    peer.setblocking(False)

    def live() -> None:
        peer.send(beat)
        probe.publish(topics.COMMAND_STAMPED, FORWARD)
        with contextlib.suppress(BlockingIOError):
            received.extend(parser.parse_buffer(peer.recv(65536)) or [])

    name = 'SET_POSITION_TARGET_LOCAL_NED'
    probe.wait_until(lambda: any(m.get_type() == name and m.vx == 1.0 for m in received), live)
    probe.wait_until(lambda: diagnostics[-1].status[0].message == 'OK', live)
    peer.close()
    output = capfd.readouterr()
    assert output.err.count('is broken: the other end has closed it') == 1
    assert 'EOF' not in output.out


def test_serial_device_that_is_plugged_in_again_is_opened_again(tmp_path: Path) -> None:
    mavutil = pytest.importorskip('pymavlink.mavutil', reason='needs the extra mavlink')
    from lnn_control.nodes.mavlink_link import MavlinkLink

    device = tmp_path / 'ttyACM0'

    def plug_in() -> tuple[int, int]:
        ends = os.openpty()
        for end in ends:
            tty.setraw(end)
        device.symlink_to(os.ttyname(ends[1]))
        return ends

    def pull_out(ends: tuple[int, int]) -> None:
        for end in ends:
            os.close(end)
        device.unlink()

    ends = plug_in()
    link = MavlinkLink(lambda: mavutil.mavlink_connection(str(device), baud=57_600))
    link.send('heartbeat', 18, 8, 0, 0, 0)
    assert os.read(ends[0], 1000)
    pull_out(ends)
    wait_until(lambda: not link.receive() and link.problem)
    link.mend()
    wait_until(lambda: not link._opened.empty())
    link.mend()
    assert link.problem
    link.send('heartbeat', 18, 8, 0, 0, 0)  # nobody is there: no error either
    ends = plug_in()
    wait_until(lambda: link.mend() or not link.problem)
    link.send('heartbeat', 18, 8, 0, 0, 0)
    assert os.read(ends[0], 1000)
    link.close()
    pull_out(ends)


def test_setpoints_keep_their_rate(join: Join) -> None:
    pilot = Autopilot()
    from lnn_control.nodes.mavlink_node import MavlinkNode

    device = f'udpin:127.0.0.1:{pilot.port}'
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, system_id=7, rate=5.0)
    name = 'SET_POSITION_TARGET_LOCAL_NED'

    def live() -> None:
        pilot.beat()
        probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(VelocityCommand(1.0), 1.0))

    probe.wait_until(lambda: pilot.find(name), live)
    began, first = time.monotonic(), len(pilot.find(name))
    probe.wait_until(lambda: len(pilot.find(name)) >= first + 5, live)
    # Five intervals of 0.2 s; a busy machine may only be slower.
    assert time.monotonic() - began > 0.75


def test_autopilot_of_another_vehicle_is_not_commanded_and_named(join: Join) -> None:
    other = Autopilot(system=1)
    from lnn_control.nodes.mavlink_node import MavlinkNode

    device = f'udpin:127.0.0.1:{other.port}'
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, system_id=2)
    diagnostics = probe.listen(topics.DIAGNOSTICS)

    def live() -> None:
        other.beat()
        probe.publish(topics.COMMAND_STAMPED, FORWARD)
        probe.publish(topics.AUTOPILOT_REQUEST, String(data='land'))

    def read(key: str) -> str:
        values = diagnostics[-1].status[0].values if diagnostics else []
        return next((entry.value for entry in values if entry.key == key), '')

    words = 'no heartbeat of autopilot 2 on '
    probe.wait_until(lambda: read('others') == '1', live)
    assert diagnostics[-1].status[0].message.startswith(words)
    assert 'but of 1: set system_id' in diagnostics[-1].status[0].message
    own = Autopilot(system=2, port=other.port)
    name = 'SET_POSITION_TARGET_LOCAL_NED'
    probe.wait_until(lambda: own.find(name), lambda: (live(), own.beat()))
    # A link carries all to all: each is told whom it is for.
    told = [*own.find(name), *other.find(name), *other.find('COMMAND_LONG')]
    assert {message.target_system for message in told} == {2}


def test_request_is_repeated_until_it_is_accepted_or_withdrawn(join: Join) -> None:
    pilot = Autopilot()
    from lnn_control.nodes.mavlink_node import MavlinkNode

    device = f'udpin:127.0.0.1:{pilot.port}'
    probe, _ = join(MavlinkNode, 'mavlink_node', device=device, system_id=7)
    diagnostics = probe.listen(topics.DIAGNOSTICS)

    def ask(request: str) -> None:
        probe.publish(topics.AUTOPILOT_REQUEST, String(data=request))

    def says(text: str) -> bool:
        return bool(diagnostics) and text in diagnostics[-1].status[0].message

    def asked(command: int) -> list[Any]:
        return [message for message in pilot.find('COMMAND_LONG') if message.command == command]

    def reads_request(request: str) -> bool:
        values = diagnostics[-1].status[0].values if diagnostics else []
        return any(entry.key == 'request' and entry.value == request for entry in values)

    land, hold = pilot.enum.MAV_CMD_NAV_LAND, pilot.enum.MAV_CMD_NAV_LOITER_UNLIM
    # While nobody is heard the request is kept.
    probe.wait_until(lambda: reads_request('land'), lambda: ask('land'))
    probe.wait_until(lambda: len(asked(land)) >= 3, pilot.beat)
    assert [message.confirmation for message in asked(land)[:3]] == [0, 1, 2]
    pilot.link.mav.command_ack_send(land, pilot.enum.MAV_RESULT_DENIED)
    probe.wait_until(lambda: says('has not accepted land: MAV_RESULT_DENIED'), pilot.beat)
    pilot.link.mav.command_ack_send(hold, pilot.enum.MAV_RESULT_ACCEPTED)  # of another command
    before = len(asked(land))
    probe.wait_until(lambda: len(asked(land)) > before, pilot.beat)
    pilot.link.mav.command_ack_send(land, pilot.enum.MAV_RESULT_ACCEPTED)
    probe.wait_until(lambda: says('OK'), pilot.beat)
    count, beats = len(asked(land)), len(pilot.find('HEARTBEAT'))
    # The node beats once a second, and asked as often.
    probe.wait_until(lambda: len(pilot.find('HEARTBEAT')) >= beats + 3, pilot.beat)
    assert len(asked(land)) <= count + 1
    probe.wait_until(lambda: len(asked(hold)) >= 2, lambda: (pilot.beat(), ask('hold')))
    probe.wait_until(lambda: reads_request(''), lambda: (pilot.beat(), ask('')))
    count, beats = len(asked(hold)), len(pilot.find('HEARTBEAT'))
    probe.wait_until(lambda: len(pilot.find('HEARTBEAT')) >= beats + 3, pilot.beat)
    assert len(asked(hold)) <= count + 1
