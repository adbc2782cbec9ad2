# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.vehicle_frames import (
    DownwardVelocity,
    SteeredWheels,
    to_body_frd,
    to_world_ned,
    yaw_from_ned,
    yaw_of_ned_quaternion,
)

# Forward 1, left 2, up 3, turning left by 0.4.
COMMAND = VelocityCommand(1.0, 2.0, 3.0, 0.4)


def flatten(velocity: DownwardVelocity) -> tuple[float, ...]:
    return (velocity.x, velocity.y, velocity.z, velocity.yaw_rate)


def test_body_frame_of_autopilots_has_right_and_down() -> None:
    assert flatten(to_body_frd(COMMAND)) == (1.0, -2.0, -3.0, -0.4)


def test_rest_has_no_negative_zero() -> None:
    assert str(flatten(to_body_frd(VelocityCommand()))) == '(0.0, 0.0, 0.0, 0.0)'


@pytest.mark.parametrize(
    ('yaw', 'north', 'east'),
    [
        (0.0, 2.0, 1.0),  # looks east: forward is east, left is north
        (math.pi / 2, 1.0, -2.0),  # looks north: left is west
        (math.pi, -2.0, -1.0),
        (-math.pi / 2, -1.0, 2.0),
    ],
)
def test_world_frame_of_px4_is_north_east_down(yaw: float, north: float, east: float) -> None:
    assert flatten(to_world_ned(COMMAND, yaw)) == pytest.approx((north, east, -3.0, -0.4))


@pytest.mark.parametrize(
    ('ned_deg', 'enu_deg'), [(0.0, 90.0), (90.0, 0.0), (180.0, -90.0), (-90.0, 180.0)]
)
def test_compass_becomes_a_heading_from_the_east(ned_deg: float, enu_deg: float) -> None:
    yaw = yaw_from_ned(math.radians(ned_deg))
    assert math.remainder(yaw - math.radians(enu_deg), 2 * math.pi) == pytest.approx(0.0)


def test_heading_of_px4s_quaternion() -> None:
    half = math.radians(70.0) / 2
    yaw = yaw_of_ned_quaternion(math.cos(half), 0.0, 0.0, math.sin(half))
    assert math.degrees(yaw) == pytest.approx(70.0)


def test_wheels_steer_as_the_bicycle_says() -> None:
    wheels = SteeredWheels(wheelbase=2.5)
    # A circle of 10 m at 5 m/s: 0.5 rad/s.
    speed, steering = wheels.steer(VelocityCommand(5.0, 0.0, 0.0, 0.5))
    assert (speed, steering) == pytest.approx((5.0, math.atan(2.5 / 10.0)))
    # Backwards the wheels point the other way for the same turn.
    assert wheels.steer(VelocityCommand(-5.0, 0.0, 0.0, 0.5))[1] == pytest.approx(-steering)
    assert wheels.steer(VelocityCommand(0.1, 0.0, 0.0, 9.0))[1] == 0.6
    assert wheels.steer(VelocityCommand(0.0, 0.0, 0.0, 1.0)) == (0.0, 0.0)


def test_wheels_need_axles_apart() -> None:
    with pytest.raises(ValueError, match='wheelbase'):
        SteeredWheels(0.0)
