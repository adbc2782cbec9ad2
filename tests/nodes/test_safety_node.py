# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from rclpy.qos import ReliabilityPolicy
from sensor_msgs.msg import LaserScan, PointCloud2, PointField, Range
from std_msgs.msg import Bool
from std_srvs.srv import Trigger

from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.core.safety import Reason
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    make_odometry,
    make_twist,
    make_twist_stamped,
    read_twist,
    stamp_from_seconds,
)
from lnn_control.nodes.graph_checks import describe_publishers
from lnn_control.nodes.safety_node import SafetyNode
from tests.nodes.probe import is_standing, says

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]
FORWARD = VelocityCommand(0.5, 0.0, 0.1, 0.2)
ZERO = (0.0, 0.0, 0.0, 0.0)
# Commands of a busy machine come late: only what must stop the vehicle may stop it [s].
PATIENT = 10.0

# Of the image that the commands answer: another day's, so that clocks cannot be compared [s].
STAMP = 1.25
BLIND = {'max_image_age': 0.0}

# Commands half a metre a second, for ever.
PILOT = """
import time, rclpy
from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_twist_stamped
rclpy.init()
node = rclpy.create_node('pilot')
topic = topics.RAW_COMMAND
publisher = node.create_publisher(topic.type, topic.name, topic.qos)
while True:
    publisher.publish(make_twist_stamped(VelocityCommand(0.5), 1.0))
    time.sleep(0.02)
"""


def send_forward(probe: Any) -> Callable[[], None]:
    return lambda: probe.publish(topics.RAW_COMMAND, make_twist_stamped(FORWARD, STAMP))


def is_moving(messages: list[Any]) -> Callable[[], bool]:
    return lambda: bool(messages) and read_twist(messages[-1])[0] == FORWARD.vx


def has_stopped(states: list[Any], reason: Reason) -> Callable[[], bool]:
    return lambda: says(states, f'hovering: {reason.value}')


def test_zero_is_published_before_any_command(probe: Any, start: Start) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node')
    probe.wait_until(lambda: len(commands) > 3 and states)
    assert all(read_twist(message) == ZERO for message in commands)
    assert {state.data for state in states} == {f'waiting: {Reason.NO_COMMAND.value}'}


def test_command_passes_with_its_stamp_and_stops_when_stale(probe: Any, start: Start) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node', timeout=2.0, **BLIND)
    probe.wait_until(is_moving(commands), send_forward(probe))
    assert read_twist(commands[-1]) == pytest.approx((0.5, 0.0, 0.1, 0.2))
    stamp = commands[-1].header.stamp
    assert (stamp.sec, stamp.nanosec) == (1, 250_000_000)
    probe.wait_until(lambda: is_standing(commands))
    probe.wait_until(has_stopped(states, Reason.STALE))
    probe.wait_until(is_moving(commands), send_forward(probe))


