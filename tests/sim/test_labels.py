# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np
import pytest

from sim.renderers import Label
from sim.worlds import SEASONS, WORLDS
from sim.worlds.meshes import add_shade, chain_levels, find_coarsest, label_mesh, make_box
from sim.worlds.textures import Tile
from tests.sim.test_renderers import build

# What has no class of its own, and on purpose: a new kind of mesh belongs here or has a label.
OBJECTS = {
    *('rock', 'log', 'lamp', 'bollard', 'column', 'planter'),
    *('post', 'fence', 'chevron', 'limit', 'warning', 'thing'),
}
# First word of a mesh's name -> its class.
LABELS = {
    **dict.fromkeys(('alley', 'apron', 'lane', 'road'), Label.ROAD),
    **dict.fromkeys(('ground', 'yard', 'plaza', 'pavement'), Label.GROUND),
    **dict.fromkeys(('bush', 'fern', 'grass', 'sapling', 'shrub'), Label.PLANT),
    **dict.fromkeys(('birch', 'oak', 'pine', 'tree'), Label.TREE),
    **dict.fromkeys(('house', 'kiosk'), Label.BUILDING),
    **dict.fromkeys(('car', 'van'), Label.CAR),
    **dict.fromkeys(('chair', 'finish'), Label.TARGET),
    **dict.fromkeys(OBJECTS, Label.OBJECT),
}
TILE = Tile(0, 0, 8, 8)


@pytest.mark.parametrize('world', sorted(WORLDS))
@pytest.mark.parametrize('season', sorted(SEASONS))
def test_every_thing_in_every_world_has_its_class(world, season):
    for name, mesh in build(world, season).meshes.items():
        assert mesh.label is LABELS[re.split(r'[_\-\d]', name)[0]], name


@pytest.mark.parametrize('world', sorted(WORLDS))
def test_what_is_on_the_ground_is_flat_and_what_is_a_thing_is_not(world):
    for name, mesh in build(world).meshes.items():
        height = float(np.ptp(mesh.vertices[:, 2]))
        assert (mesh.label in (Label.GROUND, Label.ROAD)) == (height < 0.2), name


def test_mesh_is_an_object_until_it_is_labelled_on_all_levels():
    tree = chain_levels(*(make_box((1.0, 1.0, size), TILE, TILE) for size in (5.0, 4.0, 3.0)))
    assert tree.label is Label.OBJECT
    labelled = add_shade(label_mesh(tree, Label.TREE), 2.0, TILE)
    assert labelled.label is labelled.coarse.label is find_coarsest(labelled).label is Label.TREE
    assert tree.label is Label.OBJECT
