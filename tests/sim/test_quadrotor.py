# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from lnn_control.core.frames import (
    GRAVITY,
    euler_from_quaternion,
    quaternion_from_euler,
    rotation_world_from_level,
    yaw_from_quaternion,
)
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.quadrotor import Quadrotor, QuadrotorParameters
from sim.worlds.world import Cylinder

PARAMETERS = QuadrotorParameters()


@pytest.fixture(scope='module')
def physics() -> Iterator[Physics]:
    with Physics() as physics:
        yield physics


@pytest.fixture
def fly(physics, make_world) -> Callable[..., list[VehicleState]]:
    """Return a function that flies one command from hover high up and returns every state."""

    def fly(
        command, duration=4.0, yaw=0.0, velocity=(0, 0, 0), rng=None, world=None, wind=(0, 0, 0)
    ):
        physics.load(world or make_world())
        quadrotor = Quadrotor(physics)
        orientation = quaternion_from_euler(0, 0, yaw)
        quadrotor.spawn(VehicleState(np.array([0, 0, 30.0]), orientation, np.array(velocity)))
        states = [quadrotor.read_state(0.0)]
        for step in range(round(duration * PHYSICS_RATE)):
            quadrotor.push(command, rng, wind)
            physics.step()
            states.append(quadrotor.read_state((step + 1) / PHYSICS_RATE))
        return states

    return fly


def level_velocities(states: list[VehicleState]) -> np.ndarray:
    """Return velocities in the levelled body frame, shape (n, 3)."""
    yaws = [yaw_from_quaternion(state.orientation_world) for state in states]
    return np.array(
        [
            rotation_world_from_level(yaw).T @ state.velocity_world
            for yaw, state in zip(yaws, states, strict=True)
        ]
    )


def test_starts_in_the_state_it_is_given(physics):
    physics.clear()
    turned = quaternion_from_euler(0.3, -0.2, 1.1)
    state = VehicleState(
        np.array([1, 2, 3.0]), turned, np.array([4, 5, 6.0]), np.array([1, 2, 3.0])
    )
    quadrotor = Quadrotor(physics)
    quadrotor.spawn(state)
    read = quadrotor.read_state(7.0)
    assert read.position_world == pytest.approx([1, 2, 3])
    assert read.orientation_world == pytest.approx(turned)
    assert read.velocity_world == pytest.approx([4, 5, 6])
    assert read.angular_velocity == pytest.approx([1, 2, 3])


def test_hovers_on_the_spot_without_a_command(fly):
    last = fly(VelocityCommand(), duration=5.0)[-1]
    assert last.position_world == pytest.approx([0, 0, 30], abs=1e-3)
    assert euler_from_quaternion(last.orientation_world) == pytest.approx([0, 0, 0], abs=1e-6)


@pytest.mark.parametrize(
    'command', [(1.5, 0, 0, 0), (-1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, -0.5, 0)]
)
@pytest.mark.parametrize('yaw', [0.0, 2.5])
def test_velocity_settles_on_the_command_without_much_overshoot(fly, command, yaw):
    velocities = level_velocities(fly(VelocityCommand(*command), duration=6.0, yaw=yaw))
    axis = int(np.argmax(np.abs(command)))
    share = velocities[:, axis] / command[axis]
    assert np.argmax(share > 0.9) / PHYSICS_RATE < 1.2
    assert share.max() < 1.2
    assert velocities[-1] == pytest.approx(command[:3], abs=0.03)
    across = np.delete(velocities, axis, axis=1)
    assert np.abs(across).max() < 0.05


def test_response_does_not_depend_on_the_heading(fly):
    command = VelocityCommand(1.0, 0.5, 0.2, 0.0)
    north = fly(command, duration=2.0)[-1]
    turned = fly(command, duration=2.0, yaw=2.0)[-1]
    offset = np.array([0, 0, 30.0])
    back = rotation_world_from_level(2.0).T @ (turned.position_world - offset)
    assert back == pytest.approx(north.position_world - offset, abs=1e-3)


def test_turns_counter_clockwise_at_the_commanded_rate(fly):
    states = fly(VelocityCommand(yaw_rate=1.0), duration=2.0)
    rates = np.array([state.angular_velocity for state in states])
    assert rates[-1] == pytest.approx([0, 0, 1], abs=0.01)
    assert rates[:, 2].max() < 1.1
    # A first-order lag of 1/6 s: two seconds turn by 2 - 1/6 rad.
    yaw = yaw_from_quaternion(states[-1].orientation_world)
    assert yaw == pytest.approx(2 - 1 / 6, abs=0.05)


def test_flies_curves_in_the_frame_of_its_own_heading(fly):
    states = fly(VelocityCommand(vx=1.0, yaw_rate=0.5), duration=5.0)
    velocities = level_velocities(states)
    # The velocity loop of a world frame lags behind a turning wish.
    assert velocities[-1] == pytest.approx([1, 0, 0], abs=0.2)
    assert abs(yaw_from_quaternion(states[-1].orientation_world)) > 2.2


def test_leans_into_its_own_drag(fly):
    # Steady flight: drag 0.25 * 2 N = m g tan(pitch), nose down, which is positive in REP-103.
    states = fly(VelocityCommand(vx=2.0), duration=8.0)
    pitch = euler_from_quaternion(states[-1].orientation_world)[1]
    wanted = np.arctan(PARAMETERS.drag * 2.0 / (PARAMETERS.mass * GRAVITY))
    assert pitch == pytest.approx(wanted, rel=0.1)