def test_vehicle_stops_when_the_commanding_process_is_killed(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    start('safety_node', timeout=2.0, **BLIND)
    with subprocess.Popen([sys.executable, '-c', PILOT]) as pilot:
        try:
            probe.wait_until(is_moving(commands))
        finally:
            pilot.kill()
    probe.wait_until(lambda: is_standing(commands))


@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_vehicle_stops_on_a_command_that_is_not_finite(
    bad: float, probe: Any, start: Start
) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node', timeout=PATIENT, **BLIND)
    probe.wait_until(is_moving(commands), send_forward(probe))
    message = make_twist_stamped(FORWARD, STAMP)
    message.twist.angular.z = bad
    probe.wait_until(
        has_stopped(states, Reason.NOT_FINITE),
        lambda: probe.publish(topics.RAW_COMMAND, message),
    )
    probe.wait_until(lambda: is_standing(commands))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_last_command_is_zero_when_the_node_ends(
    number: signal.Signals, probe: Any, start: Start
) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    run = start('safety_node', timeout=PATIENT, **BLIND)
    # The node does not wait for those who have not found it yet.
    probe.wait_until(lambda: is_moving(commands)() and states, send_forward(probe))
    run.send(number)
    probe.wait_until(lambda: run.process.poll() is not None)
    probe.wait_until(lambda: is_standing(commands))
    assert run.process.returncode == 0
    probe.wait_until(has_stopped(states, Reason.SHUTDOWN))


def test_speed_limit_is_a_parameter(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    start('safety_node', horizontal_speed=0.25, timeout=PATIENT, **BLIND)
    probe.wait_until(
        lambda: commands and read_twist(commands[-1])[0] == pytest.approx(0.25),
        send_forward(probe),
    )


def test_plain_twist_on_request(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_PLAIN)
    start('safety_node', stamped=False, timeout=PATIENT, **BLIND)
    probe.wait_until(is_moving(commands), send_forward(probe))


def test_vehicle_stops_when_simulated_time_stands_still(probe: Any, start: Start) -> None:
    from rosgraph_msgs.msg import Clock

    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node', use_sim_time=True, clock_timeout=2.0, **BLIND)
    now_ns = 0

    def live() -> None:
        nonlocal now_ns
        now_ns += 20_000_000
        clock = Clock()
        clock.clock.sec, clock.clock.nanosec = divmod(now_ns, 10**9)
        probe.publish(topics.CLOCK, clock)
        send_forward(probe)()

    probe.wait_until(is_moving(commands), live)
    probe.wait_until(lambda: is_standing(commands), send_forward(probe))
    probe.wait_until(has_stopped(states, Reason.CLOCK_STOPPED))


def test_parameter_out_of_range_is_one_line(start: Start) -> None:
    run = start('safety_node', timeout=-1.0)
    assert run.wait() == 1
    assert 'timeout' in run.output
    assert 'Traceback' not in run.output


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('horizontal_sped', "did you mean 'horizontal_speed'?"),
        ('fence', 'a fence is written as corners'),
        ('range_sources', "range_sources must be of ['scan', 'range', 'points'], got 'sonar'"),
    ],
)
def test_parameter_that_is_wrong_is_one_line_with_the_cure(
    name: str, message: str, start: Start
) -> None:
    run = start('safety_node', **{name: 'sonar'})
    assert run.wait() == 1
    assert message in run.output
    assert 'Traceback' not in run.output


# In this process: what needs no signal.


def join_safety(join: Join, **parameters: Any) -> Any:
    return join(SafetyNode, 'safety_node', **{'timeout': PATIENT, **BLIND, **parameters})[0]


def is_at(states: list[Any], text: str) -> Callable[[], bool]:
    return lambda: bool(states) and states[-1].data.startswith(text)


def call(probe: Any, name: str) -> Any:
    return probe.call(Trigger, f'safety_node/{name}', Trigger.Request())


def test_emergency_stop_holds_until_the_button_is_up_and_it_is_released(join: Join) -> None:
    probe = join_safety(join)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    probe.wait_until(is_moving(commands), send_forward(probe))
    probe.wait_until(
        is_at(states, 'emergency stop: the emergency stop was pressed'),
        lambda: probe.publish(topics.EMERGENCY_STOP, Bool(data=True)),
    )
    probe.wait_until(lambda: is_standing(commands), send_forward(probe))
    refused = call(probe, 'release')
    assert (refused.success, refused.message) == (
        False,
        'not released: the emergency stop button is still pressed: let it up, or publish false on '
        'emergency_stop',
    )
    # Until the node has heard that the button is up.
    probe.publish(topics.EMERGENCY_STOP, Bool(data=False))
    probe.wait_until(lambda: call(probe, 'release').success)
    probe.wait_until(is_moving(commands), send_forward(probe))
    assert call(probe, 'emergency_stop').success
    probe.wait_until(is_at(states, 'emergency stop'), send_forward(probe))


def test_pilot_takes_over_and_the_policy_flies_on_after_release_only(join: Join) -> None:
    probe = join_safety(join, manual_timeout=3.0)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    takeovers = probe.listen(topics.TAKEOVER)
    probe.wait_until(is_moving(commands), send_forward(probe))
    probe.wait_until(lambda: takeovers and not takeovers[-1].data, send_forward(probe))

    def steer() -> None:
        send_forward(probe)()
        left = make_twist_stamped(VelocityCommand(0.0, 0.3), 0.0)
        probe.publish(topics.MANUAL_STAMPED, left)

    probe.wait_until(lambda: read_twist(commands[-1])[1] == pytest.approx(0.3), steer)
    probe.wait_until(lambda: takeovers[-1].data, steer)
    probe.wait_until(is_at(states, 'hovering: the pilot has let go'), send_forward(probe))
    probe.wait_until(lambda: not takeovers[-1].data)
    assert call(probe, 'release').success
    probe.wait_until(is_moving(commands), send_forward(probe))


