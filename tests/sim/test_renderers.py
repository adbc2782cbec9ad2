# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Renderers draw what the pinhole model predicts, the same every time, and free what they use."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lnn_control.core.frames import (
    ROTATION_BODY_FROM_OPTICAL,
    quaternion_from_euler,
    rotation_from_quaternion,
    rotation_world_from_level,
)
from sim.renderers import RENDERERS, make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import SEASONS, WORLDS, Layout, build_world
from sim.worlds.meshes import make_box, move_mesh
from sim.worlds.textures import FOREST_TILES
from sim.worlds.world import Instance, Target

LAYOUT = Layout((0.0, 0.0), (10.0, 1.0))
LAYOUT_OF_ROAD = Layout((0.0, 0.0), (6.0, -5.5))
EYE = np.array([0.0, 0.0, 1.5])


def why_not_here(name: str) -> str:
    """Return why a renderer cannot open on this machine, nothing if it can."""
    try:
        make_renderer(name, PinholeCamera(16, 16)).close()
    except (OSError, ModuleNotFoundError) as error:
        return str(error)
    return ''


every_renderer = pytest.mark.parametrize(
    'name',
    [
        pytest.param(name, marks=pytest.mark.skipif(bool(reason), reason=reason))
        for name in sorted(RENDERERS.keys() - {'none'})
        for reason in (why_not_here(name),)
    ],
)


def build(world: str = 'forest', season: str = 'summer', seed: int = 0):
    layout = LAYOUT_OF_ROAD if world == 'road' else LAYOUT
    return build_world(world, season, layout, np.random.default_rng(seed))


def build_lone_cube(position, size=0.4):
    """Return an empty world with a red cube centred at a position."""
    world = build()
    tile = FOREST_TILES['target']
    meshes = {'cube': move_mesh(make_box((size,) * 3, tile, tile), (0, 0, -size / 2))}
    target = Target(Instance('cube', *position), size / 2, size)
    light = replace(world.light, fog_distance=1e6, ambient=1.0)
    return replace(world, meshes=meshes, instances=(), target=target, light=light)


def is_red(image):
    red = (image[..., 0] > 90) & (image[..., 1] < 60) & (image[..., 2] < 60)
    assert red.any(), 'nothing red in the image'
    return red


def measure_outline(camera, points):
    """Return how far inside the points' convex outline every pixel's centre is [px]."""
    hull = cv2.convexHull(points.astype(np.float32))
    centres = np.indices((camera.height_px, camera.width_px)).reshape(2, -1).T[:, ::-1] + 0.5
    inside = [cv2.pointPolygonTest(hull, centre, True) for centre in centres.tolist()]
    return np.reshape(inside, (camera.height_px, camera.width_px))


@every_renderer
@pytest.mark.parametrize(
    'roll, pitch, yaw',
    [
        (0, 0, 0), (0.4, 0, 0), (-0.7, 0.1, 0.2), (0, 0.3, 0), (0, -0.3, -0.4), (1.2, 0.2, 0.3),
        (3.0, -0.2, 0.1), (-2.0, 0.3, -0.3),
    ],
)  # fmt: skip
def test_cube_covers_the_pixels_that_the_pinhole_model_says(name, roll, pitch, yaw):
    middle = np.array([4.0, 0.6, 0.9])
    corners = middle + 0.2 * (2 * np.indices((2, 2, 2)).reshape(3, 8).T - 1)
    rotation = rotation_from_quaternion(quaternion_from_euler(roll, pitch, yaw))
    camera = PinholeCamera(320, 180)
    renderer = make_renderer(name, camera)
    renderer.load(build_lone_cube(middle))
    red = is_red(renderer.render(EYE, rotation))
    renderer.close()
    optical = (corners - EYE) @ rotation @ ROTATION_BODY_FROM_OPTICAL
    depth = measure_outline(camera, camera.project(optical))
    assert (depth > 0).sum() > 150
    # A pixel shows what its centre sees; single precision moves an outline by less than this.
    assert np.abs(depth[red != (depth > 0)]).max(initial=0.0) < 0.02


