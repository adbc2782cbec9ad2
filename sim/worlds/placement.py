# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where solids may stand: gaps to fly through, free circles and a way from start to target."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.worlds.world import Cylinder, Layout, Solid

START_RADIUS = 2.0
"""Radius [m] around the start that holds no solid."""
TARGET_RADIUS = 2.5
"""Radius [m] around the target that holds no solid."""
CLEARANCE = 0.75
"""Radius [m] of a disc that gets from start to target in every world."""
CELL = 0.1
"""Edge [m] of the cells of the map."""

Area = tuple[float, float, float, float]


@dataclass
class Ground:
    """Circles taken so far.

    :param gap: free space [m] to leave between any two circles.
    """

    layout: Layout
    gap: float

    def __post_init__(self) -> None:
        self._taken = np.array(
            [(*self.layout.start, START_RADIUS), (*self.layout.target, TARGET_RADIUS)]
        )

    def is_free(self, x: float, y: float, radius: float, gap: float | None = None) -> bool:
        """Return whether a circle keeps the gap; the two free circles need none.

        :param gap: free space [m] instead of the usual one.
        """
        gap = self.gap if gap is None else gap
        taken = self._taken
        space = np.hypot(taken[:, 0] - x, taken[:, 1] - y) - taken[:, 2] - radius
        return bool(space[:2].min() > 0.05) and bool((space[2:] > gap).all())

    def take(self, x: float, y: float, radius: float, gap: float | None = None) -> bool:
        """Take a circle if it is free and return whether it was."""
        if not self.is_free(x, y, radius, gap):
            return False
        self.add([(x, y, radius)])
        return True

    def add(self, circles: list[tuple[float, float, float]]) -> None:
        """Take circles (x, y, radius) [m] without looking."""
        self._taken = np.vstack([self._taken, circles])


def span_area(layout: Layout, length: float, width: float, margin: float) -> Area:
    """Return a rectangle around start and target, larger where they stand far apart.

    :param length: least size along x [m]. :param width: least size along y [m].
    :param margin: least space [m] beyond start and target.
    """
    ends = np.array([layout.start, layout.target], dtype=np.float64)
    middle = ends.mean(axis=0)
    half = np.maximum((length / 2, width / 2), np.ptp(ends, axis=0) / 2 + margin)
    low, high = middle - half, middle + half
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def draw_solids(solids: Sequence[Solid], area: Area, below: float = 2.5) -> NDArray[np.uint8]:
    """Return a map of the area, 0 where a solid stands and 1 elsewhere.

    :param below: height [m] from which on a solid's bottom is out of the way.
    :return: shape (cells along y, cells along x), cells of CELL metres from (x_min, y_min).
    """
    shape = (int((area[3] - area[2]) / CELL) + 1, int((area[1] - area[0]) / CELL) + 1)
    free = np.ones(shape, dtype=np.uint8)
    for solid in solids:
        if solid.bottom >= below:
            continue
        corners = (_outline(solid) - (area[0], area[2])) / CELL
        cv2.fillPoly(free, [np.round(corners * 16).astype(np.int32)], 0, shift=4)
    return free


def _outline(solid: Solid) -> NDArray[np.float64]:
    if isinstance(solid, Cylinder):
        angle = np.linspace(0, 2 * np.pi, 16, endpoint=False)
        ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return np.array([solid.x, solid.y]) + solid.radius * ring
    c, s = np.cos(solid.yaw), np.sin(solid.yaw)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (solid.length / 2, solid.width / 2)
    return corners @ np.array([[c, s], [-s, c]]) + (solid.x, solid.y)


def is_reachable(
    solids: Sequence[Solid], layout: Layout, area: Area, clearance: float = CLEARANCE
) -> bool:
    """Return whether a disc of this radius [m] gets from start to target."""
    distance = cv2.distanceTransform(draw_solids(solids, area), cv2.DIST_L2, 5)
    wide = (distance * CELL > clearance + CELL).astype(np.uint8)
    _, labels = cv2.connectedComponents(wide, connectivity=4)
    ends = [_find_cell(point, area) for point in (layout.start, layout.target)]
    start, target = (int(labels[cell]) for cell in ends)
    return start == target != 0


def _find_cell(point: tuple[float, float], area: Area) -> tuple[int, int]:
    column, row = int((point[0] - area[0]) / CELL), int((point[1] - area[2]) / CELL)
    return row, column


def distance_to_line(points: NDArray[np.float64], layout: Layout) -> NDArray[np.float64]:
    """Return distances [m] of points, shape (n, 2), to the segment from start to target."""
    start, target = np.array(layout.start), np.array(layout.target)
    along = target - start
    share = np.clip((points - start) @ along / (along @ along), 0, 1)
    return np.linalg.norm(points - start - share[:, None] * along, axis=1)