def test_command_that_answers_an_old_image_stops(join: Join) -> None:
    probe = join_safety(join, max_image_age=PATIENT)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)

    def send(age: float) -> Callable[[], None]:
        def publish() -> None:
            stamp = time.time() - age if age < math.inf else 0.0
            probe.publish(topics.RAW_COMMAND, make_twist_stamped(FORWARD, stamp))

        return publish

    probe.wait_until(is_moving(commands), send(0.0))
    probe.wait_until(has_stopped(states, Reason.IMAGE_OLD), send(5.0 + PATIENT))
    probe.wait_until(lambda: is_standing(commands))
    probe.wait_until(has_stopped(states, Reason.IMAGE_AHEAD), send(-5.0 - PATIENT))
    probe.wait_until(has_stopped(states, Reason.NO_STAMP), send(math.inf))
    probe.wait_until(is_moving(commands), send(0.0))


def test_border_and_obstacle_slow_the_vehicle(join: Join) -> None:
    probe = join_safety(
        join,
        fence="'-5 -5, 5 5'",
        range_sources='scan',
        reaction_time=0.0,
        odometry_timeout=PATIENT,
        range_timeout=PATIENT,
    )
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    scan = LaserScan(angle_min=0.0, angle_increment=0.1, range_min=0.1, range_max=20.0)

    def place(x: float, distance: float) -> Callable[[], None]:
        def publish() -> None:
            state = VehicleState(np.array([x, 0.0, 1.0]))
            probe.publish(topics.ODOMETRY, make_odometry(state, time.time()))
            scan.ranges = [distance] * 2
            probe.publish(topics.SCAN, scan)
            send_forward(probe)()

        return publish

    def goes(speed: float) -> Callable[[], bool]:
        return lambda: (
            bool(commands) and read_twist(commands[-1])[0] == pytest.approx(speed, abs=1e-3)
        )

    probe.wait_until(has_stopped(states, Reason.NO_ODOMETRY), send_forward(probe))
    probe.wait_until(goes(0.5), place(0.0, math.inf))
    # sqrt(2 * 2 m/s^2 * 0.01 m)
    probe.wait_until(goes(0.2), place(4.99, math.inf))
    probe.wait_until(is_at(states, 'slowing: near the border'), place(4.99, math.inf))
    probe.wait_until(goes(0.0), place(0.0, 0.9))
    probe.wait_until(is_at(states, 'slowing: near an obstacle'), place(0.0, 0.9))
    # A drone may still climb away.
    probe.wait_until(lambda: read_twist(commands[-1])[2] == pytest.approx(0.1), place(0.0, 0.9))
    probe.wait_until(has_stopped(states, Reason.OUTSIDE), place(9.0, math.inf))


def test_limits_can_be_made_stricter_in_flight_and_never_looser(join: Join) -> None:
    probe = join_safety(join)
    commands = probe.listen(topics.COMMAND_STAMPED)
    probe.wait_until(is_moving(commands), send_forward(probe))

    def change(name: str, value: float) -> Any:
        parameters = [RosParameter(name, value=value).to_parameter_msg()]
        request = SetParameters.Request(parameters=parameters)
        return probe.call(SetParameters, 'safety_node/set_parameters', request).results[0]

    assert change('horizontal_speed', 0.25).successful
    probe.wait_until(
        lambda: read_twist(commands[-1])[0] == pytest.approx(0.25), send_forward(probe)
    )
    looser = change('horizontal_speed', 0.5)
    assert not looser.successful
    assert 'can only be made stricter while the node runs: at most 0.25, got 0.5' in looser.reason
    fixed = change('timeout', 0.1)
    assert not fixed.successful
    assert 'read-only' in fixed.reason


def test_long_hovering_asks_the_autopilot(join: Join) -> None:
    probe = join_safety(join, timeout=1.0, ask_after=0.2, ask_for='land')
    commands, asked = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.AUTOPILOT_REQUEST)
    probe.wait_until(lambda: is_moving(commands)() and asked, send_forward(probe))
    assert asked[-1].data == ''
    probe.wait_until(lambda: asked[-1].data == 'land')
    probe.wait_until(lambda: is_standing(commands))


def says_problem(diagnostics: list[Any], text: str) -> Callable[[], bool]:
    return lambda: bool(diagnostics) and text in diagnostics[-1].status[0].message


def test_second_publisher_of_cmd_vel_is_named(join: Join) -> None:
    probe = join_safety(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(FORWARD, 1.0))
    words = '/cmd_vel has 2 publishers, probe and safety_node: end all but one'
    probe.wait_until(says_problem(diagnostics, words))


