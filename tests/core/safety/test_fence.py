# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import Braking, Fence, Pose, make_pose, parse_corners

BOX = Fence(parse_corners('-10 -5, 10 5'), 0.0, 10.0)
# An L: the corner (0, 0) points inwards.
ANGLE = Fence(parse_corners('-10 -10, 10 -10, 10 0, 0 0, 0 10, -10 10'))
BRAKING = Braking(deceleration=2.0, reaction_time=0.0)
FORWARD = VelocityCommand(3.0, 0.0)


@pytest.mark.parametrize(
    ('braking', 'distance', 'speed'),
    [
        (BRAKING, 1.0, 2.0),  # v^2 = 2 a d
        (Braking(2.0, 0.5), 2.0, 2.0),  # 2 m/s: 1 m until it brakes, 1 m of braking
        (BRAKING, 0.0, 0.0),
        (BRAKING, -3.0, 0.0),
        (BRAKING, math.inf, math.inf),
    ],
)
def test_speed_is_what_braking_ends_within_the_distance(
    braking: Braking, distance: float, speed: float
) -> None:
    assert braking.allow(distance) == pytest.approx(speed)


def test_distance_to_the_border_is_negative_outside() -> None:
    assert BOX.measure_inside(0.0, 0.0) == 5.0
    assert BOX.measure_inside(9.0, 0.0) == 1.0
    assert BOX.measure_inside(13.0, 9.0) == pytest.approx(-5.0)
    assert ANGLE.measure_inside(1.0, 1.0) == -1.0
    assert ANGLE.measure_inside(-1.0, -1.0) == pytest.approx(math.sqrt(2))
    assert Fence().measure_inside(1e6, 0.0) == math.inf


@pytest.mark.parametrize(
    ('pose', 'breach'),
    [
        (Pose(0, 0, 5), 0.0),
        (Pose(0, 0, 12), 2.0),
        (Pose(0, 0, -0.5), 0.5),
        (Pose(11, 0, 5), 1.0),
    ],
)
def test_breach_is_the_way_beyond_border_or_band(pose: Pose, breach: float) -> None:
    assert BOX.measure_breach(pose) == breach


def test_speed_falls_before_the_border_and_keeps_its_direction() -> None:
    far, near = Pose(0, 0, 5), Pose(9, 0, 5)
    assert BOX.slow_down(FORWARD, far, BRAKING) == FORWARD
    assert BOX.slow_down(FORWARD, near, BRAKING).vx == pytest.approx(2.0)
    slanted = BOX.slow_down(VelocityCommand(3.0, 1.5), near, BRAKING)
    assert (slanted.vx, slanted.vy) == pytest.approx((2.0, 1.0))
    # Away from it, and along it, nothing holds.
    assert BOX.slow_down(VelocityCommand(-3.0), near, BRAKING) == VelocityCommand(-3.0)


def test_heading_turns_the_command_into_the_world() -> None:
    west = Pose(9, 0, 5, yaw=math.pi)
    assert BOX.slow_down(FORWARD, west, BRAKING) == FORWARD
    assert BOX.slow_down(VelocityCommand(-3.0), west, BRAKING).vx == pytest.approx(-2.0)


def test_outside_only_what_leads_back_passes() -> None:
    outside = Pose(10.5, 0, 5)
    assert BOX.slow_down(FORWARD, outside, BRAKING) == VelocityCommand()
    assert BOX.slow_down(VelocityCommand(-1.0), outside, BRAKING) == VelocityCommand(-1.0)


def test_climb_slows_at_both_ends_of_the_band() -> None:
    up, down = VelocityCommand(vz=3.0), VelocityCommand(vz=-3.0)
    assert BOX.slow_down(up, Pose(0, 0, 9.75), BRAKING).vz == pytest.approx(1.0)
    assert BOX.slow_down(down, Pose(0, 0, 0.25), BRAKING).vz == pytest.approx(-1.0)
    assert BOX.slow_down(up, Pose(0, 0, 11), BRAKING).vz == 0.0
    assert BOX.slow_down(down, Pose(0, 0, 11), BRAKING).vz == -3.0


@settings(max_examples=30)
@given(
    st.floats(-math.pi, math.pi), st.floats(-9, 9), st.floats(-9, -1), st.floats(-math.pi, math.pi)
)
def test_vehicle_that_brakes_as_said_never_leaves(
    course: float, x: float, y: float, yaw: float
) -> None:
    command = VelocityCommand(3 * math.cos(course), 3 * math.sin(course))
    pose, step = Pose(x, y, 0.0, yaw), 0.05
    rotation = np.array([[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]])
    for _ in range(300):
        slowed = ANGLE.slow_down(command, pose, Braking(2.0, step))
        velocity = rotation @ [slowed.vx, slowed.vy]
        pose = replace(pose, x=pose.x + step * velocity[0], y=pose.y + step * velocity[1])
    assert ANGLE.measure_inside(pose.x, pose.y) > -1e-9


