# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every privileged expert can do."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VehicleState, VelocityCommand


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
