# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The course of a winding road: drawing a closed loop, and where things are along it."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.worlds.redraw import draw_until
from sim.worlds.world import Road

LANE_WIDTH = 3.5
"""Width [m] of one lane of a country road."""
LENGTH_RANGE = (380.0, 580.0)
"""Least and greatest length [m] of a loop."""
SPACING = 1.0
"""Greatest distance [m] between neighbouring points of a centreline."""
MIN_RADIUS = 15.0
"""Radius [m] of the tightest bend that is allowed."""
MIN_SEPARATION = 22.0
"""Least distance [m] between two parts of the centreline."""
SEPARATE_BEYOND = 50.0
"""Parts of the road are two parts when they are farther apart than this [m] along it."""
HALF_STRAIGHT = 10.0
"""The road is straight for this distance [m] before and after the start."""
EASING = 20.0
"""Distance [m] over which the straight at the start turns into bends."""
BENDING_RANGE = (0.022, 0.03)
"""Root mean square [1/m] of the curvature that is drawn at random."""
HARMONICS = np.arange(2, 9)
"""Bends of the random curvature in one lap."""
BEND_RADIUS = 80.0
"""Radius [m] below which a part of the road counts as a bend."""
MIN_COUNTER_SHARE = 0.15
"""Least share of the loop that bends against the way in which the loop closes."""
MAX_DRAWS = 2000

Points = NDArray[np.float64]


