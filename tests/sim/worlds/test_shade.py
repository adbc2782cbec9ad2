# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Light under trees: uneven along a flight, the same on the ground and on what stands there."""

from dataclasses import replace

import numpy as np
import pytest

from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import SEASONS, Layout, build_world
from sim.worlds.meshes import make_box
from sim.worlds.plants import place_plants
from sim.worlds.shade import EDGE_LIGHT, GROUND_TILE, Floor, lay_floor
from sim.worlds.textures import FOREST_TILES
from sim.worlds.world import Instance, Target
from tests.sim.test_renderers import every_renderer

LAYOUT = Layout((0.0, 0.0), (12.0, 0.0))
AREA = (-20.0, 28.0, -20.0, 20.0)


def build(season: str = 'summer'):
    return build_world('forest', season, LAYOUT, np.random.default_rng(0))


@pytest.fixture(scope='module')
def floor() -> Floor:
    generator = np.random.default_rng(0)
    high, _ = place_plants(LAYOUT, AREA, generator)
    return lay_floor(AREA, 8.0, high, generator)


def test_tiles_meet_in_the_same_light(floor):
    for light in floor.light:
        for edge in (light[0], light[-1], light[:, 0], light[:, -1]):
            assert edge == pytest.approx(EDGE_LIGHT)
        assert light.min() < 0.5 and light.max() > 0.95


def test_glade_is_brighter_than_the_ground_below_crowns(floor):
    dense, glade = floor.light
    assert glade.mean() > dense.mean() + 0.05


@pytest.mark.parametrize('quarter_turns', range(4))
def test_light_turns_with_its_tile(quarter_turns):
    light = np.full((2, 128, 128), 0.5, np.float32)
    light[0, :30, :30] = 1.0  # far left of a tile that is not turned
    floor = Floor(light, np.zeros((1, 1), np.int64), np.full((1, 1), quarter_turns), (0.0, 0.0))
    corners = [(0.5, 7.5), (0.5, 0.5), (7.5, 0.5), (7.5, 7.5)]  # each a left turn on
    found = [floor.find_light(*corner) for corner in corners]
    assert int(np.argmax(found)) == quarter_turns
    assert sorted(found)[:3] == pytest.approx([0.5] * 3)


def test_tiles_cover_area_and_margin(floor):
    tiles = floor.place_tiles()
    x, y = np.array([(tile.x, tile.y) for tile in tiles]).T
    half = GROUND_TILE / 2
    assert x.min() - half <= AREA[0] - 8 and x.max() + half >= AREA[1] + 8
    assert y.min() - half <= AREA[2] - 8 and y.max() + half >= AREA[3] + 8


@pytest.mark.parametrize('season', sorted(SEASONS))
def test_trees_stand_in_sun_and_shade(season):
    world = build(season)
    light = [o.brightness for o in world.instances if o.mesh.startswith(('oak', 'birch', 'pine'))]
    assert min(light) > 0 and max(light) <= 1
    assert np.std(light) > 0.1 * SEASONS[season].shade
    assert {o.brightness for o in world.instances if o.mesh.startswith('ground')} == {1.0}


def test_brightness_of_the_ground_varies_along_a_flight():
    world = replace(build(), target=replace(build().target, instance=Instance('chair', 0.0, 50.0)))
    renderer = make_renderer('tiny', PinholeCamera(64, 36))
    renderer.load(world)
    down = np.array([[0.0, 0.0, 1.0], [0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]])
    values = [
        renderer.render(np.array([x, 0.0, 1.5]), down).mean() for x in np.arange(0.0, 12.0, 0.5)
    ]
    renderer.close()
    assert np.std(values) > 0.08 * np.mean(values)


@every_renderer
def test_instance_in_half_the_light_is_half_as_bright(name):
    world = build()
    tile = FOREST_TILES['target']
    values = []
    renderer = make_renderer(name, PinholeCamera(32, 18))
    for brightness in (1.0, 0.5):
        one = Instance('box', 3.0, 0.0, 0.0, 0.0, 1.0, brightness)
        light = replace(world.light, ambient=1.0, sun=(0.0, 0.0, 0.0), fog_distance=1e6)
        bare = replace(
            world,
            meshes={'box': make_box((1.0, 6.0, 6.0), tile, tile)},
            instances=(),
            target=Target(one, 0.5, 3.0),
            light=light,
        )
        renderer.load(bare)
        values.append(float(renderer.render(np.array([0.0, 0.0, 1.5]), np.eye(3))[9, 16, 0]))
    renderer.close()
    assert values[1] == pytest.approx(values[0] / 2, abs=2)
