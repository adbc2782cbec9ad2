# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The quadrotor obeys the laws that need no controller: falling, drag, energy, contact."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.quadrotor import Quadrotor, QuadrotorParameters
from sim.vehicles.vehicle import Condition
from sim.worlds.world import Box, Cylinder

STEP = 1.0 / PHYSICS_RATE
PARAMETERS = QuadrotorParameters()
REACH = PARAMETERS.arm + PARAMETERS.propeller_radius
DEAD = QuadrotorParameters(max_rotor_speed=0.0, drag=0.0)
SOLIDS = {
    'wall': Box(2.0, 0.0, length=0.1, width=4.0, height=40.0),
    'trunk': Cylinder(2.0, 0.0, radius=0.075, height=40.0),
}


@pytest.fixture(scope='module')
def physics() -> Iterator[Physics]:
    with Physics() as physics:
        yield physics


def throw(physics, duration, position, velocity=(0, 0, 0), rates_world=(0, 0, 0), drag=0.0):
    """Return the states of a quadrotor whose rotors stand still."""
    quadrotor = Quadrotor(physics, replace(DEAD, drag=drag))
    quadrotor.spawn(VehicleState(np.array(position, float)))
    physics.client.resetBaseVelocity(quadrotor.body, list(velocity), list(rates_world))
    states = [quadrotor.read_state(0.0)]
    for step in range(round(duration * PHYSICS_RATE)):
        quadrotor.push(VelocityCommand(vz=1.0))
        physics.step()
        states.append(quadrotor.read_state((step + 1) * STEP))
    return states


def measure_energy(state: VehicleState) -> float:
    """Return potential and kinetic energy [J]."""
    return float(
        PARAMETERS.mass * GRAVITY * state.position_world[2]
        + PARAMETERS.mass * state.velocity_world @ state.velocity_world / 2
        + np.array(PARAMETERS.inertia) @ state.angular_velocity**2 / 2
    )


def test_falls_freely_without_thrust(physics, make_world):
    physics.load(make_world())
    states = throw(physics, 2.0, (0, 0, 50), velocity=(3, 0, 4))
    last = states[-1]
    # Semi-implicit Euler falls g t dt / 2 further than the parabola.
    height = 50 + 4 * 2 - GRAVITY * 2**2 / 2 - GRAVITY * 2 * STEP / 2
    assert last.position_world == pytest.approx([6, 0, height], abs=1e-9)
    assert last.velocity_world == pytest.approx([3, 0, 4 - 2 * GRAVITY], abs=1e-9)
    # It loses m (g dt)^2 / 2 in every step, 1.7 mJ, and nothing else.
    lost = measure_energy(states[0]) - measure_energy(last)
    assert lost == pytest.approx(PARAMETERS.mass * (GRAVITY * STEP) ** 2 / 2 * 480, rel=1e-6)


@pytest.mark.parametrize('drag', [0.25, 1.0, 8.0])
def test_fall_approaches_the_terminal_speed_of_its_drag(physics, make_world, drag):
    physics.load(make_world())
    lag = PARAMETERS.mass / drag
    states = throw(physics, 5.0, (0, 0, 200), drag=drag)
    times = np.array([state.stamp for state in states])
    speeds = np.array([-state.velocity_world[2] for state in states])
    expected = PARAMETERS.mass * GRAVITY / drag * (1 - np.exp(-times / lag))
    assert speeds == pytest.approx(expected, rel=STEP / lag, abs=GRAVITY * STEP)


def test_fall_ends_at_the_terminal_speed(physics, make_world):
    physics.load(make_world())
    last = throw(physics, 6.0, (0, 0, 50), drag=8.0)[-1]
    assert last.velocity_world == pytest.approx([0, 0, -PARAMETERS.mass * GRAVITY / 8], rel=1e-6)


