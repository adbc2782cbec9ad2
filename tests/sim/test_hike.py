# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lnn_control.core.messages import VehicleState
from sim.environment import TaskEnv
from sim.experts.fly_to_target import FlyToTargetExpert
from sim.experts.hike import HikeExpert
from sim.simulation import SimulationSettings
from sim.tasks.hike import Hike, HikeProgress
from sim.tasks.task import Outcome, Situation, Trial
from sim.worlds.world import Cylinder

TASK = Hike()
STOPS = ((10.0, 0.0), (18.0, 4.0), (18.0, 14.0))


@pytest.fixture
def make_trial(make_world):
    """Return a function that makes a trial with three targets in a bare world."""

    def make(*solids) -> Trial:
        world = make_world(*solids, area=(-10.0, 40.0, -20.0, 30.0))
        layout = replace(world.layout, stops=STOPS[1:])
        world = replace(world, layout=layout)
        return Trial(0, world, yaw=0.0, altitude=1.5, time_limit=150.0, band=(0.9, 2.1))

    return make


def judge(trial, places, speed=0.0, has_collided=False, task=TASK) -> list[HikeProgress]:
    """Return the progress after each of the places on the ground, seen at 20 Hz."""
    progress, seen = task.begin(trial, VehicleState(np.array([0.0, 0.0, 1.5]))), []
    for i, place in enumerate(places):
        velocity = np.array([0.0, speed, 0.0])
        position = np.array([*place, 1.5])
        state = VehicleState(position, velocity_world=velocity, stamp=0.05 * (i + 1))
        progress = task.judge(trial, progress, Situation(state, has_collided))
        seen.append(progress)
    return seen


def near(stop: int) -> tuple[float, float]:
    return STOPS[stop][0] - 2.0, STOPS[stop][1]


def test_half_a_second_at_a_target_makes_it_appear_at_the_next_place(make_trial):
    trial = make_trial()
    seen = judge(trial, [near(0)] * 10)
    assert [progress.reached for progress in seen] == [0] * 9 + [1]
    poses = [TASK.place_target(trial, progress) for progress in seen]
    assert [(pose.x, pose.y) for pose in poses] == [STOPS[0]] * 9 + [STOPS[1]]
    # The middle of the target lies 1.05 m below the vehicle.
    distances = [progress.distance for progress in seen[-2:]]
    assert distances == pytest.approx([np.hypot(2.0, 1.05), np.linalg.norm([10.0, 4.0, 1.05])])
    assert seen[-1].held == 0.0


def test_the_last_target_ends_the_hike(make_trial):
    trial = make_trial()
    seen = judge(trial, [near(0)] * 10 + [near(1)] * 10 + [near(2)] * 10)
    assert [progress.outcome for progress in seen] == [None] * 29 + [Outcome.SUCCESS]
    assert TASK.measure(trial, seen[-1]) == {'targets_reached': 3.0}
    pose = TASK.place_target(trial, seen[-1])
    assert (pose.x, pose.y) == STOPS[2]


def test_without_a_time_to_hold_each_target_must_still_be_reached(make_trial):
    seen = judge(make_trial(), [(0.0, 0.0), near(0), near(0), near(1)], task=Hike(hold=0.0))
    assert [progress.reached for progress in seen] == [0, 1, 1, 2]


def test_targets_count_in_their_order_only(make_trial):
    assert judge(make_trial(), [near(1)] * 40 + [near(2)] * 40)[-1].reached == 0


def test_passing_by_is_not_reaching(make_trial):
    assert judge(make_trial(), [near(0)] * 40, speed=0.51)[-1].reached == 0
    assert judge(make_trial(), [near(0)] * 40, speed=0.49)[-1].reached == 1
    broken = ([near(0)] * 9 + [(0.0, 0.0)]) * 4
    assert judge(make_trial(), broken)[-1].reached == 0


