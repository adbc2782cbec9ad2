# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every world promises, whatever its seed."""

import hashlib
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from sim.worlds import SEASONS, WORLDS, Layout, World, build_world
from sim.worlds.placement import STEP_HEIGHT
from sim.worlds.world import SOME_SOLID, Box, Cylinder

LAYOUTS = (
    Layout((0.0, 0.0), (8.0, 0.0)),
    Layout((0.0, 0.0), (13.0, 4.0)),
    Layout((2.0, -3.0), (41.0, -6.0)),
    Layout((0.0, 0.0), (-5.0, 9.0)),
)
# On a road the target stands beside it.
LAYOUTS_OF_ROAD = (
    Layout((0.0, 0.0), (8.0, -6.0)),
    Layout((0.0, 0.0), (6.0, -5.5)),
    Layout((2.0, -3.0), (41.0, -16.0)),
    Layout((0.0, 0.0), (-5.0, 9.0)),
)
every_world = pytest.mark.parametrize('name', sorted(WORLDS))
every_season = pytest.mark.parametrize('season', sorted(SEASONS))


def build(name: str, season: str = 'summer', seed: int = 0, layout: int = 1) -> World:
    layouts = LAYOUTS_OF_ROAD if name == 'road' else LAYOUTS
    return build_world(name, season, layouts[layout], np.random.default_rng(seed))


def hash_world(world: World) -> str:
    digest = hashlib.sha256()
    for name, mesh in sorted(world.meshes.items()):
        digest.update(name.encode())
        for array in (mesh.vertices, mesh.normals, mesh.uvs, mesh.faces):
            digest.update(array.tobytes())
    digest.update(world.atlas.tobytes() + world.panorama.tobytes())
    digest.update(repr((world.instances, world.solids, world.target, world.light)).encode())
    return digest.hexdigest()


def distance_to_solid(solid, x, y):
    if isinstance(solid, Cylinder):
        return np.hypot(x - solid.x, y - solid.y) - solid.radius
    c, s = np.cos(solid.yaw), np.sin(solid.yaw)
    along, across = c * (x - solid.x) + s * (y - solid.y), c * (y - solid.y) - s * (x - solid.x)
    out_x, out_y = np.abs(along) - solid.length / 2, np.abs(across) - solid.width / 2
    outside = np.hypot(np.maximum(out_x, 0), np.maximum(out_y, 0))
    return outside + np.minimum(np.maximum(out_x, out_y), 0)


@every_world
def test_every_solid_says_what_it_is(name):
    kinds = {solid.kind for solid in build(name).solids}
    assert SOME_SOLID not in kinds
    assert len(kinds) > 4
    assert all(kind == kind.strip().lower() and '_' not in kind for kind in kinds)


@every_world
@every_season
def test_same_seed_gives_same_world_and_another_seed_another(name, season):
    first, second, other = (hash_world(build(name, season, seed)) for seed in (3, 3, 4))
    assert first == second
    assert first != other


@every_world
def test_other_process_builds_the_same_world(name):
    code = (
        'from tests.sim.test_worlds import build, hash_world;'
        f'print(hash_world(build({name!r}, "autumn", 5)))'
    )
    root = Path(__file__).parents[2]
    run = subprocess.run(
        [sys.executable, '-c', code], capture_output=True, text=True, check=True, cwd=root
    )
    assert run.stdout.split()[-1] == hash_world(build(name, 'autumn', 5))


@every_world
def test_seasons_change_the_look_but_not_the_place(name):
    worlds = [build(name, season) for season in sorted(SEASONS)]
    assert all(world.solids == worlds[0].solids for world in worlds)
    places = [[replace(one, brightness=1.0) for one in world.instances] for world in worlds]
    assert all(place == places[0] for place in places)
    assert len({world.atlas.tobytes() for world in worlds}) == len(SEASONS)


@every_world
@pytest.mark.parametrize('seed', range(20))
def test_start_and_target_are_free_and_connected(name, seed):
    world = build(name, seed=seed, layout=seed % len(LAYOUTS))
    solids = [solid for solid in world.solids if solid.bottom + solid.height > STEP_HEIGHT]
    for point, radius in ((world.layout.start, 2.0), (world.layout.target, 2.5)):
        nearest = min(distance_to_solid(solid, *point) for solid in solids)
        assert nearest >= radius
    # No farther than 25 m away from both: a way within that is a way.
    ends = np.array([world.layout.start, world.layout.target])
    x_min, y_min = np.maximum(ends.min(axis=0) - 25, world.area[::2])
    x_max, y_max = np.minimum(ends.max(axis=0) + 25, world.area[1::2])
    x, y = np.meshgrid(np.arange(x_min, x_max, 0.2), np.arange(y_min, y_max, 0.2))
    free = np.ones(x.shape, dtype=bool)
    for solid in solids:
        free &= distance_to_solid(solid, x, y) > 0.6
    _, labels = cv2.connectedComponents(free.astype(np.uint8), connectivity=4)
    ends = [
        labels[int((point[1] - y_min) / 0.2), int((point[0] - x_min) / 0.2)]
        for point in (world.layout.start, world.layout.target)
    ]
    assert ends[0] == ends[1] != 0


