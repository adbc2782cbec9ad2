# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The OpenGL renderer draws what the software rasteriser draws, and says why where it cannot."""

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from lnn_control.core.frames import quaternion_from_euler, rotation_from_quaternion
from sim import renderers
from sim.renderers import GlRenderer, TinyRenderer, make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import SEASONS, WORLDS, Layout, build_world

CAMERA = PinholeCamera()
EYE = np.array([0.0, 0.0, 1.5])


def open_gl(camera: PinholeCamera) -> GlRenderer:
    try:
        return GlRenderer(camera)
    except (OSError, ModuleNotFoundError) as error:
        pytest.skip(str(error))


def build(world='forest', season='summer', seed=3):
    layout = Layout((0.0, 0.0), (6.0, -5.5) if world == 'road' else (10.0, 1.0))
    return build_world(world, season, layout, np.random.default_rng(seed))


def draw_poses(count):
    generator = np.random.default_rng(5)
    for _ in range(count):
        angles = generator.uniform((-0.4, -0.3, -np.pi), (0.4, 0.3, np.pi))
        position = generator.uniform((-2.0, -1.0, 0.8), (9.0, 1.0, 2.2))
        yield position, rotation_from_quaternion(quaternion_from_euler(*angles))


@pytest.fixture
def without_egl(monkeypatch):
    monkeypatch.setenv('GLCONTEXT_LINUX_LIBEGL', 'no_such_library.so')
    renderers._warn_of_fallback.cache_clear()
    yield
    renderers._warn_of_fallback.cache_clear()


@pytest.mark.parametrize('world', sorted(WORLDS))
@pytest.mark.parametrize('season', sorted(SEASONS))
def test_images_are_those_of_the_software_rasteriser_but_for_filtering(world, season):
    # The rasteriser has no mipmaps: compare in coarse blocks.
    camera = PinholeCamera(512, 288)
    ours, theirs = open_gl(camera), TinyRenderer(camera)
    place = build(world, season)
    ours.load(place)
    theirs.load(place)
    differences, biases = [], []
    for pose in draw_poses(4):
        pair = [one.render(*pose) for one in (ours, theirs)]
        small = [cv2.resize(p, (64, 36), interpolation=cv2.INTER_AREA).astype(float) for p in pair]
        differences.append(np.abs(small[0] - small[1]).mean())
        biases.append((small[0] - small[1]).mean())
    ours.close()
    theirs.close()
    assert np.mean(differences) < 2.5
    assert abs(np.mean(biases)) < 2.0


@pytest.mark.skipif(not Path('/proc/self/statm').exists(), reason='needs /proc')
def test_memory_stays_flat_over_200_loads():
    worlds = [build('forest', 'summer', 1), build('urban', 'winter', 2), build('forest', 'winter')]
    renderer = open_gl(CAMERA)
    levels = []
    for index in range(200):
        renderer.load(worlds[index % 3])
        renderer.render(EYE, np.eye(3))
        levels.append(int(Path('/proc/self/statm').read_text().split()[1]) * 4096 / 2**20)
    renderer.close()
    assert max(levels[-3:]) - max(levels[6:9]) < 20.0


def test_two_renderers_do_not_disturb_each_other():
    first, second = open_gl(CAMERA), open_gl(PinholeCamera(64, 48))
    first.load(build())
    alone = first.render(EYE, np.eye(3))
    second.load(build('urban', 'winter'))
    assert second.render(EYE, np.eye(3)).shape == (48, 64, 3)
    assert np.array_equal(first.render(EYE, np.eye(3)), alone)
    second.close()
    assert np.array_equal(first.render(EYE, np.eye(3)), alone)
    first.close()


def test_closed_renderer_can_load_again():
    renderer = open_gl(CAMERA)
    renderer.load(build())
    before = renderer.render(EYE, np.eye(3))
    renderer.close()
    renderer.load(build())
    assert np.array_equal(renderer.render(EYE, np.eye(3)), before)
    renderer.close()


def test_back_of_a_world_without_anything_in_view_is_sky():
    renderer = open_gl(CAMERA)
    world = build()
    renderer.load(replace(world, instances=()))
    image = renderer.render(np.array([50.0, 0.0, 1.5]), np.eye(3))
    renderer.close()
    assert image[:36].reshape(-1, 3).std(axis=0).max() > 0
    assert image[50:].reshape(-1, 3) == pytest.approx(
        np.broadcast_to(world.panorama[-1].mean(axis=0), (22 * 128, 3)), abs=30
    )


def test_egl_that_does_not_open_names_what_to_install(without_egl):
    pytest.importorskip('moderngl', reason='needs the extra gl')
    with pytest.raises(
        OSError, match=r'EGL \(.+\): apt install libegl1 libgl1-mesa-dri'
    ) as caught:
        make_renderer('gl', CAMERA)
    assert '\n' not in str(caught.value)


def test_missing_moderngl_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, 'moderngl', None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "lnn_control\[gl\]"') as caught:
        make_renderer('gl', CAMERA)
    assert caught.value.name == 'moderngl'


def test_auto_falls_back_to_tiny_with_one_warning(without_egl):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        made = [make_renderer('auto', CAMERA) for _ in range(3)]
    assert [one.name for one in made] == ['tiny'] * 3
    assert len(caught) == 1
    assert 'drawing with renderer tiny instead' in str(caught[0].message)


def test_auto_is_gl_where_it_opens():
    open_gl(CAMERA).close()
    renderer = make_renderer('auto', CAMERA)
    assert renderer.name == 'gl'
    renderer.close()
