# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VehicleState
from lnn_control.evaluation.trial import run_trial
from lnn_control.policies.references import ExpertPolicy
from sim.environment import TaskEnv
from sim.experts.fly_to_target import ExpertParameters, FlyToTargetExpert
from sim.simulation import Simulation, SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.reach_target import ReachProgress
from sim.tasks.task import Outcome, Situation, Trial
from sim.worlds.world import Cylinder, World

PARAMETERS = ExpertParameters()


def place(x: float, y: float, z: float = 1.5, yaw: float = 0.0) -> VehicleState:
    return VehicleState(np.array([x, y, z]), quaternion_from_euler(0, 0, yaw))


def fly(world: World, yaw: float = 0.0) -> tuple[ReachProgress, list[float]]:
    """Let the expert fly a bare world; return how it ended and the speeds on the way."""
    task = FlyToTarget()
    trial = Trial(seed=0, world=world, yaw=yaw, altitude=1.5, time_limit=30.0, band=(0.9, 2.1))
    simulation = Simulation(SimulationSettings(renderer='none'))
    simulation.reset(world, seed=0, yaw=yaw)
    expert, progress, speeds = FlyToTargetExpert(world), ReachProgress(), []
    while progress.outcome is None:
        simulation.advance(expert(simulation.state), 0.05)
        situation = Situation(simulation.state, simulation.has_collided)
        progress = task.judge(trial, progress, situation)
        speeds.append(float(np.linalg.norm(simulation.state.velocity_world)))
    simulation.close()
    return progress, speeds


@pytest.mark.parametrize('yaw', [0.0, 0.45, -2.5])
def test_reaches_the_target_in_the_open(make_world, yaw):
    progress, speeds = fly(make_world(), yaw)
    assert progress.outcome is Outcome.SUCCESS
    assert progress.time < 16.0
    assert max(speeds) < PARAMETERS.cruise_speed + 0.3


def test_flies_around_a_trunk_in_its_way(make_world):
    progress, _ = fly(make_world(Cylinder(5.0, 0.05, 0.3, 8.0)))
    assert progress.outcome is Outcome.SUCCESS


def test_slows_down_between_trunks(make_world):
    gate = [Cylinder(2.0, side, 0.3, 8.0) for side in (1.0, -1.0)]
    narrow = FlyToTargetExpert(make_world(*gate))(place(1.5, 0.0))
    wide = FlyToTargetExpert(make_world())(place(1.5, 0.0))
    assert narrow.vx < 1.0
    assert wide.vx == pytest.approx(PARAMETERS.cruise_speed, abs=0.01)


def test_hovers_before_the_target_and_backs_off_when_too_near(make_world):
    expert = FlyToTargetExpert(make_world(target=(10.0, 0.0)))
    hover = expert(place(10.0 - PARAMETERS.stop_distance, 0.0))
    assert hover.to_array() == pytest.approx([0, 0, 0, 0], abs=1e-6)
    assert expert(place(9.0, 0.0)).vx == pytest.approx(-0.3)


def test_braking_keeps_to_the_deceleration(make_world):
    expert = FlyToTargetExpert(make_world(target=(10.0, 0.0)))
    for remaining in (0.2, 0.5, 1.0, 1.8):
        speed = expert(place(10.0 - PARAMETERS.stop_distance - remaining, 0.0)).vx
        assert 0 < speed <= np.sqrt(2 * PARAMETERS.braking * remaining) + 1e-9


@pytest.mark.parametrize(('yaw', 'sign'), [(0.5, -1), (-0.5, 1), (3.0, -1), (-3.0, 1)])
def test_turns_to_look_at_the_target_the_short_way(make_world, yaw, sign):
    command = FlyToTargetExpert(make_world())(place(0.0, 0.0, yaw=yaw))
    assert np.sign(command.yaw_rate) == sign
    assert abs(command.yaw_rate) <= PARAMETERS.max_yaw_rate


def test_velocity_is_in_the_body_frame(make_world):
    expert = FlyToTargetExpert(make_world(target=(10.0, 0.0)))
    command = expert(place(0.0, 0.0, yaw=np.pi / 2))
    assert command.vx == pytest.approx(0.0, abs=0.05)
    assert command.vy == pytest.approx(-PARAMETERS.cruise_speed, abs=0.05)


def test_holds_its_height(make_world):
    expert = FlyToTargetExpert(make_world())
    assert expert(place(0, 0, z=1.3)).vz == pytest.approx(0.2)
    assert expert(place(0, 0, z=4.0)).vz == pytest.approx(-0.5)


def test_has_no_memory(make_world):
    expert = FlyToTargetExpert(make_world(Cylinder(5.0, 0.05, 0.3, 8.0)))
    first = expert(place(2.0, 1.0))
    expert(place(7.0, -1.0))
    assert expert(place(2.0, 1.0)) == first


@pytest.mark.parametrize('world', ['forest', 'urban'])
def test_succeeds_where_policies_are_judged(small_settings, world):
    env = TaskEnv(task=FlyToTarget(world=world), settings=small_settings)
    for seed in (2_000_000, 2_000_001):
        result = run_trial(env, ExpertPolicy(env), seed)
        assert result.outcome == 'success'
        assert result.clearance > 0.35
    env.close()