@pytest.mark.parametrize('name', ['forest', 'urban'])
def test_straight_line_is_usually_obstructed(name):
    blocked = 0
    for seed in range(12):
        world = build(name, seed=seed)
        line = np.linspace(world.layout.start, world.layout.target, 100).T
        high = [solid for solid in world.solids if solid.bottom + solid.height > 0.9]
        blocked += any((distance_to_solid(solid, *line) < 0.5).any() for solid in high)
    assert blocked >= 8


def sample_triangles(mesh, scale: float, lowest: float) -> np.ndarray:
    """Return points on the mesh's triangles below the crowns and above a height [m]."""
    corners = mesh.vertices.astype(np.float64)[mesh.faces] * scale
    share = np.array([(i, j, 12 - i - j) for i in range(13) for j in range(13 - i)]) / 12
    points = (share @ corners).reshape(-1, 3)
    return points[(points[:, 2] > lowest) & (points[:, 2] < 2.4)]


@every_world
@every_season
def test_whatever_is_drawn_is_solid_but_grass_and_ferns(name, season):
    world = build(name, season, seed=11)
    x_min, x_max, y_min, y_max = world.area
    solids = list(world.solids)
    for instance in world.instances:
        if not (x_min < instance.x < x_max and y_min < instance.y < y_max):
            continue
        is_soft = instance.mesh.split('_')[0] in ('grass', 'fern')
        points = sample_triangles(
            world.meshes[instance.mesh], instance.scale, 0.35 if is_soft else 0.06
        )
        if not len(points):
            continue
        c, s = np.cos(instance.yaw), np.sin(instance.yaw)
        x = instance.x + c * points[:, 0] - s * points[:, 1]
        y = instance.y + s * points[:, 0] + c * points[:, 1]
        solids.sort(key=lambda solid: distance_to_solid(solid, instance.x, instance.y))
        outside = np.ones(len(points), dtype=bool)
        for solid in solids[:3]:
            inside = distance_to_solid(solid, x, y) < 0.05
            outside &= ~(inside & (points[:, 2] + instance.z < solid.bottom + solid.height + 0.05))
        assert not outside.any(), f'{instance} is drawn outside of its solid'


@every_world
@every_season
def test_meshes_are_sound(name, season):
    world = build(name, season)
    assert {one.mesh for one in (*world.instances, world.target.instance)} <= set(world.meshes)
    for mesh in world.meshes.values():
        assert np.isfinite(mesh.vertices).all()
        assert np.allclose(np.linalg.norm(mesh.normals, axis=1), 1, atol=1e-3)
        assert mesh.uvs.min() >= 0 and mesh.uvs.max() <= 1
        assert mesh.faces.min() >= 0 and mesh.faces.max() < len(mesh.vertices)
    assert world.atlas.shape == (256, 256, 3)
    assert np.linalg.norm(world.light.sun_direction_world) == pytest.approx(1)


def test_forest_has_between_100_and_200_trees_in_its_usual_area():
    for seed in range(5):
        world = build('forest', seed=seed)
        trees = [s for s in world.solids if isinstance(s, Cylinder) and s.height > 5]
        assert 100 <= len(trees) <= 200
        assert all(0.08 <= tree.radius <= 0.35 for tree in trees)


def test_street_has_houses_on_both_sides():
    world = build('urban', layout=0)
    houses = [s for s in world.solids if isinstance(s, Box) and s.height > 5]
    assert sum(house.y > 5 for house in houses) >= 3
    assert sum(house.y < -5 for house in houses) >= 3


def test_unknown_names_list_the_valid_ones():
    with pytest.raises(
        ValueError, match=r"world must be one of \['forest', 'road', 'urban'.*, got 'sea'"
    ):
        build('sea')
    with pytest.raises(ValueError, match=r"season must be one of .*'winter'.*, got 'spring'"):
        build('forest', 'spring')
