# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY, rotation_from_quaternion, yaw_from_quaternion
from lnn_control.core.messages import VelocityCommand
from sim.sensors.image_noise import ImageNoise
from sim.sensors.imu import ImuParameters
from sim.simulation import Simulation, SimulationSettings
from sim.vehicles.quadrotor import Quadrotor, QuadrotorParameters
from sim.worlds.world import Cylinder

HOVER = VelocityCommand()


@pytest.fixture
def make_simulation(blank_renderer) -> Iterator[Callable[..., Simulation]]:
    """Return a function that makes simulations that draw nothing; all are closed in the end."""
    made = []

    def make(**settings) -> Simulation:
        simulation = Simulation(SimulationSettings(renderer=blank_renderer, **settings))
        made.append(simulation)
        return simulation

    yield make
    for simulation in made:
        simulation.close()


def fly(simulation, command, duration, period=0.05):
    return [simulation.advance(command, period) for _ in range(round(duration / period))]


@pytest.mark.parametrize(('latency', 'first_image_at'), [(0.0, 0.0), (0.03, 0.03), (0.2, 0.2)])
def test_images_come_late_by_the_latency_with_the_stamp_of_their_exposure(
    make_simulation, make_world, latency, first_image_at
):
    simulation = make_simulation(camera_latency=latency, image_noise=ImageNoise(0, 0, 0))
    simulation.reset(make_world(), seed=0)
    delivered = []
    for _ in range(400):
        frame = simulation.advance(HOVER, 1 / 1200)
        if frame.image is not None:
            delivered.append((frame.time, frame.image.stamp, int(frame.image.pixels[0, 0, 0])))
    times, stamps, numbers = np.array(delivered).T
    assert times[0] == pytest.approx(max(first_image_at, 1 / 1200))
    assert stamps == pytest.approx(0.05 * np.arange(len(stamps)))
    # An image delivered without delay is seen one tick later.
    assert times - stamps == pytest.approx(max(latency, 1 / 1200))
    assert numbers.tolist() == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize('rate', [10.0, 20.0, 30.0, 60.0])
def test_camera_keeps_its_rate(make_simulation, make_world, rate):
    simulation = make_simulation(camera_rate=rate, camera_latency=0.0)
    simulation.reset(make_world(), seed=0)
    frames = fly(simulation, HOVER, 1.0, period=1 / 1200)
    stamps = [frame.image.stamp for frame in frames if frame.image is not None]
    assert stamps == pytest.approx(np.arange(rate) / rate)


def test_first_image_is_there_after_the_delivery_time(make_simulation, make_world):
    for latency in (0.0, 0.0333, 0.1):
        simulation = make_simulation(camera_latency=latency)
        simulation.reset(make_world(), seed=0)
        image = simulation.advance(HOVER, simulation.delivery_time).image
        assert image is not None
        assert image.stamp == 0.0


def test_imu_samples_come_every_five_milliseconds_without_gap(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0)
    stamps = []
    for duration in (0.03, 0.05, 1 / 1200, 0.0125, 0.05):
        frame = simulation.advance(HOVER, duration)
        assert len(frame.imu) == len(frame.imu_stamps)
        assert frame.time == pytest.approx(simulation.time)
        stamps += frame.imu_stamps.tolist()
    assert stamps == pytest.approx(0.005 * np.arange(1, len(stamps) + 1))
    assert len(stamps) == int(simulation.time / 0.005 + 1e-9)


def test_hovering_reads_one_g_upwards_within_the_noise(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=3)
    frames = fly(simulation, HOVER, 2.0)
    force = np.concatenate([frame.imu.linear_acceleration for frame in frames])
    rates = np.concatenate([frame.imu.angular_velocity for frame in frames])
    assert force.mean(axis=0) == pytest.approx([0, 0, GRAVITY], abs=0.2)
    assert rates.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.02)


