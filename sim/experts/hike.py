# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows the map and all targets: flies to one as if it were the only one.

Where the next one has not been seen yet and is out of view it looks around instead, as who learns
from it cannot know on which side it is.
"""

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import wrap_angle, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert
from sim.experts.fly_to_target import FlyToTargetExpert
from sim.worlds.world import World

VIEW = 0.8
"""Angle between heading and target up to which only what is in the way can hide it [rad]."""


class HikeExpert(Expert):
    """Flies from stop to stop.

    :param world: with stops in its layout. :param reach: distance to a target at which it counts
        as reached [m].
    """

    def __init__(self, world: World, reach: float = 2.5) -> None:
        self._reach = reach
        legs = [set_target(world, *leg) for leg in pairwise(world.layout.route)]
        self._goals = [leg.target.position[:2] for leg in legs]
        self._experts = [FlyToTargetExpert(leg, reach=reach) for leg in legs]

    def __call__(self, state: VehicleState, progress: Any) -> VelocityCommand:
        """Return the command to fly to the target that is next, or to look around for it."""
        expert = self._experts[min(progress.reached, len(self._experts) - 1)]
        command = expert(state)
        to_target = expert.target[:2] - state.position_world[:2]
        bearing = float(np.arctan2(to_target[1], to_target[0]))
        aside = wrap_angle(bearing - yaw_from_quaternion(state.orientation_world))
        if progress.found or abs(aside) <= VIEW:
            return command
        # On to the side to which it turns already: the one thing that a camera and a gyroscope
        # tell, and either side comes round to the target.
        yaw_rate = math.copysign(expert.parameters.max_yaw_rate, state.angular_velocity[2])
        return VelocityCommand(0.0, 0.0, command.vz, yaw_rate)

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the cheapest paths from target to target [m].

        Each begins where the one before came within reach.
        """
        lengths = (
            float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
            for path in self._trace_legs(position[:2])
        )
        return max(sum(lengths), 0.1)

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return those paths one after the other [m]."""
        return np.vstack(list(self._trace_legs(position)))

    def _trace_legs(self, position: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
        place = np.asarray(position, dtype=np.float64)
        for expert, goal in zip(self._experts, self._goals, strict=True):
            path = expert.cost_to_go.trace(place, 500.0)
            is_near = np.linalg.norm(path - goal, axis=1) < self._reach
            path = path[: int(is_near.argmax()) + 1] if is_near.any() else path
            yield path
            place = path[-1]


def set_target(world: World, start: tuple[float, float], target: tuple[float, float]) -> World:
    """Return the world as it is for one leg: a vehicle at its start, the target at its end.

    :param start: x, y [m]. :param target: x, y [m].
    """
    layout = replace(world.layout, start=start, target=target, stops=(), walk=())
    instance = replace(world.target.instance, x=target[0], y=target[1])
    return replace(world, layout=layout, target=replace(world.target, instance=instance))
