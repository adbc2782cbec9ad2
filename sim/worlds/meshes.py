# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Procedural meshes in their own frame: x forward, y left, z up, standing on z = 0 [m]."""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.worlds.labels import Label
from sim.worlds.textures import Tile
from sim.worlds.world import Mesh

Points: TypeAlias = NDArray[np.float64]


def make_mesh(vertices: ArrayLike, normals: ArrayLike, uvs: ArrayLike, faces: ArrayLike) -> Mesh:
    """Return a mesh of these arrays in the right types."""
    return Mesh(
        np.asarray(vertices, dtype=np.float32).reshape(-1, 3),
        np.asarray(normals, dtype=np.float32).reshape(-1, 3),
        np.asarray(uvs, dtype=np.float32).reshape(-1, 2),
        np.asarray(faces, dtype=np.int32).reshape(-1, 3),
    )


def merge_meshes(*parts: Mesh) -> Mesh:
    """Return one mesh of all parts' triangles."""
    offsets = np.cumsum([0, *(len(part.vertices) for part in parts)])
    return make_mesh(
        np.concatenate([part.vertices for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.uvs for part in parts]),
        np.concatenate([part.faces + o for part, o in zip(parts, offsets, strict=False)]),
    )


def move_mesh(mesh: Mesh, offset: ArrayLike, yaw: float = 0.0) -> Mesh:
    """Return the mesh turned about z by yaw [rad], then shifted by offset [m]."""
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]], dtype=np.float32)
    return make_mesh(
        mesh.vertices @ turn + np.asarray(offset, dtype=np.float32),
        mesh.normals @ turn,
        mesh.uvs,
        mesh.faces,
    )


def label_mesh(mesh: Mesh, label: Label) -> Mesh:
    """Return the mesh and its coarser levels as something of a class."""
    coarse = None if mesh.coarse is None else label_mesh(mesh.coarse, label)
    return replace(mesh, label=label, coarse=coarse)


def chain_levels(*levels: Mesh) -> Mesh:
    """Return the first mesh with the others as its coarser levels."""
    finest = levels[-1]
    for level in reversed(levels[:-1]):
        finest = replace(level, coarse=finest)
    return finest


def make_quad(corners: ArrayLike, tile: Tile, uv_corners: ArrayLike | None = None) -> Mesh:
    """Return a flat quad; corners run counter clockwise seen from its front, shape (4, 3)."""
    corners = np.asarray(corners, dtype=np.float64)
    normal = np.cross(corners[1] - corners[0], corners[3] - corners[0])
    normal = normal / np.linalg.norm(normal)
    uvs = np.array([[0, 0], [1, 0], [1, 1], [0, 1]] if uv_corners is None else uv_corners)
    return make_mesh(corners, np.tile(normal, (4, 1)), tile.uv(uvs), [[0, 1, 2], [0, 2, 3]])


def make_box(
    size: tuple[float, float, float],
    side: Tile,
    top: Tile,
    centre: tuple[float, float, float] = (0.0, 0.0, 0.0),
    taper: float = 1.0,
) -> Mesh:
    """Return a box without bottom, standing on the centre's height.

    :param taper: size of the top relative to the bottom.
    """
    x, y, z = size[0] / 2, size[1] / 2, size[2]
    ring = np.array([[-x, -y], [x, -y], [x, y], [-x, y]])
    low = np.column_stack([ring, np.zeros(4)]) + centre
    high = np.column_stack([ring * taper, np.full(4, z)]) + centre
    order = [(0, 1), (1, 2), (2, 3), (3, 0)]
    walls = [make_quad([low[a], low[b], high[b], high[a]], side) for a, b in order]
    return merge_meshes(*walls, make_quad(high, top))


