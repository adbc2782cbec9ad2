# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows the map: drives to the target along the cheapest path."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import wrap_angle, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert, choose_stop
from sim.experts.planner import CostToGo, PlannerParameters
from sim.obstacles import Obstacles
from sim.worlds.world import World

BAND = (0.06, 0.4)
"""Heights between which solids are in a rover's way, from its belly to above its camera [m]."""


@dataclass(frozen=True)
class DrivingParameters:
    """How the expert drives.

    :param cruise_speed: [m/s]. :param slow_speed: next to an obstacle [m/s].
    :param stop_distance: where to stop, measured from the target's middle [m].
    :param braking: deceleration towards that place [m/s^2].
    :param look_ahead: along the path [m].
    :param turn_gain: yaw rate for an angle between heading and path [1/s].
    :param turn_on_spot: angle to the path from which on the rover only turns [rad].
    """

    cruise_speed: float = 1.2
    slow_speed: float = 0.6
    stop_distance: float = 1.7
    braking: float = 0.5
    look_ahead: float = 0.8
    turn_gain: float = 2.0
    turn_on_spot: float = 1.2
    max_yaw_rate: float = 1.2


class DriveToTargetExpert(Expert):
    """Turns towards the cheapest path and drives along it to where the world put the target.

    :param world: the world to drive in.
    :param reach: distance to the target at which the way is done [m].
    """

    def __init__(
        self, world: World, parameters: DrivingParameters | None = None, reach: float = 2.5
    ) -> None:
        self.parameters = parameters or DrivingParameters()
        self._target = world.target.position[:2]
        self._reach = reach
        self._stop = choose_stop(self.parameters.stop_distance, world.target, reach)
        self._obstacles = Obstacles(world, *BAND, with_target=True)
        # Half the rover's diagonal is 0.33 m; small cells, because its gaps are narrow.
        prices = PlannerParameters(cell=0.15, tight=0.4, roomy=1.2)
        self.cost_to_go = CostToGo(world, self._obstacles, prices)

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the cheapest path from a place until within reach [m]."""
        return max(self.cost_to_go.path_length(position[:2]) - self._reach, 0.1)

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cheapest path from a place to the target [m]."""
        return np.vstack([self.cost_to_go.trace(position, 500.0), self._target[:2]])

    def __call__(self, state: VehicleState, progress: Any = None) -> VelocityCommand:
        """Return the expert's command in a state."""
        p = self.parameters
        position = state.position_world[:2]
        direction = self._find_direction(position)
        yaw = yaw_from_quaternion(state.orientation_world)
        aside = wrap_angle(math.atan2(direction[1], direction[0]) - yaw)
        yaw_rate = float(np.clip(p.turn_gain * aside, -p.max_yaw_rate, p.max_yaw_rate))
        # The path is left by less the slower it drives while it turns.
        share = max(0.0, 1.0 - abs(aside) / p.turn_on_spot)
        return VelocityCommand(share * self._choose_speed(position, direction), yaw_rate=yaw_rate)

    def _find_direction(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the unit vector towards a point a little ahead on the cheapest path."""
        to_target = self._target - position
        ahead = self.cost_to_go.trace(position, self.parameters.look_ahead)[-1] - position
        if math.hypot(*to_target) < self._stop + 0.5:
            ahead = to_target
        return np.asarray(ahead / max(math.hypot(*ahead), 1e-6))

    def _choose_speed(
        self, position: NDArray[np.float64], direction: NDArray[np.float64]
    ) -> float:
        """Return the speed [m/s] for the room ahead and the distance to the place to stop."""
        p = self.parameters
        remaining = math.hypot(*(self._target - position)) - self._stop
        if remaining < 0:
            return max(remaining, -0.3)
        ahead = position + np.linspace(0.0, 1.2, 5)[:, None] * direction
        room = float(self._obstacles.distance(ahead).min())
        share = float(np.clip((room - 0.4) / 0.6, 0.0, 1.0))
        speed = p.slow_speed + share * (p.cruise_speed - p.slow_speed)
        return min(speed, remaining, math.sqrt(2 * p.braking * remaining))
