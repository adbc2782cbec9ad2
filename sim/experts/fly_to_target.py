# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows the map: flies to the target along the cheapest path, looking at it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import wrap_angle
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert, choose_stop
from sim.experts.flight import FlightParameters, compose_command, find_band
from sim.experts.planner import CostToGo
from sim.obstacles import Obstacles
from sim.worlds.world import World


@dataclass(frozen=True)
class ExpertParameters(FlightParameters):
    """How the expert flies.

    :param cruise_speed: [m/s]. :param slow_speed: next to an obstacle [m/s].
    :param stop_distance: where to hover, measured from the target's middle [m].
    :param braking: deceleration towards the hover point [m/s^2].
    :param look_ahead: along the path [m].
    :param glance: share of the angle between path and target that the heading gives to the path.
    """

    cruise_speed: float = 1.4
    slow_speed: float = 0.7
    stop_distance: float = 1.7
    braking: float = 0.5
    look_ahead: float = 1.0
    glance: float = 0.4


class FlyToTargetExpert(Expert):
    """Flies to where the world has put the target and hovers before it.

    :param world: the world to fly in.
    :param reach: distance to the target at which the way is done [m].
    """

    def __init__(
        self, world: World, parameters: ExpertParameters | None = None, reach: float = 2.5
    ) -> None:
        self.parameters = parameters or ExpertParameters()
        self.target = world.target.position
        self._reach = reach
        p = self.parameters
        self._stop = choose_stop(p.stop_distance, world.target, reach, p.altitude)
        self._obstacles = Obstacles(world, *find_band(self.parameters.altitude), with_target=True)
        self.cost_to_go = CostToGo(world, self._obstacles)

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the cheapest path from a place until within reach [m]."""
        return max(self.cost_to_go.path_length(position[:2]) - self._reach, 0.1)

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cheapest path from a place to the target [m]."""
        return np.vstack([self.cost_to_go.trace(position, 500.0), self.target[:2]])

    def __call__(self, state: VehicleState, progress: Any = None) -> VelocityCommand:
        """Return the expert's command in a state."""
        p = self.parameters
        position = state.position_world
        to_target = self.target[:2] - position[:2]
        distance = float(np.hypot(*to_target))
        bearing = float(np.arctan2(to_target[1], to_target[0]))
        direction = self._find_direction(position[:2])
        velocity = direction * self._choose_speed(position[:2], direction, distance)
        aside = wrap_angle(float(np.arctan2(direction[1], direction[0])) - bearing)
        if distance < self._stop + 1.0:
            aside = 0.0
        heading = bearing + p.glance * float(np.clip(aside, -1.0, 1.0))
        return compose_command(state, velocity, heading, p)

    def _find_direction(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the unit vector towards a point a little ahead on the cheapest path."""
        ahead = self.cost_to_go.trace(position, self.parameters.look_ahead)[-1] - position
        length = float(np.hypot(*ahead))
        if length < 1e-6:
            ahead, length = self.target[:2] - position, 1.0
        return ahead / length

    def _choose_speed(
        self, position: NDArray[np.float64], direction: NDArray[np.float64], distance: float
    ) -> float:
        """Return the speed [m/s] for the room ahead and the distance to the hover point."""
        p = self.parameters
        ahead = position + np.linspace(0.0, 1.5, 6)[:, None] * direction
        room = float(self._obstacles.distance(ahead).min())
        share = float(np.clip((room - 0.5) / 0.8, 0.0, 1.0))
        speed = p.slow_speed + share * (p.cruise_speed - p.slow_speed)
        remaining = distance - self._stop
        if remaining < 0:
            return float(np.clip(remaining, -0.3, 0.0))
        return min(speed, 0.8 * remaining, float(np.sqrt(2 * p.braking * remaining)))
