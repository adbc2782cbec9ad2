# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY, quaternion_from_euler
from lnn_control.core.messages import VehicleState
from sim.vehicles import Car, Rover
from sim.vehicles.car import CarParameters
from sim.vehicles.rover import RoverParameters
from sim.vehicles.suspension import GroundProbe, Wheel
from sim.vehicles.vehicle import Condition
from sim.worlds.world import Box
from tests.sim.vehicles.conftest import Drive, start_at

BOTH = pytest.mark.parametrize('kind', [Rover, Car])
PARAMETERS = {Rover: RoverParameters(), Car: CarParameters()}
STILL = (0.0, 0.0, 0.0, 0.0)
AHEAD = {Rover: 1.0, Car: 8.0}
LEVEL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)


def find_energy(track, parameters) -> np.ndarray:
    """Return kinetic and potential energy of the body [J]; springs hold more."""
    kinetic = parameters.mass * (track.velocities**2).sum(axis=1)
    kinetic += track.rates**2 @ np.array(parameters.inertia)
    return kinetic / 2 + parameters.mass * GRAVITY * track.positions[:, 2]


@BOTH
def test_stands_still(drive, kind):
    track = drive(kind, STILL, Drive(duration=10.0))
    assert np.abs(track.positions - track.positions[0]).max() < 1e-6
    assert np.abs(track.eulers).max() < 1e-6
    assert not track.touched.any()


@BOTH
def test_wind_does_not_make_it_creep(drive, kind):
    track = drive(kind, STILL, Drive(duration=10.0, wind=(4.0, 6.0, 0.0)))
    assert np.abs(track.positions[-1] - track.positions[0]).max() < 2e-3
    assert np.abs(track.positions[-1] - track.positions[-5 * 240]).max() < 1e-6


@BOTH
@pytest.mark.parametrize('axis', [1, 2])
def test_sideways_and_upward_commands_are_ignored(drive, kind, axis):
    command = [AHEAD[kind], 0.0, 0.0, 0.0]
    plain = drive(kind, command, Drive(duration=1.0))
    command[axis] = 1.0
    assert np.array_equal(drive(kind, command, Drive(duration=1.0)).positions, plain.positions)


@BOTH
@pytest.mark.parametrize('yaw', [0.0, 2.0])
def test_drives_straight_ahead_at_the_commanded_speed(drive, kind, yaw):
    how = Drive(duration=8.0, start=start_at(kind, yaw=yaw))
    track = drive(kind, (AHEAD[kind], 0.0, 0.0, 0.0), how)
    heading = np.array([np.cos(yaw), np.sin(yaw), 0.0])
    assert track.velocities[-1] == pytest.approx(AHEAD[kind] * heading, abs=0.02 * AHEAD[kind])
    assert (track.velocities @ heading).max() < 1.05 * AHEAD[kind]
    across = np.cross(heading, track.positions)[:, 2]
    assert np.abs(across).max() < 1e-3
    assert not track.touched.any()


@BOTH
def test_steady_motion_is_smooth_at_the_rate_of_the_physics(drive, kind):
    for yaw_rate in (0.0, 0.3):
        track = drive(kind, (AHEAD[kind], 0.0, 0.0, yaw_rate), Drive(duration=8.0))
        last = track.accelerations[-480:]
        level = np.hypot(last[:, 0], last[:, 1])
        assert level.std() < 2e-3
        assert last[:, 2].std() < 2e-3
        assert level.mean() == pytest.approx(AHEAD[kind] * yaw_rate, rel=0.03, abs=0.01)


@BOTH
def test_same_seed_gives_the_same_drive(drive, kind):
    command = (AHEAD[kind], 0.0, 0.0, 0.5)
    tracks = [drive(kind, command, Drive(duration=2.0, seed=seed)) for seed in (1, 1, 2)]
    assert np.array_equal(tracks[0].positions, tracks[1].positions)
    assert not np.array_equal(tracks[0].positions, tracks[2].positions)
    assert np.abs(tracks[0].positions - tracks[2].positions).max() < 0.05


@BOTH
def test_wall_stops_it_and_counts_as_contact(drive, world, kind):
    speed = kind.command_limits[0]
    wall = Box(x=30.0, y=0.0, length=0.2, width=20.0, height=3.0)
    how = Drive(duration=7.0, start=start_at(kind, x=18.0, speed=speed), world=world(wall))
    track = drive(kind, (speed, 0.0, 0.0, 0.0), how)
    assert track.touched.any()
    assert track.positions[:, 0].max() + PARAMETERS[kind].length / 2 < 30.3
    assert np.abs(track.velocities[-1]).max() < 0.1