def test_pose_of_a_quaternion_has_heading_and_tilt() -> None:
    pose = make_pose((1.0, 2.0, 3.0), quaternion_from_euler(0.3, 0.0, 1.0).tolist())
    assert (pose.x, pose.y, pose.z) == (1.0, 2.0, 3.0)
    assert (pose.yaw, pose.tilt) == pytest.approx((1.0, 0.3))
    over = make_pose((0, 0, 0), quaternion_from_euler(math.pi, 0.0, 0.0).tolist())
    assert over.tilt == pytest.approx(math.pi)


@pytest.mark.parametrize(
    ('position', 'quaternion'),
    [
        ((0, 0, 0), (0, 0, 0, 0)),
        ((0, 0, math.nan), (0, 0, 0, 1)),
        ((0, 0, 0), (0, 0, math.nan, 1)),
    ],
)
def test_pose_that_is_none_is_refused(position: tuple, quaternion: tuple) -> None:
    with pytest.raises(ValueError, match='must be'):
        make_pose(position, quaternion)


def test_corners_are_read_from_text() -> None:
    assert parse_corners('') == ()
    assert parse_corners('0 0, 4 2') == ((0, 0), (4, 0), (4, 2), (0, 2))
    assert parse_corners('0 0, 4 0, 0 3.5') == ((0, 0), (4, 0), (0, 3.5))


@pytest.mark.parametrize('text', ['1 2', '1 2 3, 4 5 6', 'a b, c d', '0 0, nan 1', '0 0, 0 5'])
def test_text_that_is_no_fence_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match='corners'):
        parse_corners(text)


def test_band_must_have_a_height() -> None:
    with pytest.raises(ValueError, match='lowest altitude must be below the highest'):
        Fence(lowest=3.0, highest=3.0)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('0 0, 10 10, 10 0, 0 10', r'meets itself: the edges \(0 0, 10 10\) and \(10 0, 0 10\)'),
        ('0 0, 5 0, 10 0', 'meets itself'),
        ('0 0, 10 0, 10 10, 10 0', 'meets itself'),
        # Out to a point and back, through a corner, along another edge, twice around.
        ('0 0, 10 0, 10 10, 15 15, 10 10, 0 10', 'meets itself'),
        ('0 0, 5 5, 10 0, 10 10, 5 5, 0 10', 'meets itself'),
        ('0 0, 10 0, 10 10, 5 10, 5 0, 0 10', 'meets itself'),
        ('0 0, 4 0, 4 4, 0 4, 0 0, 4 0, 4 4, 0 4', 'meets itself'),
        ('3 3, 3 3, 3 3', 'encloses nothing'),
        ('0 0, 0.1 0.3, 0.3 0.9', '(meets itself|encloses nothing)'),
        ('0 0, 20 0, 10 1e-9', 'encloses nothing'),
        ('0 0, 1e-9 20', 'encloses nothing'),
    ],
)
def test_border_that_does_not_go_once_around_something_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f'fence.*{message}'):
        Fence(parse_corners(text))


@pytest.mark.parametrize(
    ('text', 'distance'),
    [
        ('0 0, 10 0, 10 10, 0 10, 0 0', 3.0),  # closed
        ('0 0, 0 0, 10 0, 10 10', math.sqrt(2)),
        ('0 0, 5 0, 10 0, 10 10', math.sqrt(2)),  # a corner on an edge
        ('0 10, 10 10, 10 0, 0 0', 3.0),  # clockwise
    ],
)
def test_usual_ways_to_write_a_border_are_taken(text: str, distance: float) -> None:
    assert Fence(parse_corners(text)).measure_inside(7.0, 5.0) == pytest.approx(distance)


@pytest.mark.parametrize('bad', [math.nan, math.inf])
def test_corner_must_be_finite(bad: float) -> None:
    with pytest.raises(ValueError, match='corners of a fence must be finite'):
        Fence(((0, 0), (5, 0), (5, bad)))


def test_position_beyond_any_place_is_no_pose() -> None:
    with pytest.raises(ValueError, match='x must be a finite number'):
        Pose(1e300, 0.0, 0.0)
