# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Meshes of a forest: trees, undergrowth, rocks and logs, standing on z = 0 [m]."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.worlds.labels import Label
from sim.worlds.meshes import (
    add_shade,
    chain_levels,
    find_coarsest,
    label_mesh,
    make_blob,
    make_flakes,
    make_mesh,
    make_quad,
    make_tube,
    merge_meshes,
)
from sim.worlds.plants import LOGS, NUM_VARIANTS, SPECIES, TRUNK_RADII
from sim.worlds.seasons import Season
from sim.worlds.shade import GROUND_TILE
from sim.worlds.textures import FOREST_TILES
from sim.worlds.trees import (
    CROWN_BOTTOM,
    TREE_HEIGHT,
    make_bare,
    make_broadleaf,
    make_tiers,
    make_trunk,
)
from sim.worlds.world import Mesh

SHADE_RADII = {
    'oak': 1.5,
    'birch': 1.2,
    'pine': 1.4,
    'sapling': 0.9,
    'bush': 0.75,
    'shrub': 0.9,
    'rock': 0.75,
}


def make_meshes(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    """Return everything that stands or lies in the forest, by kind and variant."""
    meshes = {}
    half = GROUND_TILE / 2
    corners = [[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]]
    for index, tile in enumerate(('ground', 'ground_b')):
        ground = make_quad(corners, FOREST_TILES[tile])
        meshes[f'ground_{index}'] = label_mesh(ground, Label.GROUND)
    makers = {
        'oak': (_make_oak, Label.TREE),
        'birch': (_make_birch, Label.TREE),
        'pine': (_make_pine, Label.TREE),
        'sapling': (_make_sapling, Label.PLANT),
        'bush': (_make_bush, Label.PLANT),
        'shrub': (_make_shrub, Label.PLANT),
        'rock': (_make_rock, Label.OBJECT),
        'log': (_make_log, Label.OBJECT),
        'grass': (_make_grass, Label.PLANT),
        'fern': (_make_fern, Label.PLANT),
    }
    for kind, (maker, label) in makers.items():
        for variant in range(NUM_VARIANTS):
            mesh = label_mesh(maker(variant, look, generator), label)
            if kind in SHADE_RADII:
                mesh = add_shade(mesh, SHADE_RADII[kind], FOREST_TILES['shade'])
            meshes[f'{kind}_{variant}'] = mesh
            if kind in SPECIES:
                meshes[f'{kind}_{variant}_far'] = find_coarsest(mesh)
    return meshes


def _make_oak(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius, spread = TRUNK_RADII['oak'][variant], 2.0 + 0.2 * variant
    bark = FOREST_TILES['bark_a']
    if look.is_bare:
        return make_bare(radius, spread, bark, generator)
    return make_broadleaf(radius, spread, FOREST_TILES['leaves_a'], bark, generator)


def _make_birch(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius, spread = TRUNK_RADII['birch'][variant], 1.35 + 0.15 * variant
    bark = FOREST_TILES['bark_b']
    if look.is_bare:
        return make_bare(radius, spread, bark, generator)
    return make_broadleaf(radius, spread, FOREST_TILES['leaves_b'], bark, generator)


def _make_pine(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius = TRUNK_RADII['pine'][variant]
    return chain_levels(
        *(
            merge_meshes(
                make_trunk(radius, TREE_HEIGHT * 0.95, sides, rings, FOREST_TILES['bark_a']),
                *make_tiers(
                    generator,
                    CROWN_BOTTOM,
                    TREE_HEIGHT * 1.1,
                    1.75,
                    tiers,
                    corners,
                    FOREST_TILES['needles'],
                ),
            )
            for sides, rings, tiers, corners in ((8, 5, 5, 11), (6, 3, 4, 7), (3, 2, 2, 5))
        )
    )


def _make_sapling(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    return chain_levels(
        *(
            merge_meshes(
                *make_tiers(generator, 0.05, 2.3, 0.6, tiers, sides, FOREST_TILES['needles'])
            )
            for tiers, sides in ((4, 10), (3, 7), (2, 5))
        )
    )


def _make_bush(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    tile = FOREST_TILES['bush']
    centre, radii = (0, 0, 0.38), np.array([0.48, 0.48, 0.44])
    small = [
        make_blob(generator, (0.22 * np.cos(a), 0.22 * np.sin(a), 0.3), (0.27, 0.27, 0.32), tile)
        for a in (0.3, 2.4, 4.5)
    ]
    return chain_levels(
        merge_meshes(make_blob(generator, centre, radii * (0.7, 0.7, 1), tile), *small),
        make_blob(generator, centre, radii, tile, 1, 0.25),
        make_blob(generator, centre, radii, tile, 0, 0.15),
    )


def _make_rock(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    tile = FOREST_TILES['rock']
    radii = np.array([0.54, 0.42 + 0.05 * variant, 0.5])
    return chain_levels(
        make_blob(generator, (0, 0, 0.1), radii, tile, 1, 0.2),
        make_blob(generator, (0, 0, 0.1), radii, tile, 0, 0.1),
    )


def _make_shrub(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    """Return a hazel: several thin stems, leafy from the knee upwards."""
    stems = []
    for index in range(5):
        angle = index * 1.3 + generator.uniform(-0.3, 0.3)
        reach, height = generator.uniform(0.28, 0.45), generator.uniform(1.2, 1.75)
        tip = (reach * np.cos(angle), reach * np.sin(angle), height)
        foot = (0.06 * np.cos(angle), 0.06 * np.sin(angle), 0.0)
        stems.append((foot, tip))

    def grow(sides: int, count: int) -> list[Mesh]:
        bark = FOREST_TILES['bark_a']
        return [make_tube(stem, [0.03, 0.012], sides, bark) for stem in stems[:count]]

    if look.is_bare:
        twigs = [
            (np.array(tip) * share, np.array(tip) * share + generator.normal(0, 0.1, 3) * (1, 1, 0)
             + (0, 0, 0.25))
            for _, tip in stems for share in (0.5, 0.7, 0.85)
        ]  # fmt: skip
        fine = [make_tube(twig, [0.012, 0.004], 3, FOREST_TILES['bark_a']) for twig in twigs]
        return chain_levels(merge_meshes(*grow(4, 5), *fine), merge_meshes(*grow(2, 5)))
    tile = FOREST_TILES['bush']
    leaves = [
        make_blob(generator, np.multiply(tip, (0.8, 0.8, 0.78)), (0.24, 0.24, 0.36), tile, 0, 0.35)
        for _, tip in stems
    ]
    flakes = make_flakes(generator, (0, 0, 1.1), (0.36, 0.36, 0.5), tile, 24, 0.07)
    return chain_levels(
        merge_meshes(*grow(4, 5), *leaves, flakes),
        merge_meshes(*grow(2, 3), *leaves[:3]),
        make_blob(generator, (0, 0, 1.15), (0.5, 0.5, 0.7), tile, 0, 0.3),
    )


def _make_log(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    """Return a fallen trunk along x that touches the ground, with a stub of a branch."""
    length, radius = LOGS[variant]
    half = length / 2
    path = [(-half, 0, radius), (0, 0, 0.93 * radius), (half, 0, 0.82 * radius)]
    ends = [(-half, radius, -1.0), (half, 0.82 * radius, 1.0)]

    def lay(sides: int) -> list[Mesh]:
        angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
        trunk = make_tube(
            path, [radius, 0.93 * radius, 0.82 * radius], sides, FOREST_TILES['bark_a']
        )
        cuts = []
        for x, size, facing in ends:
            ring = [(x, facing * size * np.cos(a), size + size * np.sin(a)) for a in angle]
            cuts += [
                make_quad([ring[0], ring[i], ring[i + 1], ring[i + 2]], FOREST_TILES['wood'])
                for i in range(1, sides - 2, 2)
            ]
        return [trunk, *cuts]

    side = 1.0 if generator.random() < 0.5 else -1.0
    branch = [(0.2 * half, 0, radius), (0.32 * half, side * 0.7 * radius, 1.9 * radius)]
    stub = make_tube(branch, [0.3 * radius, 0.2 * radius], 4, FOREST_TILES['bark_a'])
    return chain_levels(merge_meshes(*lay(8), stub), merge_meshes(*lay(4)))


def _make_grass(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    blades = [
        _make_blade(generator, (*tuft, 0.0))
        for tuft in generator.normal(0, 0.9, (8, 2))
        for _ in range(4)
    ]
    mesh = merge_meshes(*blades)
    up = np.tile(np.array([0, 0, 1], dtype=np.float32), (len(mesh.vertices), 1))
    return replace(mesh, normals=up, draw_distance=10.0)


def _make_fern(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    """Return some ferns: fronds that rise from one root and bend down at their tips."""
    fronds = [
        _make_frond(generator, root, turn + 2 * np.pi * index / 5)
        for root, turn in zip(
            generator.normal(0, 0.6, (4, 2)), generator.uniform(0, 6.3, 4), strict=True
        )
        for index in range(5)
    ]
    return replace(merge_meshes(*fronds), draw_distance=11.0)


def _make_frond(generator: np.random.Generator, root: NDArray[np.float64], angle: float) -> Mesh:
    ahead = np.array([np.cos(angle), np.sin(angle), 0.0])
    aside = np.array([-ahead[1], ahead[0], 0.0])
    reach, height = generator.uniform(0.32, 0.5), generator.uniform(0.18, 0.27)
    foot = np.array([*root, 0.0])
    bend = foot + 0.55 * reach * ahead + (0, 0, height)
    tip = foot + reach * ahead + (0, 0, 0.55 * height)
    corners = np.array([
        foot - 0.03 * aside, foot + 0.03 * aside, bend + 0.1 * aside, bend - 0.1 * aside,
        tip + 0.02 * aside, tip - 0.02 * aside,
    ])  # fmt: skip
    tile = FOREST_TILES['fern']
    return make_mesh(
        corners,
        np.tile([0.0, 0.0, 1.0], (6, 1)),
        tile.uv(np.array([[0.4, 0], [0.6, 0], [1, 0.6], [0, 0.6], [0.6, 1], [0.4, 1]])),
        [[0, 2, 1], [0, 3, 2], [3, 4, 2], [3, 5, 4]],
    )


def _make_blade(generator: np.random.Generator, foot: tuple[float, float, float]) -> Mesh:
    angle = generator.uniform(0, 2 * np.pi)
    side = 0.09 * np.array([np.cos(angle), np.sin(angle), 0])
    base = np.array(foot) + np.array([*generator.normal(0, 0.06, 2), 0])
    lean = np.array([*generator.normal(0, 0.1, 2), generator.uniform(0.12, 0.24)])
    top, narrow = base + lean, side * 0.3
    return make_quad([base - side, base + side, top + narrow, top - narrow], FOREST_TILES['grass'])
