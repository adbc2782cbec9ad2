# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows the map: flies to the target along the cheapest path, looking at it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lnn_control.core.frames import wrap_angle
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import choose_stop
from sim.experts.flight import FlightParameters, compose_command, find_band
from sim.experts.reach_target import ReachParameters, ReachTargetExpert
from sim.obstacles import Obstacles
from sim.worlds.world import World


@dataclass(frozen=True)
class ExpertParameters(ReachParameters, FlightParameters):
    """How the expert flies.

    :param glance: share of the angle between path and target that the heading gives to the path.
    """

    stop_gain: float = 0.8
    glance: float = 0.4


class FlyToTargetExpert(ReachTargetExpert):
    """Flies to where the world has put the target and hovers before it.

    :param world: the world to fly in.
    :param reach: distance to the target at which the way is done [m].
    """

    parameters: ExpertParameters

    def __init__(
        self, world: World, parameters: ExpertParameters | None = None, reach: float = 2.5
    ) -> None:
        p = parameters or ExpertParameters()
        obstacles = Obstacles(world, *find_band(p.altitude), with_target=True)
        stop = choose_stop(p.stop_distance, world.target, reach, p.altitude)
        super().__init__(world, obstacles, p, stop, reach)

    def __call__(self, state: VehicleState, progress: Any = None) -> VelocityCommand:
        """Return the expert's command in a state."""
        p = self.parameters
        position = state.position_world[:2]
        to_target = self.target[:2] - position
        bearing = float(np.arctan2(to_target[1], to_target[0]))
        direction = self._find_direction(position)
        velocity = direction * self._choose_speed(position, direction)
        aside = wrap_angle(float(np.arctan2(direction[1], direction[0])) - bearing)
        if float(np.hypot(*to_target)) < self._stop + 1.0:
            aside = 0.0
        heading = bearing + p.glance * float(np.clip(aside, -1.0, 1.0))
        return compose_command(state, velocity, heading, p)
