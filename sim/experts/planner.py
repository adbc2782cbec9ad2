# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Shortest safe paths: a cost-to-go field over a grid around start and target."""

import heapq
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.obstacles import Obstacles
from sim.worlds.world import World


@dataclass(frozen=True)
class PlannerParameters:
    """What a path may cost.

    :param cell: edge of a grid cell [m]. :param margin: grid around start and target [m].
    :param tight: distance to a surface below which flying is a last resort [m].
    :param roomy: distance to a surface from which on more room gains nothing [m].
    """

    cell: float = 0.2
    margin: float = 8.0
    tight: float = 0.5
    roomy: float = 1.4


_NEIGHBOURS = [(i, j, float(np.hypot(i, j))) for i in (-1, 0, 1) for j in (-1, 0, 1) if i or j]


class CostToGo:
    """The cost of the cheapest path from every cell to the target (Dijkstra, 1959).

    A metre costs 1 where there is room and up to 20 next to a surface, so paths keep clearance
    where they can and squeeze through where they must.
    """

    def __init__(
        self, world: World, obstacles: Obstacles, parameters: PlannerParameters | None = None
    ) -> None:
        p = parameters or PlannerParameters()
        ends = np.array([world.layout.start, world.layout.target])
        x_min, x_max, y_min, y_max = world.area
        low = np.maximum(ends.min(axis=0) - p.margin, [x_min, y_min])
        high = np.minimum(ends.max(axis=0) + p.margin, [x_max, y_max])
        self._low, self._cell = low, p.cell
        self._shape = tuple(np.maximum(np.ceil((high - low) / p.cell).astype(int), 2))
        grid = np.stack(
            np.meshgrid(*[(np.arange(n) + 0.5) * p.cell for n in self._shape], indexing='ij'), -1
        )
        distance = obstacles.distance((low + grid).reshape(-1, 2)).reshape(self._shape)
        # The target itself is an obstacle, but the one to fly to.
        to_target = np.hypot(*np.moveaxis(low + grid - ends[1], -1, 0))
        room = np.clip((distance - p.tight) / (p.roomy - p.tight), 0.0, 1.0)
        price = np.where(distance < p.tight, 20.0, 1.0 + 2.0 * (1.0 - room) ** 2)
        price = np.where(to_target < 1.5, 1.0, price)
        self.cost = self._spread(price, self.find_cell(ends[1]))

    def find_cell(self, point: NDArray[np.float64]) -> tuple[int, int]:
        """Return the cell of a point x, y, the nearest one outside the grid."""
        index = np.floor((np.asarray(point)[:2] - self._low) / self._cell).astype(int)
        index = np.clip(index, 0, np.array(self._shape) - 1)
        return int(index[0]), int(index[1])

    def _spread(self, price: NDArray[np.float64], goal: tuple[int, int]) -> NDArray[np.float64]:
        """Return the cost to the goal from every cell."""
        width = self._shape[1] + 2
        # A border of infinite price spares the bounds checks.
        prices = np.pad(price, 1, constant_values=np.inf).ravel().tolist()
        steps = [(i * width + j, length * self._cell / 2) for i, j, length in _NEIGHBOURS]
        start = (goal[0] + 1) * width + goal[1] + 1
        costs = [float('inf')] * len(prices)
        costs[start] = 0.0
        queue = [(0.0, start)]
        while queue:
            cost, index = heapq.heappop(queue)
            if cost > costs[index]:
                continue
            here = prices[index]
            for offset, half_length in steps:
                other = index + offset
                candidate = cost + half_length * (here + prices[other])
                if candidate < costs[other]:
                    costs[other] = candidate
                    heapq.heappush(queue, (candidate, other))
        return np.array(costs).reshape(-1, width)[1:-1, 1:-1]

    def trace(self, point: NDArray[np.float64], length: float) -> NDArray[np.float64]:
        """Return the cheapest path from a point, as cell centres x, y, shape (n, 2).

        :param length: stop after this length [m], or at the target.
        """
        i, j = self.find_cell(point)
        path, travelled = [], 0.0
        while travelled < length:
            best, step = self.cost[i, j], None
            for di, dj, distance in _NEIGHBOURS:
                ni, nj = i + di, j + dj
                is_inside = 0 <= ni < self._shape[0] and 0 <= nj < self._shape[1]
                if is_inside and self.cost[ni, nj] < best:
                    best, step = self.cost[ni, nj], (ni, nj, distance)
            if step is None:
                break
            i, j = step[:2]
            travelled += step[2] * self._cell
            path.append((i, j))
        if not path:
            path = [(i, j)]
        return self._low + (np.array(path) + 0.5) * self._cell

    def path_length(self, point: NDArray[np.float64]) -> float:
        """Return the length [m] of the path from a point to the target, corners cut."""
        path = np.vstack([np.asarray(point)[:2], self.trace(point, np.inf)])
        # Grid paths zigzag: measure them after a moving average of about one metre.
        window = max(1, round(1.0 / self._cell) | 1)
        padded = np.pad(path, ((window // 2,) * 2, (0, 0)), mode='edge')
        kernel = np.ones(window) / window
        smooth = np.column_stack([np.convolve(padded[:, k], kernel, 'valid') for k in (0, 1)])
        return float(np.linalg.norm(np.diff(smooth, axis=0), axis=1).sum())
