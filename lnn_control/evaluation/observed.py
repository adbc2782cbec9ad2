# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a policy is given on a flight of its own: images, inertial features and times."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.evaluation.trial import TrialEnvironment, TrialResult, run_trial
from lnn_control.policies.policy import Policy, State
from lnn_control.policies.runner import RunnerSettings


@dataclass(frozen=True, eq=False)
class ObservedFlight:
    """A flight as its policy was given it.

    :param images: uint8 RGB of the policy's size, shape (n, height, width, 3).
    :param imu: inertial features, shape (n, 12). :param elapsed_time: before each [s], shape (n,).
    :param commands: what the policy answered [m/s, rad/s], shape (n, 4).
    """

    result: TrialResult
    images: NDArray[np.uint8]
    imu: NDArray[np.float32]
    elapsed_time: NDArray[np.float32]
    commands: NDArray[np.float32]

    @property
    def times(self) -> NDArray[np.float64]:
        """When each image was taken, since the first [s], shape (n,)."""
        return np.cumsum(self.elapsed_time, dtype=np.float64) - float(self.elapsed_time[0])


def observe_flight(
    env: TrialEnvironment, policy: Policy, seed: int, settings: RunnerSettings | None = None
) -> ObservedFlight:
    """Fly one seed as :func:`run_trial` does, and keep what the policy was given.

    :raises DomainError: if the policy was not trained for this environment.
    """
    watched = _Watched(policy)
    result = run_trial(env, watched, seed, settings)
    observations, times, commands = zip(*watched.seen, strict=True)
    return ObservedFlight(
        result,
        np.stack([observation.image for observation in observations]),
        np.stack([observation.imu for observation in observations]),
        np.array(times, np.float32),
        np.stack([command.to_array() for command in commands]),
    )


class _Watched(Policy):
    """A policy that notes what it was asked and what it answered."""

    def __init__(self, policy: Policy) -> None:
        super().__init__(policy.name, policy.preprocessing, policy.domain)
        self._policy = policy
        self.seen: list[tuple[Observation, float, VelocityCommand]] = []

    def initial_state(self) -> State:
        """Return the state before the first image."""
        return self._policy.initial_state()

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return the command and the next state."""
        command, state = self._policy(observation, state, elapsed_time)
        self.seen.append((observation, elapsed_time, command))
        return command, state
