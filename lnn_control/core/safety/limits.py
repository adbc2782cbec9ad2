# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The most that a vehicle is ever told: speeds, accelerations and jerk of a command."""

import math
from dataclasses import dataclass, fields

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand

ZERO = VelocityCommand()

# A longer time between two commands counts as this, so that no pause allows a jump [s].
_LONGEST_STEP = 0.4


@dataclass(frozen=True)
class CommandLimits:
    """The most that a vehicle is ever told.

    :param horizontal_speed: length of (vx, vy) [m/s].
    :param climb_speed: size of vz [m/s].
    :param yaw_rate: size of the yaw rate [rad/s].
    :param horizontal_acceleration: change of (vx, vy) [m/s^2].
    :param climb_acceleration: change of vz [m/s^2].
    :param yaw_acceleration: change of the yaw rate [rad/s^2].
    :param jerk: change of the acceleration of (vx, vy) and of vz [m/s^3]; 0 for any.
    """

    horizontal_speed: float = 3.0
    climb_speed: float = 1.0
    yaw_rate: float = 1.5
    horizontal_acceleration: float = 8.0
    climb_acceleration: float = 8.0
    yaw_acceleration: float = 15.0
    jerk: float = 0.0

    def __post_init__(self) -> None:
        for entry in fields(self):
            low = 0.0 if entry.name == 'jerk' else 1e-3
            check_number(entry.name, getattr(self, entry.name), low, 1e3)


@dataclass(frozen=True)
class Motion:
    """What a vehicle is told, and how fast that changes.

    :param acceleration: of vx, vy and vz [m/s^2].
    """

    command: VelocityCommand = ZERO
    acceleration: tuple[float, float, float] = (0.0, 0.0, 0.0)


REST = Motion()
"""Where every flight and every return from a stop begins."""


def limit_command(
    command: VelocityCommand, previous: VelocityCommand, elapsed: float, limits: CommandLimits
) -> VelocityCommand:
    """Return the command nearest to the one asked for that speeds and accelerations allow.

    The horizontal velocity keeps its direction when it is shortened.

    :param previous: the command before. :param elapsed: seconds since then; more than 0.4 s count
        as 0.4 s, so that no pause allows a jump.
    :raises ValueError: if elapsed is negative or not finite.
    """
    elapsed = _check_elapsed(elapsed)
    vx, vy = shorten(command.vx, command.vy, limits.horizontal_speed)
    change = shorten(vx - previous.vx, vy - previous.vy, limits.horizontal_acceleration * elapsed)
    vz = clip(command.vz, limits.climb_speed)
    yaw_rate = clip(command.yaw_rate, limits.yaw_rate)
    return VelocityCommand(
        previous.vx + change[0],
        previous.vy + change[1],
        previous.vz + clip(vz - previous.vz, limits.climb_acceleration * elapsed),
        previous.yaw_rate + clip(yaw_rate - previous.yaw_rate, limits.yaw_acceleration * elapsed),
    )


def limit_motion(
    command: VelocityCommand, motion: Motion, elapsed: float, limits: CommandLimits
) -> Motion:
    """Return the motion that follows, within speeds, accelerations and jerk.

    Without a limit of the jerk its command is that of :func:`limit_command`, to the last bit.

    :param command: asked for. :param motion: before. :param elapsed: seconds since then.
    """
    limited = limit_command(command, motion.command, elapsed, limits)
    elapsed = _check_elapsed(elapsed)
    if limits.jerk == 0.0 or elapsed == 0.0:
        return Motion(limited, motion.acceleration)
    vx, vy = shorten(command.vx, command.vy, limits.horizontal_speed)
    vz = clip(command.vz, limits.climb_speed)
    before, (ax, ay, az) = motion.command, motion.acceleration
    ax, ay = _bend(
        (vx - before.vx, vy - before.vy), (ax, ay), elapsed, limits.horizontal_acceleration, limits
    )
    az, _ = _bend((vz - before.vz, 0.0), (az, 0.0), elapsed, limits.climb_acceleration, limits)
    # An acceleration that cannot end at once may carry beyond the greatest speed: that holds.
    vx, vy = shorten(before.vx + ax * elapsed, before.vy + ay * elapsed, limits.horizontal_speed)
    vz = clip(before.vz + az * elapsed, limits.climb_speed)
    return Motion(VelocityCommand(vx, vy, vz, limited.yaw_rate), (ax, ay, az))


def _bend(
    missing: tuple[float, float],
    acceleration: tuple[float, float],
    elapsed: float,
    greatest: float,
    limits: CommandLimits,
) -> tuple[float, float]:
    """Return the acceleration towards a velocity that the jerk allows.

    :param missing: what is left to that velocity [m/s]. :param greatest: acceleration [m/s^2].
    """
    left = math.hypot(*missing)
    # An acceleration a that falls by the jerk j to zero still adds a^2 / 2j to the velocity.
    size = min(left / elapsed, greatest, math.sqrt(2 * limits.jerk * left))
    wanted = (missing[0] / left * size, missing[1] / left * size) if left > 0.0 else (0.0, 0.0)
    change = shorten(
        wanted[0] - acceleration[0], wanted[1] - acceleration[1], limits.jerk * elapsed
    )
    return acceleration[0] + change[0], acceleration[1] + change[1]


def _check_elapsed(elapsed: float) -> float:
    return min(check_number('elapsed', elapsed, low=0.0, unit='s'), _LONGEST_STEP)


def shorten(x: float, y: float, length: float) -> tuple[float, float]:
    """Return the vector, shortened to the length if it is longer."""
    own = math.hypot(x, y)
    return (x, y) if own <= length else (x / own * length, y / own * length)


def clip(value: float, size: float) -> float:
    """Return the value within plus and minus a size."""
    return min(max(value, -size), size)