def test_limits_hold_whatever_is_commanded(fly):
    p = PARAMETERS
    states = fly(VelocityCommand(1e6, 1e6, 1e6, 1e6), duration=6.0)
    velocities = np.array([state.velocity_world for state in states])
    assert np.hypot(velocities[:, 0], velocities[:, 1]).max() < 1.15 * p.max_speed
    assert velocities[-1, 2] == pytest.approx(p.max_climb_speed, abs=0.1)
    assert velocities[:, 2].max() < 1.25 * p.max_climb_speed
    assert states[-1].angular_velocity[2] == pytest.approx(p.max_yaw_rate, abs=0.1)
    tilts = [np.hypot(*euler_from_quaternion(s.orientation_world)[:2]) for s in states]
    assert max(tilts) < np.radians(40)


def test_recovers_from_a_push(fly):
    states = fly(VelocityCommand(), duration=12.0, velocity=(3.0, -2.0, 1.0))
    speeds = np.array([np.linalg.norm(state.velocity_world) for state in states])
    # The integral part unwinds slowly, so a little drift stays for some seconds.
    assert speeds[round(2 * PHYSICS_RATE) :].max() < 0.3
    assert speeds[-1] < 0.05


@pytest.mark.parametrize(
    ('velocity', 'command'),
    [
        ((-3.0, 0.0, 0.0), (3.0, 0.0, 0.0)),
        ((0.0, 0.0, 0.0), (3.0, 3.0, 0.0)),
        ((0.0, 0.0, -2.0), (0.0, 0.0, 2.0)),
        ((0.0, 0.0, 2.0), (0.0, 0.0, -2.0)),
    ],
)
def test_integrator_does_not_wind_up_while_the_acceleration_is_clipped(fly, velocity, command):
    # Plain integration overshoots by 5 to 8 % of the change here.
    wanted = np.array(command)
    wanted *= min(1.0, PARAMETERS.max_speed / np.linalg.norm(wanted))
    states = fly(VelocityCommand(*command), duration=8.0, velocity=velocity)
    flown = np.array([state.velocity_world - velocity for state in states])
    change = wanted - velocity
    shares = flown @ change / (change @ change)
    assert shares.max() < 1.015
    assert np.abs(shares[round(4 * PHYSICS_RATE) :] - 1.0).max() < 0.015


def test_integrator_holds_against_a_storm(fly):
    # 14 m/s of wind push by 0.25 * 14 / 2.064 = 1.7 m/s^2, which the integrator has to learn.
    states = fly(VelocityCommand(), duration=20.0, wind=(14.0, 0.0, 0.0))
    assert states[-1].velocity_world == pytest.approx([0, 0, 0], abs=0.01)


def test_thrust_noise_repeats_with_its_seed_and_shakes_little(fly):
    runs = [
        fly(VelocityCommand(), duration=2.0, rng=np.random.default_rng(seed)) for seed in (1, 1, 2)
    ]
    paths = [np.array([state.position_world for state in run]) for run in runs]
    assert np.array_equal(paths[0], paths[1])
    assert not np.array_equal(paths[0], paths[2])
    assert np.abs(paths[0] - paths[0][0]).max() < 0.1
    assert np.ptp(paths[0][:, 2]) > 1e-6


@pytest.mark.parametrize('speed', [4.0, 10.0, 25.0])
@pytest.mark.parametrize('offset', [0.0, 0.28])
def test_no_speed_tunnels_through_a_thin_trunk(physics, fly, make_world, speed, offset):
    world = make_world(Cylinder(x=2.0, y=offset, radius=0.06, height=40.0))
    physics.load(world)
    quadrotor = Quadrotor(physics)
    level = quaternion_from_euler(0, 0, 0)
    quadrotor.spawn(VehicleState(np.array([0, 0, 20.0]), level, np.array([speed, 0, 0])))
    front = PARAMETERS.arm + PARAMETERS.propeller_radius
    for _ in range(round(3 / speed * PHYSICS_RATE)):
        quadrotor.push(VelocityCommand(vx=speed))
        physics.step()
        x = quadrotor.read_state(0.0).position_world[0]
        if physics.has_contact(quadrotor.body):
            break
    assert physics.has_contact(quadrotor.body)
    # Found in the step in which the propellers reach the bark, give or take the engine's margin.
    assert x + front == pytest.approx(1.94, abs=speed / PHYSICS_RATE + 0.06)


@pytest.mark.parametrize(('gap', 'touches'), [(0.04, False), (-0.01, True)])
def test_collides_where_its_propellers_reach(physics, make_world, gap, touches):
    reach = PARAMETERS.arm + PARAMETERS.propeller_radius
    y = PARAMETERS.arm  # abreast of the left rotors
    physics.load(make_world(Cylinder(reach + 0.2 / np.cos(np.pi / 12) + gap, y, 0.2, 10.0)))
    quadrotor = Quadrotor(physics)
    quadrotor.spawn(VehicleState(np.array([0, 0, 3.0])))
    quadrotor.push(VelocityCommand())
    physics.step()
    assert physics.has_contact(quadrotor.body) is touches


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        ({'mass': 0.0}, 'mass must be a finite number in .*, got 0.0'),
        ({'drag': -0.1}, 'drag must be a finite number in .*, got -0.1'),
        ({'velocity_gain': np.nan}, 'velocity_gain must be a finite number in .*, got nan'),
        ({'inertia': (0.02, 0.02)}, r'inertia must have shape \(3,\), got \(2,\)'),
        ({'inertia': (0.02, 0.02, 0.0)}, 'inertia must be a finite number in .*, got 0.0'),
    ],
)
def test_impossible_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        QuadrotorParameters(**parameters)
