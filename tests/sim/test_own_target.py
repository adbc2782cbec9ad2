# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A task finds whatever target it is given: one of ours, of another module or from a mesh file."""

import os
from pathlib import Path

import numpy as np
import pytest

from sim.environment import TaskEnv
from sim.renderers import Label, make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import make_task
from sim.worlds.meshes import make_box
from sim.worlds.targets import TARGETS, TargetKind, find_target

BLIND = SimulationSettings(renderer='none', camera=PinholeCamera(32, 18))
PILLAR = TargetKind(
    radius=0.5,
    height=2.0,
    make_mesh=lambda tile, metal: make_box((0.7, 0.7, 2.0), tile, tile),
    draw=lambda size: np.full((*size, 3), (0.1, 0.2, 0.9)),
)
PILLAR_NAME = f'{__name__}:PILLAR'


def write_box(path: Path, width: float, height: float, bottom: float = 0.0) -> str:
    """Write a green box and return its path."""
    half, top = width / 2, bottom + height
    corners = [(x, y, z) for z in (bottom, top) for x in (-half, half) for y in (-half, half)]
    faces = ['1 2 4 3', '5 7 8 6', '1 5 6 2', '4 8 7 3', '2 6 8 4', '3 7 5 1']
    lines = [
        f'mtllib {path.stem}.mtl',
        'usemtl paint',
        *('v {} {} {}'.format(*c) for c in corners),
    ]
    path.write_text('\n'.join([*lines, *(f'f {face}' for face in faces)]))
    path.with_suffix('.mtl').write_text('newmtl paint\nKd 0.05 0.8 0.1\n')
    return str(path)


def fly(task: str, **options) -> dict:
    """Return the last info of an expert's flight."""
    env = TaskEnv(task, settings=BLIND, **options)
    _, info = env.reset(seed=1)
    terminated = truncated = False
    while not (terminated or truncated):
        *_, terminated, truncated, info = env.step(env.expert_command())
    env.close()
    return info


@pytest.mark.parametrize('world', ['forest', 'urban'])
@pytest.mark.parametrize('target', [*TARGETS, PILLAR_NAME])
def test_expert_reaches_every_target(world, target):
    assert fly('fly_to_target', world=world, target=target)['outcome'] == 'success'


@pytest.mark.parametrize(
    ('task', 'options'),
    [
        ('drive_to_target', {'target': 'car'}),
        ('drive_to_target', {'target': PILLAR_NAME}),
        ('hike', {'target': 'car', 'num_targets': 2}),
        ('follow_target', {'target': 'backpack'}),
        ('follow_target', {'target': 'car'}),
    ],
)
def test_every_task_with_a_target_takes_another_one(task, options):
    assert fly(task, **options)['outcome'] == 'success'


@pytest.mark.parametrize(
    ('task', 'width', 'height', 'reach'),
    [
        ('fly_to_target', 3.5, 5.0, 4.2),
        ('drive_to_target', 3.5, 1.0, 3.7),
        ('hike', 0.3, 0.2, 2.5),
    ],
)
def test_expert_reaches_a_mesh_of_any_size(tmp_path, task, width, height, reach):
    target = write_box(tmp_path / 'box.obj', width, height)
    assert fly(task, target=target, reach=reach)['outcome'] == 'success'


