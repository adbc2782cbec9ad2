# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VelocityCommand
from sim.vehicles import Car
from sim.vehicles.car import CarParameters
from sim.worlds.world import Box
from tests.sim.vehicles.conftest import Drive, start_at

PARAMETERS = CarParameters()


def test_cannot_turn_on_the_spot(drive):
    track = drive(Car, (0.0, 0.0, 0.0, 1.0), Drive(duration=3.0))
    assert np.abs(track.rates).max() < 1e-3
    assert np.abs(track.positions - track.positions[0]).max() < 1e-3


@pytest.mark.parametrize(('speed', 'yaw_rate'), [(2.0, 0.3), (4.0, -0.4), (-2.0, 0.3)])
def test_circles_have_the_radius_of_speed_over_yaw_rate(drive, speed, yaw_rate):
    track = drive(Car, (speed, 0.0, 0.0, yaw_rate), Drive(duration=30.0))
    circle = track.positions[-round(240 * 2 * np.pi / abs(yaw_rate)) :, :2]
    radius = np.ptp(circle, axis=0).mean() / 2
    # The centre of mass is before the rear axle and so farther from the centre of the circle.
    wanted = np.hypot(speed / yaw_rate, PARAMETERS.rear)
    assert radius == pytest.approx(wanted, rel=0.02)
    assert track.rates[-1, 2] == pytest.approx(yaw_rate, rel=0.02)


def test_smallest_circle_is_that_of_the_full_lock(drive):
    track = drive(Car, (1.5, 0.0, 0.0, 1.5), Drive(duration=25.0))
    circle = track.positions[-(240 * 18) :, :2]
    rear_axle = PARAMETERS.wheelbase / np.tan(PARAMETERS.max_steering)
    assert np.ptp(circle, axis=0).mean() / 2 == pytest.approx(
        np.hypot(rear_axle, PARAMETERS.rear), rel=0.03
    )


def test_front_wheels_turn_about_one_point(physics, world):
    physics.load(world())
    car = Car(physics)
    car.spawn(start_at(Car))
    for _ in range(600):
        drives = car.control(VelocityCommand(5.0, 0.0, 0.0, 0.8), 5.0, 0.0, None)
    left, right = drives[0].angle, drives[1].angle
    # cot(outer) - cot(inner) = track / wheelbase, and the middle steers for 0.8 rad/s at 5 m/s.
    assert 1 / np.tan(right) - 1 / np.tan(left) == pytest.approx(1.387 / 2.579)
    assert (1 / np.tan(right) + 1 / np.tan(left)) / 2 == pytest.approx(
        5.0 / (0.8 * 2.579), rel=1e-3
    )


def test_steering_turns_no_faster_than_its_limit(physics, world):
    physics.load(world())
    car = Car(physics)
    car.spawn(start_at(Car))
    angles = [
        car.control(VelocityCommand(2.0, 0.0, 0.0, 1.5), 2.0, 0.0, None)[0].angle
        for _ in range(240)
    ]
    steps = np.diff(angles) * 240
    # The inner wheel turns a little faster than the middle.
    assert 0.39 < steps.max() < 0.4 * 1.3
    assert angles[100] == pytest.approx(0.4 * 101 / 240, rel=0.05)


@pytest.mark.parametrize('speed', [8.0, 15.0])
def test_grip_bounds_the_lateral_acceleration(drive, speed):
    start = start_at(Car, speed=speed)
    track = drive(Car, (speed, 0.0, 0.0, 1.5), Drive(duration=10.0, start=start))
    lateral = np.hypot(track.accelerations[:, 0], track.accelerations[:, 1])
    smooth = np.convolve(lateral, np.ones(24) / 24, 'valid')
    assert 0.8 * 1.0489 * GRAVITY < smooth.max() < 1.03 * 1.0489 * GRAVITY
    # It ploughs outwards: slower to turn than commanded, neither spinning nor rolling over.
    assert np.abs(track.rates[:, 2]).max() < 1.5
    assert np.abs(track.eulers[:, 0]).max() < 0.25
    assert not track.touched.any()


def test_yaw_rate_follows_at_speed_below_the_limit(drive):
    track = drive(Car, (15.0, 0.0, 0.0, 0.3), Drive(4.0, start=start_at(Car, speed=15.0)))
    assert track.rates[-1, 2] == pytest.approx(0.3, rel=0.03)


def test_brakes_from_speed_within_the_distance_of_its_brakes(drive):
    start = start_at(Car, speed=15.0)
    track = drive(Car, (0.0, 0.0, 0.0, 0.0), Drive(duration=8.0, start=start))
    distance = track.positions[-1, 0]
    # At best v^2 / (2 * 8 m/s^2) = 14.1 m; the brakes' lag and a soft stop add to that.
    assert 14.1 < distance < 20.0
    assert np.abs(track.velocities[-1]).max() < 1e-3
    assert track.accelerations[:, 0].min() > -9.5
    assert track.velocities[:, 0].min() > -0.05


def test_accelerates_no_faster_than_its_engine(drive):
    track = drive(Car, (15.0, 0.0, 0.0, 0.0), Drive(duration=10.0))
    assert track.accelerations[:, 0].max() < 3.0
    reached = np.argmax(track.velocities[:, 0] > 13.0) / 240
    assert reached == pytest.approx(13.0 / 2.85, rel=0.1)
    assert track.velocities[:, 0].max() < 15.3


def test_backs_up(drive):
    track = drive(Car, (-3.0, 0.0, 0.0, 0.0), Drive(duration=5.0))
    assert track.velocities[-1, 0] == pytest.approx(-3.0, rel=0.03)


def test_changes_direction_through_standstill(drive):
    track = drive(Car, lambda time: (3.0 if time < 4.0 else -3.0, 0.0, 0.0, 0.0), Drive(9.0))
    assert track.velocities[-1, 0] == pytest.approx(-3.0, rel=0.05)
    assert np.abs(track.accelerations[:, 0]).max() < 9.0


@pytest.mark.parametrize('speed', [2.0, 8.0])
def test_climbs_a_kerb(drive, world, speed):
    kerb = Box(x=8.0, y=0.0, length=4.0, width=20.0, height=0.12)
    how = Drive(duration=16.0 / speed, start=start_at(Car, speed=speed), world=world(kerb))
    track = drive(Car, (speed, 0.0, 0.0, 0.0), how)
    assert track.positions[-1, 0] > 12.0
    assert track.positions[:, 2].max() > Car.rest_height + 0.08
    assert track.velocities[-1, 0] == pytest.approx(speed, rel=0.2)
    assert not track.touched.any()


def test_parameters_must_be_positive():
    with pytest.raises(ValueError, match='mass must be'):
        CarParameters(mass=-1.0)
    with pytest.raises(ValueError, match='inertia must be'):
        CarParameters(inertia=(1.0, 0.0, 1.0))
