# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Trees at three levels of detail, standing on z = 0 with crowns above flight height [m]."""

import numpy as np
from numpy.typing import NDArray

from sim.worlds.meshes import (
    chain_levels,
    make_blob,
    make_cone,
    make_flakes,
    make_tube,
    merge_meshes,
)
from sim.worlds.textures import Tile
from sim.worlds.world import Mesh

TREE_HEIGHT = 8.0
CROWN_BOTTOM = 3.1
"""Height [m] at scale 1 below which a tree is nothing but its trunk."""


def make_trunk(radius: float, height: float, sides: int, rings: int, bark: Tile) -> Mesh:
    """Return a tapering trunk, nowhere wider than its radius at the ground [m]."""
    share = np.linspace(0, 1, rings)
    radii = radius * np.maximum(1 - 0.12 * np.minimum(share * 8, 1) - 0.75 * share**1.5, 0.1)
    path = np.column_stack([np.zeros((rings, 2)), share * height])
    return make_tube(path, radii, sides, bark)


def make_broadleaf(
    radius: float,
    spread: float,
    leaves: Tile,
    bark: Tile,
    generator: np.random.Generator,
) -> Mesh:
    """Return a tree with a leafy crown.

    :param radius: of the trunk at the ground [m]. :param spread: radius of the crown [m].
    """
    tile, top = leaves, TREE_HEIGHT
    middle = (CROWN_BOTTOM + top) / 2
    centres, radii = [], []
    for index in range(4):
        angle = index * 2.1 + generator.uniform(0, 1)
        r = np.array([spread * 0.68, spread * 0.68, 1.15]) * generator.uniform(0.85, 1.15)
        z = np.clip(middle + generator.uniform(-1.2, 1.2), CROWN_BOTTOM + r[2], top - r[2])
        away = 0.55 * spread if index else 0.0
        centres.append((away * np.cos(angle), away * np.sin(angle), z))
        radii.append(r)
    blobs = [make_blob(generator, c, r, tile, 1, 0.3) for c, r in zip(centres, radii, strict=True)]
    flakes = [
        make_flakes(generator, c, r * 0.8, tile, 26, 0.17)
        for c, r in zip(centres, radii, strict=True)
    ]
    branches = [
        make_tube([[0, 0, CROWN_BOTTOM - 0.35], np.array(c) * (0.8, 0.8, 1)], [radius * 0.4, 0.03],
                  4, bark)
        for c in centres[1:]
    ]  # fmt: skip
    whole = [spread, spread, (top - CROWN_BOTTOM) / 2]
    return chain_levels(
        merge_meshes(make_trunk(radius, middle, 8, 6, bark), *branches, *blobs, *flakes),
        merge_meshes(
            make_trunk(radius, middle, 6, 3, bark),
            *(
                make_blob(generator, c, np.multiply(r, 1.1), tile, 0, 0.25)
                for c, r in zip(centres, radii, strict=True)
            ),
            make_flakes(generator, (0, 0, middle), np.multiply(whole, 0.75), tile, 24, 0.25),
        ),
        merge_meshes(
            make_trunk(radius, middle, 3, 2, bark),
            make_blob(generator, (0, 0, middle), whole, tile, 0, 0.3),
            make_flakes(generator, (0, 0, middle), np.multiply(whole, 0.7), tile, 8, 0.45),
        ),
    )


def make_bare(radius: float, spread: float, bark: Tile, generator: np.random.Generator) -> Mesh:
    """Return a broadleaf tree without leaves."""
    tile = bark
    limbs: list[tuple[NDArray[np.float64], NDArray[np.float64], float]] = []
    for index in range(9):
        z = CROWN_BOTTOM + 0.25 + index * 0.42
        angle = index * 2.4 + generator.uniform(-0.4, 0.4)
        out = spread * (1.1 - 0.08 * index) * generator.uniform(0.8, 1.1)
        base = np.array([0, 0, z])
        reach = (out * np.cos(angle), out * np.sin(angle), generator.uniform(0.5, 1.3))
        tip = base + np.array(reach)
        limbs.append((base, tip, radius * (0.38 - 0.025 * index)))
    twigs = []
    for base, tip, thick in limbs:
        for share in (0.4, 0.6, 0.8):
            start = base + share * (tip - base)
            end = start + generator.normal(0, 0.45, 3) + (0, 0, 0.55)
            end[2] = max(end[2], CROWN_BOTTOM)
            twigs.append((start, end, thick * 0.5))

    def grow(parts: list, sides: int) -> list[Mesh]:
        return [make_tube([a, b], [t, 0.25 * t], sides, tile) for a, b, t in parts]

    return chain_levels(
        merge_meshes(
            make_trunk(radius, TREE_HEIGHT * 0.9, 8, 6, bark), *grow(limbs, 4), *grow(twigs, 3)
        ),
        merge_meshes(
            make_trunk(radius, TREE_HEIGHT * 0.9, 6, 3, bark),
            *grow(limbs, 3),
            *grow(twigs[::2], 2),
        ),
        merge_meshes(make_trunk(radius, TREE_HEIGHT * 0.9, 3, 2, bark), *grow(limbs, 2)),
    )


def make_tiers(
    generator: np.random.Generator,
    bottom: float,
    top: float,
    radius: float,
    count: int,
    sides: int,
    tile: Tile,
) -> list[Mesh]:
    """Return the cones of a conifer, widest at the bottom [m]."""
    step = (top - bottom) / (count + 0.6)
    return [
        make_cone(
            generator,
            bottom + index * step,
            min(bottom + (index + 1.6) * step, top),
            radius * (1 - 0.8 * index / count),
            sides,
            tile,
        )
        for index in range(count)
    ]
