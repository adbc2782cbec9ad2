# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A forest to train in: colours of any kind, and things that are no plants."""

import numpy as np
import pytest

from sim.worlds import SEASONS, Layout, World, build_world
from sim.worlds.labels import Label
from sim.worlds.placement import is_reachable
from sim.worlds.varied_forest import PAINTS, vary_look
from sim.worlds.world import Box, Cylinder

LAYOUT = Layout((0.0, 0.0), (11.0, 0.0))
SEEDS = range(16)


def build(seed: int, season: str = 'summer') -> World:
    return build_world('varied_forest', season, LAYOUT, np.random.default_rng(seed))


def list_things(world: World) -> list:
    return [one for one in world.instances if one.mesh.startswith('thing_')]


def test_some_forests_stay_as_they_are_and_most_do_not():
    num_plain = sum(not list_things(build(seed)) for seed in SEEDS)
    assert 1 <= num_plain <= len(SEEDS) // 2


@pytest.mark.parametrize('seed', range(6))
def test_each_thing_fills_a_solid_of_its_own(seed):
    world = build(seed)
    for thing in list_things(world):
        mesh = world.meshes[thing.mesh]
        assert mesh.label is Label.OBJECT
        found = [s for s in world.solids if (s.x, s.y) == (thing.x, thing.y)]
        assert len(found) == 1
        size = np.ptp(mesh.vertices, axis=0)
        if isinstance(found[0], Box):
            assert found[0].yaw == thing.yaw
            wanted = (found[0].length, found[0].width, found[0].height)
        else:
            wanted = (2 * found[0].radius, 2 * found[0].radius, found[0].height)
        assert size == pytest.approx(wanted, rel=1e-5)


def test_there_are_posts_crates_walls_and_trees():
    solids = [solid for seed in SEEDS for solid in build(seed).solids]
    boxes = [solid for solid in solids if isinstance(solid, Box) and solid.height > 0.7]
    assert sum(box.length > 2.5 for box in boxes) >= 8
    assert sum(box.length < 0.5 for box in boxes) >= 30
    trunks = [s for s in solids if isinstance(s, Cylinder) and s.height > 6.5]
    assert len(trunks) > 500


@pytest.mark.parametrize('seed', range(6))
def test_a_way_stays_open(seed):
    world = build(seed)
    assert is_reachable(world.solids, world.layout, world.area)


def test_colours_of_the_same_thing_differ_widely_between_seeds():
    summer = SEASONS['summer']
    looks = [vary_look(summer, np.random.default_rng(seed)) for seed in range(40)]
    leaves = np.array([look.leaves[0][1] for look in looks])
    assert leaves.std(axis=0).min() > 0.08


def test_summer_varied_has_no_snow_no_bare_tree_and_no_bright_ground():
    for seed in range(200):
        look = vary_look(SEASONS['summer'], np.random.default_rng(seed))
        assert look.snow == 0.0 and not look.is_bare
        assert max(np.mean(colour) for colour in (*look.ground, *look.litter)) <= 0.6 + 1e-9


def test_paints_are_those_of_the_atlas_that_plants_hardly_use():
    plain = next(world for world in map(build, SEEDS) if not list_things(world))
    varied = next(world for world in map(build, SEEDS) if list_things(world))
    assert {*PAINTS} < {'wood', 'rock', 'fern', 'bark_a', 'bark_b'}
    assert (plain.atlas != varied.atlas).any()
