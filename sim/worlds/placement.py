# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where solids may stand: gaps to fly through, free circles and a way from start to target."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.worlds.targets import find_target
from sim.worlds.world import Box, Cylinder, Layout, Solid

START_RADIUS = 2.0
"""Radius [m] around the start that holds no solid."""
TARGET_RADIUS = 2.5
"""Least radius [m] around the target that holds no solid."""
TARGET_ROOM = 1.9
"""Least free space [m] around the target's own solid."""
WALK_CLEARANCE = 1.0
"""Free space [m] on both sides of the line along which a target walks."""
CLEARANCE = 0.75
"""Radius [m] of a disc that gets from start to target and all stops in every world."""
STEP_HEIGHT = 0.15
"""Height [m] up to which a solid such as a kerb stops nobody."""
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
        radius = max(TARGET_RADIUS, find_target(self.layout.target_kind).radius + TARGET_ROOM)
        targets = [(*place, radius) for place in self.layout.route[1:]]
        self._taken = np.array([(*self.layout.start, START_RADIUS), *targets])
        self._num_free = len(self._taken)

    def is_free(self, x: float, y: float, radius: float, gap: float | None = None) -> bool:
        """Return whether a circle keeps the gap and leaves the walk free.

        The free circles around start, target and stops need no gap.

        :param gap: free space [m] instead of the usual one.
        """
        gap = self.gap if gap is None else gap
        taken = self._taken
        space = np.hypot(taken[:, 0] - x, taken[:, 1] - y) - taken[:, 2] - radius
        if space[: self._num_free].min() <= 0.05 or (space[self._num_free :] <= gap).any():
            return False
        return self.distance_to_walk(x, y) > WALK_CLEARANCE + radius

    def distance_to_walk(self, x: float, y: float) -> float:
        """Return the distance [m] of a point from the target's walk, inf if it stands still."""
        if not self.layout.walk:
            return float('inf')
        return float(distance_to_path(np.array([[x, y]]), self.layout.walk)[0])

    def take(self, x: float, y: float, radius: float, gap: float | None = None) -> bool:
        """Take a circle if it is free and return whether it was."""
        if not self.is_free(x, y, radius, gap):
            return False
        self.add([(x, y, radius)])
        return True

    def add(self, circles: list[tuple[float, float, float]]) -> None:
        """Take circles (x, y, radius) [m] without looking."""
        self._taken = np.vstack([self._taken, circles])


def cover_box(box: Box) -> list[tuple[float, float, float]]:
    """Return circles (x, y, radius) [m] in a row that cover a box's footprint."""
    count = max(1, round(box.length / box.width))
    steps = (np.arange(count) - (count - 1) / 2) * box.length / count
    radius = float(np.hypot(box.length / count, box.width) / 2)
    c, s = float(np.cos(box.yaw)), float(np.sin(box.yaw))
    return [(box.x + c * step, box.y + s * step, radius) for step in steps.tolist()]


def span_area(layout: Layout, length: float, width: float, margin: float) -> Area:
    """Return a rectangle around start, target, stops and walk, larger where they are far apart.

    :param length: least size along x [m]. :param width: least size along y [m].
    :param margin: least space [m] beyond these places.
    """
    places = np.array(layout.places, dtype=np.float64)
    middle = (places.min(axis=0) + places.max(axis=0)) / 2
    half = np.maximum((length / 2, width / 2), np.ptp(places, axis=0) / 2 + margin)
    low, high = middle - half, middle + half
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def draw_solids(
    solids: Sequence[Solid], area: Area, below: float = 2.5, step_height: float = STEP_HEIGHT
) -> NDArray[np.uint8]:
    """Return a map of the area, 0 where a solid stands and 1 elsewhere.

    :param below: height [m] from which on a solid's bottom is out of the way.
    :param step_height: height [m] up to which a solid is left out.
    :return: shape (cells along y, cells along x), cells of CELL metres from (x_min, y_min).
    """
    shape = (int((area[3] - area[2]) / CELL) + 1, int((area[1] - area[0]) / CELL) + 1)
    free = np.ones(shape, dtype=np.uint8)
    for solid in solids:
        if solid.bottom >= below or solid.bottom + solid.height < step_height:
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
    solids: Sequence[Solid],
    layout: Layout,
    area: Area,
    clearance: float = CLEARANCE,
    step_height: float = STEP_HEIGHT,
) -> bool:
    """Return whether a disc of this radius [m] gets from start to target, stops and walk.

    :param step_height: height [m] up to which a solid is no obstacle.
    """
    free = draw_solids(solids, area, step_height=step_height)
    distance = cv2.distanceTransform(free, cv2.DIST_L2, 5)
    wide = (distance * CELL > clearance + CELL).astype(np.uint8)
    _, labels = cv2.connectedComponents(wide, connectivity=4)
    reached = {int(labels[_find_cell(point, area)]) for point in layout.places}
    return len(reached) == 1 and reached != {0}


def _find_cell(point: tuple[float, float], area: Area) -> tuple[int, int]:
    column, row = int((point[0] - area[0]) / CELL), int((point[1] - area[2]) / CELL)
    return row, column


def distance_to_path(
    points: NDArray[np.float64], path: Sequence[tuple[float, float]]
) -> NDArray[np.float64]:
    """Return distances [m] of points, shape (n, 2), to the line that joins at least two places."""
    corners = np.array(path, dtype=np.float64)
    along = np.diff(corners, axis=0)
    offset = points[:, None] - corners[:-1]
    share = np.clip((offset * along).sum(axis=2) / (along**2).sum(axis=1), 0, 1)
    return np.linalg.norm(offset - share[..., None] * along, axis=2).min(axis=1)
