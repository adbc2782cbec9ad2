# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every policy is: a function of observation, state and elapsed time."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import ImuSamples, VelocityCommand
from lnn_control.core.observation import Observation, Preprocessing

State = Any
"""A policy's memory: opaque to callers, who only keep it and hand it back."""


class Policy(ABC):
    """Turns observations into velocity commands, one at a time.

    :param name: how the policy is called in results.
    :param preprocessing: how to make its observations from sensor data.
    """

    def __init__(self, name: str, preprocessing: Preprocessing) -> None:
        self.name = name
        self.preprocessing = preprocessing

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


def observe(policy: Policy, sensed: dict[str, NDArray[Any]]) -> Observation:
    """Return a policy's observation of what an environment sensed."""
    samples = ImuSamples(sensed['imu'][:, :3], sensed['imu'][:, 3:])
    image = policy.preprocessing.prepare_image(sensed['image'])
    return Observation(image, policy.preprocessing.summarise_imu(samples))
