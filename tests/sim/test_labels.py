# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import re

import numpy as np
import pytest

from sim.renderers import Label
from sim.renderers.labels import label_mesh
from sim.worlds import SEASONS, WORLDS
from tests.sim.test_renderers import build

# What has no class of its own, and on purpose. A new kind of mesh belongs here or in the table of
# sim.renderers.labels.
OBJECTS = {
    *('rock', 'log', 'lamp', 'bollard', 'column', 'planter'),
    *('post', 'fence', 'finish', 'chevron', 'limit', 'warning'),
}


@pytest.mark.parametrize('world', sorted(WORLDS))
@pytest.mark.parametrize('season', sorted(SEASONS))
def test_every_thing_in_every_world_has_its_class_on_purpose(world, season):
    place = build(world, season)
    names = {instance.mesh for instance in place.instances}
    objects = {name for name in names if label_mesh(name, place.meshes[name]) is Label.OBJECT}
    assert {re.split(r'[_\-\d]', name)[0] for name in objects} <= OBJECTS


@pytest.mark.parametrize('world', sorted(WORLDS))
def test_what_is_on_the_ground_is_flat_and_what_is_a_thing_is_not(world):
    place = build(world)
    for name, mesh in place.meshes.items():
        height = float(np.ptp(mesh.vertices[:, 2]))
        is_ground = label_mesh(name, mesh) in (Label.GROUND, Label.ROAD)
        assert is_ground == (height < 0.2), name
