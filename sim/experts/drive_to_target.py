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
from sim.experts.expert import choose_stop
from sim.experts.planner import PlannerParameters
from sim.experts.reach_target import ReachParameters, ReachTargetExpert
from sim.obstacles import Obstacles
from sim.worlds.world import World

BAND = (0.06, 0.4)
"""Heights between which solids are in a rover's way, from its belly to above its camera [m]."""


@dataclass(frozen=True)
class DrivingParameters(ReachParameters):
    """How the expert drives.

    :param turn_gain: yaw rate for an angle between heading and path [1/s].
    :param turn_on_spot: angle to the path from which on the rover only turns [rad].
    :param max_yaw_rate: [rad/s].
    """

    cruise_speed: float = 1.2
    slow_speed: float = 0.6
    tight: float = 0.4
    roomy: float = 1.0
    sight: float = 1.2
    look_ahead: float = 0.8
    turn_gain: float = 2.0
    turn_on_spot: float = 1.2
    max_yaw_rate: float = 1.2


class DriveToTargetExpert(ReachTargetExpert):
    """Turns towards the cheapest path and drives along it to where the world put the target.

    :param world: the world to drive in.
    :param reach: distance to the target at which the way is done [m].
    """

    parameters: DrivingParameters

    def __init__(
        self, world: World, parameters: DrivingParameters | None = None, reach: float = 2.5
    ) -> None:
        p = parameters or DrivingParameters()
        obstacles = Obstacles(world, *BAND, with_target=True)
        stop = choose_stop(p.stop_distance, world.target, reach)
        # Half the rover's diagonal is 0.33 m; small cells, because its gaps are narrow.
        prices = PlannerParameters(cell=0.15, tight=0.4, roomy=1.2)
        super().__init__(world, obstacles, p, stop, reach, prices)

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
        to_target = self.target[:2] - position
        distance = math.hypot(*to_target)
        if distance < self._stop + 0.5:
            return np.asarray(to_target / max(distance, 1e-6))
        return super()._find_direction(position)
