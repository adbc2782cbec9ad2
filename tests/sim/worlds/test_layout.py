# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Stops and walks: all of them free, inside the area and connected, with obstacles between."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from sim.worlds import Layout, World, build_world
from sim.worlds.placement import STEP_HEIGHT, distance_to_path
from sim.worlds.world import Solid
from tests.sim.test_worlds import distance_to_solid

every_free_world = pytest.mark.parametrize('name', ['forest', 'urban'])


def draw_path(generator: np.random.Generator, begin, step: float, turn: float, count: int):
    """Return places a step [m] apart, each turned by up to an angle [rad] from the last."""
    places, heading = [tuple(begin)], 0.0
    for _ in range(count):
        x, y = places[-1]
        places.append((x + step * float(np.cos(heading)), y + step * float(np.sin(heading))))
        heading += float(generator.uniform(-turn, turn))
    return tuple(places)


def draw_hike(seed: int) -> Layout:
    start, target, *stops = draw_path(np.random.default_rng(seed), (0.0, 0.0), 9.5, 1.05, 5)
    return Layout(start, target, 'backpack', stops=tuple(stops))


def draw_follow(seed: int) -> Layout:
    walk = draw_path(np.random.default_rng(seed), (6.0, 0.0), 2.5, 0.7, 12)
    return Layout((0.0, 0.0), walk[0], 'person', walk=walk)


def build(name: str, layout: Layout, seed: int) -> World:
    return build_world(name, 'summer', layout, np.random.default_rng(seed))


def list_high(world: World) -> list[Solid]:
    return [solid for solid in world.solids if solid.bottom + solid.height > STEP_HEIGHT]


def find_labels(world: World, places) -> set[int]:
    """Return which connected pieces of ground, 0.6 m from all solids, the places lie in."""
    x_min, x_max, y_min, y_max = world.area
    x, y = np.meshgrid(np.arange(x_min, x_max, 0.2), np.arange(y_min, y_max, 0.2))
    free = np.ones(x.shape, dtype=bool)
    for solid in list_high(world):
        free &= distance_to_solid(solid, x, y) > 0.6
    _, labels = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    return {int(labels[int((b - y_min) / 0.2), int((a - x_min) / 0.2)]) for a, b in places}


@every_free_world
@pytest.mark.parametrize('seed', range(8))
def test_stops_are_free_connected_and_well_inside(name, seed):
    layout = draw_hike(seed)
    world = build(name, layout, seed)
    for place in layout.route[1:]:
        assert min(distance_to_solid(solid, *place) for solid in list_high(world)) >= 2.5
    places = np.array(layout.route)
    x_min, x_max, y_min, y_max = world.area
    assert (places - (x_min, y_min) >= 12 - 1e-9).all()
    assert ((x_max, y_max) - places >= 12 - 1e-9).all()
    labels = find_labels(world, layout.route)
    assert len(labels) == 1 and labels != {0}


@every_free_world
@pytest.mark.parametrize('seed', range(8))
def test_walk_is_free_connected_and_well_inside(name, seed):
    layout = draw_follow(seed)
    world = build(name, layout, seed)
    steps = np.concatenate([np.linspace(a, b, 11) for a, b in pairwise(layout.walk)])
    for solid in list_high(world):
        assert distance_to_solid(solid, *steps.T).min() >= 1.0
    x_min, x_max, y_min, y_max = world.area
    assert (steps - (x_min, y_min) >= 12 - 1e-9).all()
    assert ((x_max, y_max) - steps >= 12 - 1e-9).all()
    labels = find_labels(world, layout.places)
    assert len(labels) == 1 and labels != {0}


@every_free_world
def test_kerbs_are_away_from_targets_that_stand_and_walk(name):
    for seed, layout in enumerate((draw_hike(1), draw_follow(2))):
        world = build(name, layout, seed)
        steps = [np.linspace(a, b, 11) for a, b in pairwise(layout.walk)]
        places = np.concatenate([np.array(layout.route[1:]), *steps])
        for solid in world.solids:
            assert distance_to_solid(solid, *places.T).min() >= 0.5


@every_free_world
def test_obstacles_stand_between_stops(name):
    blocked = 0
    for seed in range(6):
        layout = draw_hike(seed)
        high = [s for s in build(name, layout, seed).solids if s.bottom + s.height > 0.9]
        for begin, end in pairwise(layout.route[1:]):
            line = np.linspace(begin, end, 60).T
            blocked += any((distance_to_solid(solid, *line) < 0.5).any() for solid in high)
    assert blocked >= 12


def test_distance_to_path_is_that_to_its_nearest_part():
    path = ((0.0, 0.0), (4.0, 0.0), (4.0, 3.0))
    points = np.array([[2.0, 1.0], [5.0, 2.0], [-3.0, 4.0], [4.0, 5.0]])
    assert distance_to_path(points, path) == pytest.approx([1.0, 1.0, 5.0, 2.0])


@pytest.mark.parametrize(
    'arguments, message',
    [
        ({'stops': ((11.0, 0.0),)}, 'distance from stop 1 to stop 2 must be'),
        ({'stops': ((float('nan'), 0.0),)}, 'start, target and stops must be finite'),
        ({'stops': ((20.0, 0.0, 1.0),)}, 'start, target and stops must'),
        ({'walk': ((9.0, 0.0), (12.0, 0.0))}, r'walk must lead from the target \(10.0, 0.0\)'),
        ({'walk': ((10.0, 0.0),)}, 'to at least one more place'),
        ({'walk': ((10.0, 0.0), (10.0, 0.0))}, 'shortest step of the walk must be'),
    ],
)
def test_bad_stops_and_walks_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Layout((0.0, 0.0), (10.0, 0.0), **arguments)
