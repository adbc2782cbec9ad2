# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How far the solids of a world are: exact distances for planners and metrics."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim.worlds.world import Box, Cylinder, Solid, World

# Points times solids stay within the processor's cache.
_BLOCK_POINTS = 128


class Obstacles:
    """The solids of a world that reach into a band of heights.

    :param low: lowest height of the band [m]. :param high: highest [m].
    :param with_target: whether the target counts as an obstacle.
    """

    def __init__(self, world: World, low: float, high: float, with_target: bool = False) -> None:
        solids = [s for s in world.solids if s.bottom < high and s.bottom + s.height > low]
        cylinders = [(s.x, s.y, s.radius) for s in solids if isinstance(s, Cylinder)]
        if with_target and world.target.height > low:
            position = world.target.position
            cylinders.append((float(position[0]), float(position[1]), world.target.radius))
        boxes = [
            (s.x, s.y, s.length / 2, s.width / 2, s.yaw) for s in solids if isinstance(s, Box)
        ]
        self._cylinders = np.array(cylinders, dtype=np.float64).reshape(-1, 3)
        self._boxes = np.array(boxes, dtype=np.float64).reshape(-1, 5)

    def distance(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the distance to the nearest solid's surface, negative inside [m].

        :param points: x, y in the world [m], shape (n, 2). :return: shape (n,), inf if empty.
        """
        points = np.asarray(points, dtype=np.float64).reshape(-1, 2)
        starts = range(0, max(len(points), 1), _BLOCK_POINTS)
        blocks = [self._distance_of_block(points[i : i + _BLOCK_POINTS]) for i in starts]
        return np.concatenate(blocks)

    def _distance_of_block(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        nearest = np.full(len(points), np.inf)
        px, py = points[:, :1], points[:, 1:]
        if len(self._cylinders):
            x, y, radius = self._cylinders.T
            nearest = np.minimum(nearest, (np.hypot(px - x, py - y) - radius).min(axis=1))
        if len(self._boxes):
            x, y, half_length, half_width, yaw = self._boxes.T
            c, s = np.cos(yaw), np.sin(yaw)
            dx, dy = px - x, py - y
            over_x = np.abs(c * dx + s * dy) - half_length
            over_y = np.abs(c * dy - s * dx) - half_width
            outside = np.hypot(np.maximum(over_x, 0), np.maximum(over_y, 0))
            inside = np.minimum(np.maximum(over_x, over_y), 0)
            nearest = np.minimum(nearest, (outside + inside).min(axis=1))
        return nearest


def find_nearest(solids: Sequence[Solid], point: NDArray[np.float64]) -> Solid:
    """Return the solid whose surface is nearest to a point.

    :param solids: at least one. :param point: in the world [m], shape (3,).
    """
    return min(solids, key=lambda solid: _distance_in_space(solid, *map(float, point)))


def _distance_in_space(solid: Solid, x: float, y: float, z: float) -> float:
    """Return the distance of a point to a solid [m], 0 inside."""
    dx, dy = x - solid.x, y - solid.y
    if isinstance(solid, Cylinder):
        aside = max(math.hypot(dx, dy) - solid.radius, 0.0)
    else:
        c, s = math.cos(solid.yaw), math.sin(solid.yaw)
        over_x = abs(c * dx + s * dy) - solid.length / 2
        over_y = abs(c * dy - s * dx) - solid.width / 2
        aside = math.hypot(max(over_x, 0.0), max(over_y, 0.0))
    above = max(z - solid.bottom - solid.height, solid.bottom - z, 0.0)
    return math.hypot(aside, above)