def test_vehicle_that_takes_another_type_is_named(probe: Any, start: Start) -> None:
    # Two processes: in one Fast DDS holds no topic of two types.
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    probe.listen(topics.COMMAND_PLAIN)
    start('safety_node')
    words = 'probe takes /cmd_vel as geometry_msgs/msg/Twist and gets nothing: stamped:=false'
    probe.wait_until(says_problem(diagnostics, words))


def test_usual_vehicle_and_usual_policy_are_no_problem(join: Join) -> None:
    probe = join_safety(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    commands = probe.listen(topics.COMMAND_STAMPED)
    probe.wait_until(
        lambda: commands and len(diagnostics) > 2,
        lambda: probe.publish(topics.RAW_COMMAND, make_twist_stamped(FORWARD, 1.0)),
    )
    told = [one.status[0].message for one in diagnostics]
    assert not [text for text in told if 'cmd_vel' in text]


def test_vehicle_that_gets_nothing_for_its_qos_is_named(join: Join) -> None:
    probe = join_safety(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    command = topics.COMMAND_STAMPED
    probe.listen(topics.Topic(command.name, command.type, topics.LATCHED))
    probe.wait_until(says_problem(diagnostics, 'probe takes /cmd_vel and gets nothing: '))


# Whoever speaks to this node and is not heard.


def test_stick_of_another_type_is_named_with_the_cure(probe: Any, start: Start) -> None:
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    probe.publish(topics.MANUAL_PLAIN, make_twist(FORWARD))
    start('safety_node')
    words = (
        'probe publishes /cmd_vel_manual as geometry_msgs/msg/Twist, expected '
        'geometry_msgs/msg/TwistStamped: manual_stamped:=false'
    )
    probe.wait_until(says_problem(diagnostics, words))


@pytest.mark.parametrize(
    ('topic', 'message_type'),
    [('emergency_stop', LaserScan), ('policy/doubt', Range), ('odom', Bool), ('points', Range)],
)
def test_input_of_another_type_is_named(
    topic: str, message_type: type[Any], probe: Any, start: Start
) -> None:
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    probe.publish(topics.Topic(topic, message_type, topics.RELIABLE), message_type())
    start('safety_node', range_sources='points', max_tilt_deg=60.0)
    probe.wait_until(says_problem(diagnostics, f'probe publishes /{topic} as '))


@pytest.mark.parametrize('topic', [topics.MANUAL_STAMPED, topics.DOUBT])
def test_input_that_cannot_be_heard_is_named(topic: topics.Topic, join: Join) -> None:
    probe = join_safety(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    lossy = topics.Topic(topic.name, topic.type, topics.BEST_EFFORT)
    probe.publish(lossy, topic.type())
    words = f'probe publishes /{topic.name} and cannot be heard: '
    probe.wait_until(says_problem(diagnostics, words))


@pytest.mark.parametrize(
    'reliability', [ReliabilityPolicy.RELIABLE, ReliabilityPolicy.BEST_EFFORT]
)
def test_every_button_is_heard(reliability: ReliabilityPolicy, join: Join) -> None:
    probe = join_safety(join)
    states = probe.listen(topics.SAFETY_STATE)
    qos = topics.QoSProfile(depth=1, reliability=reliability)
    button = topics.Topic(topics.EMERGENCY_STOP.name, Bool, qos)
    probe.wait_until(
        is_at(states, 'emergency stop: the emergency stop was pressed'),
        lambda: probe.publish(button, Bool(data=True)),
    )


def test_several_buttons_are_no_problem_and_several_sticks_are(join: Join) -> None:
    probe = join_safety(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    for topic in (topics.EMERGENCY_STOP, topics.MANUAL_STAMPED):
        for _ in range(2):
            probe.node.create_publisher(topic.type, topic.name, topic.qos)
    words = '/cmd_vel_manual has 2 publishers, probe and probe: end all but one'
    probe.wait_until(says_problem(diagnostics, words))
    button = (topics.EMERGENCY_STOP_BEST_EFFORT,)
    assert len(describe_publishers(probe.node, button)) == 1
    assert describe_publishers(probe.node, button, is_shared=True) == ()
    assert 'emergency_stop' not in diagnostics[-1].status[0].message


# Messages of sensors that do not count.

FAULTY = {'range_timeout': PATIENT, 'odometry_timeout': PATIENT}


def make_range(opening: float = 0.5, reach: float = 20.0) -> Range:
    return Range(field_of_view=opening, min_range=0.1, max_range=reach, range=9.0)


def make_scan(
    stamp: float, ranges: list[float], frame: str = 'base_link', reach: float = 20.0
) -> LaserScan:
    scan = LaserScan(angle_min=0.0, angle_increment=0.1, range_min=0.1, range_max=reach)
    scan.header.stamp, scan.header.frame_id = stamp_from_seconds(stamp), frame
    scan.ranges = ranges
    return scan


def make_cloud(points: list[list[float]], frame: str) -> PointCloud2:
    """Return a cloud of points x, y, z [m], stamped now."""
    cloud = PointCloud2(height=1, width=len(points), point_step=12, row_step=12 * len(points))
    cloud.header.stamp, cloud.header.frame_id = stamp_from_seconds(time.time()), frame
    cloud.fields = [
        PointField(name=name, offset=4 * i, datatype=PointField.FLOAT32, count=1)
        for i, name in enumerate('xyz')
    ]
    cloud.data = np.array(points, np.float32).tobytes()
    return cloud


NOTHING = [[math.nan] * 3] * 4
WALL = [[0.1 * x, 0.0, 1.5] for x in range(-5, 6)]


@pytest.mark.parametrize(
    ('source', 'make', 'words'),
    [
        (topics.SCAN, lambda: make_scan(time.time() - 15.0, [9.0] * 3), 'its stamp is more than'),
        (topics.SCAN, lambda: make_scan(time.time() + 15.0, [9.0] * 3), 'ahead of the clock'),
        (topics.SCAN, lambda: make_scan(0.0, [math.nan] * 3), 'nothing but faults'),
        (topics.SCAN, lambda: make_scan(0.0, [9.0], 'depth_optical_frame'), 'optical frame'),
        (topics.SCAN, lambda: make_scan(0.0, [9.0], reach=0.0), 'set them in the driver'),
        (topics.SCAN, lambda: make_scan(0.0, [9.0], 'odom_ned'), 'north, east, down'),
        (topics.RANGE, lambda: make_range(opening=math.inf), 'field_of_view must be'),
        (topics.RANGE, lambda: make_range(reach=0.0), 'set them in the driver'),
        (topics.POINTS, lambda: make_cloud(NOTHING, 'base_link'), 'nothing but faults'),
        (topics.POINTS, lambda: make_cloud(WALL, 'camera_optical_frame'), 'optical frame'),
    ],
)
def test_ranges_that_do_not_count_keep_the_vehicle_standing(
    source: topics.Topic, make: Callable[[], Any], words: str, join: Join
) -> None:
    probe = join_safety(join, range_sources=source.name, **FAULTY)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    diagnostics = probe.listen(topics.DIAGNOSTICS)

    def live() -> None:
        probe.publish(source, make())
        send_forward(probe)()

    probe.wait_until(says_problem(diagnostics, words), live)
    assert says_problem(diagnostics, f'{source.name} ignored: ')()
    probe.wait_until(has_stopped(states, Reason.NO_RANGE), live)
    assert all(read_twist(message) == ZERO for message in commands)


@pytest.mark.parametrize('age', [15.0, -15.0])
def test_odometry_with_a_stamp_that_is_not_now_counts_as_none(age: float, join: Join) -> None:
    probe = join_safety(join, fence="'-5 -5, 5 5'", **FAULTY)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)

    def live(stamp: float) -> None:
        probe.publish(topics.ODOMETRY, make_odometry(VehicleState(np.zeros(3)), stamp))
        send_forward(probe)()

    for _ in range(50):
        live(time.time() - age)
        probe.spin()
    probe.wait_until(has_stopped(states, Reason.NO_ODOMETRY), lambda: live(time.time() - age))
    assert all(read_twist(message) == ZERO for message in commands)
    # A stamp of zero says nothing, and its coming counts.
    probe.wait_until(is_moving(commands), lambda: live(0.0))


def test_vehicle_does_not_move_where_a_scanner_has_faults_alone(join: Join) -> None:
    probe = join_safety(join, range_sources='scan', **FAULTY)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)

    def live() -> None:
        probe.publish(topics.SCAN, make_scan(time.time(), [math.nan, math.inf, math.inf]))
        send_forward(probe)()

    probe.wait_until(is_at(states, 'slowing: near an obstacle'), live)
    assert all(read_twist(message)[0] == 0.0 for message in commands)
