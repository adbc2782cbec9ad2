# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What experts that know the map and go to one target have in common: the way and the speed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.experts.expert import Expert
from sim.experts.planner import CostToGo, PlannerParameters
from sim.obstacles import Obstacles
from sim.worlds.world import World

# Between the places ahead at which the room is measured [m].
_SPACING = 0.3


@dataclass(frozen=True)
class ReachParameters:
    """How an expert goes to a target.

    :param cruise_speed: [m/s]. :param slow_speed: next to an obstacle [m/s].
    :param tight: distance to a surface at which it is slow [m].
    :param roomy: distance to a surface from which on it cruises [m].
    :param sight: how far ahead surfaces slow it down [m].
    :param stop_distance: where to stop, measured from the target's middle [m].
    :param braking: deceleration towards that place [m/s^2].
    :param stop_gain: speed for the distance to that place, at most [1/s].
    :param look_ahead: along the path [m].
    """

    cruise_speed: float = 1.4
    slow_speed: float = 0.7
    tight: float = 0.5
    roomy: float = 1.3
    sight: float = 1.5
    stop_distance: float = 1.7
    braking: float = 0.5
    stop_gain: float = 1.0
    look_ahead: float = 1.0


class ReachTargetExpert(Expert):
    """Knows the cheapest path to where the world has put the target, and how fast to follow it.

    :param obstacles: of the world, the target among them.
    :param stop: distance to the target's middle at which to stop [m].
    :param reach: distance to the target at which the way is done [m].
    :param prices: of the path.
    """

    parameters: ReachParameters

    def __init__(
        self,
        world: World,
        obstacles: Obstacles,
        parameters: ReachParameters,
        stop: float,
        reach: float,
        prices: PlannerParameters | None = None,
    ) -> None:
        self.target = world.target.position
        self.cost_to_go = CostToGo(world, obstacles, prices)
        self._obstacles = obstacles
        self.parameters = parameters
        self._stop = stop
        self._reach = reach

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the cheapest path from a place until within reach [m]."""
        return max(self.cost_to_go.path_length(position[:2]) - self._reach, 0.1)

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cheapest path from a place to the target [m]."""
        return np.vstack([self.cost_to_go.trace(position, 500.0), self.target[:2]])

    def _find_direction(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the unit vector towards a point a little ahead on the cheapest path."""
        ahead = self.cost_to_go.trace(position, self.parameters.look_ahead)[-1] - position
        length = float(np.hypot(*ahead))
        if length < 1e-6:
            ahead, length = self.target[:2] - position, 1.0
        return np.asarray(ahead / length)

    def _choose_speed(
        self, position: NDArray[np.float64], direction: NDArray[np.float64]
    ) -> float:
        """Return the speed [m/s] for the room ahead and the distance to the place to stop."""
        p = self.parameters
        remaining = float(np.hypot(*(self.target[:2] - position))) - self._stop
        if remaining < 0:
            return max(remaining, -0.3)
        ahead = (
            position
            + np.linspace(0.0, p.sight, round(p.sight / _SPACING) + 1)[:, None] * direction
        )
        room = float(self._obstacles.distance(ahead).min())
        share = float(np.clip((room - p.tight) / (p.roomy - p.tight), 0.0, 1.0))
        speed = p.slow_speed + share * (p.cruise_speed - p.slow_speed)
        return min(speed, p.stop_gain * remaining, float(np.sqrt(2 * p.braking * remaining)))