@every_renderer
def test_target_moves_where_it_is_told(name):
    camera = PinholeCamera(480, 270)
    renderer = make_renderer(name, camera)
    renderer.load(build_lone_cube((4.0, 30.0, 1.5), size=0.1))
    renderer.move_target(5.0, -1.0, 0.7)
    rows, columns = np.nonzero(is_red(renderer.render(EYE, np.eye(3))))
    renderer.close()
    expected = camera.project(np.array([[1.0, 0.0, 5.0]]))[0]
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx(expected, abs=0.6)


@every_renderer
@pytest.mark.parametrize('world', sorted(WORLDS))
@pytest.mark.parametrize('season', sorted(SEASONS))
def test_image_has_the_cameras_size_and_shows_something(name, world, season):
    renderer = make_renderer(name, PinholeCamera())
    renderer.load(build(world, season))
    image = renderer.render(EYE, np.eye(3))
    renderer.close()
    assert image.shape == (72, 128, 3)
    assert image.dtype == np.uint8
    assert image.std() > 15


@every_renderer
def test_image_depends_on_the_pose_alone(name):
    world, poses = build(), [(EYE + np.array([0.5 * i, 0, 0]), 0.3 * i) for i in range(8)]
    straight, wandering = (make_renderer(name, PinholeCamera()) for _ in range(2))
    straight.load(world)
    wandering.load(world)
    for position, yaw in reversed(poses):
        wandering.render(position, rotation_world_from_level(yaw))
    for position, yaw in poses:
        rotation = rotation_world_from_level(yaw)
        first, second = (one.render(position, rotation) for one in (straight, wandering))
        assert np.array_equal(first, second)
    straight.close()
    wandering.close()


@every_renderer
def test_images_stay_valid_after_the_next_frame(name):
    renderer = make_renderer(name, PinholeCamera())
    renderer.load(build())
    first = renderer.render(EYE, np.eye(3))
    copy = first.copy()
    renderer.render(EYE, rotation_world_from_level(2.0))
    renderer.close()
    assert np.array_equal(first, copy)


@every_renderer
def test_camera_below_eye_level_and_turned_upwards_sees_sky(name):
    renderer = make_renderer(name, PinholeCamera())
    world = build_lone_cube((4.0, 30.0, 1.5))
    renderer.load(world)
    up = rotation_from_quaternion(quaternion_from_euler(0.0, -np.pi / 2, 0.0))
    image = renderer.render(EYE, up)
    renderer.close()
    zenith = world.panorama[0].mean(axis=0)
    assert image[36, 64] == pytest.approx(zenith, abs=40)


@every_renderer
def test_renderer_says_which_one_it_is(name):
    renderer = make_renderer(name, PinholeCamera(16, 16))
    assert renderer.name == name
    renderer.close()


@every_renderer
def test_drawing_without_a_world_says_what_to_do(name):
    renderer = make_renderer(name, PinholeCamera())
    with pytest.raises(RuntimeError, match='call load'):
        renderer.render(EYE, np.eye(3))
    renderer.load(build())
    renderer.close()
    renderer.close()
    with pytest.raises(RuntimeError, match='call load'):
        renderer.move_target(1.0, 1.0, 0.0)


def test_unknown_renderer_lists_the_valid_ones():
    with pytest.raises(ValueError, match=r"renderer must be one of \[.*'tiny'.*.*, got 'big'"):
        make_renderer('big', PinholeCamera())


def measure_memory_mib() -> float:
    pages = int(Path('/proc/self/statm').read_text().split()[1])
    return pages * 4096 / 2**20


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='needs /proc')
@every_renderer
def test_memory_stays_flat_over_many_loads(name):
    worlds = [build('forest', 'summer', 1), build('urban', 'winter', 2), build('forest', 'winter')]
    renderer = make_renderer(name, PinholeCamera())
    levels = []
    for index in range(30):
        renderer.load(worlds[index % 3])
        renderer.render(EYE, np.eye(3))
        levels.append(measure_memory_mib())
    renderer.close()
    assert max(levels[-3:]) - max(levels[6:9]) < 20.0