class RoadMap:
    """Where things are along a road, by arc length s [m] from its first point.

    Lateral offsets are positive left of the centreline. The centreline is taken as a polygon: at
    points 1 m apart it is within 8 mm of a circle of 16 m radius. Arc lengths wrap around.

    :raises ValueError: if the centreline is not a closed line of finite points at most 1 m apart.
    """

    def __init__(self, road: Road) -> None:
        self._points = _check_centreline(road.centreline)
        self.lane_width = road.lane_width
        self._steps = np.roll(self._points, -1, axis=0) - self._points
        self._step_lengths = np.hypot(*self._steps.T)
        self._arc = np.append(0.0, np.cumsum(self._step_lengths))
        self.length = float(self._arc[-1])
        self._headings = self._measure_headings()
        self._curvatures = self._measure_curvatures()

    def _measure_headings(self) -> NDArray[np.float64]:
        """Return the heading at every point and again at the first, without jumps [rad]."""
        chord = self._steps + np.roll(self._steps, 1, axis=0)
        heading = np.unwrap(np.arctan2(chord[:, 1], chord[:, 0]))
        last = heading[0] - heading[-1]
        closing = (last + np.pi) % (2 * np.pi) - np.pi
        return np.append(heading, heading[-1] + closing)

    def _measure_curvatures(self) -> NDArray[np.float64]:
        """Return the curvature at every point and again at the first [1/m]."""
        turns = np.diff(self._headings)
        both = turns + np.roll(turns, 1)
        curvature = both / (self._step_lengths + np.roll(self._step_lengths, 1))
        return np.append(curvature, curvature[0])

    def project(self, points: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the arc length in [0, length) and the lateral offset [m] of points.

        :param points: x, y in the world [m], shape (..., 2).
        :return: two arrays of shape (...).
        :raises ValueError: if the points have another shape or are not finite.
        """
        points = np.asarray(points, dtype=np.float64)
        if points.shape[-1:] != (2,) or not np.isfinite(points).all():
            raise ValueError(f'points must be finite and of shape (..., 2), got {points!r}')
        flat = points.reshape(-1, 2)
        nearest = self._find_nearest(flat)
        before = self._project_on_step(flat, (nearest - 1) % len(self._points))
        after = self._project_on_step(flat, nearest)
        closer = np.abs(before[1]) < np.abs(after[1])
        arc, offset = (np.where(closer, b, a) for b, a in zip(before, after, strict=True))
        shape = points.shape[:-1]
        return (arc % self.length).reshape(shape), offset.reshape(shape)

    def _find_nearest(self, points: Points) -> NDArray[np.intp]:
        """Return the index of the nearest point of the centreline, shape (n,)."""
        squares = (self._points**2).sum(axis=1)
        return np.asarray((squares - 2 * points @ self._points.T).argmin(axis=1))

    def _project_on_step(
        self, points: Points, index: NDArray[np.intp]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return arc length and signed distance of points to one step of the line each [m]."""
        along = self._steps[index] / self._step_lengths[index, None]
        to_point = points - self._points[index]
        ahead = np.clip((to_point * along).sum(axis=1), 0.0, self._step_lengths[index])
        left = along[:, 0] * to_point[:, 1] - along[:, 1] * to_point[:, 0]
        distance = np.linalg.norm(to_point - ahead[:, None] * along, axis=1)
        return self._arc[index] + ahead, np.where(left < 0, -distance, distance)

    def point_at(self, arc: ArrayLike, offset: ArrayLike = 0.0) -> Points:
        """Return the point x, y at an arc length and a lateral offset [m], shape (..., 2)."""
        arc, offset = np.broadcast_arrays(arc, offset)
        share = arc % self.length
        closed = np.vstack([self._points, self._points[:1]])
        x, y = (np.interp(share, self._arc, column) for column in closed.T)
        heading = self.heading_at(arc)
        return np.stack([x - offset * np.sin(heading), y + offset * np.cos(heading)], axis=-1)

    def heading_at(self, arc: ArrayLike) -> NDArray[np.float64]:
        """Return the direction of travel [rad] at an arc length, in [-pi, pi)."""
        heading = np.interp(np.asarray(arc) % self.length, self._arc, self._headings)
        return np.asarray(wrap_angle(heading))

    def curvature_at(self, arc: ArrayLike) -> NDArray[np.float64]:
        """Return the curvature [1/m] at an arc length, positive where the road bends left."""
        return np.asarray(np.interp(np.asarray(arc) % self.length, self._arc, self._curvatures))

    def heading_error(self, arc: ArrayLike, yaw: ArrayLike) -> NDArray[np.float64]:
        """Return how far a yaw [rad] is left of the direction of travel, in [-pi, pi)."""
        return wrap_angle(np.asarray(yaw) - self.heading_at(arc))


def wrap_angle(angle: ArrayLike) -> NDArray[np.float64]:
    """Return an angle [rad] in [-pi, pi)."""
    return np.asarray((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi)


def _check_centreline(centreline: ArrayLike) -> Points:
    points = np.asarray(centreline, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 8:
        raise ValueError(f'centreline must have shape (at least 8, 2), got {points.shape}')
    steps = np.hypot(*(np.roll(points, -1, axis=0) - points).T)
    if not (steps.max() <= SPACING * 1.001 and steps.min() > 0):
        raise ValueError(
            f'centreline must have points at most {SPACING} m apart and no two alike, got steps '
            f'of {steps.min():.3f} to {steps.max():.3f} m'
        )
    return points


def draw_road(
    start: tuple[float, float],
    generator: np.random.Generator,
    avoid: tuple[float, float] | None = None,
    distance: float = 0.0,
) -> Road:
    """Return a random winding loop; at the start it is straight and leads along +x.

    :param start: x, y of the middle of the right lane where the loop begins [m].
    :param avoid: x, y of a point from which the centreline keeps this distance [m].
    :raises ValueError: if no loop keeps that distance.
    """
    middle = np.array([start[0], start[1] + LANE_WIDTH / 2])

    def is_good(points: Points | None) -> bool:
        if points is None or avoid is None:
            return points is not None
        return bool(np.linalg.norm(middle + points - avoid, axis=1).min() >= distance)

    points = draw_until(
        lambda: _draw_loop(generator),
        is_good,
        MAX_DRAWS,
        f'a road that starts at {start} heading along +x must keep {distance} m from {avoid}, '
        'but none does: move that point away from the road',
    )
    return Road(middle + points, LANE_WIDTH)


def _draw_loop(generator: np.random.Generator) -> Points | None:
    """Return a loop through the origin along +x, shape (n, 2), or nothing if it is no good road.

    The curvature is drawn: random waves that fade out at the start. The loop is then closed with
    the three gentlest waves.
    """
    length = generator.uniform(*LENGTH_RANGE)
    side = -1.0 if generator.random() < 0.5 else 1.0
    share = (np.arange(np.ceil(length / SPACING)) + 0.5) / np.ceil(length / SPACING)
    waves = 2 * np.pi * HARMONICS[:, None] * share
    weights = generator.normal(0.0, 1.0, (2, len(HARMONICS)))
    bending = weights[0] @ np.cos(waves) + weights[1] @ np.sin(waves)
    bending *= generator.uniform(*BENDING_RANGE) / bending.std()
    fade = np.clip((length * np.minimum(share, 1 - share) - HALF_STRAIGHT) / EASING, 0.0, 1.0)
    fade = fade**2 * (3 - 2 * fade)
    turn = 2 * np.pi * share
    gentle = fade * np.stack([np.ones_like(share), np.cos(turn), np.sin(turn)])
    step = length / len(share)
    curvature = _close(fade * bending, gentle, step)
    if curvature is None or not _is_winding(curvature):
        return None
    points = _integrate(curvature, step)[0][:-1]
    is_apart = measure_separation(points, step) > MIN_SEPARATION
    return points * (1.0, side) if is_apart else None


def _close(
    curvature: NDArray[np.float64], gentle: NDArray[np.float64], step: float
) -> NDArray[np.float64] | None:
    """Return the curvature plus the combination of gentle waves that closes the loop (Newton).

    :param curvature: of each step [1/m], shape (n,). :param gentle: shape (3, n).
    :param step: length of a step [m].
    """
    before = np.cumsum(gentle, axis=1) - gentle / 2
    weights = np.array([2 * np.pi / (gentle[0].sum() * step), 0.0, 0.0])
    for _ in range(12):
        trial = curvature + weights @ gentle
        points, headings = _integrate(trial, step)
        error = np.array([*points[-1], trial.sum() * step - 2 * np.pi])
        if np.abs(error).max() < 1e-9:
            return np.asarray(trial)
        sideways = np.stack([-np.sin(headings), np.cos(headings)]) * step**2
        slope = np.vstack([sideways @ before.T, gentle.sum(axis=1) * step])
        weights = weights - np.linalg.solve(slope, error)
    return None


def _integrate(curvature: NDArray[np.float64], step: float) -> tuple[Points, NDArray[np.float64]]:
    """Return the points of a line from its steps' curvature, shape (n + 1, 2), and headings."""
    headings = (np.cumsum(curvature) - curvature / 2) * step
    steps = step * np.stack([np.cos(headings), np.sin(headings)], axis=1)
    return np.vstack([np.zeros(2), np.cumsum(steps, axis=0)]), headings


def _is_winding(curvature: NDArray[np.float64]) -> bool:
    """Return whether a loop to the left has right bends too and none that is too tight."""
    counter_share = (curvature < -1 / BEND_RADIUS).mean()
    return bool(np.abs(curvature).max() < 1 / MIN_RADIUS and counter_share > MIN_COUNTER_SHARE)


def measure_separation(points: Points, step: float, beyond: float = SEPARATE_BEYOND) -> float:
    """Return the least distance [m] between points of a loop that are farther apart along it.

    :param points: evenly spaced, shape (n, 2). :param step: their distance [m].
    :param beyond: how far apart along the loop [m].
    """
    steps = np.arange(len(points))
    apart = np.abs(steps[:, None] - steps)
    apart = np.minimum(apart, len(points) - apart) * step
    products = points @ points.T
    squares = np.diag(products)[:, None] + np.diag(products) - 2 * products
    return float(np.sqrt(squares[apart > beyond].min()))
