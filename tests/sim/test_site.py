# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from typing import Any

import numpy as np
import pytest

from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.environment import TaskEnv
from sim.experts.expert import Expert
from sim.routes import Walk
from sim.simulation import SimulationSettings
from sim.site import describe_site, measure_clearances, measure_distances
from sim.tasks import TASKS, make_task
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Trial

SEED = 2_000_005


class StandingExpert(Expert):
    """Plans nothing."""

    def __call__(self, state: VehicleState, progress: Any) -> VelocityCommand:
        return VelocityCommand()

    def shortest_path(self, position: np.ndarray) -> float:
        return 3.0


class OwnTask(FlyToTarget):
    """A task of another package, whose expert has no planner."""

    name = 'own'

    def make_expert(self, trial: Trial) -> Expert:
        return StandingExpert()


@pytest.mark.parametrize(
    ('name', 'world'), [(name, world) for name in TASKS for world in TASKS[name].worlds]
)
def test_map_and_clearances_are_those_of_the_environment(name: str, world: str) -> None:
    task = make_task(name, world=world)
    trial = task.sample(SEED)
    site = describe_site(task, trial)
    env = TaskEnv(task)
    _, info = env.reset(seed=SEED)
    env.close()
    assert site.shortest_length == pytest.approx(info['shortest_path'], abs=0.05)
    (clearance,) = measure_clearances(trial, np.array([info['position']]))
    assert clearance == pytest.approx(info['clearance'])
    np.testing.assert_allclose(site.start, info['position'][:2], atol=0.05)
    np.testing.assert_allclose(site.target, info['target_position'], atol=0.05)
    assert len(site.circles) + len(site.boxes) > 10


@pytest.mark.parametrize('name', ['fly_to_target', 'drive_to_target'])
def test_shortest_path_leads_to_the_target(name: str) -> None:
    task = make_task(name)
    site = describe_site(task, task.sample(SEED))
    np.testing.assert_allclose(site.shortest_path[0], site.start)
    np.testing.assert_allclose(site.shortest_path[-1], site.target[:2], atol=1e-6)
    assert site.reach == task.reach
    assert len(site.stops) == len(site.walk) == len(site.road) == 0


def test_map_of_a_hike_has_every_stop_and_a_path_past_all() -> None:
    task = make_task('hike', num_targets=3)
    site = describe_site(task, task.sample(SEED))
    assert site.stops.shape == (2, 2)
    for stop in (site.target[:2], *site.stops):
        assert np.hypot(*(site.shortest_path - stop).T).min() < site.reach
    length = np.linalg.norm(np.diff(site.shortest_path, axis=0), axis=1).sum()
    assert length == pytest.approx(site.shortest_length, abs=0.01)


def test_map_of_a_walk_begins_at_the_person() -> None:
    task = make_task('follow_target')
    trial = task.sample(SEED)
    site = describe_site(task, trial)
    np.testing.assert_allclose(site.walk[0], site.target[:2])
    end, _ = Walk.of(trial.world.layout).locate(trial.time_limit)
    assert np.hypot(*(site.walk - end).T).min() < 0.3
    assert site.shortest_path.shape == (0, 2)


def test_map_of_a_road_has_its_edges_beside_the_lane() -> None:
    task = make_task('keep_lane')
    trial = task.sample(SEED)
    site = describe_site(task, trial)
    assert trial.world.road is not None
    np.testing.assert_array_equal(site.road, trial.world.road.centreline)
    _, right = site.road_edges
    lane = site.shortest_path
    # The middle of the right lane is a quarter of the road from its right edge.
    gaps = np.array([np.hypot(*(right - place).T).min() for place in lane])
    np.testing.assert_allclose(gaps, site.road_width / 4, atol=0.1)


def test_map_of_a_task_without_a_planner_has_no_path() -> None:
    task = OwnTask()
    site = describe_site(task, task.sample(SEED))
    assert site.shortest_path.shape == (0, 2)
    assert site.shortest_length == 3.0
    assert len(site.circles) > 10


def test_what_is_left_of_a_lap_is_that_of_the_environment() -> None:
    env = TaskEnv(make_task('keep_lane'), settings=SimulationSettings(renderer='none'))
    env.reset(seed=0)
    places, times, left = [], [], []
    for _ in range(60):
        *_, info = env.step(np.array([5.0, 0.0, 0.0, 0.0], np.float32))
        places.append(info['position'])
        times.append(info['time'])
        left.append(info['distance_to_target'])
    found = measure_distances(env.task, env.trial, np.array(places), np.array(times))
    assert left[0] - left[-1] > 3.0
    # Each counts from where it has seen the car first.
    np.testing.assert_allclose(found - found[0], np.array(left) - left[0], atol=1e-6)
