# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Meshes of a country road: its surface in pieces, posts, signs, fences and plants [m]."""

from dataclasses import replace

import numpy as np

from sim.worlds.labels import Label
from sim.worlds.meshes import (
    add_shade,
    chain_levels,
    find_coarsest,
    label_mesh,
    make_blob,
    make_box,
    make_mesh,
    make_quad,
    make_tube,
    merge_meshes,
    move_mesh,
)
from sim.worlds.road_geometry import RoadMap
from sim.worlds.road_pictures import ROAD_SPAN, ROAD_TILES
from sim.worlds.seasons import Season
from sim.worlds.textures import Tile
from sim.worlds.trees import (
    CROWN_BOTTOM,
    TREE_HEIGHT,
    make_bare,
    make_broadleaf,
    make_tiers,
    make_trunk,
)
from sim.worlds.world import Mesh

NUM_VARIANTS = 3
ROAD_HEIGHT = 0.02
"""The road lies this much above the grass, so that both may overlap."""
PIECE_STEPS = 6
FENCE_PANEL = 3.0
GROUND_SIZE = 16.0
TRUNK_RADII = {'oak': (0.18, 0.24, 0.29), 'birch': (0.11, 0.14, 0.17), 'pine': (0.15, 0.19, 0.23)}
BOARD_BOTTOM = 1.45
"""Height [m] of the lower edge of traffic signs."""
BOARD_SIZE = 0.9


def make_piece(chart: RoadMap, begin: float, end: float, tile: Tile) -> Mesh:
    """Return the road between two arc lengths, in the frame of the centreline's point halfway.

    That frame has the axes of the world.
    """
    middle = chart.point_at((begin + end) / 2)
    share = np.linspace(0, 1, PIECE_STEPS + 1)
    aside = np.array([0.5, 0.0, -0.5]) * ROAD_SPAN
    points = chart.point_at(begin + share[:, None] * (end - begin), aside) - middle
    vertices = np.concatenate([points, np.full((*points.shape[:2], 1), ROAD_HEIGHT)], axis=2)
    across, along = np.meshgrid(0.5 - aside / ROAD_SPAN, share)
    row, column = np.meshgrid(np.arange(PIECE_STEPS), np.arange(2), indexing='ij')
    a = (3 * row + column).ravel()
    faces = np.concatenate([np.c_[a, a + 1, a + 4], np.c_[a, a + 4, a + 3]])
    uvs = tile.uv(np.stack([across.ravel(), along.ravel()], axis=1))
    piece = make_mesh(vertices, np.tile([0, 0, 1], (len(uvs), 1)), uvs, faces)
    return label_mesh(piece, Label.ROAD)


def make_furniture() -> dict[str, Mesh]:
    """Return the ground and what stands beside every road.

    Boards face x and show the same from behind.
    """
    tiles = ROAD_TILES
    limit = _make_plate(12, 0.36, 'limit')
    warning = _make_plate(3, 0.5, 'warning')
    return {
        'ground': label_mesh(make_ground(), Label.GROUND),
        'post': make_box((0.12, 0.12, 1.0), tiles['post'], tiles['metal']),
        'fence': _make_fence(),
        'finish': label_mesh(_make_finish(), Label.TARGET),
        'chevron_left': _make_chevron(mirrored=True),
        'chevron_right': _make_chevron(mirrored=False),
        'limit': merge_meshes(_make_pole(2.3), move_mesh(limit, (0, 0, BOARD_BOTTOM + 0.45))),
        'warning': merge_meshes(_make_pole(2.2), move_mesh(warning, (0, 0, BOARD_BOTTOM + 0.3))),
    }


def _make_pole(height: float) -> Mesh:
    return make_tube([[0, 0, 0], [0, 0, height]], [0.04, 0.04], 5, ROAD_TILES['metal'])


def _make_plate(sides: int, radius: float, name: str) -> Mesh:
    """Return an upright regular plate around the origin, a corner on top, with both its faces."""
    angle = np.pi / 2 + np.linspace(0, 2 * np.pi, sides, endpoint=False)
    corners = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    low, high = corners.min(axis=0), corners.max(axis=0)
    uvs = ROAD_TILES[name].uv((corners - low) / (high - low))
    fan = np.array([[0, i, i + 1] for i in range(1, sides - 1)])
    across, up = radius * corners.T
    depth = np.full(sides, 0.05)
    front = make_mesh(np.stack([depth, across, up], axis=1), [[1, 0, 0]] * sides, uvs, fan)
    back = make_mesh(np.stack([-depth, -across, up], axis=1), [[-1, 0, 0]] * sides, uvs, fan)
    return merge_meshes(front, back)


def _make_board(width: float, height: float, bottom: float, tile: Tile, mirrored: bool) -> Mesh:
    """Return an upright board whose back shows its front as in a window."""
    y, low, high = width / 2, bottom, bottom + height
    corners = np.array([[0.05, -y, low], [0.05, y, low], [0.05, y, high], [0.05, -y, high]])
    uvs = [[1, 0], [0, 0], [0, 1], [1, 1]] if mirrored else [[0, 0], [1, 0], [1, 1], [0, 1]]
    back = corners[[1, 0, 3, 2]] * (-1, 1, 1)
    return merge_meshes(
        make_quad(corners, tile, uvs), make_quad(back, tile, [uvs[i] for i in (1, 0, 3, 2)])
    )


