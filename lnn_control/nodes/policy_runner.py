# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Feeds a policy from stamped sensor data: windows, elapsed time, memory. Knows no ROS."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import CameraImage, VelocityCommand
from lnn_control.core.observation import ImuBuffer
from lnn_control.policies.policy import Policy


@dataclass(frozen=True)
class RunnerSettings:
    """How stamps are read.

    :param first_elapsed_time: what the policy is told at its first image [s].
    :param max_gap: a longer time between two images starts the policy afresh [s].
    """

    first_elapsed_time: float = 0.05
    max_gap: float = 1.0


class PolicyRunner:
    """Runs a policy image by image.

    The elapsed time is the difference of the image stamps. An image that repeats the last stamp
    is skipped; a stamp that goes back or jumps ahead starts the policy with a fresh memory.
    """

    def __init__(self, policy: Policy, settings: RunnerSettings | None = None) -> None:
        self.policy = policy
        self.settings = settings or RunnerSettings()
        self.num_starts = 0
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self._imu = ImuBuffer()
        self._state = self.policy.initial_state()
        self._stamp: float | None = None
        self.num_imu_samples = 0

    def add_imu(
        self, stamp: float, rates: NDArray[np.floating], force: NDArray[np.floating]
    ) -> None:
        """Take note of one inertial sample [s, rad/s, m/s^2].

        :raises ValueError: if a value is not finite.
        """
        self._imu.add(stamp, rates, force)

    def step(self, image: CameraImage) -> VelocityCommand | None:
        """Return the command for an image, None if it was seen before.

        :raises ValueError: if the image does not fit the policy.
        :raises FloatingPointError: if the command is not finite; the policy then starts afresh.
        """
        elapsed = None if self._stamp is None else image.stamp - self._stamp
        if elapsed == 0.0:
            return None
        samples = self._imu.take(image.stamp)
        if elapsed is None or not 0.0 < elapsed <= self.settings.max_gap:
            self._state = self.policy.initial_state()
            self.num_starts += 1
            elapsed = self.settings.first_elapsed_time
        observation = self.policy.preprocessing.observe(image, samples)
        self._stamp = image.stamp
        self.num_imu_samples = len(samples)
        try:
            command, self._state = self.policy(observation, self._state, elapsed)
        except FloatingPointError:
            self._stamp = None
            raise
        return command

    def read_neurons(self) -> NDArray[np.float32]:
        """Return the state of every neuron after the last image."""
        return self.policy.neuron_activity(self._state)