def make_tube(
    points: Sequence[ArrayLike] | Points, radii: ArrayLike, sides: int, tile: Tile
) -> Mesh:
    """Return an open tube along a path of points, shape (n, 3), with a radius at each."""
    path, radius = np.asarray(points, dtype=np.float64), np.asarray(radii, dtype=np.float64)
    axis = path[-1] - path[0]
    axis = axis / np.linalg.norm(axis)
    side = np.cross(axis, [1.0, 0.0, 0.0] if abs(axis[0]) < 0.8 else [0.0, 1.0, 0.0])
    side = side / np.linalg.norm(side)
    angle = np.linspace(0, 2 * np.pi, sides + 1)
    ring = np.cos(angle)[:, None] * side + np.sin(angle)[:, None] * np.cross(axis, side)
    vertices = path[:, None] + radius[:, None, None] * ring[None]
    normals = np.broadcast_to(ring, vertices.shape)
    across, along = np.meshgrid(np.linspace(0, 1, sides + 1), np.linspace(0, 1, len(path)))
    uvs = tile.uv(np.stack([across.ravel(), along.ravel()], axis=1))
    row, column = np.meshgrid(np.arange(len(path) - 1), np.arange(sides), indexing='ij')
    a = (row * (sides + 1) + column).ravel()
    b, c, d = a + 1, a + sides + 2, a + sides + 1
    return make_mesh(vertices, normals, uvs, np.concatenate([np.c_[a, b, c], np.c_[a, c, d]]))


@lru_cache(maxsize=4)
def make_sphere_points(subdivisions: int) -> tuple[Points, NDArray[np.int64]]:
    """Return unit vectors and faces of an icosahedron, each face split so many times."""
    t = (1 + 5**0.5) / 2
    rows = np.array([[0, s, u * t] for s in (-1, 1) for u in (-1, 1)])
    points = np.concatenate([np.roll(rows, shift, axis=1) for shift in range(3)])
    points = points / np.linalg.norm(points[0])
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    edge = distance[distance > 1e-9].min() * 1.01
    near = (distance < edge) & (distance > 1e-9)
    faces = [
        (i, j, k) if np.linalg.det(points[[i, j, k]]) > 0 else (i, k, j)
        for i in range(12)
        for j in range(i + 1, 12)
        for k in range(j + 1, 12)
        if near[i, j] and near[j, k] and near[i, k]
    ]
    for _ in range(subdivisions):
        points, faces = _split_faces(points, faces)
    return points, np.array(faces)


def _split_faces(
    points: Points, faces: list[tuple[int, int, int]]
) -> tuple[Points, list[tuple[int, int, int]]]:
    vertices = list(points)
    middles: dict[tuple[int, int], int] = {}

    def middle(i: int, j: int) -> int:
        key = (min(i, j), max(i, j))
        if key not in middles:
            point = vertices[i] + vertices[j]
            vertices.append(point / np.linalg.norm(point))
            middles[key] = len(vertices) - 1
        return middles[key]

    split = []
    for i, j, k in faces:
        a, b, c = middle(i, j), middle(j, k), middle(k, i)
        split += [(i, a, c), (j, b, a), (k, c, b), (a, b, c)]
    return np.array(vertices), split


def make_blob(
    generator: np.random.Generator,
    centre: ArrayLike,
    radii: ArrayLike,
    tile: Tile,
    subdivisions: int = 1,
    roughness: float = 0.2,
) -> Mesh:
    """Return a lumpy ball such as foliage or a rock, never larger than its radii.

    Every face takes its own random patch of the tile, so that no pattern or seam shows.
    """
    points, faces = make_sphere_points(subdivisions)
    length = 1 - roughness * generator.random(len(points))
    vertices = (points * length[:, None] * np.asarray(radii) + np.asarray(centre))[faces]
    normals = points + roughness * generator.normal(0, 1.0, points.shape)
    normals = (normals / np.linalg.norm(normals, axis=1, keepdims=True))[faces]
    uvs = _draw_patches(generator, len(faces), 0.22 if subdivisions else 0.4)
    return make_mesh(
        vertices, normals, tile.uv(uvs.reshape(-1, 2)), np.arange(faces.size).reshape(-1, 3)
    )


def _draw_patches(generator: np.random.Generator, count: int, size: float) -> Points:
    centre = generator.uniform(size, 1 - size, (count, 1, 2))
    turn = generator.uniform(0, 2 * np.pi, (count, 1)) + np.arange(3) * (2 * np.pi / 3)
    return centre + size * np.stack([np.cos(turn), np.sin(turn)], axis=2)


def make_flakes(
    generator: np.random.Generator,
    centre: ArrayLike,
    radii: ArrayLike,
    tile: Tile,
    count: int,
    size: float,
) -> Mesh:
    """Return loose triangles over an ellipsoid: twigs that break a crown's outline."""
    outward = generator.normal(0, 1, (count, 3))
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    middle = np.asarray(centre) + outward * np.asarray(radii)
    corners = middle[:, None] + generator.normal(0, size, (count, 3, 3))
    turned = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    flip = np.sum(turned * outward, axis=1) < 0
    corners[flip] = corners[flip][:, ::-1]
    uvs = tile.uv(_draw_patches(generator, count, 0.2).reshape(-1, 2))
    faces = np.arange(3 * count).reshape(-1, 3)
    return make_mesh(corners, np.repeat(outward, 3, axis=0), uvs, faces)


