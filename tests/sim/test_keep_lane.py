# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VehicleState
from sim.environment import TaskEnv
from sim.experts.keep_lane import KeepLaneExpert, LaneParameters
from sim.simulation import SimulationSettings
from sim.tasks.keep_lane import BAND, KeepLane, LaneProgress, map_road
from sim.tasks.task import Outcome, Situation, Trial
from sim.vehicles import VEHICLES
from sim.worlds.world import Road, World

TASK = KeepLane()
PARAMETERS = LaneParameters()
HEIGHT = VEHICLES['car'].rest_height
LANE = 3.5
RADIUS = 20.0
LAP = 2 * np.pi * RADIUS
"""Of the centreline of a circle to the left, whose right lane leads through the origin along x."""


@pytest.fixture(scope='module')
def world(make_world) -> World:
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    circle = RADIUS * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=1) + (0.0, LANE / 2)
    bare = make_world(target=(6.0, -5.5), area=(-45.0, 45.0, -25.0, 65.0))
    return replace(bare, road=Road(circle, LANE))


@pytest.fixture
def trial(world) -> Trial:
    return Trial(0, world, yaw=0.0, altitude=HEIGHT, time_limit=100.0, band=BAND)


@pytest.fixture
def circle_env(trial, monkeypatch):
    monkeypatch.setattr(KeepLane, 'sample', lambda task, seed: trial)
    env = TaskEnv(TASK, settings=SimulationSettings(renderer='none'))
    yield env
    env.close()


def place(share: float, lane_offset: float = 0.0, speed: float = 0.0) -> VehicleState:
    """Return a state at a share of the lap, beside the middle of the right lane [m]."""
    angle, reach = 2 * np.pi * share, RADIUS + LANE / 2 - lane_offset
    x, y = reach * np.sin(angle), RADIUS + LANE / 2 - reach * np.cos(angle)
    velocity = speed * np.array([np.cos(angle), np.sin(angle), 0.0])
    turn = quaternion_from_euler(0, 0, angle)
    return VehicleState(np.array([x, y, HEIGHT]), turn, velocity_world=velocity)


def judge(trial: Trial, states: list[VehicleState], task: KeepLane = TASK) -> list[LaneProgress]:
    """Return the progress after each of the states, seen at 20 Hz after a start at share 0."""
    progress, seen = task.begin(trial, place(0.0)), []
    for i, state in enumerate(states):
        progress = task.judge(trial, progress, Situation(replace(state, stamp=0.05 * (i + 1))))
        seen.append(progress)
    return seen


def drive_to(*shares: float) -> list[VehicleState]:
    """Return states from 0 past shares of the lap, one after the other, in steps of 1 %."""
    stops = np.array([0.0, *shares])
    legs = [
        begin + np.arange(1, round(abs(end - begin) * 100) + 1) / 100 * np.sign(end - begin)
        for begin, end in pairwise(stops)
    ]
    return [place(float(share)) for share in np.concatenate(legs)]


def test_success_comes_when_the_lap_is_full(trial):
    seen = judge(trial, drive_to(1.01))
    assert [p.outcome for p in seen[:99]] == [None] * 99
    assert seen[-1].outcome is Outcome.SUCCESS
    assert seen[49].travelled == pytest.approx(LAP / 2, rel=1e-3)
    assert seen[49].distance == pytest.approx(LAP / 2, rel=1e-3)


def test_two_laps_take_two_laps(trial):
    seen = judge(trial, drive_to(2.01), KeepLane(laps=2))
    assert all(p.outcome is None for p in seen[:199])
    assert seen[-1].outcome is Outcome.SUCCESS


def test_a_lap_backwards_is_no_lap(trial):
    seen = judge(trial, drive_to(-2.5))
    assert all(p.outcome is None for p in seen)
    assert seen[-1].distance == pytest.approx(3.5 * LAP, rel=1e-3)
    assert TASK.measure(trial, seen[-1])['laps'] == pytest.approx(-2.5, rel=1e-3)


def test_crossing_the_start_line_to_and_fro_is_no_lap(trial):
    seen = judge(trial, drive_to(*[-0.1, 0.1] * 8, 0.95))
    assert all(p.outcome is None for p in seen)
    assert seen[-1].travelled == pytest.approx(0.95 * LAP, rel=1e-3)


def test_way_back_counts_against_the_lap(trial):
    seen = judge(trial, drive_to(0.6, 0.3, 1.02))
    assert seen[59].travelled == pytest.approx(0.6 * LAP, rel=1e-3)
    assert seen[89].travelled == pytest.approx(0.3 * LAP, rel=1e-3)
    assert [p.outcome for p in seen[:159]] == [None] * 159
    assert seen[-1].outcome is Outcome.SUCCESS


