# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY, quaternion_from_euler
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.disturbances import BatterySag, GustingWind, MassChange, join_conditions
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.quadrotor import Quadrotor
from sim.vehicles.vehicle import Condition

MASS, DRAG, THRUST_CONSTANT = 2.064, 0.25, 8.54858e-06
UPRIGHT = quaternion_from_euler(0, 0, 0)


@pytest.fixture
def hover(make_world):
    """Return a function that flies a command for some seconds: speeds [m/s], last thrust [N]."""

    def hover(condition=None, wind=(0.0, 0.0, 0.0), command=None, duration=3.0):
        with Physics() as physics:
            physics.load(make_world())
            quadrotor = Quadrotor(physics)
            quadrotor.spawn(VehicleState(np.array([0, 0, 9.0]), UPRIGHT), condition)
            velocities = []
            for _ in range(round(duration * PHYSICS_RATE)):
                quadrotor.push(command or VelocityCommand(), None, wind)
                physics.step()
                velocities.append(quadrotor.read_velocity())
            rotation, _ = quadrotor.read_attitude()
            asked = THRUST_CONSTANT * sum(speed**2 for speed in quadrotor._rotor_speeds)
        return np.array(velocities), asked, rotation

    return hover


@pytest.mark.parametrize('factor', [0.7, 1.3])
def test_hover_thrust_is_that_of_the_changed_mass(hover, factor):
    velocities, thrust, _ = hover(MassChange(factor).condition)
    assert thrust == pytest.approx(factor * MASS * GRAVITY, rel=1e-3)
    # The autopilot has hovered before: the vehicle does not fall when the episode begins.
    assert abs(velocities[:, 2]).max() < 0.02


def test_sagging_battery_needs_more_throttle_for_the_same_thrust(hover):
    velocities, asked, _ = hover(BatterySag(0.2).condition)
    assert asked == pytest.approx(MASS * GRAVITY / 0.8, rel=1e-3)
    assert abs(velocities[:, 2]).max() < 0.02


def test_heavy_vehicle_climbs_more_slowly(hover):
    climb = VelocityCommand(vz=1.0)
    nominal, *_ = hover(command=climb, duration=0.25)
    heavy, *_ = hover(MassChange(1.3).condition, command=climb, duration=0.25)
    assert 0.3 < heavy[-1, 2] < 0.9 * nominal[-1, 2]


def test_weight_beyond_all_thrust_sinks(hover):
    condition = join_conditions((MassChange(1.5), BatterySag(0.5)))
    assert condition == Condition(1.5, 0.5)
    # 0.5 * 4 * 8.54858 N of thrust against 1.5 * 2.064 kg of mass.
    velocities, *_ = hover(condition, duration=0.5)
    assert velocities[-1, 2] == pytest.approx(0.5 * (17.1 / 3.096 - GRAVITY), rel=0.05)


def test_steady_wind_is_held_by_leaning_into_it(hover):
    velocities, _, rotation = hover(wind=(6.0, 0.0, 0.0), duration=12.0)
    assert abs(velocities[-1]).max() < 0.03
    # Thrust leans against the wind by drag over weight.
    assert rotation[0, 2] / rotation[2, 2] == pytest.approx(-6 * DRAG / (MASS * GRAVITY), rel=0.05)


def test_gusts_have_their_standard_deviation_and_correlation_time():
    wind, rng = GustingWind(4.0, gust=2.0, correlation_time=0.5), np.random.default_rng(0)
    gusts = [wind.start_gust(rng)]
    for _ in range(40_000):
        gusts.append(wind.advance_gust(gusts[-1], 0.05, rng))
    series = np.array(gusts)
    assert series.std(axis=0) == pytest.approx([2.0, 2.0, 1.0], rel=0.05)
    assert series.mean(axis=0) == pytest.approx([0, 0, 0], abs=0.1)
    later = [np.corrcoef(series[:-10, i], series[10:, i])[0, 1] for i in range(3)]
    assert later == pytest.approx([np.exp(-1.0)] * 3, abs=0.05)


def test_gusts_do_not_depend_on_the_step_in_their_spread():
    wind, rng = GustingWind(gust=1.0, correlation_time=0.1), np.random.default_rng(1)
    ends = [wind.advance_gust(np.zeros(3), 1000.0, rng) for _ in range(2000)]
    assert np.std(ends, axis=0) == pytest.approx([1.0, 1.0, 0.5], rel=0.06)


def test_mean_wind_blows_level_at_its_speed_from_anywhere():
    rng = np.random.default_rng(0)
    means = np.array([GustingWind(4.0).draw_mean(rng) for _ in range(200)])
    assert np.hypot(means[:, 0], means[:, 1]) == pytest.approx(4.0)
    assert not means[:, 2].any()
    assert abs(means.mean(axis=0)).max() < 0.7


def test_wind_pushes_the_vehicle_of_an_episode(make_env):
    positions = []
    for disturbances in ((), (GustingWind(6.0, 3.0),)):
        env = make_env(*disturbances)
        env.reset(seed=0)
        for _ in range(10):
            info = env.step(np.zeros(4))[4]
        positions.append(info['position'])
    assert 0.01 < np.linalg.norm(positions[1] - positions[0]) < 1.0