def make_cone(
    generator: np.random.Generator,
    bottom: float,
    top: float,
    radius: float,
    sides: int,
    tile: Tile,
    roughness: float = 0.25,
) -> Mesh:
    """Return a cone with a ragged rim and an underside, never wider than its radius."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False) + generator.uniform(0, 6.28)
    reach = radius * (1 - roughness * generator.random(sides))
    rim = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=1)
    height = bottom + (top - bottom) * 0.12 * generator.random(sides)
    rim = np.column_stack([rim, height])
    following = np.roll(rim, -1, axis=0)
    apex, inner = np.array([0.0, 0.0, top]), np.array([0.0, 0.0, bottom + 0.25 * (top - bottom)])
    outside = np.stack([rim, following, np.broadcast_to(apex, rim.shape)], axis=1)
    inside = np.stack([following, rim, np.broadcast_to(inner, rim.shape)], axis=1)
    vertices = np.concatenate([outside, inside])
    slope = radius / (top - bottom)
    normals = np.repeat(vertices[:, :1] * (1, 1, 0) / radius, 3, axis=1)
    normals[:sides, :, 2] = slope
    normals[sides:, :, 2] = -1.5
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    start = generator.random(2 * sides)
    uvs = np.zeros((2 * sides, 3, 2))
    uvs[:, 0, 0], uvs[:, 1, 0], uvs[:, 2, 0] = start * 0.6, start * 0.6 + 0.4, start * 0.6 + 0.2
    uvs[:sides, 2, 1] = 1.0
    uvs[sides:, 2, 1] = 0.3
    return make_mesh(
        vertices, normals, tile.uv(uvs.reshape(-1, 2)), np.arange(6 * sides).reshape(-1, 3)
    )


def make_disc(radius: float, height: float, sides: int, tile: Tile) -> Mesh:
    """Return a flat disc facing up, such as the shade under a tree."""
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    flat = np.concatenate([[[0, 0]], ring])
    vertices = np.column_stack([flat * radius, np.full(sides + 1, height)])
    index = np.arange(sides)
    faces = np.column_stack([np.zeros(sides), index + 1, (index + 1) % sides + 1])
    return make_mesh(vertices, np.tile([0, 0, 1], (sides + 1, 1)), tile.uv(flat / 2 + 0.5), faces)


def make_wheels(x: float, y: float, radius: float, sides: int, tyre: Tile) -> list[Mesh]:
    """Return four wheels with their middles at +-x, +-y [m], standing on z = 0."""
    wheels = []
    for dx in (-x, x):
        for dy in (-y, y):
            ring = [[dx, dy - 0.04, radius], [dx, dy + 0.04, radius]]
            wheels.append(make_tube(ring, [radius, radius], sides, tyre))
            angle = np.linspace(0, 2 * np.pi, 6, endpoint=False) * np.sign(dy)
            rim = [
                [dx + radius * np.sin(t), dy * 1.05, radius + radius * np.cos(t)] for t in angle
            ]
            wheels += [
                make_quad([rim[0], rim[1], rim[2], rim[3]], tyre),
                make_quad([rim[0], rim[3], rim[4], rim[5]], tyre),
            ]
    return wheels


def find_coarsest(mesh: Mesh) -> Mesh:
    """Return the level of a mesh for the greatest distance."""
    return mesh if mesh.coarse is None else find_coarsest(mesh.coarse)


def add_shade(mesh: Mesh, radius: float, tile: Tile) -> Mesh:
    """Return the mesh with a dark patch of ground below it on all levels but the coarsest.

    :param radius: of the patch [m].
    """
    if mesh.coarse is None:
        return mesh
    shade = make_disc(radius, 0.012, 9, tile)
    coarse = add_shade(mesh.coarse, radius, tile)
    return replace(merge_meshes(mesh, shade), label=mesh.label, coarse=coarse)


def count_triangles(mesh: Mesh) -> list[int]:
    """Return the number of triangles of a mesh and of each of its coarser levels."""
    counts: list[int] = []
    level: Mesh | None = mesh
    while level is not None:
        counts.append(len(level.faces))
        level = level.coarse
    return counts