def test_time_runs_out_with_what_was_reached(make_trial):
    trial = replace(make_trial(), time_limit=2.0)
    seen = judge(trial, [near(0)] * 40)
    assert [progress.outcome for progress in seen[-2:]] == [None, Outcome.TIME_LIMIT]
    assert seen[-1].reached == 1


def test_collision_beats_the_last_target_and_an_outcome_is_final(make_trial):
    trial = make_trial()
    last = judge(trial, [near(0)] * 10 + [near(1)] * 10 + [near(2)] * 9)[-1]
    state = VehicleState(np.array([*near(2), 1.5]), stamp=1.5)
    hit = TASK.judge(trial, last, Situation(state, has_collided=True))
    assert hit.outcome is Outcome.COLLISION
    assert hit.reached == 2
    after = TASK.judge(trial, hit, Situation(replace(state, stamp=9.0)))
    assert after.outcome is Outcome.COLLISION


def test_reward_is_the_way_to_each_target_and_ten_for_each(make_trial):
    trial = make_trial()
    start = TASK.begin(trial, VehicleState(np.array([0.0, 0.0, 1.5])))
    seen = [start, *judge(trial, [near(0)] * 10 + [near(1)] * 10 + [near(2)] * 10)]
    terms = [TASK.reward(*pair) for pair in pairwise(seen)]
    assert sum(term['target'] for term in terms) == 30.0
    assert sum(term['failure'] for term in terms) == 0.0
    # Ways to 2 m before each target; the jump to the next one earns and costs nothing.
    begins = [np.hypot(10.0, 1.05), np.linalg.norm([10.0, 4.0, 1.05])]
    begins.append(np.linalg.norm([2.0, 10.0, 1.05]))
    ways = sum(begins) - 3 * np.hypot(2.0, 1.05)
    assert sum(term['progress'] for term in terms) == pytest.approx(ways)


def test_trials_keep_to_the_ranges_of_the_protocol():
    trials = [TASK.sample(seed) for seed in range(4)]
    for trial in trials:
        route = np.array(trial.world.layout.route)
        legs = np.diff(route, axis=0)
        assert len(legs) == 5
        assert np.linalg.norm(legs, axis=1).min() >= 8.0
        assert np.linalg.norm(legs, axis=1).max() <= 12.0
        cosines = [a @ b / np.hypot(*a) / np.hypot(*b) for a, b in pairwise(legs)]
        assert min(cosines) >= np.cos(np.pi / 3) - 1e-9
        assert legs[0, 1] == 0.0
        assert abs(trial.yaw) <= 0.45
        assert 1.3 <= trial.altitude <= 1.7
        assert trial.time_limit == 150.0


def test_targets_in_the_city_stand_in_one_street():
    turns = []
    for seed in range(60):
        layout = Hike(world='urban')._draw_layout(np.random.default_rng(seed))
        route = np.array(layout.route)
        end = route[np.hypot(*route.T).argmax()]
        left = np.array([-end[1], end[0]]) / np.hypot(*end)
        assert np.abs(route @ left).max() <= 3.5
        legs = np.diff(route, axis=0)
        turns += list(np.diff(np.arctan2(legs[:, 1], legs[:, 0])))
    assert np.abs(turns).max() > np.radians(50)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'num_targets': 0}, 'num_targets must be .* got 0'),
        ({'min_distance': 1.0}, 'min_distance must be .* got 1.0'),
        ({'max_distance': 7.0}, 'max_distance must be .* got 7.0'),
        ({'max_turn': 2.0}, 'max_turn must be .* got 2.0'),
        ({'hold': -1.0}, 'hold must be'),
        ({'reach': 0.0}, 'reach must be'),
        ({'season': 'spring'}, "season must be one of .*, got 'spring'"),
    ],
)
def test_impossible_tasks_are_errors_when_they_are_made(change, message):
    with pytest.raises(ValueError, match=message):
        Hike(**change)


