# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Clocks of a recording: stamps of sensors, times of receipt, and the way from one to the other.

Whoever records may run on another clock than the sensors, faster or slower: beside a simulator at
half speed a second of receipt is half a second of stamps. The images know both, so times of
receipt are carried to stamps between the images on either side.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

ROUNDING = 5e-7
"""Stamps that differ by less are of one moment [s]: half a microsecond, as nanoseconds in double
precision round."""


@dataclass(frozen=True)
class Timeline:
    """Times of receipt and stamps of images, both in order.

    :param times: [s], shape (n,). :param stamps: [s], shape (n,).
    """

    times: Float
    stamps: Float

    def to_stamps(self, times: Float) -> Float:
        """Return what the sensors' clock said at times of receipt [s]."""
        if len(self.times) == 1:
            return np.asarray(self.stamps[0] + times - self.times[0])
        inner = np.interp(times, self.times, self.stamps)
        span = self.times[-1] - self.times[0]
        pace = (self.stamps[-1] - self.stamps[0]) / span if span > 0 else 1.0
        before, after = times - self.times[0], times - self.times[-1]
        inner = np.where(before < 0, self.stamps[0] + pace * before, inner)
        return np.asarray(np.where(after > 0, self.stamps[-1] + pace * after, inner))


def make_timeline(times: Float, stamps: Float) -> Timeline:
    """Return the timeline of images in any order."""
    order = np.argsort(times, kind='stable')
    # Where messages overtook each other, time still goes on.
    return Timeline(times[order], np.maximum.accumulate(stamps[order]))


def find_restarts(stamps: Float, max_step_back: float) -> list[int]:
    """Return the indices at which stamps go back by more than a time [s]: the clock began anew."""
    return (np.flatnonzero(np.diff(stamps) < -max_step_back) + 1).tolist()


def find_latest(stamps: Float, at: Float) -> NDArray[np.intp]:
    """Return for each time the index of the last stamp at or before it, -1 where there is none.

    :param stamps: in order [s].
    """
    return np.asarray(np.searchsorted(stamps, at + ROUNDING, side='right') - 1)
