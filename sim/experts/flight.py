# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How experts turn a velocity in the world and a heading into a quadrotor's command."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import rotation_world_from_level, wrap_angle, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand

HALF_BAND = 0.6
"""Half the height of the band around the flight height in which solids are in the way [m]."""


@dataclass(frozen=True)
class FlightParameters:
    """What all flights of experts have in common.

    :param altitude: flight height [m]. :param yaw_gain: yaw rate per heading error [1/s].
    :param max_yaw_rate: [rad/s].
    """

    altitude: float = 1.5
    yaw_gain: float = 1.5
    max_yaw_rate: float = 1.0


def find_band(altitude: float) -> tuple[float, float]:
    """Return the heights between which solids are in the way of a flight at a height [m]."""
    return altitude - HALF_BAND, altitude + HALF_BAND


def compose_command(
    state: VehicleState,
    velocity_world: NDArray[np.float64],
    heading: float,
    parameters: FlightParameters,
) -> VelocityCommand:
    """Return the command to fly at a velocity, turn to a heading and hold the flight height.

    :param velocity_world: x, y in the world [m/s], shape (2,). :param heading: in the world [rad].
    """
    p = parameters
    yaw = yaw_from_quaternion(state.orientation_world)
    vx, vy, _ = rotation_world_from_level(yaw).T @ np.array([*velocity_world, 0.0])
    yaw_rate = p.yaw_gain * wrap_angle(heading - yaw)
    return VelocityCommand(
        float(vx),
        float(vy),
        float(np.clip(p.altitude - state.position_world[2], -0.5, 0.5)),
        float(np.clip(yaw_rate, -p.max_yaw_rate, p.max_yaw_rate)),
    )