def test_ideal_imu_integrates_to_the_true_motion(make_simulation, make_world):
    simulation = make_simulation(imu=ImuParameters(0, 0, 0, 0, 0, 0))
    simulation.reset(make_world(), seed=0, yaw=0.7)
    velocity, yaw = np.zeros(3), 0.7
    for i in range(400):
        command = VelocityCommand(1.5, 0.5 * np.sin(i / 30), 0.3, 0.5)
        frame = simulation.advance(command, 0.005)
        rotation = rotation_from_quaternion(simulation.state.orientation_world)
        velocity += (rotation @ frame.imu.linear_acceleration[0] - [0, 0, GRAVITY]) * 0.005
        yaw += frame.imu.angular_velocity[0, 2] * 0.005
    state = simulation.state
    # Sampled at 200 Hz out of 240 Hz.
    assert velocity == pytest.approx(state.velocity_world, abs=0.1)
    assert np.linalg.norm(state.velocity_world[:2]) > 1.0
    assert yaw == pytest.approx(yaw_from_quaternion(state.orientation_world), abs=0.05)


def test_starts_hovering_where_it_is_told(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0, yaw=0.4, altitude=2.0)
    state = simulation.state
    assert state.position_world == pytest.approx([0, 0, 2.0])
    assert yaw_from_quaternion(state.orientation_world) == pytest.approx(0.4)
    assert simulation.time == 0.0
    assert not simulation.has_collided


def test_hits_a_trunk_and_remembers_it(make_simulation, make_world):
    simulation = make_simulation()
    world = make_world(Cylinder(4.0, 0.0, 0.15, 8.0))
    simulation.reset(world, seed=0)
    fly(simulation, VelocityCommand(vx=4.0), 0.5)
    assert not simulation.has_collided
    fly(simulation, VelocityCommand(vx=4.0), 2.0)
    assert simulation.has_collided
    fly(simulation, VelocityCommand(vx=-4.0), 1.0)
    assert simulation.has_collided
    simulation.reset(world, seed=0)
    assert not simulation.has_collided


def test_touching_the_ground_is_a_collision(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0, altitude=0.5)
    fly(simulation, VelocityCommand(vz=-1.0), 1.5)
    assert simulation.has_collided


def test_same_seed_repeats_bit_for_bit_whatever_was_flown_before(make_simulation, make_world):
    def run(simulation, seed):
        simulation.reset(make_world(Cylinder(4.0, 2.0, 0.2, 8.0)), seed=seed)
        frames = fly(simulation, VelocityCommand(1.0, 0.2, 0.1, 0.3), 0.5)
        return (
            np.stack([frame.image.pixels for frame in frames]),
            np.concatenate([frame.imu.linear_acceleration for frame in frames]),
            simulation.state.position_world,
        )

    fresh, used = make_simulation(), make_simulation()
    run(used, 9)
    for first, second in zip(run(fresh, 5), run(used, 5), strict=True):
        assert np.array_equal(first, second)
    for first, second in zip(run(fresh, 5), run(used, 6), strict=True):
        assert not np.array_equal(first, second)


def test_flying_in_one_piece_or_in_many_is_the_same(make_simulation, make_world):
    ends = []
    for period in (0.5, 0.05, 1 / 1200):
        simulation = make_simulation()
        simulation.reset(make_world(), seed=0)
        frames = fly(simulation, VelocityCommand(vx=1.0), 0.5, period)
        force = np.concatenate([frame.imu.linear_acceleration for frame in frames])
        ends.append((simulation.state.position_world, force))
    for position, force in ends[1:]:
        assert np.array_equal(position, ends[0][0])
        assert np.array_equal(force, ends[0][1])


@pytest.mark.parametrize('duration', [0.0, -0.05, 0.0001, 0.0333])
def test_durations_off_the_clock_are_errors(make_simulation, make_world, duration):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0)
    with pytest.raises(ValueError, match='positive multiple of 1/1200 s'):
        simulation.advance(HOVER, duration)


