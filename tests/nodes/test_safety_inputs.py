# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What comes to the safety node in other frames, at other times and from several buttons."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from std_msgs.msg import Bool

from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.core.safety import Reason
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_odometry, make_twist_stamped, read_twist
from tests.nodes.probe import is_standing
from tests.nodes.test_safety_node import (
    FORWARD,
    PATIENT,
    ZERO,
    Join,
    call,
    has_stopped,
    is_at,
    is_moving,
    join_safety,
    says_problem,
    send_forward,
)


def send_in(probe: Any, topic: topics.Topic, frame: str, age: float) -> Callable[[], None]:
    """Return a function that commands forward in a frame, with a stamp of an age [s]."""

    def publish() -> None:
        message = make_twist_stamped(FORWARD, time.time() - age)
        message.header.frame_id = frame
        probe.publish(topic, message)

    return publish


@pytest.mark.parametrize(
    'frame', ['map', 'vehicle1/odom', 'base_link_frd', 'camera_optical_frame']
)
def test_command_in_another_frame_is_as_none_and_told(frame: str, join: Join) -> None:
    probe = join_safety(join)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    words = f'cmd_vel_raw ignored: frame_id {frame!r} is '
    send = send_in(probe, topics.RAW_COMMAND, frame, 0.0)
    probe.wait_until(says_problem(diagnostics, words), send)
    assert says_problem(diagnostics, 'expected a frame of the body such as base_link')()
    assert is_at(states, f'waiting: {Reason.NO_COMMAND.value}')()
    assert all(read_twist(message) == ZERO for message in commands)


@pytest.mark.parametrize('frame', ['', 'vehicle1/base_link', 'base_footprint', 'robot'])
def test_command_in_a_frame_of_the_body_passes(frame: str, join: Join) -> None:
    probe = join_safety(join)
    commands = probe.listen(topics.COMMAND_STAMPED)
    probe.wait_until(is_moving(commands), send_in(probe, topics.RAW_COMMAND, frame, 0.0))


@pytest.mark.parametrize(
    ('frame', 'age', 'words'),
    [
        ('odom', 0.0, "frame_id 'odom' is a frame of the world"),
        ('base_link', 60.0, 'its stamp is more than 5 s old'),
        ('base_link', -60.0, 'its stamp is more than 5 s ahead of the clock'),
    ],
)
def test_pilot_whose_stick_does_not_count_takes_nothing_over(
    frame: str, age: float, words: str, join: Join
) -> None:
    probe = join_safety(join, manual_timeout=5.0)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    probe.wait_until(
        says_problem(diagnostics, f'cmd_vel_manual ignored: {words}'),
        send_in(probe, topics.MANUAL_STAMPED, frame, age),
    )
    assert not [state for state in states if state.data.startswith('manual')]
    assert all(read_twist(message) == ZERO for message in commands)
    # One of now takes over.
    probe.wait_until(
        is_at(states, 'manual'), send_in(probe, topics.MANUAL_STAMPED, 'base_link', 0.0)
    )


@pytest.mark.parametrize(
    ('frame', 'child'), [('odom_ned', 'base_link'), ('odom', 'base_link_frd')]
)
def test_odometry_in_other_axes_counts_as_none(frame: str, child: str, join: Join) -> None:
    probe = join_safety(join, highest=5.0, odometry_timeout=PATIENT)
    commands, states = probe.listen(topics.COMMAND_STAMPED), probe.listen(topics.SAFETY_STATE)
    diagnostics = probe.listen(topics.DIAGNOSTICS)

    def live() -> None:
        message = make_odometry(VehicleState(np.zeros(3)), time.time())
        message.header.frame_id, message.child_frame_id = frame, child
        probe.publish(topics.ODOMETRY, message)
        send_forward(probe)()

    probe.wait_until(says_problem(diagnostics, 'odometry ignored: '), live)
    assert says_problem(diagnostics, 'expected a world with z up and a body with x forward')()
    probe.wait_until(has_stopped(states, Reason.NO_ODOMETRY), live)
    assert all(read_twist(message) == ZERO for message in commands)


