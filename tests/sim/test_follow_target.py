# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VehicleState
from lnn_control.evaluation.trial import run_trial
from lnn_control.policies.references import ExpertPolicy
from sim.environment import TaskEnv
from sim.experts.follow_target import FollowParameters, FollowTargetExpert, deflect
from sim.routes import PACE, STEP
from sim.sensors.image_noise import ImageNoise
from sim.simulation import Simulation, SimulationSettings
from sim.tasks.follow_target import FollowProgress, FollowTarget
from sim.tasks.task import Outcome, Situation, Trial
from sim.worlds.world import Cylinder, World

TASK = FollowTarget()
PARAMETERS = FollowParameters()


@pytest.fixture
def straight_world(make_world):
    """Return a function that makes a bare world whose target walks along x at 1 m/s from x = 4."""

    def make(*solids) -> World:
        world = make_world(*solids, target=(4.0, 0.0), area=(-10.0, 60.0, -20.0, 20.0))
        walk = tuple((4.0 + STEP * step, 0.0) for step in range(130))
        return replace(world, layout=replace(world.layout, walk=walk))

    return make


@pytest.fixture
def trial(straight_world) -> Trial:
    world = straight_world()
    return Trial(seed=0, world=world, yaw=0.0, altitude=1.5, time_limit=30.0, band=(0.9, 2.1))


def judge(trial, behind, sees=True, has_collided=False, until=30.0) -> list[FollowProgress]:
    """Return the progress of a vehicle that stays behind the target, seen at 20 Hz.

    :param behind: distance [m] on the ground as a function of time, or a number. The target's
        middle lies 1.05 m below the vehicle.
    :param sees: whether it sees the target, as a function of time or a truth.
    """
    progress, seen = FollowProgress(), []
    for step in range(1, round(until / 0.05) + 1):
        time = 0.05 * step
        gap = behind(time) if callable(behind) else behind
        sight = sees(time) if callable(sees) else sees
        state = VehicleState(np.array([4.0 + time - gap, 0.0, 1.5]), stamp=time)
        progress = TASK.judge(trial, progress, Situation(state, has_collided, sight))
        seen.append(progress)
    return seen


def test_success_comes_at_the_end_and_not_before(trial):
    outcomes = [progress.outcome for progress in judge(trial, 3.0)]
    assert outcomes == [None] * 599 + [Outcome.SUCCESS]


def test_distance_is_measured_to_where_the_target_is_now(trial):
    for progress in judge(trial, 3.0, until=20.0):
        assert progress.distance == pytest.approx(np.hypot(3.0, 1.05))
    # sqrt(5^2 - 1.05^2) = 4.888 m behind on the ground is 5 m in space.
    assert judge(trial, 4.88)[-1].near == pytest.approx(30.0)
    assert judge(trial, 4.90)[-1].near == 0.0


@pytest.mark.parametrize('what', ['far', 'hidden'])
def test_a_tenth_of_the_time_may_be_lost_and_no_more(trial, what):
    def end(lost: float) -> FollowProgress:
        if what == 'far':
            return judge(trial, lambda time: 9.0 if 5 < time < 5.025 + lost else 3.0)[-1]
        return judge(trial, 3.0, lambda time: not 5 < time < 5.025 + lost)[-1]

    assert end(3.0).kept == pytest.approx(27.0)
    assert end(3.0).outcome is Outcome.SUCCESS
    assert end(3.05).outcome is Outcome.TIME_LIMIT


def test_being_near_and_seeing_have_to_come_together(trial):
    progress = judge(trial, lambda time: 3.0 if time <= 15.01 else 9.0, lambda time: time > 10.01)[
        -1
    ]
    assert progress.near == pytest.approx(15.0)
    assert progress.seen == pytest.approx(20.0)
    assert progress.kept == pytest.approx(5.0)
    metrics = TASK.measure(trial, progress)
    assert metrics['kept'] == pytest.approx(1 / 6)
    assert metrics['seen'] == pytest.approx(2 / 3)
    assert metrics['near'] == pytest.approx(1 / 2)
    near, far = np.hypot(3.0, 1.05), np.hypot(9.0, 1.05)
    assert metrics['mean_distance'] == pytest.approx((near + far) / 2)


def test_collision_and_leaving_the_area_end_the_trial(trial):
    assert judge(trial, 3.0, has_collided=True, until=0.05)[0].outcome is Outcome.COLLISION
    assert judge(trial, 15.0, until=0.05)[0].outcome is Outcome.OUT_OF_AREA
    assert judge(trial, lambda time: 15.0 if time < 0.06 else 3.0)[-1].outcome is (
        Outcome.OUT_OF_AREA
    )