# Seen from the middle of the right lane, the edges are half a lane and one and a half away.
@pytest.mark.parametrize(
    ('lane_offset', 'outcome'),
    [
        (-1.73, None),
        (-1.77, Outcome.OUT_OF_AREA),
        (5.23, None),
        (5.27, Outcome.OUT_OF_AREA),
    ],
)
def test_trial_ends_when_the_middle_of_the_car_is_beyond_the_edge(trial, lane_offset, outcome):
    assert judge(trial, [place(0.3, lane_offset)])[0].outcome is outcome


def test_oncoming_lane_is_road_but_not_in_lane(trial):
    states = [place(0.1, 0.5)] * 30 + [place(0.1, 3.0)] * 10
    measures = TASK.measure(trial, judge(trial, states)[-1])
    assert measures['in_lane'] == pytest.approx(0.75)
    assert measures['lane_offset'] == pytest.approx(3.0, abs=0.01)
    assert measures['mean_lane_offset'] == pytest.approx(0.75 * 0.5 + 0.25 * 3.0, abs=0.01)


def test_offset_to_the_right_is_negative_and_counts_like_one_to_the_left(trial):
    measures = TASK.measure(trial, judge(trial, [place(0.1, -0.8)] * 20)[-1])
    assert measures['lane_offset'] == pytest.approx(-0.8, abs=0.01)
    assert measures['mean_lane_offset'] == pytest.approx(0.8, abs=0.01)


def test_way_driven_is_speed_times_time(trial):
    measures = TASK.measure(trial, judge(trial, [place(0.1, speed=6.0)] * 40)[-1])
    assert measures['driven'] == pytest.approx(12.0)
    assert measures['speed'] == pytest.approx(6.0)


def test_reward_is_the_way_along_the_road_less_the_straying(trial):
    task, states = TASK, [place(0.01 * i, 0.5) for i in range(1, 4)]
    _, before, after = judge(trial, states)
    terms = task.reward(before, after)
    assert terms['progress'] == pytest.approx(0.01 * LAP, rel=0.02)
    assert terms['lane_keeping'] == pytest.approx(-0.5 * 0.05, rel=0.02)
    assert (terms['success'], terms['failure']) == (0.0, 0.0)
    out = judge(trial, [*states, place(0.04, -2.0)])[-1]
    assert task.reward(after, out)['failure'] == -10.0


def test_contact_and_tipping_are_collisions(trial):
    begin = TASK.begin(trial, place(0.0))
    touched = Situation(place(0.01), has_collided=True)
    assert TASK.judge(trial, begin, touched).outcome is Outcome.COLLISION
    for roll, outcome in ((59.0, None), (-61.0, Outcome.COLLISION)):
        turned = quaternion_from_euler(np.deg2rad(roll), 0.0, 0.3)
        state = replace(place(0.01), orientation_world=turned)
        assert judge(trial, [state])[0].outcome is outcome


def test_an_outcome_is_final(trial):
    states = [place(0.0, -3.0), *drive_to(1.02)]
    assert judge(trial, states)[-1].outcome is Outcome.OUT_OF_AREA


def test_time_runs_out_at_the_limit(trial):
    outcomes = [p.outcome for p in judge(trial, [place(0.2)] * 2000)]
    assert outcomes == [None] * 1999 + [Outcome.TIME_LIMIT]


def test_world_without_a_road_is_an_error(make_world):
    with pytest.raises(ValueError, match="must have a road to keep to, got 'bare' without one"):
        map_road(make_world())


def test_trials_start_in_their_lane_and_repeat():
    trials = [TASK.sample(seed) for seed in range(4)]
    for trial in trials:
        x, y = trial.world.layout.start
        assert x == 0.0
        assert abs(y) <= 0.4
        assert abs(trial.yaw) <= 0.1
        state = VehicleState(np.array([x, y, HEIGHT]))
        begin = TASK.begin(trial, state)
        assert begin.lane_offset == pytest.approx(y, abs=1e-6)
        assert begin.distance == map_road(trial.world).length
        assert trial.time_limit == pytest.approx(begin.distance / 3.0)
    again = TASK.sample(2)
    assert np.array_equal(again.world.road.centreline, trials[2].world.road.centreline)
    assert again.world.layout == trials[2].world.layout != trials[3].world.layout


def test_seasons_of_a_seed_have_the_same_road_and_solids():
    summer, winter = (KeepLane(season=season).sample(1).world for season in ('summer', 'winter'))
    assert np.array_equal(summer.road.centreline, winter.road.centreline)
    assert summer.solids == winter.solids


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'world': 'forest'}, r"world of keep_lane must be one of \['road'\], got 'forest'"),
        ({'laps': 0}, r'laps must be a whole number in \[1, 100\], got 0'),
        ({'laps': 1.5}, 'laps must be a whole number .* got 1.5'),
        ({'max_offset': 2.0}, 'max_offset must be .* got 2.0'),
        ({'max_heading_error': -0.1}, 'max_heading_error must be .* got -0.1'),
        ({'least_speed': 0.0}, 'least_speed must be .* got 0.0'),
    ],
)
def test_impossible_tasks_are_errors_when_they_are_made(change, message):
    with pytest.raises(ValueError, match=message):
        KeepLane(**change)


