# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY, quaternion_from_euler
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.ground_effect import compute_thrust_ratio
from sim.vehicles.quadrotor import Quadrotor, QuadrotorParameters

NEAR = QuadrotorParameters(ground_effect=True)
RADIUS, SPACING = NEAR.propeller_radius, 2 * NEAR.arm


@pytest.mark.parametrize(('radii', 'ratio'), [(0.5, 4 / 3), (1.0, 16 / 15), (2.0, 64 / 63)])
def test_lone_rotor_follows_cheeseman_and_bennett(radii, ratio):
    # 1 / (1 - (R / 4z)^2), other rotors out of reach.
    assert compute_thrust_ratio(radii, 1.0, 1e6) == pytest.approx(ratio, rel=1e-9)


def test_quadrotor_lifts_more_than_its_rotors_alone():
    # By hand at z = 2 R of the x500, R = 0.127 m, d = 0.348 m: 1/64 of the own image, R^2 times
    # 1.0879 beside and (1/2 + 2 * 2) * 0.71783 across.
    assert compute_thrust_ratio(0.254, 0.127, 0.348) == pytest.approx(
        1 / (1 - 1 / 64 - 0.016129 * (1.0879 + 4.5 * 0.71783)), rel=1e-5
    )


def test_effect_is_bounded_on_the_ground_and_fades_with_height():
    heights = np.linspace(-0.1, 5.0, 500)
    ratios = np.array([compute_thrust_ratio(height, RADIUS, SPACING) for height in heights])
    assert ratios.max() == compute_thrust_ratio(RADIUS / 2, RADIUS, SPACING)
    assert ratios.max() < 1.45
    assert (np.diff(ratios[heights > RADIUS / 2]) < 0).all()
    assert 1.0 < ratios[-1] < 1.0005


def measure_throttle(make_world, height: float, parameters: QuadrotorParameters) -> float:
    """Return the share of the full thrust that hovering at a height takes."""
    with Physics() as physics:
        physics.load(make_world())
        quadrotor = Quadrotor(physics, parameters)
        quadrotor.spawn(VehicleState(np.array([0.0, 0.0, height])))
        for _ in range(round(60 * PHYSICS_RATE)):
            error = height - quadrotor.read_state(0.0).position_world[2]
            quadrotor.push(VelocityCommand(vz=2 * error))
            physics.step()
        assert quadrotor.read_state(0.0).position_world[2] == pytest.approx(height, abs=1e-3)
        return float(np.mean(np.square(quadrotor.rotor_speeds)) / parameters.max_rotor_speed**2)


def test_hovering_takes_less_throttle_near_the_ground(make_world):
    low, high = (measure_throttle(make_world, height, NEAR) for height in (0.2, 30.0))
    assert low / high == pytest.approx(1 / compute_thrust_ratio(0.2, RADIUS, SPACING), rel=1e-4)
    assert low < 0.9 * high


def test_ground_changes_nothing_unless_asked_for(make_world):
    plain = QuadrotorParameters()
    full = 4 * plain.thrust_constant * plain.max_rotor_speed**2
    throttle = measure_throttle(make_world, 0.2, plain)
    assert throttle == pytest.approx(plain.mass * GRAVITY / full, rel=1e-6)


def test_ground_levels_a_tilted_quadrotor(make_world):
    # The lower rotors lift more: rolled to the right, the first push turns it back to the left.
    rates = []
    for parameters in (NEAR, QuadrotorParameters()):
        with Physics() as physics:
            physics.load(make_world())
            quadrotor = Quadrotor(physics, parameters)
            rolled = quaternion_from_euler(np.radians(15), 0, 0)
            quadrotor.spawn(VehicleState(np.array([0.0, 0.0, 0.25]), rolled))
            quadrotor.push(VelocityCommand())
            physics.step()
            rates.append(quadrotor.read_state(0.0).angular_velocity[0])
    assert rates[0] < rates[1]
