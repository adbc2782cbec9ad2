# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What lies low: logs, rocks and kerbs are solid for wheels and out of the way of a drone."""

from dataclasses import replace

import numpy as np
import pytest

from sim.obstacles import Obstacles
from sim.physics import Physics
from sim.worlds import Layout, World, build_world
from sim.worlds.blocks import KERB_HEIGHT
from sim.worlds.placement import draw_solids
from sim.worlds.plants import GAP, LOGS, Plant
from sim.worlds.world import Box, Cylinder

LAYOUT = Layout((0.0, 0.0), (12.0, 0.0))


def build(name: str, seed: int = 0) -> World:
    return build_world(name, 'summer', LAYOUT, np.random.default_rng(seed))


def list_low(world: World) -> list[Box | Cylinder]:
    return [solid for solid in world.solids if solid.height < 0.65]


def find_height(world: World, x: float, y: float) -> float:
    """Return how high the uppermost solid at a place is, by a ray from above [m]."""
    with Physics() as physics:
        physics.load(world)
        return float(physics.client.rayTest((x, y, 3.0), (x, y, -1.0))[0][3][2])


def test_forest_has_logs_and_rocks_of_many_sizes():
    low = [solid for seed in range(3) for solid in list_low(build('forest', seed))]
    logs = [solid for solid in low if isinstance(solid, Box)]
    rocks = [solid for solid in low if isinstance(solid, Cylinder)]
    assert len(logs) >= 5 and len(rocks) >= 10
    assert np.ptp([rock.radius for rock in rocks]) > 0.2


def test_logs_and_rocks_collide():
    world = build('forest')
    for solid in list_low(world)[:4]:
        assert find_height(world, solid.x, solid.y) == pytest.approx(solid.height, abs=1e-3)


def test_logs_and_rocks_are_below_a_drone():
    for seed in range(3):
        world = build('forest', seed)
        places = np.array([(solid.x, solid.y) for solid in list_low(world)])
        assert (Obstacles(world, 0.9, 2.1).distance(places) > 0.5).all()
        assert (Obstacles(world, 0.2, 0.6).distance(places) < 0).all()


def test_circles_of_a_log_cover_its_box():
    plant = Plant('log', 1, 3.0, -2.0, 0.7, 1.1)
    length, width = 1.1 * LOGS[1][0], 2.2 * LOGS[1][1]
    c, s = np.cos(0.7), np.sin(0.7)
    for along in np.linspace(-length / 2, length / 2, 15):
        for aside in (-width / 2, width / 2):
            x, y = 3.0 + c * along - s * aside, -2.0 + s * along + c * aside
            assert any(np.hypot(x - a, y - b) <= r + 1e-9 for a, b, r in plant.circles)


def test_solids_of_the_forest_leave_a_gap():
    for seed in range(3):
        world = build('forest', seed)
        rounds = [solid for solid in world.solids if isinstance(solid, Cylinder)]
        x, y, radius = np.array([(one.x, one.y, one.radius) for one in rounds]).T
        space = np.hypot(x[:, None] - x, y[:, None] - y) - radius[:, None] - radius
        np.fill_diagonal(space, np.inf)
        assert space.min() >= GAP


def test_kerbs_are_solid_and_in_nobodys_way():
    world = build('urban')
    kerbs = [solid for solid in world.solids if solid.height == KERB_HEIGHT]
    assert len(kerbs) >= 2
    pavements = [one for one in world.instances if one.mesh == 'pavement']
    places = np.array([(one.x, one.y) for one in pavements])
    alone = [
        place for place in places if Obstacles(world, 0.2, 3.0).distance(place[None])[0] > 0.05
    ]
    assert alone
    for x, y in alone[:3]:
        assert find_height(world, x, y) == pytest.approx(KERB_HEIGHT, abs=1e-3)
    assert (Obstacles(world, 0.0, 0.1).distance(places) < 0).all()
    assert draw_solids(kerbs, world.area).all()


@pytest.mark.parametrize('seed', range(2))
def test_streets_end_at_houses_wherever_one_looks(seed):
    world = build('urban', seed)
    houses = [solid for solid in world.solids if isinstance(solid, Box) and solid.height > 5]
    walls = Obstacles(replace(world, solids=tuple(houses)), 0.9, 2.1)
    free = Obstacles(world, 0.9, 2.1)
    x_min, x_max, y_min, y_max = world.area
    generator = np.random.default_rng(seed)
    places = generator.uniform((x_min, y_min), (x_max, y_max), (25, 2))
    for place in places[free.distance(places) > 0.5]:
        for angle in np.arange(0.0, 2 * np.pi, np.pi / 18):
            ray = place + np.arange(0.0, 110.0, 0.25)[:, None] * (np.cos(angle), np.sin(angle))
            assert walls.distance(ray).min() < 0.2