@pytest.mark.parametrize('world', ['forest', 'urban'])
@pytest.mark.parametrize('renderer', ['tiny', 'gl'])
def test_mesh_file_is_seen_as_large_as_it_is_and_in_its_colour(tmp_path, world, renderer):
    target = write_box(tmp_path / 'box.obj', 1.0, 2.0)
    place = make_task('fly_to_target', world=world, target=target).sample(0).world
    assert place.target.radius == pytest.approx(0.5**0.5)
    assert place.target.height == 2.0
    try:
        drawing = make_renderer(renderer, PinholeCamera(128, 128, 90.0))
    except (ModuleNotFoundError, OSError) as error:
        pytest.skip(str(error))
    drawing.load(place)
    eye = np.array([place.target.position[0] - 3.5, 0.0, 1.0])
    drawing.move_target(*place.layout.target, 0.0)
    layers = drawing.render_layers(eye, np.eye(3))
    drawing.close()
    is_target = layers.labels == Label.TARGET
    # 3 m away a face of 1 m by 2 m is 21 by 43 pixels large.
    assert is_target.sum() == pytest.approx(21 * 43, rel=0.08)
    red, green, blue = layers.image[is_target].astype(float).mean(axis=0)
    assert green > 3 * red
    assert green > 3 * blue


def test_mesh_with_as_many_triangles_as_allowed_is_drawn(tmp_path):
    angle = np.linspace(0, 2 * np.pi, 1000, endpoint=False)
    rows = [f'v {0.5 * np.cos(a)} {0.5 * np.sin(a)} {z}' for z in (0, 1) for a in angle]
    faces = [
        f'f {i + 1} {(i + 1) % 1000 + 1} {(i + 1) % 1000 + 1001} {i + 1001}' for i in range(1000)
    ]
    (tmp_path / 'drum.obj').write_text('\n'.join([*rows, *faces]))
    place = make_task('fly_to_target', target=str(tmp_path / 'drum.obj')).sample(0).world
    drawing = make_renderer('tiny', PinholeCamera())
    drawing.load(place)
    eye = np.array([place.target.position[0] - 2.0, 0.0, 1.0])
    labels = drawing.render_layers(eye, np.eye(3)).labels
    drawing.close()
    assert (labels == Label.TARGET).mean() > 0.02


def test_file_that_was_changed_is_read_again(tmp_path):
    name = write_box(tmp_path / 'box.obj', 1.0, 1.0)
    assert find_target(name).height == 1.0
    write_box(tmp_path / 'box.obj', 1.0, 2.0)
    os.utime(name, (0, 0))
    assert find_target(name).height == 2.0


@pytest.mark.parametrize(
    ('width', 'height', 'bottom', 'message'),
    [
        (100.0, 150.0, 0.0, r'box.obj must be in metres, z up, .*width of a target .* got 141'),
        (1.0, 0.01, 0.0, r'height of a target must be .*\[0.1, 5\] m, got 0.01'),
        (1.0, 2.0, -1.0, r'box.obj must stand on z = 0, its lowest point is at -1.00 m'),
    ],
)
def test_meshes_of_another_size_or_place_are_refused(tmp_path, width, height, bottom, message):
    with pytest.raises(ValueError, match=message):
        find_target(write_box(tmp_path / 'box.obj', width, height, bottom))


@pytest.mark.parametrize('task', ['fly_to_target', 'follow_target', 'hike', 'drive_to_target'])
def test_targets_that_do_not_exist_are_errors_when_the_task_is_made(task):
    with pytest.raises(ValueError, match=r"target must be one of .*got 'sofa'.*path of a mesh"):
        make_task(task, target='sofa')
    with pytest.raises(FileNotFoundError, match=r'sofa\.obj'):
        make_task(task, target='sofa.obj')
    with pytest.raises(ValueError, match=r'expected a sim\.worlds\.targets\.TargetKind'):
        make_task(task, target='math:pi')


def test_reach_must_leave_room_beside_the_target(tmp_path):
    target = write_box(tmp_path / 'box.obj', 3.0, 1.0)
    with pytest.raises(ValueError, match=r'reach must be .* got 2.5; target .* radius of 2.12 m'):
        make_task('fly_to_target', target=target)
    assert make_task('fly_to_target', target=target, reach=3.2).target == target


def test_task_without_a_target_of_its_own_has_no_such_option():
    with pytest.raises(ValueError, match="keep_lane has no option 'target'"):
        make_task('keep_lane', target='car')
