# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VehicleState
from sim.environment import TaskEnv
from sim.experts.drive_to_target import BAND, DriveToTargetExpert, DrivingParameters
from sim.obstacles import Obstacles
from sim.simulation import SimulationSettings
from sim.tasks.drive_to_target import DriveToTarget
from sim.tasks.reach_target import ReachProgress
from sim.tasks.task import Outcome, Situation, Trial
from sim.vehicles import VEHICLES
from sim.worlds.world import Box, Cylinder, World

TASK = DriveToTarget()
PARAMETERS = DrivingParameters()
HEIGHT = VEHICLES['rover'].rest_height


def make_trial(world: World, yaw: float = 0.0) -> Trial:
    return Trial(0, world, yaw, HEIGHT, time_limit=45.0, band=BAND)


def place(x: float, y: float, yaw: float = 0.0) -> VehicleState:
    return VehicleState(np.array([x, y, HEIGHT]), quaternion_from_euler(0, 0, yaw))


def judge(trial: Trial, states: list[VehicleState]) -> list[ReachProgress]:
    """Return the progress after each of the states, seen at 20 Hz."""
    progress, seen = TASK.begin(trial, states[0]), []
    for i, state in enumerate(states):
        progress = TASK.judge(trial, progress, Situation(replace(state, stamp=0.05 * (i + 1))))
        seen.append(progress)
    return seen


@pytest.fixture
def bare_env(make_world, monkeypatch):
    """Return a function that makes an environment of a bare world with these solids."""
    made = []

    def make(*solids, yaw: float = 0.0) -> TaskEnv:
        trial = make_trial(make_world(*solids), yaw)
        monkeypatch.setattr(DriveToTarget, 'sample', lambda task, seed: trial)
        made.append(TaskEnv(TASK, settings=SimulationSettings(renderer='none')))
        return made[-1]

    yield make
    for env in made:
        env.close()


def drive(env: TaskEnv, seed: int = 0) -> tuple[dict, list[float]]:
    """Let the expert drive; return the last info and the smallest clearances on the way."""
    env.reset(seed=seed)
    is_over, clearances = False, []
    while not is_over:
        *_, terminated, truncated, info = env.step(env.expert_command())
        clearances.append(info['clearance'])
        is_over = terminated or truncated
    return info, clearances


def test_success_comes_after_two_slow_seconds_near_the_target(make_world):
    trial = make_trial(make_world())
    far, near = place(4.0, 0.0), place(8.0, 0.0)
    outcomes = [p.outcome for p in judge(trial, [far] * 10 + [near] * 40)]
    assert outcomes == [None] * 49 + [Outcome.SUCCESS]
    fast = replace(near, velocity_world=np.array([0.6, 0.0, 0.0]))
    assert judge(trial, [fast] * 100)[-1].held == 0.0


@pytest.mark.parametrize(('roll', 'pitch'), [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)])
def test_leaning_by_more_than_sixty_degrees_is_a_collision(make_world, roll, pitch):
    trial = make_trial(make_world())
    for angle, outcome in ((59.0, None), (61.0, Outcome.COLLISION), (180.0, Outcome.COLLISION)):
        lean = np.deg2rad(angle)
        turned = quaternion_from_euler(lean * roll, lean * pitch, 0.7)
        state = replace(place(4.0, 0.0), orientation_world=turned)
        assert judge(trial, [state])[0].outcome is outcome


def test_time_runs_out_at_the_limit(make_world):
    outcomes = [p.outcome for p in judge(make_trial(make_world()), [place(4.0, 0.0)] * 900)]
    assert outcomes == [None] * 899 + [Outcome.TIME_LIMIT]


def test_kerbs_are_in_the_way_of_a_rover_and_crowns_are_not(make_world):
    kerb = Box(5.0, 0.0, 1.0, 8.0, height=0.12)
    crown = Cylinder(2.0, 0.0, 1.0, 2.0, bottom=2.5)
    obstacles = Obstacles(make_world(kerb, crown), *BAND)
    assert obstacles.distance(np.array([[2.0, 0.0]])) == pytest.approx([2.5])


def test_trials_keep_to_their_ranges_and_repeat():
    trials = [TASK.sample(seed) for seed in range(5)]
    distances = [np.hypot(*trial.world.layout.target) for trial in trials]
    assert all(8 <= distance <= 14 for distance in distances)
    assert np.ptp(distances) > 1.0
    assert all(abs(trial.yaw) <= 0.45 and trial.time_limit == 45.0 for trial in trials)
    assert all(trial.altitude == HEIGHT for trial in trials)
    assert TASK.sample(3).world.solids == trials[3].world.solids != trials[4].world.solids


