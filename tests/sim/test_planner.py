# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import numpy as np
import pytest

from sim.experts.planner import CostToGo, PlannerParameters
from sim.obstacles import Obstacles
from sim.worlds import Layout, build_world
from sim.worlds.world import Box, Cylinder


def plan(world) -> CostToGo:
    return CostToGo(world, Obstacles(world, 0.9, 2.1, with_target=True))


def read_centres(field: CostToGo) -> tuple[np.ndarray, np.ndarray]:
    """Return the centres of all cells and their costs."""
    rows, columns = np.indices(field.cost.shape)
    low = field._low + field._cell / 2
    centres = np.column_stack([rows.ravel(), columns.ravel()]) * field._cell + low
    return centres, field.cost.ravel()


def shortest_around_disc(distance: float, radius: float) -> float:
    """Return the length of the shortest way between two points on both sides of a disc."""
    arc = math.pi - 2 * math.acos(radius / distance)
    return 2 * math.sqrt(distance**2 - radius**2) + arc * radius


def test_cost_in_empty_space_is_the_straight_distance(make_world):
    centres, costs = read_centres(plan(make_world(target=(10.0, 3.0))))
    straight = np.linalg.norm(centres - [10.0, 3.0], axis=1)
    # Fast marching of first order errs by a few per cent, and never below the truth.
    assert (costs >= straight - 0.01).all()
    assert (costs <= 1.03 * straight + 0.05).all()


def test_direction_in_empty_space_points_at_the_target(make_world):
    field = plan(make_world(target=(10.0, 3.0)))
    rng = np.random.default_rng(0)
    for x, y in rng.uniform([-5, -4], [15, 8], (200, 2)):
        dx, dy = field.find_direction(x, y)
        assert math.hypot(dx, dy) == pytest.approx(1.0)
        if math.hypot(10 - x, 3 - y) > 0.5:
            assert dx * (10 - x) + dy * (3 - y) > 0.99 * math.hypot(10 - x, 3 - y)


def test_path_around_one_trunk_keeps_clear_and_stays_short(make_world):
    world = make_world(Cylinder(5.0, 0.05, 0.5, 8.0), target=(10.0, 0.0))
    field = plan(world)
    path = np.vstack([field.trace(np.zeros(2), 50.0), [10.0, 0.0]])
    clearance = np.linalg.norm(path - [5.0, 0.05], axis=1).min() - 0.5
    assert clearance > PlannerParameters().tight
    length = field.path_length(np.zeros(2))
    assert shortest_around_disc(5.0, 0.5) < length < shortest_around_disc(5.0, 0.5 + 1.4) + 0.3
    assert path[:, 1].min() < -1.0  # the trunk stands a little to the left


def test_wide_gap_is_taken_and_narrow_gap_is_flown_around(make_world):
    def cross_wall(gap: float) -> float:
        """Return where the path crosses a wall at x = 5 with a gap at y = 0."""
        walls = [Box(5.0, sign * (2.0 + gap / 2), 0.4, 4.0, 5.0) for sign in (1, -1)]
        path = plan(make_world(*walls)).trace(np.zeros(2), 50.0)
        return abs(float(np.interp(5.0, path[:, 0], path[:, 1])))

    assert cross_wall(3.0) < 0.5
    assert cross_wall(0.3) > 3.9


@pytest.mark.parametrize('seed', range(2))
def test_paths_from_everywhere_in_a_forest_end_at_the_target(seed):
    layout = Layout((0.0, 0.0), (12.0, 0.0))
    world = build_world('forest', 'summer', layout, np.random.default_rng(seed))
    obstacles = Obstacles(world, 0.9, 2.1, with_target=True)
    field = CostToGo(world, obstacles)
    assert np.isfinite(field.cost).all()
    points = np.random.default_rng(0).uniform([-4, -6], [16, 6], (60, 2))
    for point in points[obstacles.distance(points) > 0.75]:
        straight = float(np.linalg.norm(point - [12.0, 0.0]))
        assert straight - 0.05 <= field.path_length(point) < 1.6 * straight + 3.0
    path = field.trace(np.zeros(2), 50.0)
    before = path[np.linalg.norm(path - [12.0, 0.0], axis=1) > 1.5]
    assert obstacles.distance(before).min() > 0.45


def test_trace_stops_at_its_length_in_steps_of_a_cell(make_world):
    path = plan(make_world()).trace(np.zeros(2), 3.1)
    steps = np.linalg.norm(np.diff(path, axis=0), axis=1)
    assert steps == pytest.approx(np.full(15, 0.2))


def test_points_outside_the_grid_are_led_back(make_world):
    field = plan(make_world(area=(-5.0, 15.0, -5.0, 5.0)))
    assert field.find_direction(-30.0, 0.0)[0] > 0.9
    assert field.find_direction(10.0, 40.0)[1] < -0.9
