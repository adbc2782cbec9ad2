# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every privileged expert can do."""

import math
from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.worlds.world import Target

TARGET_ROOM = 0.6
"""Least distance [m] of a vehicle's middle from the target's surface."""


def choose_stop(usual: float, target: Target, reach: float, altitude: float = 0.0) -> float:
    """Return where to stop, measured from the target's axis [m].

    :param usual: where there is room [m]; in any case outside of the target and within reach.
    :param reach: greatest distance to the target's middle that counts [m].
    :param altitude: of the vehicle [m].
    """
    rise = target.height / 2 - altitude
    farthest = math.sqrt(max(reach**2 - rise**2, 0.0)) - 0.15
    return min(max(usual, target.radius + TARGET_ROOM), farthest)


class Expert(ABC):
    """Maps the truth to a command, without memory, so that it can label any state."""

    @abstractmethod
    def __call__(self, state: VehicleState, progress: Any) -> VelocityCommand:
        """Return the expert's command.

        :param state: of the vehicle; its stamp counts from the start of the trial.
        :param progress: what the task says the trial has come to.
        """

    @abstractmethod
    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the shortest safe way to do the task from a place [m].

        :param position: x, y in the world [m], shape (2,) or more.
        """

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return that way for a map: x, y along it [m], shape (n, 2), empty where none is planned.

        :param position: x, y in the world [m], shape (2,).
        """
        return np.zeros((0, 2))
