# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Shortest safe paths: a cost-to-go field over a grid around start and target."""

import heapq
import math
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


class CostToGo:
    """The cost of the cheapest path to the target from everywhere (fast marching, Sethian 1996).

    A metre costs 1 where there is room and up to 20 next to a surface, so paths keep clearance
    where they can and squeeze through where they must. The field is smooth: its gradient points
    straight at the target where nothing is in the way.
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
        rows, columns = np.maximum(np.ceil((high - low) / p.cell).astype(int), 2).tolist()
        self._shape = (int(rows), int(columns))
        self._goal = ends[1]
        x, y = ((np.arange(n) + 0.5) * p.cell for n in self._shape)
        points = low + np.stack(np.meshgrid(x, y, indexing='ij'), -1)
        distance = obstacles.distance(points.reshape(-1, 2)).reshape(self._shape)
        to_target = np.hypot(*np.moveaxis(points - self._goal, -1, 0))
        room = np.clip((distance - p.tight) / (p.roomy - p.tight), 0.0, 1.0)
        price = np.where(distance < p.tight, 20.0, 1.0 + 2.0 * (1.0 - room) ** 2)
        # The target itself is an obstacle, but the one to fly to.
        is_goal = to_target < 1.5
        price = np.where(is_goal, 1.0, price)
        self.cost = self._march(price, np.where(is_goal, to_target, np.inf))
        slope = np.stack(list(np.gradient(self.cost)), -1)
        self._downhill = -slope / np.maximum(np.linalg.norm(slope, axis=-1, keepdims=True), 1e-9)

    def _march(
        self, price: NDArray[np.float64], known: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Solve the eikonal equation |grad cost| = price outwards from the known cells."""
        width = self._shape[1] + 2
        # A border of infinite price spares the bounds checks.
        steps = (np.pad(price, 1, constant_values=np.inf) * self._cell).ravel().tolist()
        costs = np.pad(known, 1, constant_values=np.inf).ravel().tolist()
        queue = [(cost, index) for index, cost in enumerate(costs) if cost < math.inf]
        heapq.heapify(queue)
        while queue:
            cost, index = heapq.heappop(queue)
            if cost > costs[index]:
                continue
            for other in (index - width, index + width, index - 1, index + 1):
                step = steps[other]
                if step == math.inf:
                    continue
                a = min(costs[other - width], costs[other + width])
                b = min(costs[other - 1], costs[other + 1])
                low, high = (a, b) if a < b else (b, a)
                if high - low >= step:
                    candidate = low + step
                else:
                    candidate = (a + b + math.sqrt(2 * step * step - (a - b) ** 2)) / 2
                if candidate < costs[other] - 1e-12:
                    costs[other] = candidate
                    heapq.heappush(queue, (candidate, other))
        return np.array(costs).reshape(-1, width)[1:-1, 1:-1]

    def find_direction(self, x: float, y: float) -> tuple[float, float]:
        """Return the unit vector downhill at a point, interpolated between cells."""
        rows, columns = self._shape
        u = min(max((x - self._low[0]) / self._cell - 0.5, 0.0), rows - 1.001)
        v = min(max((y - self._low[1]) / self._cell - 0.5, 0.0), columns - 1.001)
        i, j = int(u), int(v)
        u, v = u - i, v - j
        corners = self._downhill[i : i + 2, j : j + 2]
        weights = ((1 - u) * (1 - v), (1 - u) * v, u * (1 - v), u * v)
        dx, dy = (float(np.dot(weights, corners[..., k].ravel())) for k in (0, 1))
        length = math.hypot(dx, dy)
        if length < 1e-6:
            dx, dy = self._goal[0] - x, self._goal[1] - y
            length = max(math.hypot(dx, dy), 1e-6)
        return dx / length, dy / length

    def trace(self, point: NDArray[np.float64], length: float) -> NDArray[np.float64]:
        """Return the cheapest path from a point as x, y every cell length, shape (n, 2).

        :param length: stop after this length [m], or at the target.
        """
        x, y = float(point[0]), float(point[1])
        path = [(x, y)]
        while len(path) * self._cell <= length + 1e-9 and len(path) < 2000:
            if math.hypot(self._goal[0] - x, self._goal[1] - y) < self._cell:
                break
            dx, dy = self.find_direction(x, y)
            x, y = x + dx * self._cell, y + dy * self._cell
            path.append((x, y))
        return np.array(path)

    def path_length(self, point: NDArray[np.float64]) -> float:
        """Return the length [m] of the cheapest path from a point to the target."""
        path = np.vstack([self.trace(point, 500.0), self._goal])
        return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
