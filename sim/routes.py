# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where targets go: winding walks, and stops one after the other."""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.worlds.world import Layout

Places: TypeAlias = NDArray[np.float64]

HALF_STREET = 3.5
"""Greatest distance of places from the middle of a street that they share [m]."""
MOST_ATTEMPTS = 50_000
"""Walks or stops that are drawn until they keep to a street."""
STEP = 0.25
"""Time between two places of a walk [s]."""
PACE = (0.5, 1.2)
"""Slowest and fastest pace of a walk [m/s]."""
PACE_PERIODS = (8.0, 20.0)
"""Time in which a pace swings once between its own slowest and fastest [s]."""
BENDS = (((10.0, 16.0), 0.45), ((24.0, 40.0), 0.6))
"""Of the sines in a walk's heading: range of the wavelength [m], greatest amplitude [rad]."""


def draw_walk(
    begin: tuple[float, float], duration: float, generator: np.random.Generator
) -> Places:
    """Return places x, y [m], one every STEP seconds, of somebody who walks a winding path.

    The heading is a sum of sines of the way walked, at most 1.05 rad from the x axis: the path
    crosses itself nowhere, and no bend is tighter than 2.2 m.

    :param duration: [s]. :return: shape (n, 2), the first one `begin`, the last at or after the
        duration.
    """
    time = np.arange(np.ceil(duration / STEP) + 2.0) * STEP
    share = 0.5 + 0.5 * _draw_swing(PACE_PERIODS, generator, time)
    slow, fast = np.sort(generator.uniform(*PACE, 2))
    pace = slow + share * (fast - slow)
    lengths = np.asarray(STEP * (pace[1:] + pace[:-1]) / 2, dtype=np.float64)
    middle = np.asarray(np.cumsum(lengths) - lengths / 2, dtype=np.float64)
    heading = sum(
        generator.uniform(0.5, 1.0) * amplitude * _draw_swing(wavelengths, generator, middle)
        for wavelengths, amplitude in BENDS
    )
    steps = lengths[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
    return np.asarray(begin + np.vstack([np.zeros(2), np.cumsum(steps, axis=0)]))


def _draw_swing(
    periods: tuple[float, float], generator: np.random.Generator, at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return a sine of random period and phase."""
    period, phase = generator.uniform(*periods), generator.uniform(0.0, 2 * np.pi)
    return np.asarray(np.sin(2 * np.pi * at / period + phase))


def draw_stops(
    count: int,
    distances: tuple[float, float],
    max_turn: float,
    generator: np.random.Generator,
) -> Places:
    """Return stops x, y [m] after a start at the origin, shape (count, 2). The first is along x.

    :param distances: least and greatest from one stop to the next [m].
    :param max_turn: greatest angle between two legs [rad].
    """
    turns = generator.uniform(-max_turn, max_turn, count)
    turns[0] = 0.0
    heading = np.cumsum(turns)
    legs = generator.uniform(*distances, count)
    steps = legs[:, None] * np.column_stack([np.cos(heading), np.sin(heading)])
    return np.asarray(np.cumsum(steps, axis=0))


def measure_width(places: Places) -> float:
    """Return the greatest distance [m] of places from a straight street.

    The street begins at the first place and leads to the one farthest away.
    """
    offset = places - places[0]
    distance = np.hypot(*offset.T)
    along = offset[distance.argmax()] / distance.max()
    return float(np.abs(offset[:, 0] * along[1] - offset[:, 1] * along[0]).max())


def fits_street(places: Places) -> bool:
    """Return whether places keep to one straight street, which begins at the first."""
    return measure_width(places) <= HALF_STREET


@dataclass(frozen=True, eq=False)
class Walk:
    """A layout's walk in time.

    :param places: x, y [m], one every STEP seconds, shape (n, 2).
    """

    places: Places

    @staticmethod
    def of(layout: Layout) -> 'Walk':
        """Return the walk of a layout's target."""
        return Walk(np.array(layout.walk, dtype=np.float64))

    def locate(self, time: float) -> tuple[Places, Places]:
        """Return the place [m] and the velocity [m/s] at a time [s], shape (2,) each."""
        velocities = np.gradient(self.places, STEP, axis=0)
        place, velocity = (
            np.array([np.interp(time / STEP, np.arange(len(rows)), row) for row in rows.T])
            for rows in (self.places, velocities)
        )
        return place, velocity

    def measure_length(self, duration: float) -> float:
        """Return how far the walk gets in a time [m]."""
        until = self.places[: int(duration / STEP) + 1]
        walked = np.vstack([until, self.locate(duration)[0]])
        return float(np.linalg.norm(np.diff(walked, axis=0), axis=1).sum())
