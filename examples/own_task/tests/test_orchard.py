# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from own_task.orchard import CROWN, ROW, TREE_HEIGHT, build_orchard

from sim.obstacles import Obstacles
from sim.tasks import make_task
from sim.worlds import SEASONS, Layout, build_world

LAYOUT = Layout((0.0, 0.0), (12.0, 0.0))


def build(season: str = 'summer', seed: int = 0):
    return build_orchard(season, LAYOUT, np.random.default_rng(seed))


def test_same_seed_gives_the_same_orchard_and_another_one_another():
    one, same, other = build(), build(), build(seed=1)
    assert one.instances == same.instances
    assert one.solids == same.solids
    assert (one.atlas == same.atlas).all()
    assert one.solids != other.solids


def test_season_changes_the_looks_alone():
    worlds = [build(season) for season in SEASONS]
    assert all(world.solids == worlds[0].solids for world in worlds)
    assert all((world.atlas != worlds[0].atlas).any() for world in worlds[1:])


def test_trees_stand_in_rows_beside_the_way():
    trees = [solid for solid in build().solids if solid.height == TREE_HEIGHT]
    aside = np.array([tree.y for tree in trees]) / ROW - 0.5
    assert len(trees) > 80
    assert np.abs(aside - aside.round()).max() < 0.2 / ROW + 1e-9


def test_leaves_stick_out_of_the_solid_by_a_hand_at_most():
    meshes = build().meshes
    for variant in range(3):
        vertices = meshes[f'tree_{variant}'].vertices
        assert np.hypot(*vertices[vertices[:, 2] > 0.1, :2].T).max() < CROWN + 0.25
        assert vertices[:, 2].max() < TREE_HEIGHT + 0.1


@pytest.mark.parametrize('seed', range(5))
def test_middle_of_the_row_is_free(seed: int):
    world = build_world('orchard', 'summer', LAYOUT, np.random.default_rng(seed))
    way = np.column_stack([np.linspace(0, 12, 50), np.zeros(50)])
    assert Obstacles(world, 0.9, 2.1).distance(way).min() > 0.45


@pytest.mark.parametrize('task', ['fly_to_target', 'follow_target', 'hike', 'drive_to_target'])
def test_our_tasks_can_be_set_in_it(task: str):
    trial = make_task(task, world='orchard').sample(3)
    assert trial.world.name == 'orchard'
