# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Uneven light under trees: tiles of ground in sun and shade, and how much light falls where.

One tile lies under dense crowns, the other in a glade. Towards its edges a tile's light fades to
the same middling light, so that tiles meet without a seam whichever way they are turned.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.worlds.placement import Area
from sim.worlds.plants import SPECIES, Plant
from sim.worlds.textures import draw_noise
from sim.worlds.world import Instance

GROUND_TILE = 8.0
"""Edge [m] of a tile."""
LIGHT_SIZE_PX = (128, 128)
EDGE_LIGHT = 0.75
"""Share of the light that falls on the edges of tiles."""
BLUR_PX = 13
"""Plants take the mean light of so many pixels around their foot."""


@dataclass(frozen=True, eq=False)
class Floor:
    """Tiles of ground that cover area and backdrop.

    :param light: share of the light on the two kinds of tiles, shape (2, rows, columns).
    :param kinds: which kind lies where, shape (n along x, m along y).
    :param quarter_turns: how often each is turned left by a quarter, same shape.
    :param low: x, y of the first tile's lower corner [m].
    """

    light: NDArray[np.float32]
    kinds: NDArray[np.int64]
    quarter_turns: NDArray[np.int64]
    low: tuple[float, float]

    def place_tiles(self) -> list[Instance]:
        """Return the tiles; meshes ground_0 and ground_1 have their middle at the origin."""
        return [
            Instance(
                f'ground_{int(self.kinds[i, j])}',
                self.low[0] + (i + 0.5) * GROUND_TILE,
                self.low[1] + (j + 0.5) * GROUND_TILE,
                0.0,
                float(self.quarter_turns[i, j]) * np.pi / 2,
            )
            for i, j in np.ndindex(*self.kinds.shape)
        ]

    def find_light(self, x: float, y: float) -> float:
        """Return the share of the light that falls around a place, 0 to 1."""
        across, along = (x - self.low[0]) / GROUND_TILE, (y - self.low[1]) / GROUND_TILE
        i = min(max(int(across), 0), self.kinds.shape[0] - 1)
        j = min(max(int(along), 0), self.kinds.shape[1] - 1)
        dx, dy = across - i - 0.5, along - j - 0.5
        for _ in range(int(self.quarter_turns[i, j])):
            dx, dy = dy, -dx
        rows, columns = self.light.shape[1:]
        row = min(max(int((0.5 - dy) * rows), 0), rows - 1)
        column = min(max(int((0.5 + dx) * columns), 0), columns - 1)
        half = BLUR_PX // 2
        patch = self.light[
            int(self.kinds[i, j]),
            max(row - half, 0) : row + half + 1,
            max(column - half, 0) : column + half + 1,
        ]
        return float(patch.mean())


def lay_floor(
    area: Area, margin: float, plants: Sequence[Plant], generator: np.random.Generator
) -> Floor:
    """Return ground that is dark where more trees stand than elsewhere.

    :param margin: ground [m] beyond the area.
    """
    low = (area[0] - margin, area[2] - margin)
    size = np.array([area[1] - area[0], area[3] - area[2]]) + 2 * margin
    shape = tuple(np.ceil(size / GROUND_TILE).astype(int).tolist())
    crowns = np.zeros(shape)
    for plant in plants:
        if plant.kind in SPECIES:
            crowns[
                int((plant.x - low[0]) / GROUND_TILE), int((plant.y - low[1]) / GROUND_TILE)
            ] += 1
    outside = crowns == 0
    # Beyond the area no tree is counted; a little chance breaks the draws.
    crowns = np.where(outside, generator.uniform(2.5, 5.0, shape), crowns)
    crowns += generator.uniform(-0.5, 0.5, shape)
    kinds = (crowns < np.median(crowns[~outside])).astype(np.int64)
    return Floor(_draw_light(generator), kinds, generator.integers(4, size=shape), low)


def _draw_light(generator: np.random.Generator) -> NDArray[np.float32]:
    """Return the light below dense crowns and in a glade."""
    dense = 0.38 + 0.66 * _draw_flecks(generator, 0.62)
    glade = 0.45 + 0.65 * _draw_flecks(generator, 0.38)
    rows, columns = LIGHT_SIZE_PX
    edge = np.minimum.outer(
        np.minimum(np.arange(rows), np.arange(rows)[::-1]),
        np.minimum(np.arange(columns), np.arange(columns)[::-1]),
    )
    inside = np.clip(edge / 14.0, 0, 1)
    return np.stack(
        [EDGE_LIGHT + inside * (np.clip(light, 0, 1) - EDGE_LIGHT) for light in (dense, glade)]
    ).astype(np.float32)


def _draw_flecks(generator: np.random.Generator, threshold: float) -> NDArray[np.float32]:
    """Return patches of sun with soft edges, 0 to 1.

    :param threshold: about the share of the ground that lies in the shade.
    """
    large = draw_noise(generator, LIGHT_SIZE_PX, 4, 2)
    small = draw_noise(generator, LIGHT_SIZE_PX, 16, 2)
    noise = 0.65 * large + 0.35 * small
    sharp = np.clip((noise - np.quantile(noise, threshold)) * 9 + 0.5, 0, 1)
    return np.asarray(cv2.GaussianBlur(sharp, (5, 5), 0), np.float32)
