# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An environment and who flies it, kept for as long as the same ones are asked for."""

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

from lnn_control.policies.policy import Policy

EnvironmentFactory = Callable[[Any], Any]
"""Makes an environment; receives the cell that it is for."""
PolicyFactory = Callable[[Any], Policy]
"""Makes the policy; receives the environment, which experts need and others ignore."""

Pilot = TypeVar('Pilot')


class Cockpit(Generic[Pilot]):
    """Makes environments and who flies them, in one process, one pair at a time.

    For another cell the environment is closed before the next one is made: each has a world and
    a renderer of its own.

    :param make_pilot: of an environment.
    """

    def __init__(self, make_env: EnvironmentFactory, make_pilot: Callable[[Any], Pilot]) -> None:
        self._make_env = make_env
        self._make_pilot = make_pilot
        self._current: tuple[Hashable, Any, Pilot] | None = None

    def enter(self, cell: Hashable) -> tuple[Any, Pilot]:
        """Return environment and pilot of a cell, those of the last call if it was the same."""
        if self._current is None or self._current[0] != cell:
            self.close()
            env = self._make_env(cell)
            self._current = (cell, env, self._make_pilot(env))
        return self._current[1:]

    def close(self) -> None:
        """Free the environment. Closing twice is allowed."""
        if self._current is not None:
            self._current[1].close()
        self._current = None