def test_stop_holds_while_one_of_two_buttons_is_down(join: Join) -> None:
    probe = join_safety(join)
    states = probe.listen(topics.SAFETY_STATE)
    button, name, qos = Bool, topics.EMERGENCY_STOP.name, topics.RELIABLE
    pressed, beating = (probe.node.create_publisher(button, name, qos) for _ in range(2))

    def beat() -> None:
        beating.publish(Bool(data=False))
        send_forward(probe)()

    # Until every subscription of the node has found both.
    probe.wait_until(lambda: min(one.get_subscription_count() for one in (pressed, beating)) >= 2)
    probe.wait_until(is_at(states, 'passing commands'), beat)
    pressed.publish(Bool(data=True))
    probe.wait_until(is_at(states, 'emergency stop'), beat)
    for _ in range(20):
        beat()
        probe.spin()
    refused = call(probe, 'release')
    assert not refused.success
    assert 'an emergency stop button is still pressed: let it up' in refused.message
    pressed.publish(Bool(data=False))

    def is_released() -> bool:
        beat()
        return bool(call(probe, 'release').success)

    probe.wait_until(is_released)
    probe.wait_until(is_at(states, 'passing commands'), beat)


def test_dead_button_stops_though_another_beats(join: Join) -> None:
    probe = join_safety(join, button_timeout=3.0)
    states = probe.listen(topics.SAFETY_STATE)
    name, qos = topics.EMERGENCY_STOP.name, topics.RELIABLE
    dying, beating = (probe.node.create_publisher(Bool, name, qos) for _ in range(2))

    def beat() -> None:
        beating.publish(Bool(data=False))
        send_forward(probe)()

    def beat_both() -> None:
        dying.publish(Bool(data=False))
        beat()

    probe.wait_until(is_at(states, 'passing commands'), beat_both)
    for _ in range(30):
        beat_both()
        probe.spin()
    probe.wait_until(is_at(states, f'emergency stop: {Reason.BUTTON_LOST.value}'), beat)
    assert not call(probe, 'release').success
    # Taken away, it is gone once the other has been heard without it.
    probe.node.destroy_publisher(dying)

    def is_released() -> bool:
        for _ in range(10):
            beat()
            probe.spin()
        return bool(call(probe, 'release').success)

    probe.wait_until(is_released)
    probe.wait_until(is_at(states, 'passing commands'), beat)


def test_latched_press_is_heard_by_a_node_that_comes_later(probe: Any, start: Any) -> None:
    states = probe.listen(topics.SAFETY_STATE)
    latched = replace(topics.EMERGENCY_STOP, qos=topics.LATCHED)
    probe.publish(latched, Bool(data=True))
    start('safety_node')
    probe.wait_until(is_at(states, 'emergency stop: the emergency stop was pressed'))


def test_stricter_acceleration_leaves_the_brakes(join: Join) -> None:
    probe = join_safety(join)
    commands = probe.listen(topics.COMMAND_STAMPED)
    probe.wait_until(is_moving(commands), send_forward(probe))
    parameters = [RosParameter('horizontal_acceleration', value=0.01).to_parameter_msg()]
    request = SetParameters.Request(parameters=parameters)
    answer = probe.call(SetParameters, 'safety_node/set_parameters', request)
    assert answer.results[0].successful
    probe.wait_until(is_moving(commands), send_forward(probe))
    began = time.monotonic()
    zero = make_twist_stamped(VelocityCommand(), 1.0)
    probe.wait_until(
        lambda: is_standing(commands), lambda: probe.publish(topics.RAW_COMMAND, zero)
    )
    # From 0.5 m/s at 8 m/s^2 in less than a tenth of a second; at 0.01 m/s^2 in 50 s.
    assert time.monotonic() - began < 25.0