def test_reward_is_the_time_kept_plus_the_outcome(trial):
    seen = [FollowProgress(), *judge(trial, 3.0, lambda time: time < 28.01)]
    terms = [TASK.reward(*pair) for pair in pairwise(seen)]
    assert sum(term['kept'] for term in terms) == pytest.approx(28.0)
    assert [term['success'] for term in terms] == [0.0] * 599 + [10.0]
    hit = judge(trial, 3.0, has_collided=True, until=0.05)[0]
    assert TASK.reward(FollowProgress(), hit)['failure'] == -10.0


def test_the_target_walks_in_time_and_faces_its_way(trial):
    pose = TASK.place_target(trial, FollowProgress(time=7.3))
    assert (pose.x, pose.y, pose.yaw) == pytest.approx((11.3, 0.0, 0.0))
    winding = TASK.sample(3)
    poses = [TASK.place_target(winding, FollowProgress(time=t)) for t in np.arange(0, 30, 0.05)]
    steps = np.diff([(pose.x, pose.y) for pose in poses], axis=0)
    course = np.arctan2(steps[:, 1], steps[:, 0])
    assert np.abs(course - [pose.yaw for pose in poses[1:]]).max() < 0.1
    assert np.abs(np.diff([pose.yaw for pose in poses])).max() < 0.05


def test_trials_keep_to_the_ranges_of_the_protocol():
    trials = [TASK.sample(seed) for seed in range(4)]
    for trial in trials:
        walk = np.array(trial.world.layout.walk)
        assert np.linalg.norm(walk[0] - trial.world.layout.start) == pytest.approx(4.0)
        pace = np.linalg.norm(np.diff(walk, axis=0), axis=1) / STEP
        assert pace.min() >= PACE[0]
        assert pace.max() <= PACE[1]
        assert STEP * (len(walk) - 1) >= trial.time_limit == 30.0
        assert abs(trial.yaw) <= 0.45
        assert 1.3 <= trial.altitude <= 1.7
        assert trial.world.layout.target_kind == 'person'


def test_walks_in_the_city_stay_in_the_street():
    for seed in range(30):
        layout = FollowTarget(world='urban')._draw_layout(np.random.default_rng(seed))
        walk = np.array(layout.walk)
        end = walk[np.hypot(*walk.T).argmax()]
        left = np.array([-end[1], end[0]]) / np.hypot(*end)
        assert np.abs(walk @ left).max() <= 3.5


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'lead': 3.0}, 'lead must be .* got 3.0'),
        ({'lead': 6.0}, 'lead must be .* got 6.0'),
        ({'reach': 3.0}, 'reach must be'),
        ({'share': 1.1}, 'share must be'),
        ({'time_limit': 0.0}, 'time_limit must be'),
        ({'max_heading_error': -1.0}, 'max_heading_error must be'),
        ({'world': 'sea'}, "world must be one of .*, got 'sea'"),
    ],
)
def test_impossible_tasks_are_errors_when_they_are_made(change, message):
    with pytest.raises(ValueError, match=message):
        FollowTarget(**change)


def test_the_person_moves_in_the_image_and_in_the_physics():
    noiseless = SimulationSettings(image_noise=ImageNoise(0, 0, 0))
    simulation = Simulation(noiseless)
    trial = TASK.sample(1)
    pictures = []
    for time in (0.0, 2.0):
        simulation.reset(trial.world, seed=0, yaw=0.0, altitude=1.5)
        pose = TASK.place_target(trial, FollowProgress(time=time))
        simulation.move_target(pose.x, pose.y, pose.yaw)
        assert simulation.target_position[:2] == pytest.approx([pose.x, pose.y])
        assert simulation.sees_target
        image = simulation.advance(
            TASK.make_expert(trial)(simulation.state, FollowProgress()), 0.1
        )
        pictures.append(image.image.pixels.astype(int))
    simulation.close()
    # The jacket is orange: much more red than blue. Farther away it is smaller.
    orange = [(picture[..., 0] - picture[..., 2] > 100).sum() for picture in pictures]
    assert orange[0] > 1.3 * orange[1] > 0


