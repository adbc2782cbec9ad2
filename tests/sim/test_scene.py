# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is drawn from a pose: nothing behind the camera, coarse things far away."""

import numpy as np
import pytest

from lnn_control.core.frames import rotation_world_from_level
from sim.renderers.scene import NUM_LEVELS, Scene
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import Layout, build_world

EYE = np.array([0.0, 0.0, 1.5])


@pytest.fixture(scope='module')
def world():
    return build_world(
        'forest', 'summer', Layout((0.0, 0.0), (10.0, 0.0)), np.random.default_rng(0)
    )


@pytest.fixture
def scene(world):
    return Scene(world, PinholeCamera())


def test_target_is_drawn_last_and_nothing_is_lost(scene, world):
    assert scene.instances[-1] is world.target.instance
    assert set(scene.instances[:-1]) == set(world.instances)


def test_target_out_of_view_is_not_drawn(scene):
    ahead = scene.choose_levels(EYE, rotation_world_from_level(0.0))
    behind = scene.choose_levels(EYE, rotation_world_from_level(np.pi))
    assert ahead[-1] >= 0
    assert behind[-1] == -1


def test_moved_target_is_looked_for_at_its_new_place(scene):
    scene.move_target(-10.0, 0.0, 0.3)
    assert scene.choose_levels(EYE, rotation_world_from_level(0.0))[-1] == -1
    assert scene.choose_levels(EYE, rotation_world_from_level(np.pi))[-1] >= 0


def test_farther_trees_are_coarser(scene):
    levels = scene.choose_levels(EYE, rotation_world_from_level(0.0))
    trees = [
        (float(np.hypot(one.x, one.y)), int(level))
        for one, level in zip(scene.instances, levels, strict=True)
        if one.mesh in ('oak_0', 'birch_0', 'pine_0') and level >= 0
    ]
    assert all(level == np.searchsorted((6.5, 13.0), distance) for distance, level in trees)
    assert len({level for _, level in trees}) >= 2


def test_longer_lens_sees_details_farther_away(world):
    wide, tele = (Scene(world, PinholeCamera(horizontal_fov_deg=fov)) for fov in (100.0, 40.0))
    both = [one.choose_levels(EYE, np.eye(3)) for one in (wide, tele)]
    seen = (both[0] >= 0) & (both[1] >= 0)
    assert (both[1][seen] <= both[0][seen]).all()
    assert both[1][seen].sum() < both[0][seen].sum()


def test_every_look_has_a_texture_of_the_atlas(scene):
    textures = {look.texture for looks in scene.looks.values() for look in looks}
    assert textures <= set(range(NUM_LEVELS))