@pytest.mark.parametrize('world', ['forest', 'urban'])
def test_seasons_of_a_seed_have_the_same_solids(world):
    one, *others = (DriveToTarget(world, s).sample(2) for s in ('summer', 'winter', 'dusk'))
    assert all(other.world.solids == one.world.solids for other in others)


def test_world_that_a_kerb_closes_is_drawn_again(make_world, monkeypatch):
    closed = make_world(Box(5.0, 0.0, 0.3, 60.0, height=0.12))
    narrow = make_world(*(Box(5.0, side * 15.5, 0.3, 30.0, height=0.12) for side in (-1, 1)))
    wide = make_world(*(Box(5.0, side * 15.7, 0.3, 30.0, height=0.12) for side in (-1, 1)))
    worlds = [closed, narrow, wide, make_world()]
    monkeypatch.setattr('sim.tasks.task.build_world', lambda *_: worlds.pop(0))
    assert TASK.sample(0).world is wide


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'world': 'road'}, r"world (of drive_to_target )?must be one of .*, got 'road'"),
        ({'reach': -1.0}, 'reach must be .* got -1.0'),
        ({'time_limit': float('nan')}, 'time_limit must be .* got nan'),
    ],
)
def test_impossible_tasks_are_errors_when_they_are_made(change, message):
    with pytest.raises(ValueError, match=message):
        DriveToTarget(**change)


@pytest.mark.parametrize('yaw', [0.0, 0.45, 3.0])
def test_expert_reaches_the_target_in_the_open(bare_env, yaw):
    info, _ = drive(bare_env(yaw=yaw))
    assert info['outcome'] == 'success'
    assert info['time'] < 16.0


def test_expert_drives_around_a_trunk_and_through_a_gap_in_a_kerb(bare_env):
    kerbs = [Box(6.0, side * 6.0, 0.3, 10.0, height=0.12) for side in (-1, 1)]
    info, clearances = drive(bare_env(Cylinder(3.0, 0.05, 0.3, 8.0), *kerbs))
    assert info['outcome'] == 'success'
    assert min(clearances) > 0.4


def test_rover_that_drives_into_a_kerb_has_collided(bare_env):
    env = bare_env(Box(2.0, 0.0, 0.3, 8.0, height=0.12))
    env.reset(seed=0)
    terminated = truncated = False
    while not (terminated or truncated):
        *_, terminated, truncated, info = env.step(np.array([1.0, 0, 0, 0]))
    assert info['outcome'] == 'collision'
    assert info['position'][0] == pytest.approx(1.6, abs=0.1)


@pytest.mark.parametrize(('yaw', 'sign'), [(0.5, -1), (-0.5, 1), (3.0, -1), (-3.0, 1)])
def test_expert_turns_towards_the_path_the_short_way(make_world, yaw, sign):
    command = DriveToTargetExpert(make_world())(place(0.0, 0.0, yaw))
    assert np.sign(command.yaw_rate) == sign
    assert abs(command.yaw_rate) <= PARAMETERS.max_yaw_rate
    is_turning_on_the_spot = command.vx == 0.0
    assert is_turning_on_the_spot == (abs(yaw) > PARAMETERS.turn_on_spot)
    assert (command.vy, command.vz) == (0.0, 0.0)


def test_expert_is_slow_between_trunks(make_world):
    gate = [Cylinder(2.0, side, 0.3, 8.0) for side in (0.9, -0.9)]
    narrow = DriveToTargetExpert(make_world(*gate))(place(1.5, 0.0))
    wide = DriveToTargetExpert(make_world())(place(1.5, 0.0))
    assert narrow.vx < 0.9
    assert wide.vx == pytest.approx(PARAMETERS.cruise_speed, abs=0.02)


def test_expert_stops_before_the_target_and_backs_off_when_too_near(make_world):
    expert = DriveToTargetExpert(make_world())
    there = expert(place(10.0 - PARAMETERS.stop_distance, 0.0))
    assert there.to_array() == pytest.approx([0, 0, 0, 0], abs=1e-6)
    assert expert(place(9.2, 0.0)).vx == pytest.approx(-0.3)


def test_expert_has_no_memory(make_world):
    expert = DriveToTargetExpert(make_world(Cylinder(5.0, 0.05, 0.3, 8.0)))
    first = expert(place(2.0, 1.0))
    expert(place(7.0, -1.0))
    assert expert(place(2.0, 1.0)) == first


@pytest.mark.parametrize('world', ['forest', 'urban'])
def test_expert_succeeds_where_policies_are_judged(small_settings, world):
    env = TaskEnv(DriveToTarget(world), settings=replace(small_settings, renderer='none'))
    info, clearances = drive(env, seed=2_000_000)
    env.close()
    assert info['outcome'] == 'success'
    assert min(clearances) > 0.35
