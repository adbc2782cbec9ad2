# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every policy is: a function of observation, state and elapsed time."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.circuit import Circuit
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing

State = Any
"""A policy's memory: opaque to callers, who only keep it and hand it back."""


class Policy(ABC):
    """Turns observations into velocity commands, one at a time.

    A policy of another package is a subclass with two methods; what flies it never asks for its
    class, only for what stands here.

    :param name: how the policy is called in results; the name of its class by default.
    :param preprocessing: how to make its observations from sensor data.
    :param domain: what it was trained for; nothing is known, and nothing checked, by default.
    :cvar is_blind: whether it looks at no image, so that none needs to be drawn.
    :cvar needs_environment: whether its constructor takes the environment that it flies in; such
        a policy knows the truth and can fly nowhere else.
    """

    is_blind: ClassVar[bool] = False
    needs_environment: ClassVar[bool] = False

    def __init__(
        self,
        name: str | None = None,
        preprocessing: Preprocessing | None = None,
        domain: TrainingDomain | None = None,
    ) -> None:
        self.name = name if name is not None else type(self).__name__
        self.preprocessing = preprocessing if preprocessing is not None else Preprocessing()
        self.domain = domain if domain is not None else TrainingDomain()

    @abstractmethod
    def initial_state(self) -> State:
        """Return the memory before the first observation."""

    @abstractmethod
    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return the command for this observation and the next state.

        :param elapsed_time: seconds since the previous observation.
        :raises ValueError: if the observation does not fit the policy or the time is not positive.
        :raises FloatingPointError: if the command is not finite.
        """

    def neuron_activity(self, state: State) -> NDArray[np.float32]:
        """Return the state of every neuron for display, empty where there is none."""
        return np.zeros(0, dtype=np.float32)

    def map_saliency(self, image: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        """Return how much each pixel of an observation's image counts, 0 to 1, for display.

        :param image: shape (height, width, 3). :return: shape (height, width); None of a policy
            that cannot tell.
        """
        return None

    @property
    def circuit(self) -> Circuit:
        """Neurons, synapses and the number of parameters, for display."""
        return Circuit()
