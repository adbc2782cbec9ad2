# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Policies to compare with: one that knows everything and one that does nothing."""

from typing import Any, ClassVar

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import MIN_SIZE_PX, Observation, Preprocessing
from lnn_control.policies.policy import Policy, State

# They look at no image: the smallest one can be made of any camera's.
_UNSEEN = Preprocessing(MIN_SIZE_PX, MIN_SIZE_PX)


class HoverPolicy(Policy):
    """Stays where it is: what success costs when nothing is done."""

    is_blind: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__('hover', _UNSEEN)

    def initial_state(self) -> State:
        """Return nothing."""

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return a zero command."""
        return VelocityCommand(), state


class ExpertPolicy(Policy):
    """Asks the environment's privileged expert and ignores the observation.

    :param environment: with a method `expert_command()`; its wrappers are looked through.
    """

    is_blind: ClassVar[bool] = True
    needs_environment: ClassVar[bool] = True

    def __init__(self, environment: Any) -> None:
        super().__init__('expert', _UNSEEN)
        self._environment = getattr(environment, 'unwrapped', environment)

    def initial_state(self) -> State:
        """Return nothing."""

    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return the expert's command for the environment's true state."""
        return VelocityCommand.from_array(self._environment.expert_command()), state