def test_touching_the_person_is_a_collision():
    env = TaskEnv(TASK, settings=SimulationSettings(renderer='none'))
    _, info = env.reset(seed=0)
    is_over = False
    while not is_over:
        to_target = env.simulation.target_position - info['position']
        bearing = np.arctan2(to_target[1], to_target[0]) - info['yaw']
        ahead = 2.0 * np.array([np.cos(bearing), np.sin(bearing)])
        _, _, terminated, truncated, info = env.step(np.array([*ahead, 0.0, 0.0]))
        is_over = terminated or truncated
    assert info['outcome'] == 'collision'
    place = env.simulation.target_position[:2]
    assert np.linalg.norm(info['position'][:2] - place) < 0.35 + 0.5
    assert info['clearance'] > 0.5  # nothing else was near
    env.close()


def place(x: float, y: float, yaw: float = 0.0) -> VehicleState:
    return VehicleState(np.array([x, y, 1.5]), quaternion_from_euler(0, 0, yaw))


def test_expert_keeps_pace_with_the_person_at_its_gap(straight_world):
    expert = FollowTargetExpert(straight_world(), 30.0)
    # After 6 s the person is at x = 10.
    command = expert(place(10.0 - PARAMETERS.gap, 0.0), FollowProgress(time=6.0))
    assert command.to_array() == pytest.approx([1.0, 0.0, 0.0, 0.0], abs=1e-6)
    assert expert(place(5.0, 0.0), FollowProgress(time=6.0)).vx > 1.5
    assert expert(place(8.6, 0.0), FollowProgress(time=6.0)).vx < 0.5
    assert expert(place(7.0, 1.0), FollowProgress(time=6.0)).vy < -0.5
    assert expert(place(7.0, 1.0), FollowProgress(time=6.0)).yaw_rate < 0


def test_expert_backs_off_before_it_touches_the_person(straight_world):
    expert = FollowTargetExpert(straight_world(), 30.0)
    for side in (-1.0, 1.0):
        # In the person's frame, which moves at 1 m/s, it does not come nearer.
        command = expert(place(10.0 + side, 0.0), FollowProgress(time=6.0))
        assert side * (command.vx - 1.0) > 0.3


def test_expert_does_not_fly_into_trunks_beside_the_tracks(straight_world):
    trunk = Cylinder(5.0, 1.0, 0.3, 8.0)
    expert = FollowTargetExpert(straight_world(trunk), 30.0)
    # The way back to the tracks leads through the trunk.
    command = expert(place(5.0, 1.7), FollowProgress(time=4.0))
    open_way = FollowTargetExpert(straight_world(), 30.0)(
        place(5.0, 1.7), FollowProgress(time=4.0)
    )
    assert open_way.vy < -0.5
    assert command.vy > -0.01
    assert command.vx == pytest.approx(open_way.vx, abs=0.05)


def test_deflection_leaves_what_leads_along_a_surface_and_away():
    away = np.array([0.0, 1.0])
    velocity = np.array([1.0, -1.0])
    assert deflect(velocity, away, 2.0, 0.4, 0.9) == pytest.approx([1.0, -1.0])
    assert deflect(velocity, away, 0.65, 0.4, 0.9) == pytest.approx([1.0, -0.5])
    assert deflect(velocity, away, 0.4, 0.4, 0.9) == pytest.approx([1.0, 0.0])
    assert deflect(velocity, away, 0.1, 0.4, 0.9) == pytest.approx([1.0, 0.6])
    assert deflect(-velocity, away, 0.5, 0.4, 0.9) == pytest.approx([-1.0, 1.0])


def test_expert_has_no_memory(straight_world):
    expert = FollowTargetExpert(straight_world(Cylinder(5.0, 1.5, 0.3, 8.0)), 30.0)
    first = expert(place(2.0, 1.0), FollowProgress(time=3.0))
    expert(place(17.0, -1.0), FollowProgress(time=20.0))
    assert expert(place(2.0, 1.0), FollowProgress(time=3.0)) == first


def test_shortest_path_is_what_the_person_walks(straight_world):
    assert FollowTargetExpert(straight_world(), 30.0).shortest_path(np.zeros(2)) == (
        pytest.approx(30.0)
    )


@pytest.mark.parametrize(('world', 'season'), [('forest', 'winter'), ('urban', 'summer')])
def test_expert_keeps_the_person_in_view_where_policies_are_judged(world, season):
    settings = SimulationSettings(renderer='none')
    env = TaskEnv(FollowTarget(world=world, season=season), settings=settings)
    for seed in (2_000_000, 2_000_001):
        result = run_trial(env, ExpertPolicy(env), seed)
        assert result.outcome == 'success'
        assert result.metrics['kept'] > 0.98
        assert result.clearance > 0.7
    env.close()
