# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.vehicles import Rover
from sim.vehicles.rover import RoverParameters
from sim.worlds.world import Box
from tests.sim.vehicles.conftest import Drive


@pytest.mark.parametrize('yaw_rate', [0.5, -2.0])
def test_turns_on_the_spot(drive, yaw_rate):
    track = drive(Rover, (0.0, 0.0, 0.0, yaw_rate), Drive(duration=3.0))
    assert track.rates[-1, 2] == pytest.approx(yaw_rate, rel=0.01)
    assert np.abs(track.positions - track.positions[0]).max() < 1e-3


@pytest.mark.parametrize('speed', [0.5, 1.0, -0.5])
@pytest.mark.parametrize('yaw_rate', [0.5, -1.0])
def test_circles_have_the_radius_of_speed_over_yaw_rate(drive, speed, yaw_rate):
    track = drive(Rover, (speed, 0.0, 0.0, yaw_rate), Drive(duration=14.0))
    circle = track.positions[-round(240 * 2 * np.pi / abs(yaw_rate)) :, :2]
    radius = np.ptp(circle, axis=0).mean() / 2
    assert radius == pytest.approx(abs(speed / yaw_rate), rel=0.03)
    assert track.rates[-1, 2] == pytest.approx(yaw_rate, rel=0.01)


def test_backs_up(drive):
    track = drive(Rover, (-1.5, 0.0, 0.0, 0.0))
    assert track.velocities[-1, 0] == pytest.approx(-1.5, rel=0.01)


def test_limits_hold_whatever_is_commanded(drive):
    straight = drive(Rover, (1e6, 1e6, 1e6, 0.0))
    assert straight.velocities[-1, 0] == pytest.approx(2.0, rel=0.01)
    assert drive(Rover, (0.0, 0.0, 0.0, 1e6)).rates[-1, 2] == pytest.approx(4.0, rel=0.02)


def test_fast_curve_gives_up_speed_rather_than_curvature(drive):
    track = drive(Rover, (2.0, 0.0, 0.0, 2.0), Drive(duration=6.0))
    assert 1.2 < track.speeds[-1] < 1.8
    assert track.speeds[-1] / track.rates[-1, 2] == pytest.approx(1.0, rel=0.25)


def test_stops_within_its_grip_and_stays(drive):
    track = drive(Rover, lambda time: (2.0 if time < 3.0 else 0.0, 0.0, 0.0, 0.0), Drive(6.0))
    distance = track.positions[-1, 0] - track.positions[720, 0]
    # At best v^2 / (2 mu g); the motors' lag of 0.1 s adds 0.2 m.
    assert 4.0 / (2 * 0.8 * 9.81) < distance < 4.0 / (2 * 0.8 * 9.81) + 0.25
    assert np.abs(track.velocities[-1]).max() < 1e-4


def test_climbs_a_step_lower_than_its_belly(drive, world):
    step = Box(x=2.5, y=0.0, length=3.0, width=4.0, height=0.05)
    track = drive(Rover, (0.5, 0.0, 0.0, 0.0), Drive(duration=6.0, world=world(step)))
    assert track.positions[-1, 0] > 2.0
    assert track.positions[-1, 2] == pytest.approx(Rover.rest_height + 0.05, abs=0.002)
    assert not track.touched.any()


@pytest.mark.parametrize('speed', [0.5, 2.0])
def test_kerb_higher_than_its_belly_stops_it(drive, world, speed):
    kerb = Box(x=3.0, y=0.0, length=3.0, width=4.0, height=0.12)
    track = drive(Rover, (speed, 0.0, 0.0, 0.0), Drive(duration=5.0, world=world(kerb)))
    assert track.touched.any()
    assert track.positions[:, 0].max() < 1.5 - RoverParameters().length / 2 + 0.02
    assert track.positions[:, 2].max() < Rover.rest_height + 0.03
    assert np.abs(track.velocities[-1]).max() < 0.01


def test_storm_does_not_push_it_away(drive):
    track = drive(Rover, (0.0, 0.0, 0.0, 0.0), Drive(duration=3.0, wind=(0.0, 15.0, 0.0)))
    assert np.abs(track.positions[-1] - track.positions[0]).max() < 5e-3


@pytest.mark.parametrize('name', ['mass', 'track', 'time_constant'])
def test_parameters_must_be_positive(name):
    with pytest.raises(ValueError, match=f'{name} must be'):
        RoverParameters(**{name: 0.0})
