# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.messages import VehicleState
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.reach_target import ReachProgress
from sim.tasks.task import Outcome, Situation, Trial

TASK = FlyToTarget()
# The target of the bare world stands at x = 10 with its middle at z = 0.45.
NEAR = (8.0, 0.0, 1.5)
FAR = (4.0, 0.0, 1.5)


@pytest.fixture
def trial(make_world) -> Trial:
    world = make_world(area=(-5.0, 15.0, -6.0, 6.0))
    return Trial(seed=0, world=world, yaw=0.0, altitude=1.5, time_limit=30.0, band=(0.9, 2.1))


def judge(trial, places, speeds=None, has_collided=False, task=TASK) -> list[ReachProgress]:
    """Return the progress after each of the places, seen at 20 Hz."""
    progress, seen = ReachProgress(), []
    for i, place in enumerate(places):
        velocity = np.array([0.0, (speeds or {}).get(i, 0.0), 0.0])
        state = VehicleState(np.array(place), velocity_world=velocity, stamp=0.05 * (i + 1))
        progress = task.judge(trial, progress, Situation(state, has_collided))
        seen.append(progress)
    return seen


def test_success_comes_after_two_seconds_at_the_target(trial):
    outcomes = [p.outcome for p in judge(trial, [FAR] * 10 + [NEAR] * 40)]
    assert outcomes == [None] * 49 + [Outcome.SUCCESS]


def test_reach_is_measured_to_the_middle_of_the_target_in_space(trial):
    # sqrt(2.5^2 - 1.05^2) = 2.2687 m away on the ground is 2.5 m in space.
    inside, outside = 10 - 2.26, 10 - 2.28
    assert judge(trial, [(inside, 0, 1.5)] * 40)[-1].outcome is Outcome.SUCCESS
    assert judge(trial, [(outside, 0, 1.5)] * 100)[-1].held == 0.0


@pytest.mark.parametrize('interruption', ['leaves', 'hurries'])
def test_an_interruption_starts_the_two_seconds_again(trial, interruption):
    places = [NEAR] * 39 + [FAR if interruption == 'leaves' else NEAR] + [NEAR] * 40
    speeds = {39: 0.6} if interruption == 'hurries' else {}
    progress = judge(trial, places, speeds)
    assert progress[38].held == pytest.approx(1.95)
    assert progress[39].held == 0.0
    assert [p.outcome for p in progress[:-1]] == [None] * 79
    assert progress[-1].outcome is Outcome.SUCCESS


def test_half_a_metre_a_second_is_too_fast_and_less_is_slow_enough(trial):
    assert judge(trial, [NEAR] * 40, dict.fromkeys(range(40), 0.51))[-1].held == 0.0
    assert judge(trial, [NEAR] * 40, dict.fromkeys(range(40), 0.49))[-1].outcome


def test_without_a_time_to_hold_the_vehicle_must_still_be_there_and_slow(trial):
    task = FlyToTarget(hold=0.0)
    progress = judge(trial, [FAR, NEAR, NEAR], speeds={1: 0.6}, task=task)
    assert [p.outcome for p in progress] == [None, None, Outcome.SUCCESS]


def test_collision_beats_success(trial):
    held = judge(trial, [NEAR] * 39)[-1]
    state = VehicleState(np.array(NEAR), stamp=2.0)
    assert (
        TASK.judge(trial, held, Situation(state, has_collided=True)).outcome is Outcome.COLLISION
    )


@pytest.mark.parametrize(
    'place', [(-5.1, 0, 1), (15.1, 0, 1), (0, -6.1, 1), (0, 6.1, 1), (0, 0, 7)]
)
def test_leaving_the_area_ends_the_trial(trial, place):
    assert judge(trial, [place])[0].outcome is Outcome.OUT_OF_AREA


def test_time_runs_out_at_the_limit(trial):
    outcomes = [p.outcome for p in judge(trial, [FAR] * 600)]
    assert outcomes[:-1] == [None] * 599
    assert outcomes[-1] is Outcome.TIME_LIMIT


def test_an_outcome_is_final(trial):
    assert judge(trial, [(0, 0, 9.0)] + [NEAR] * 60)[-1].outcome is Outcome.OUT_OF_AREA


def test_same_seed_gives_the_same_trial_and_another_one_differs():
    first, again, other = (TASK.sample(seed) for seed in (7, 7, 8))
    assert first.world.solids == again.world.solids
    assert (first.yaw, first.altitude) == (again.yaw, again.altitude)
    assert first.world.layout == again.world.layout
    assert first.yaw != other.yaw
    assert first.world.solids != other.world.solids


def test_trials_keep_to_the_ranges_of_the_protocol():
    trials = [TASK.sample(seed) for seed in range(6)]
    distances = [np.hypot(*trial.world.layout.target) for trial in trials]
    assert all(8 <= distance <= 14 for distance in distances)
    assert all(abs(trial.yaw) <= 0.45 for trial in trials)
    assert all(1.3 <= trial.altitude <= 1.7 for trial in trials)
    assert all(trial.time_limit == 30.0 for trial in trials)
    assert np.ptp(distances) > 1.0


def test_time_limit_grows_with_a_longer_way():
    task = FlyToTarget(min_distance=28.0, max_distance=28.0)
    assert task.sample(0).time_limit == pytest.approx(60.0)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'min_distance': 1.0}, 'min_distance must be .* got 1.0'),
        ({'max_distance': 7.0}, 'max_distance must be .* got 7.0'),
        ({'max_heading_error': 4.0}, 'max_heading_error must be'),
        ({'time_limit': 0.0}, 'time_limit must be'),
        ({'hold': -1.0}, 'hold must be'),
        ({'hold': float('nan')}, 'hold must be'),
        ({'reach': 0.0}, 'reach must be'),
        ({'slow': 0.0}, 'slow must be'),
        ({'world': 'sea'}, r"world must be one of \[.*'urban'.*, got 'sea'"),
        ({'season': 'spring'}, r"season must be one of .*'winter'.*, got 'spring'"),
    ],
)
def test_impossible_tasks_are_errors_when_they_are_made(change, message):
    with pytest.raises(ValueError, match=message):
        FlyToTarget(**change)