def _make_chevron(mirrored: bool) -> Mesh:
    board = _make_board(0.7, 0.7, 0.75, ROAD_TILES['chevron'], mirrored)
    return merge_meshes(_make_pole(0.8), board)


def _make_finish() -> Mesh:
    """Return the board that marks the start of a lap, 2.4 m high."""
    tiles = ROAD_TILES
    board = make_box((0.08, 1.15, 1.0), tiles['target'], tiles['metal'], (0, 0, 1.35))
    post = make_tube([[0, 0, 0], [0, 0, 1.4]], [0.08, 0.08], 7, tiles['post'])
    return merge_meshes(post, board)


def _make_fence() -> Mesh:
    wood = ROAD_TILES['wood']
    length = FENCE_PANEL
    posts = [make_box((0.12, 0.12, 1.15), wood, wood, (x, 0, 0)) for x in (-length / 2, 0)]
    rails = [make_box((length, 0.05, 0.12), wood, wood, (0, 0, z)) for z in (0.42, 0.85)]
    return chain_levels(merge_meshes(*posts, *rails), merge_meshes(posts[0], *rails))


def make_plants(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    """Return trees, bushes and grass; `_far` is a tree's coarsest level."""
    meshes = {}
    for variant in range(NUM_VARIANTS):
        for kind in TRUNK_RADII:
            tree = label_mesh(_make_tree(kind, variant, look, generator), Label.TREE)
            meshes[f'{kind}_{variant}'] = add_shade(tree, 1.6, ROAD_TILES['shade'])
            meshes[f'{kind}_{variant}_far'] = find_coarsest(tree)
        bush = label_mesh(_make_bush(generator), Label.PLANT)
        meshes[f'bush_{variant}'] = add_shade(bush, 0.85, ROAD_TILES['shade'])
        meshes[f'grass_{variant}'] = label_mesh(_make_grass(generator), Label.PLANT)
    return meshes


def _make_tree(kind: str, variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius = TRUNK_RADII[kind][variant]
    if kind == 'pine':
        return _make_pine(radius, generator)
    spread = {'oak': 2.1, 'birch': 1.4}[kind] + 0.2 * variant
    leaves, bark = {'oak': ('leaves_a', 'bark_a'), 'birch': ('leaves_b', 'bark_b')}[kind]
    if look.is_bare:
        return make_bare(radius, spread, ROAD_TILES[bark], generator)
    return make_broadleaf(radius, spread, ROAD_TILES[leaves], ROAD_TILES[bark], generator)


def _make_pine(radius: float, generator: np.random.Generator) -> Mesh:
    bark, needles, top = ROAD_TILES['bark_a'], ROAD_TILES['needles'], TREE_HEIGHT * 1.1
    return chain_levels(
        *(
            merge_meshes(
                make_trunk(radius, TREE_HEIGHT * 0.95, sides, rings, bark),
                *make_tiers(generator, CROWN_BOTTOM, top, 1.75, tiers, corners, needles),
            )
            for sides, rings, tiers, corners in ((8, 5, 5, 11), (6, 3, 4, 7), (3, 2, 2, 5))
        )
    )


def _make_bush(generator: np.random.Generator) -> Mesh:
    tile, centre, radii = ROAD_TILES['bush'], (0, 0, 0.45), np.array([0.62, 0.62, 0.52])
    return chain_levels(
        *(make_blob(generator, centre, radii, tile, level, 0.25) for level in (2, 1, 0))
    )


def _make_grass(generator: np.random.Generator) -> Mesh:
    """Return a patch of tufts, 2.4 m long along x and half as wide."""
    blades = []
    for tuft in generator.normal(0, (0.8, 0.35), (7, 2)):
        for _ in range(3):
            angle = generator.uniform(0, 2 * np.pi)
            side = 0.09 * np.array([np.cos(angle), np.sin(angle), 0])
            foot = np.array([*(tuft + generator.normal(0, 0.06, 2)), 0])
            lean = [*generator.normal(0, 0.1, 2), generator.uniform(0.12, 0.26)]
            tip = foot + np.array(lean)
            corners = [foot - side, foot + side, tip + 0.3 * side, tip - 0.3 * side]
            blades.append(make_quad(corners, ROAD_TILES['grass']))
    mesh = merge_meshes(*blades)
    up = np.tile(np.array([0, 0, 1], dtype=np.float32), (len(mesh.vertices), 1))
    return replace(mesh, normals=up, draw_distance=10.0)


def make_ground() -> Mesh:
    """Return a square of ground around the origin, in quarters that are turned each its way."""
    half, tile = GROUND_SIZE / 2, ROAD_TILES['ground']
    square = half * np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    uvs = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])
    corners = half * np.array([[-1, -1, 0], [0, -1, 0], [0, 0, 0], [-1, 0, 0]])
    turned = [np.roll(uvs, turn, axis=0) for turn in (0, 1, 3, 2)]
    return merge_meshes(
        *(make_quad(square + at, tile, uv) for at, uv in zip(corners, turned, strict=True))
    )
