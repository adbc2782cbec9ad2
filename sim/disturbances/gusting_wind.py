# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Wind with gusts: the Dryden turbulence model's longitudinal form on every axis."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import WindDisturbance


@dataclass(frozen=True)
class GustingWind(WindDisturbance):
    """A steady horizontal wind from a direction drawn once an episode, and gusts about it.

    Each axis of the gust is a first-order Gauss-Markov process, whose spectrum is the longitudinal
    one of the Dryden model (MIL-F-8785C, 3.7.1.2) with correlation time = scale length over air
    speed; vertical gusts are half as strong, as that model has them near the ground. The
    vehicle feels wind through its rotor drag, which acts on its velocity through the air.

    :param mean: speed of the steady wind [m/s], 0 to 20.
    :param gust: standard deviation of each horizontal axis [m/s], 0 to 10.
    :param correlation_time: [s], 0.05 to 60.
    """

    mean: float = 4.0
    gust: float = 2.0
    correlation_time: float = 2.0

    def __post_init__(self) -> None:
        check_number('mean', self.mean, 0.0, 20.0, 'm/s')
        check_number('gust', self.gust, 0.0, 10.0, 'm/s')
        check_number('correlation_time', self.correlation_time, 0.05, 60.0, 's')

    @property
    def _spread(self) -> NDArray[np.float64]:
        return self.gust * np.array([1.0, 1.0, 0.5])

    def draw_mean(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return one episode's mean wind in the world frame [m/s], shape (3,)."""
        angle = rng.uniform(-math.pi, math.pi)
        return self.mean * np.array([math.cos(angle), math.sin(angle), 0.0])

    def start_gust(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return a gust of the stationary distribution, world frame [m/s], shape (3,)."""
        return self._spread * rng.standard_normal(3)

    def advance_gust(
        self, gust_world: NDArray[np.float64], elapsed_time: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the gust a little later: exact for any step, so its spread never drifts."""
        kept = math.exp(-elapsed_time / self.correlation_time)
        fresh = math.sqrt(1.0 - kept * kept)
        return np.asarray(kept * gust_world + fresh * self._spread * rng.standard_normal(3))


LEVELS = (GustingWind(2.0, 1.0), GustingWind(4.0, 2.0), GustingWind(6.0, 3.0))