def test_expert_flies_to_the_next_target_as_if_it_were_the_only_one(make_trial, make_world):
    trial = make_trial(Cylinder(14.0, 2.0, 0.3, 8.0))
    expert = HikeExpert(trial.world)
    state = VehicleState(np.array([8.3, 0.1, 1.5]))
    hovers = expert(state, HikeProgress(reached=0))
    assert hovers.to_array()[:2] == pytest.approx([0.0, 0.0], abs=0.1)
    flies = expert(state, HikeProgress(reached=1))
    assert np.hypot(flies.vx, flies.vy) > 1.0
    assert flies.vx > abs(flies.vy)
    assert flies.yaw_rate > 0.0
    # What is left of the first target is nothing: the way leads through its place.
    world = make_world(target=STOPS[1], area=trial.world.area)
    direct = FlyToTargetExpert(world)(VehicleState(np.array([9.0, 0.0, 1.5])))
    free = HikeExpert(make_trial().world)(
        VehicleState(np.array([9.0, 0.0, 1.5])), HikeProgress(reached=1)
    )
    assert free.to_array() == pytest.approx(direct.to_array(), abs=0.02)


def test_target_is_found_once_it_was_in_view_until_the_next_one_appears(make_trial):
    trial = make_trial()
    progress, found = TASK.begin(trial, VehicleState(np.array([0.0, 0.0, 1.5]))), []
    for i, sees_target in enumerate([False, True, False] * 4):
        state = VehicleState(np.array([*near(0), 1.5]), stamp=0.05 * (i + 1))
        progress = TASK.judge(trial, progress, Situation(state, sees_target=sees_target))
        found.append(progress.found)
    # The tenth situation, half a second after the first, reaches the target.
    assert found == [False] + [True] * 8 + [False, True, True]


@pytest.mark.parametrize('yaw_rate', [-0.02, 0.02])
def test_expert_looks_around_for_what_was_not_in_view_yet(make_trial, yaw_rate):
    expert = HikeExpert(make_trial().world)
    behind = VehicleState(
        np.array([*near(2), 1.4]), angular_velocity=np.array([0.0, 0.0, yaw_rate])
    )
    search = expert(behind, HikeProgress(reached=1))
    assert search.to_array() == pytest.approx([0.0, 0.0, 0.1, np.copysign(1.0, yaw_rate)])
    # What was seen is where it was: to the right, whichever way the vehicle turns.
    back = expert(behind, HikeProgress(reached=1, found=True))
    assert back.yaw_rate == pytest.approx(-1.0)
    assert np.hypot(back.vx, back.vy) > 0.5


def test_shortest_path_touches_every_target_at_its_reach(make_trial):
    # On the ground: 7.5 m to the first, from (7.5, 0) straight on to 2.5 m before the second,
    # and from there to 2.5 m before the third.
    place, length = np.zeros(2), 0.0
    for stop in np.array(STOPS):
        way = np.linalg.norm(stop - place) - 2.5
        place = place + (stop - place) * way / np.linalg.norm(stop - place)
        length += way
    shortest = HikeExpert(make_trial().world).shortest_path(np.zeros(2))
    assert shortest == pytest.approx(length, rel=0.02)


@pytest.mark.parametrize(('world', 'season'), [('forest', 'summer'), ('urban', 'dusk')])
def test_expert_reaches_all_targets_where_policies_are_judged(world, season):
    env = TaskEnv(Hike(world=world, season=season), settings=SimulationSettings(renderer='none'))
    _, info = env.reset(seed=2_000_000)
    is_over, targets = False, [env.simulation.target_position[:2]]
    while not is_over:
        _, _, terminated, truncated, info = env.step(env.expert_command())
        is_over = terminated or truncated
        if not np.array_equal(env.simulation.target_position[:2], targets[-1]):
            targets.append(env.simulation.target_position[:2])
    assert info['outcome'] == 'success'
    assert info['metrics'] == {'targets_reached': 5.0}
    assert np.array(targets) == pytest.approx(np.array(env.trial.world.layout.route[1:]))
    assert info['clearance'] > 0.35
    env.close()
