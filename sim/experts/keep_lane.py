# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An expert that knows the road: keeps to the middle of the right lane, slower in bends."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lnn_control.core.frames import rotation_world_from_level, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert
from sim.worlds.road_geometry import RoadMap


@dataclass(frozen=True)
class LaneParameters:
    """How the expert drives.

    :param cruise_speed: on straights [m/s].
    :param max_lateral_acceleration: that sets the speed in bends [m/s^2].
    :param braking: deceleration before bends [m/s^2].
    :param preview: how far ahead the car steers for the bend, in time [s].
    :param settle_distance: over which an offset from the lane's middle dies away [m].
    :param max_curvature: of the tightest curve to steer [1/m].
    """

    cruise_speed: float = 8.0
    max_lateral_acceleration: float = 2.0
    braking: float = 1.0
    preview: float = 0.2
    settle_distance: float = 5.0
    max_curvature: float = 0.2


class KeepLaneExpert(Expert):
    """Steers the lane's curvature, corrected for offset and heading error.

    The correction is that of a critically damped line follower in arc length (De Luca, Oriolo and
    Samson, Feedback control of a nonholonomic car-like robot, 1998): both errors die away over
    the same distance at any speed.

    :param road: to keep to. :param laps: to drive.
    """

    def __init__(
        self, road: RoadMap, parameters: LaneParameters | None = None, laps: int = 1
    ) -> None:
        self.parameters = parameters or LaneParameters()
        self._road = road
        self._middle = -road.lane_width / 2
        lane = road.point_at(np.arange(0.0, road.length, 0.5), self._middle)
        self._lap = np.vstack([lane, lane[:1]])
        steps = np.diff(self._lap, axis=0)
        self._length = laps * float(np.linalg.norm(steps, axis=1).sum())

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return the length of the laps along the middle of the right lane [m]."""
        return self._length

    def trace_path(self, position: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one lap along the middle of the right lane [m]."""
        return self._lap

    def __call__(self, state: VehicleState, progress: Any = None) -> VelocityCommand:
        """Return the expert's command in a state."""
        p = self.parameters
        arc, offset = (float(value) for value in self._road.project(state.position_world[:2]))
        yaw = yaw_from_quaternion(state.orientation_world)
        vx, vy, _ = rotation_world_from_level(yaw).T @ state.velocity_world
        speed = max(float(vx), 1.0)
        # The middle of a car in a bend does not move where the car points.
        course = yaw + math.atan2(vy, speed)
        error = float(self._road.heading_error(arc, course))
        ahead = float(self._bend(arc + p.preview * speed))
        gain = 1.0 / p.settle_distance
        aside = float(np.clip(offset - self._middle, -2.0, 2.0))
        curvature = ahead - gain**2 * aside - 2 * gain * math.sin(error)
        curvature = float(np.clip(curvature, -p.max_curvature, p.max_curvature))
        return VelocityCommand(self._choose_speed(arc), yaw_rate=curvature * speed)

    def _bend(self, arc: ArrayLike) -> NDArray[np.float64]:
        """Return the curvature of the lane's middle at arc lengths of the centreline [1/m]."""
        curvature = self._road.curvature_at(arc)
        return curvature / (1.0 - curvature * self._middle)

    def _choose_speed(self, arc: float) -> float:
        """Return the speed from which all bends ahead can be braked for [m/s]."""
        p = self.parameters
        ahead = np.arange(0.0, p.cruise_speed**2 / (2 * p.braking) + 1.0, 1.0)
        bends = np.maximum(np.abs(self._bend(arc + ahead)), 1e-6)
        squares = p.max_lateral_acceleration / bends + 2 * p.braking * ahead
        return min(p.cruise_speed, math.sqrt(float(squares.min())))
