# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
import signal
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import StopReason
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_twist_stamped, read_twist
from tests.nodes.probe import is_standing, says

Start = Callable[..., Any]
FORWARD = VelocityCommand(0.5, 0.0, 0.1, 0.2)
ZERO = (0.0, 0.0, 0.0, 0.0)
# Commands of a busy machine come late: only what must stop the vehicle may stop it [s].
PATIENT = 10.0

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
    return lambda: probe.publish(topics.RAW_COMMAND, make_twist_stamped(FORWARD, 1.0))


def is_moving(messages: list[Any]) -> Callable[[], bool]:
    return lambda: bool(messages) and read_twist(messages[-1])[0] == FORWARD.vx


def has_stopped(states: list[Any], reason: StopReason) -> Callable[[], bool]:
    return lambda: says(states, reason.value)


def test_zero_is_published_before_any_command(probe: Any, start: Start) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node')
    probe.wait_until(lambda: len(commands) > 3 and states)
    assert all(read_twist(message) == ZERO for message in commands)
    assert {state.data for state in states} == {StopReason.NO_COMMAND.value}


def test_command_passes_with_its_stamp_and_stops_when_stale(probe: Any, start: Start) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node', timeout=2.0)
    probe.wait_until(is_moving(commands), send_forward(probe))
    assert read_twist(commands[-1]) == pytest.approx((0.5, 0.0, 0.1, 0.2))
    assert commands[-1].header.stamp.sec == 1
    probe.wait_until(lambda: is_standing(commands))
    probe.wait_until(has_stopped(states, StopReason.STALE))
    probe.wait_until(is_moving(commands), send_forward(probe))


def test_vehicle_stops_when_the_commanding_process_is_killed(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    start('safety_node', timeout=2.0)
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
    start('safety_node', timeout=PATIENT)
    probe.wait_until(is_moving(commands), send_forward(probe))
    message = make_twist_stamped(FORWARD, 1.0)
    message.twist.angular.z = bad
    probe.wait_until(
        has_stopped(states, StopReason.NOT_FINITE),
        lambda: probe.publish(topics.RAW_COMMAND, message),
    )
    probe.wait_until(lambda: is_standing(commands))


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_last_command_is_zero_when_the_node_ends(
    number: signal.Signals, probe: Any, start: Start
) -> None:
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    run = start('safety_node', timeout=PATIENT)
    # The node does not wait for those who have not found it yet.
    probe.wait_until(lambda: is_moving(commands)() and states, send_forward(probe))
    run.send(number)
    probe.wait_until(lambda: run.process.poll() is not None)
    probe.wait_until(lambda: is_standing(commands))
    assert run.process.returncode == 0
    probe.wait_until(has_stopped(states, StopReason.SHUTDOWN))


def test_speed_limit_is_a_parameter(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    start('safety_node', horizontal_speed=0.25, timeout=PATIENT)
    probe.wait_until(
        lambda: commands and read_twist(commands[-1])[0] == pytest.approx(0.25),
        send_forward(probe),
    )


def test_plain_twist_on_request(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.COMMAND_PLAIN)
    start('safety_node', stamped=False, timeout=PATIENT)
    probe.wait_until(is_moving(commands), send_forward(probe))


def test_vehicle_stops_when_simulated_time_stands_still(probe: Any, start: Start) -> None:
    from rosgraph_msgs.msg import Clock

    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    start('safety_node', use_sim_time=True, clock_timeout=2.0)
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
    probe.wait_until(has_stopped(states, StopReason.CLOCK_STOPPED))


def test_parameter_out_of_range_is_one_line(start: Start) -> None:
    run = start('safety_node', timeout=-1.0)
    assert run.wait() == 1
    assert 'timeout' in run.output
    assert 'Traceback' not in run.output