@pytest.mark.parametrize('condition', [Condition(), Condition(1.2, 0.9), Condition(0.8, 1.1)])
def test_hovers_with_the_thrust_that_balances_its_weight(physics, make_world, condition):
    physics.load(make_world())
    quadrotor = Quadrotor(physics)
    quadrotor.spawn(VehicleState(np.array([0.0, 0.0, 30.0])), condition)
    for _ in range(round(5 * PHYSICS_RATE)):
        quadrotor.push(VelocityCommand())
        physics.step()
    thrust = PARAMETERS.thrust_constant * np.sum(np.square(quadrotor.rotor_speeds))
    weight = condition.mass_factor * PARAMETERS.mass * GRAVITY
    assert condition.thrust_factor * thrust == pytest.approx(weight, rel=1e-5)
    assert quadrotor.read_state(0.0).position_world[2] == pytest.approx(30.0, abs=1e-3)


@pytest.mark.parametrize('drag', [0.0, 0.25])
@pytest.mark.parametrize('rates_world', [(0, 0, 0), (5, -3, 2), (0, 12, 1)])
def test_energy_never_grows_without_thrust(physics, make_world, drag, rates_world):
    # Thrown at a wall, it tumbles, hits it, falls to the ground and comes to rest.
    physics.load(make_world(Box(4.0, 0.0, 0.5, 6.0, 8.0)))
    states = throw(physics, 5.0, (0, 0, 3), (6, 1, 2), rates_world, drag)
    energies = np.array([measure_energy(state) for state in states])
    in_flight = energies[: round(0.4 * PHYSICS_RATE)]
    assert np.diff(in_flight).max() < 0.0
    # In contact Bullet pushes overlapping bodies apart, which is worth a hundredth.
    assert (energies - np.minimum.accumulate(energies)).max() < 0.02 * energies[0]
    assert energies[-1] < 0.1 * energies[0]


@pytest.mark.parametrize('height', [4.0, 20.0])
@pytest.mark.parametrize('lean', [0.0, 0.5])
@pytest.mark.parametrize('solid', SOLIDS.values(), ids=SOLIDS)
def test_nothing_is_flown_through_at_ten_metres_a_second(physics, make_world, solid, lean, height):
    physics.load(make_world(solid))
    quadrotor = Quadrotor(physics)
    quadrotor.spawn(VehicleState(np.array([0.0, 0.0, height])))
    physics.client.resetBaseVelocity(quadrotor.body, [10.0, 0.0, 0.0], [0.0, lean, lean])
    touched, places = False, []
    for _ in range(round(1.0 * PHYSICS_RATE)):
        quadrotor.push(VelocityCommand(vx=10.0))
        physics.step()
        touched = touched or physics.has_contact(quadrotor.body)
        places.append(quadrotor.read_state(0.0).position_world[0])
    assert touched
    # It came up to the obstacle and did not stop in the air before.
    assert 1.9 - np.sqrt(2) * REACH < max(places) < 1.925


@pytest.mark.parametrize('seed', range(10))
@pytest.mark.parametrize('solid', SOLIDS.values(), ids=SOLIDS)
def test_contact_is_seen_before_a_tumbling_body_is_halfway_in(physics, make_world, solid, seed):
    rng = np.random.default_rng(seed)
    physics.load(make_world(solid))
    quadrotor = Quadrotor(physics, DEAD)
    orientation = rng.standard_normal(4)
    orientation /= np.linalg.norm(orientation)
    quadrotor.spawn(VehicleState(np.array([0.0, 0.0, 10.0]), orientation))
    rates = 8.0 * rng.standard_normal(3)
    physics.client.resetBaseVelocity(quadrotor.body, [10.0, 0.0, 0.0], rates.tolist())
    place = 0.0
    while place < 2.0 and not physics.has_contact(quadrotor.body):
        quadrotor.push(VelocityCommand())
        physics.step()
        place = quadrotor.read_state(0.0).position_world[0]
    assert place < 1.95
