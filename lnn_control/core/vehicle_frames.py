# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Velocity commands in the frames and units that vehicles take them in.

Ours are in the levelled body frame of REP-103: x forward, y left, z up, yaw counter-clockwise.
"""

import math
from dataclasses import dataclass

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import clip

# Slower than this a car cannot be said to turn at all [m/s].
_LEAST_SPEED = 0.05


@dataclass(frozen=True)
class DownwardVelocity:
    """A velocity with z down, as autopilots count: x forward or north, y right or east [m/s].

    :param yaw_rate: clockwise seen from above [rad/s].
    """

    x: float
    y: float
    z: float
    yaw_rate: float


def to_body_frd(command: VelocityCommand) -> DownwardVelocity:
    """Return a command as forward, right, down of the body (MAVLink's BODY_NED and BODY_FRD)."""
    return DownwardVelocity(
        command.vx, _negate(command.vy), _negate(command.vz), _negate(command.yaw_rate)
    )


def to_world_ned(command: VelocityCommand, yaw: float) -> DownwardVelocity:
    """Return a command as north, east, down of the world (PX4's TrajectorySetpoint).

    :param yaw: heading of the vehicle in ENU, 0 to the east, counter-clockwise (REP-103) [rad].
    """
    c, s = math.cos(yaw), math.sin(yaw)
    east, north = c * command.vx - s * command.vy, s * command.vx + c * command.vy
    return DownwardVelocity(north, east, _negate(command.vz), _negate(command.yaw_rate))


def yaw_from_ned(yaw: float) -> float:
    """Return the heading in ENU of one in NED, 0 to the north, clockwise [rad]."""
    return math.remainder(math.pi / 2 - yaw, 2 * math.pi)


def yaw_of_ned_quaternion(w: float, x: float, y: float, z: float) -> float:
    """Return the heading in NED of a quaternion that turns FRD vectors into NED, w first (PX4)."""
    return math.atan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))


@dataclass(frozen=True)
class SteeredWheels:
    """A vehicle that steers by its front wheels.

    :param wheelbase: between the axles [m]. :param max_steering: of the wheels [rad].
    """

    wheelbase: float
    max_steering: float = 0.6

    def __post_init__(self) -> None:
        check_number('wheelbase', self.wheelbase, 0.01, 20.0, 'm')
        check_number('max_steering', self.max_steering, 0.01, 1.5, 'rad')

    def steer(self, command: VelocityCommand) -> tuple[float, float]:
        """Return speed [m/s] and steering angle [rad, left] of the kinematic bicycle.

        yaw_rate = speed tan(steering) / wheelbase; what stands cannot turn.
        """
        if abs(command.vx) < _LEAST_SPEED:
            return 0.0, 0.0
        steering = math.atan(self.wheelbase * command.yaw_rate / command.vx)
        return command.vx, clip(steering, self.max_steering)


def _negate(value: float) -> float:
    """Return minus a value, and 0 for 0: no -0.0 goes over the wire."""
    return 0.0 - value
