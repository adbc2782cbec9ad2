# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A policy that is a rule of ten lines: turn to what is red and fly there."""

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.policies.policy import Policy, State

NEAR_PX = 23.0
"""Size of the chair in the image from where to hover: the root of its pixels."""


class SeeRed(Policy):
    """Turns to what is red in the image, flies there and hovers before it.

    :param speed: greatest [m/s], `see_red=1.5` on the command line.
    """

    def __init__(self, speed: str = '1.2') -> None:
        super().__init__('see_red')
        self._speed = check_number('speed', float(speed), 0.1, 3.0, 'm/s')

    def initial_state(self) -> State:
        """Return the side on which red was seen last: 1 left, -1 right."""
        return 1.0

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return a command towards the middle of all red pixels."""
        red, green, blue = np.moveaxis(observation.image.astype(float), 2, 0)
        _, columns = np.nonzero((red > 60) & (red > 2.5 * np.maximum(green, blue)))
        if len(columns) < 4:
            return VelocityCommand(yaw_rate=0.6 * state), state
        aside = 1 - 2 * float(columns.mean()) / observation.image.shape[1]
        slowing = float(np.clip(2 - 2 * np.sqrt(len(columns)) / NEAR_PX, -0.2, 1.0))
        command = VelocityCommand(vx=self._speed * slowing, yaw_rate=1.5 * aside)
        return command, 1.0 if aside > 0 else -1.0
