# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Depth and segmentation have the values that geometry says, in both renderers."""

from dataclasses import replace

import numpy as np
import pytest

from lnn_control.core.frames import (
    ROTATION_BODY_FROM_OPTICAL,
    quaternion_from_euler,
    rotation_from_quaternion,
    rotation_world_from_level,
)
from sim.renderers import Label, NoRenderer, make_renderer
from sim.renderers.labels import label_shade
from sim.renderers.projection import make_rays
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import WORLDS
from sim.worlds.meshes import label_mesh, make_box
from sim.worlds.textures import Tile
from sim.worlds.world import Instance
from tests.sim.test_gl_renderer import draw_poses, open_gl
from tests.sim.test_renderers import EYE, build, build_lone_cube, every_renderer

CAMERA = PinholeCamera(96, 54)
TILE = Tile(0, 0, 32, 32)


def draw(name, world, position=EYE, rotation=None):
    renderer = make_renderer(name, CAMERA)
    renderer.load(world)
    layers = renderer.render_layers(position, np.eye(3) if rotation is None else rotation)
    image = renderer.render(position, np.eye(3) if rotation is None else rotation)
    with_depth = renderer.render_depth(position, np.eye(3) if rotation is None else rotation)
    renderer.close()
    assert np.array_equal(layers.image, image)
    assert np.array_equal(with_depth[0], image)
    assert np.array_equal(with_depth[1], layers.depth)
    assert layers.depth.dtype == np.float32
    assert layers.labels.dtype == np.uint8
    assert layers.depth.shape == layers.labels.shape == (54, 96)
    assert np.array_equal(layers.labels == Label.SKY, np.isinf(layers.depth))
    return layers


def build_wall(distance, yaw=0.0):
    """Return a world with nothing but a wall, 40 m wide and 20 m high, and a cube behind."""
    world = build_lone_cube((-5.0, 0.0, 1.5))
    wall = make_box((1.0, 40.0, 30.0), TILE, TILE, (distance + 0.5, 0.0, -10.0))
    meshes = world.meshes | {'wall': label_mesh(wall, Label.BUILDING)}
    return replace(world, meshes=meshes, instances=(Instance('wall', 0.0, 0.0, yaw=yaw),))


@every_renderer
@pytest.mark.parametrize('distance', [0.3, 2.0, 7.0, 60.0])
def test_wall_across_the_view_has_one_depth(name, distance):
    layers = draw(name, build_wall(distance))
    upper = slice(15, 27)  # a wall 60 m away is not as high as the view
    assert (layers.labels[upper] == Label.BUILDING)[:, 43:53].all()
    is_wall = layers.labels[upper] == Label.BUILDING
    depth = layers.depth[upper][is_wall]
    assert depth == pytest.approx(np.full(depth.shape, distance), rel=2e-3)


@every_renderer
def test_slanted_wall_has_the_depth_of_every_ray(name):
    # From a rolled and pitched camera, the plane n . p = 6 m in the world.
    yaw = 0.4
    rotation = rotation_from_quaternion(quaternion_from_euler(0.3, -0.2, 0.1))
    layers = draw(name, build_wall(6.0, yaw), rotation=rotation)
    normal = rotation_world_from_level(yaw)[:, 0]
    rays = make_rays(CAMERA) @ rotation.T
    assert ROTATION_BODY_FROM_OPTICAL[0, 2] == 1.0  # depth is along the body's x axis
    expected = ((6.0 - normal @ EYE) / (rays @ normal)).reshape(54, 96)
    is_wall = layers.labels == Label.BUILDING
    # The sides of the wall and what lies below the ground are left out.
    front = is_wall & (np.abs(layers.depth - expected) < 1.0)
    assert front.sum() > 0.9 * is_wall.sum() > 2000
    assert layers.depth[front] == pytest.approx(expected[front], rel=1e-3)


@every_renderer
def test_ground_below_has_the_depth_of_the_height(name):
    down = rotation_from_quaternion(quaternion_from_euler(0.0, np.pi / 2, 0.0))
    layers = draw(name, build(), np.array([0.0, 0.0, 3.0]), down)
    is_ground = layers.labels == Label.GROUND
    assert is_ground.mean() > 0.8
    assert layers.depth[is_ground] == pytest.approx(np.full(is_ground.sum(), 3.0), abs=0.04)


@every_renderer
def test_target_is_labelled_where_it_is_and_the_rest_is_sky(name):
    layers = draw(name, build_lone_cube((4.0, 0.6, 1.5)))
    red = (layers.image[..., 0] > 90) & (layers.image[..., 1] < 60)
    assert red.sum() > 10
    assert np.array_equal(layers.labels == Label.TARGET, red)
    assert np.array_equal(layers.labels == Label.SKY, ~red)
    assert layers.depth[red].min() == pytest.approx(3.8, abs=0.02)


@every_renderer
def test_moved_target_takes_its_label_along(name):
    renderer = make_renderer(name, CAMERA)
    renderer.load(build_lone_cube((4.0, 30.0, 1.5)))
    before = renderer.render_layers(EYE, np.eye(3))
    renderer.move_target(4.0, 0.0, 0.0)
    after = renderer.render_layers(EYE, np.eye(3))
    renderer.close()
    assert not (before.labels == Label.TARGET).any()
    assert after.labels[27, 48] == Label.TARGET


@every_renderer
@pytest.mark.parametrize('world', sorted(WORLDS))
def test_worlds_are_full_of_things_on_the_ground(name, world):
    layers = draw(name, build(world, seed=3))
    shares = np.bincount(layers.labels.ravel(), minlength=len(Label)) / layers.labels.size
    assert shares[[Label.GROUND, Label.ROAD]].sum() > 0.1
    assert shares[Label.SKY] > 0.01
    assert shares[Label.TREE] + shares[Label.BUILDING] > 0.02


@pytest.mark.parametrize('world', sorted(WORLDS))
def test_renderers_agree_on_layers(world):
    open_gl(CAMERA).close()
    place = build(world, seed=4)
    for position, rotation in draw_poses(4):
        ours, theirs = (draw(name, place, position, rotation) for name in ('gl', 'tiny'))
        # What is farther than 97 m looks like sky to the rasteriser.
        same = ours.labels == theirs.labels
        assert (same | (ours.depth > 95.0)).mean() > 0.998
        solid = same & (ours.labels != Label.SKY)
        error = np.abs(ours.depth[solid] / theirs.depth[solid] - 1)
        assert np.quantile(error, 0.99) < 1e-3


def test_what_lies_flat_on_the_ground_is_ground_but_roads_stay():
    labels = np.array([Label.TREE, Label.TREE, Label.ROAD, Label.SKY, Label.TARGET], np.uint8)
    depth = np.array([2.0, 1.9, 2.0, np.inf, 2.0], np.float32)
    rise = np.array([-0.5, -0.5, -0.5, -0.5, 0.0], np.float32)
    found = label_shade(labels, depth, 1.0, rise)
    expected = [Label.GROUND, Label.TREE, Label.ROAD, Label.SKY, Label.TARGET]
    assert found.tolist() == expected


def test_renderer_of_nothing_sees_a_black_sky():
    layers = NoRenderer(CAMERA).render_layers(EYE, np.eye(3))
    assert not layers.image.any()
    assert np.isinf(layers.depth).all()
    assert (layers.labels == Label.SKY).all()
