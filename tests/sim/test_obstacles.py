# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.obstacles import Obstacles
from sim.worlds.world import Box, Cylinder


def outline_box(box: Box, spacing: float = 0.002) -> np.ndarray:
    """Return points all along the outline of a box, made without the code under test."""
    half = np.array([box.length, box.width]) / 2
    t = np.arange(-1, 1 + spacing, spacing)
    ones = np.ones_like(t)
    sides = [(t, ones), (t, -ones), (ones, t), (-ones, t)]
    local = np.concatenate([np.column_stack(side) for side in sides]) * half
    turn = np.exp(1j * box.yaw)
    turned = (local[:, 0] + 1j * local[:, 1]) * turn
    return np.column_stack([turned.real + box.x, turned.imag + box.y])


@pytest.mark.parametrize('yaw', [0.0, 0.6, -1.2, np.pi / 2, 3.0])
def test_distance_to_a_turned_box_agrees_with_its_outline_point_by_point(make_world, yaw):
    box = Box(2.0, -1.0, length=4.0, width=1.0, height=3.0, yaw=yaw)
    points = np.random.default_rng(0).uniform(-5, 6, (300, 2))
    gaps = np.linalg.norm(points[:, None] - outline_box(box)[None], axis=2).min(axis=1)
    local = (points - [box.x, box.y]) @ [[np.cos(yaw), -np.sin(yaw)], [np.sin(yaw), np.cos(yaw)]]
    is_inside = (np.abs(local) < [2.0, 0.5]).all(axis=1)
    assert is_inside.any()
    wanted = np.where(is_inside, -gaps, gaps)
    distance = Obstacles(make_world(box), 1.0, 2.0).distance(points)
    assert distance == pytest.approx(wanted, abs=0.005)


def test_distance_to_a_trunk_is_measured_from_its_bark(make_world):
    world = make_world(Cylinder(3.0, 4.0, radius=0.5, height=8.0))
    distance = Obstacles(world, 1.0, 2.0).distance(np.array([[0, 0], [3, 4], [3, 4.5]]))
    assert distance == pytest.approx([4.5, -0.5, 0.0])


def test_the_nearest_of_many_counts(make_world):
    rng = np.random.default_rng(1)
    centres = rng.uniform(-10, 10, (40, 2))
    world = make_world(*[Cylinder(x, y, 0.2, 8.0) for x, y in centres.tolist()])
    # More points than any block of the calculation holds.
    points = rng.uniform(-12, 12, (3000, 2))
    wanted = np.linalg.norm(points[:, None] - centres[None], axis=2).min(axis=1) - 0.2
    assert Obstacles(world, 1.0, 2.0).distance(points) == pytest.approx(wanted)


def test_only_solids_within_the_band_of_heights_count(make_world):
    world = make_world(
        Cylinder(1.0, 0.0, 0.1, height=0.8),
        Box(2.0, 0.0, 0.2, 0.2, height=1.0, bottom=2.5),
        Cylinder(5.0, 0.0, 0.1, height=8.0),
    )
    origin = np.zeros((1, 2))
    assert Obstacles(world, 0.9, 2.1).distance(origin) == pytest.approx([4.9])
    assert Obstacles(world, 0.5, 2.1).distance(origin) == pytest.approx([0.9])
    assert Obstacles(world, 0.9, 2.6).distance(origin) == pytest.approx([1.9])


def test_target_is_an_obstacle_only_when_asked_for(make_world):
    world = make_world(target=(10.0, 0.0))
    origin = np.zeros((1, 2))
    assert Obstacles(world, 0.5, 2.0).distance(origin)[0] == np.inf
    assert Obstacles(world, 0.5, 2.0, with_target=True).distance(origin) == pytest.approx([9.7])
    assert Obstacles(world, 1.0, 2.0, with_target=True).distance(origin)[0] == np.inf


def test_no_points_give_no_distances(make_world):
    world = make_world(Cylinder(1.0, 0.0, 0.1, height=8.0))
    assert Obstacles(world, 0.5, 2.0).distance(np.zeros((0, 2))).shape == (0,)