def test_advancing_before_a_reset_is_an_error(make_simulation):
    with pytest.raises(RuntimeError, match='call reset'):
        make_simulation().advance(HOVER, 0.05)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'camera_rate': 0.0}, 'camera_rate must be'),
        ({'camera_rate': 33.0}, 'camera_rate must divide 1200 Hz.*got 33.0'),
        ({'camera_latency': -0.1}, 'camera_latency must be'),
        ({'camera_latency': float('nan')}, 'camera_latency must be'),
    ],
)
def test_impossible_settings_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        SimulationSettings(**change)


def test_unknown_renderer_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"renderer must be one of \[.*'tiny'.*, got 'laser'"):
        Simulation(SimulationSettings(renderer='laser'))


def test_closing_twice_is_allowed(make_simulation):
    simulation = make_simulation()
    simulation.close()
    simulation.close()


def test_state_is_never_ahead_of_the_clock(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0)
    for _ in range(240):
        simulation.advance(HOVER, 1 / 1200)
        state = simulation.state
        assert 0.0 <= simulation.time - state.stamp < 1 / 240 - 1e-9
    # Free of commands it has moved as far as its velocity at these stamps says.
    simulation.reset(make_world(), seed=0)
    fly(simulation, VelocityCommand(vx=1.0), 2.0)
    before = simulation.state
    simulation.advance(VelocityCommand(vx=1.0), 0.05)
    after = simulation.state
    way = after.position_world - before.position_world
    speed = (after.velocity_world + before.velocity_world) / 2
    assert way == pytest.approx(speed * (after.stamp - before.stamp), abs=1e-4)


def test_vehicles_of_ones_own_can_fly(blank_renderer, make_world):
    heavy = partial(Quadrotor, parameters=QuadrotorParameters(ground_effect=True))
    simulation = Simulation(SimulationSettings(renderer=blank_renderer), vehicle=heavy)
    simulation.reset(make_world(), seed=0)
    fly(simulation, HOVER, 0.5)
    assert simulation.state.position_world[2] == pytest.approx(1.5, abs=0.05)
    simulation.close()
    with pytest.raises(ValueError, match=r"vehicle must be one of \[.*'quadrotor'.*, got 'boat'"):
        Simulation(vehicle='boat')


@pytest.mark.parametrize(
    ('x', 'y', 'is_seen'),
    [(5.0, 0.0, True), (5.0, 5.5, True), (5.0, 6.5, False), (-5.0, 0, False)],
)
def test_target_is_seen_where_the_image_shows_it(make_simulation, make_world, x, y, is_seen):
    # 100 degrees across: up to 50 degrees aside, 5.96 m at 5 m ahead.
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0)
    simulation.move_target(x, y, 0.0)
    assert simulation.target_position[:2] == pytest.approx([x, y])
    assert simulation.sees_target is is_seen


def test_target_behind_a_trunk_is_not_seen_and_can_be_hit(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(Cylinder(3.0, 0.0, 0.3, 8.0)), seed=0)
    simulation.move_target(6.0, 0.0, 0.0)
    assert not simulation.sees_target
    simulation.move_target(6.0, 2.0, 0.0)
    assert simulation.sees_target
    simulation.move_target(0.0, 0.0, 0.0)
    assert not simulation.has_collided
    fly(simulation, VelocityCommand(vz=-1.0), 1.5)
    assert simulation.has_collided


def test_a_closed_simulation_says_so(make_simulation, make_world):
    simulation = make_simulation()
    simulation.reset(make_world(), seed=0)
    assert not simulation.is_closed
    simulation.close()
    assert simulation.is_closed
    for use in (
        lambda: simulation.advance(HOVER, 0.05),
        lambda: simulation.reset(make_world(), 0),
    ):
        with pytest.raises(RuntimeError, match='the simulation is closed: make a new one'):
            use()