def test_expert_steers_the_lane_and_keeps_to_its_speed_in_the_bend(world):
    expert = KeepLaneExpert(map_road(world))
    lane_radius = RADIUS + LANE / 2
    speed = np.sqrt(PARAMETERS.max_lateral_acceleration * lane_radius)
    command = expert(place(0.4, speed=speed))
    assert command.vx == pytest.approx(speed, rel=1e-3)
    assert command.yaw_rate == pytest.approx(speed / lane_radius, rel=0.01)
    assert (command.vy, command.vz) == (0.0, 0.0)


def test_expert_brakes_before_a_bend_no_harder_than_it_says(make_world):
    # Straights of 40 m, joined by half circles to the left.
    straight = np.stack([np.arange(40.0), np.zeros(40)], axis=1)
    angle = np.arange(48) / 48 * np.pi
    half = 15.0 * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=1) + (40.0, 0.0)
    there = np.vstack([straight, half])
    road = Road(np.vstack([there, (40.0, 30.0) - there]), LANE)
    expert = KeepLaneExpert(map_road(replace(make_world(), road=road)))
    before = np.arange(1.0, 30.0)
    speeds = [expert(VehicleState(np.array([40.0 - d, -LANE / 2, HEIGHT]))).vx for d in before]
    in_bend = PARAMETERS.max_lateral_acceleration * (15.0 + LANE / 2)
    # The map blurs the curvature over two points.
    low, high = (np.sqrt(in_bend + 2 * PARAMETERS.braking * (before + d)) for d in (0.0, 2.1))
    assert (np.minimum(low, PARAMETERS.cruise_speed) <= speeds).all()
    assert (speeds <= np.minimum(high, PARAMETERS.cruise_speed)).all()


@pytest.mark.parametrize(('lane_offset', 'sign'), [(0.5, -1), (-0.5, 1)])
def test_expert_steers_back_to_the_middle_of_the_lane(world, lane_offset, sign):
    expert = KeepLaneExpert(map_road(world))
    middle, aside = (expert(place(0.4, o, speed=5.0)).yaw_rate for o in (0.0, lane_offset))
    assert np.sign(aside - middle) == sign


@pytest.mark.parametrize(('turn', 'sign'), [(0.3, -1), (-0.3, 1)])
def test_expert_turns_back_to_the_direction_of_travel(world, turn, sign):
    expert = KeepLaneExpert(map_road(world))
    straight = place(0.0)
    turned = replace(straight, orientation_world=quaternion_from_euler(0, 0, turn))
    assert np.sign(expert(turned).yaw_rate - expert(straight).yaw_rate) == sign


def test_expert_has_no_memory(world):
    expert = KeepLaneExpert(map_road(world))
    first = expert(place(0.2, 0.3, speed=4.0))
    expert(place(0.9, -1.0))
    assert expert(place(0.2, 0.3, speed=4.0)) == first


def test_shortest_path_is_the_middle_of_the_right_lane(world):
    expert = KeepLaneExpert(map_road(world), laps=2)
    expected = 2 * 2 * np.pi * (RADIUS + LANE / 2)
    assert expert.shortest_path(np.zeros(2)) == pytest.approx(expected, rel=1e-3)


def test_expert_drives_a_lap_and_stays_in_its_lane(circle_env):
    _, info = circle_env.reset(seed=0)
    is_over, offsets = False, []
    while not is_over:
        *_, terminated, truncated, info = circle_env.step(circle_env.expert_command())
        offsets.append(info['metrics']['lane_offset'])
        is_over = terminated or truncated
    assert info['outcome'] == 'success'
    assert np.abs(offsets).max() < 0.5
    assert info['metrics']['in_lane'] == pytest.approx(1.0)
    # No faster than the lateral acceleration allows, and not much slower.
    speed = np.sqrt(PARAMETERS.max_lateral_acceleration * (RADIUS + LANE / 2))
    assert 0.85 * speed < info['metrics']['speed'] < speed


def test_expert_keeps_to_the_winding_road(small_settings):
    env = TaskEnv(TASK, settings=replace(small_settings, renderer='none'))
    env.reset(seed=2_000_000)
    offsets = []
    for _ in range(400):
        *_, info = env.step(env.expert_command())
        offsets.append(info['metrics']['lane_offset'])
    env.close()
    assert info['outcome'] is None
    assert np.abs(offsets[100:]).max() < 0.4
    assert info['metrics']['driven'] > 100.0