@BOTH
@pytest.mark.parametrize('roll', [0.0, 0.5, 1.6, 3.1])
def test_thrown_vehicle_comes_to_rest_without_gaining_energy(drive, kind, roll):
    start = VehicleState(
        np.array([0.0, 0.0, 1.0 + kind.rest_height]),
        quaternion_from_euler(roll, 0.2, 0.3),
        np.array([2.0, 1.0, 1.0]),
        np.array([1.0, 2.0, 1.0]),
    )
    track = drive(kind, STILL, Drive(duration=6.0, start=start))
    energy = find_energy(track, PARAMETERS[kind])
    assert np.isfinite(track.positions).all()
    # The integrator's own error while it tumbles in the air, and the preload of the springs.
    assert energy.max() < 1.05 * energy[0]
    assert np.abs(track.velocities[-1]).max() < 0.05
    assert track.positions[-1, 2] < 1.0


@BOTH
@pytest.mark.parametrize('yaw', [0.0, 0.3, 0.8])
def test_edges_give_no_energy(drive, world, kind, yaw):
    step = Box(x=8.0, y=0.0, length=4.0, width=30.0, height=0.05)
    how = Drive(duration=7.0, start=start_at(kind, x=3.0, yaw=yaw, speed=2.0), world=world(step))
    track = drive(kind, (2.0, 0.0, 0.0, 0.0), how)
    assert track.positions[:, 2].max() > kind.rest_height + 0.04
    assert track.positions[:, 2].max() < kind.rest_height + 0.16
    assert track.speeds.max() < 2.8
    assert np.abs(track.accelerations).max() < 12 * GRAVITY


@BOTH
@pytest.mark.parametrize(
    ('condition', 'wanted'),
    [
        # The rover's wheels give 0.8 of its weight, its motors 4 x 40 N; the car's engine and
        # rolling resistance (3 - 0.012 g) m/s^2 of its own mass.
        (Condition(), {Rover: 7.85, Car: 2.88}),
        (Condition(mass_factor=1.5), {Rover: 160.0 / 18.43 / 1.5, Car: 1.88}),
        (Condition(thrust_factor=0.5), {Rover: 80.0 / 18.43, Car: 1.38}),
    ],
)
def test_mass_and_drive_force_set_the_acceleration(drive, kind, condition, wanted):
    command = (kind.command_limits[0], 0.0, 0.0, 0.0)
    track = drive(kind, command, Drive(duration=1.0, condition=condition))
    assert track.accelerations[:, 0].max() == pytest.approx(wanted[kind], rel=0.05)


@BOTH
def test_load_does_not_lower_it(drive, kind):
    track = drive(kind, STILL, Drive(duration=2.0, condition=Condition(mass_factor=1.5)))
    assert np.abs(track.positions - track.positions[0]).max() < 1e-6


@BOTH
def test_headwind_costs_no_speed(drive, kind):
    how = Drive(duration=10.0, wind=(-5.0, 0.0, 0.0))
    track = drive(kind, (AHEAD[kind], 0.0, 0.0, 0.0), how)
    assert track.velocities[-1, 0] == pytest.approx(AHEAD[kind], rel=0.02)


def test_wheel_rests_on_a_plane_where_geometry_says(physics, world):
    physics.load(world())
    probe = GroundProbe(physics, [Wheel(0.0, 0.0, 0.0, 0.3, 100.0, 1e4, 1e2)] * 2, reach=0.4)
    contact = probe.find_contacts((1.0, 2.0, 0.25), LEVEL, [0.0, 0.5])[1]
    assert contact.squeeze == pytest.approx(0.05)
    assert contact.normal == pytest.approx((0.0, 0.0, 1.0))
    assert contact.point == pytest.approx((1.0, 2.0, 0.0), abs=1e-6)
    assert probe.find_contacts((1.0, 2.0, 0.45), LEVEL, [0.0, 0.5]) == [None, None]


def test_wheel_meets_an_edge_on_the_line_to_its_hub(physics, world):
    physics.load(world(Box(x=2.0, y=0.0, length=2.0, width=4.0, height=0.12)))
    probe = GroundProbe(physics, [Wheel(0.0, 0.0, 0.0, 0.35, 100.0, 1e4, 1e2)], reach=0.4)
    # The edge is 0.135 m ahead and 0.18 m below the hub: 0.225 m away, a 3-4-5 triangle.
    contact = probe.find_contacts((0.865, 0.0, 0.30), LEVEL, [0.0])[0]
    assert contact.point == pytest.approx((1.0, 0.0, 0.12), abs=0.013)
    assert contact.normal == pytest.approx((-0.6, 0.0, 0.8), abs=0.05)
    assert contact.squeeze == pytest.approx(0.125, abs=0.01)
