# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Several vehicles start in the world of one: apart, with room, the first as if alone."""

from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.frames import wrap_angle
from sim.obstacles import Obstacles
from sim.tasks import TASKS, make_task
from sim.tasks.keep_lane import GAP, map_road
from sim.tasks.starts import APART, ROOM, draw_around_target
from sim.worlds.redraw import GaveUpError
from sim.worlds.world import Cylinder

SEED = 2_000_001


def start_of(trial):
    return trial.world.layout.start


@pytest.mark.parametrize('name', sorted(TASKS))
def test_world_and_first_start_are_those_of_one_vehicle_alone(name):
    task = make_task(name)
    alone, (first, second) = task.sample(SEED), task.sample_several(SEED, 2)
    assert (start_of(first), first.yaw, first.altitude) == (
        start_of(alone), alone.yaw, alone.altitude
    )  # fmt: skip
    assert first.world.solids == second.world.solids == alone.world.solids
    assert first.world.instances == second.world.instances == alone.world.instances
    assert start_of(second) != start_of(first)
    assert task.sample_several(SEED, 1)[0].yaw == alone.yaw


@pytest.mark.parametrize('name', sorted(TASKS))
def test_same_seed_gives_the_same_starts_and_more_vehicles_move_none(name):
    task = make_task(name)
    few, many = task.sample_several(SEED, 2), task.sample_several(SEED, 3)
    assert [(start_of(t), t.yaw) for t in few] == [(start_of(t), t.yaw) for t in many[:2]]
    other = task.sample_several(SEED + 1, 2)
    assert start_of(other[1]) != start_of(few[1])


@pytest.mark.parametrize('name', sorted(TASKS))
def test_starts_are_apart_and_have_room(name):
    trials = make_task(name).sample_several(SEED, 3)
    places = np.array([start_of(trial) for trial in trials])
    gaps = np.linalg.norm(places[:, None] - places, axis=2)[np.triu_indices(3, 1)]
    assert (gaps >= APART).all()
    for trial in trials[1:]:
        near = Obstacles(trial.world, 0.0, 2.0).distance(np.array([start_of(trial)]))
        assert near[0] > ROOM


@pytest.mark.parametrize('name', sorted(TASKS.keys() - {'keep_lane'}))
def test_further_vehicles_head_for_the_target_from_as_far(name):
    task = make_task(name)
    first, *others = task.sample_several(SEED, 3)
    target = np.array(first.world.layout.target)
    far = np.linalg.norm(target - start_of(first))
    for trial in others:
        sight = target - start_of(trial)
        assert 0.7 * far < np.linalg.norm(sight) < 1.3 * far
        error = wrap_angle(trial.yaw - float(np.arctan2(sight[1], sight[0])))
        assert abs(error) <= task.max_heading_error


def test_cars_start_one_behind_the_other_in_their_lane():
    task = make_task('keep_lane')
    trials = task.sample_several(SEED, 4)
    road = map_road(trials[0].world)
    arcs, offsets = road.project([start_of(trial) for trial in trials])
    assert np.diff((arcs + road.length / 2) % road.length) == pytest.approx([-GAP] * 3, abs=0.1)
    assert offsets + road.lane_width / 2 == pytest.approx(0.0, abs=task.max_offset + 1e-6)
    errors = road.heading_error(arcs, [trial.yaw for trial in trials])
    assert np.abs(errors).max() <= task.max_heading_error + 1e-3


def test_target_is_in_sight_of_further_vehicles_where_that_can_be(make_world):
    # A wall of trunks hides the target from one side.
    wall = [Cylinder(8.0, y, 0.3, 4.0) for y in np.arange(-5.0, 5.0, 0.7)]
    world = make_world(*wall)
    generator = np.random.default_rng(0)
    for _ in range(10):
        x, _ = draw_around_target(world, [(0.0, 0.0)], (0.9, 2.1), generator)
        assert x > 7.0


def test_no_room_says_what_to_change(make_world):
    crowded = make_world(*(Cylinder(x, y, 0.3, 4.0) for x in range(30) for y in range(-15, 15)))
    with pytest.raises(GaveUpError, match=r'finds no start for vehicle 2, about 10 m from the'):
        draw_around_target(crowded, [(0.0, 0.0)], (0.9, 2.1), np.random.default_rng(0))


def test_no_room_names_the_task_and_its_world(monkeypatch):
    from sim.worlds.world import World

    task = make_task('fly_to_target')
    sample = type(task).sample

    def sample_tiny(self, seed):
        trial = sample(self, seed)
        world: World = replace(trial.world, area=(-1.0, 1.0, -1.0, 1.0))
        return replace(trial, world=world)

    monkeypatch.setattr(type(task), 'sample', sample_tiny)
    with pytest.raises(GaveUpError, match=r"^fly_to_target with world='forest', .* vehicle 2"):
        task.sample_several(SEED, 2)
