# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The most that a vehicle is ever told: speeds, accelerations and jerk of a command."""

import math
from dataclasses import dataclass, fields

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand

ZERO = VelocityCommand()
Point = tuple[float, float]

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
    command: VelocityCommand,
    motion: Motion,
    elapsed: float,
    limits: CommandLimits,
    brakes: CommandLimits | None = None,
) -> Motion:
    """Return the motion that follows, within speeds, accelerations and jerk.

    Without a limit of the jerk its command is that of :func:`limit_command`, to the last bit,
    where there are no other brakes.

    :param command: asked for. :param motion: before. :param elapsed: seconds since then.
    :param brakes: their accelerations slow down where they are greater; None for those of limits.
    """
    elapsed = _check_elapsed(elapsed)
    brakes = limits if brakes is None else brakes
    if limits.jerk == 0.0 or elapsed == 0.0:
        told = _brake_first(command, motion.command, elapsed, limits, brakes)
        return Motion(told, motion.acceleration)
    before, (ax, ay, az) = motion.command, motion.acceleration
    vx, vy = shorten(command.vx, command.vy, limits.horizontal_speed)
    vz = clip(command.vz, limits.climb_speed)
    level = _Axes(limits.horizontal_acceleration, brakes.horizontal_acceleration, limits.jerk)
    upright = _Axes(limits.climb_acceleration, brakes.climb_acceleration, limits.jerk)
    ax, ay = level.bend((before.vx, before.vy), (vx, vy), (ax, ay), elapsed)
    az, _ = upright.bend((before.vz, 0.0), (vz, 0.0), (az, 0.0), elapsed)
    # A curve may carry beyond the greatest speed: that holds. A limit made stricter in flight
    # bends the speed down instead, from what it was.
    speed = max(limits.horizontal_speed, math.hypot(before.vx, before.vy))
    climb = max(limits.climb_speed, abs(before.vz))
    vx, vy = shorten(before.vx + ax * elapsed, before.vy + ay * elapsed, speed)
    vz = clip(before.vz + az * elapsed, climb)
    yaw_rate = _brake_first(command, before, elapsed, limits, brakes).yaw_rate
    return Motion(VelocityCommand(vx, vy, vz, yaw_rate), (ax, ay, az))


def _brake_first(
    command: VelocityCommand,
    before: VelocityCommand,
    elapsed: float,
    limits: CommandLimits,
    brakes: CommandLimits,
) -> VelocityCommand:
    """Return the command that follows: first slowed down by the brakes, then by the limits.

    The way from one velocity to another slows down until it is nearest to rest, and speeds up
    from there on; what the brakes leave of the time is for that.
    """
    if not _is_stronger(brakes, limits):
        return limit_command(command, before, elapsed, limits)
    vx, vy = shorten(command.vx, command.vy, limits.horizontal_speed)
    vz, yaw_rate = clip(command.vz, limits.climb_speed), clip(command.yaw_rate, limits.yaw_rate)
    level = _Axes(limits.horizontal_acceleration, brakes.horizontal_acceleration)
    upright = _Axes(limits.climb_acceleration, brakes.climb_acceleration)
    turning = _Axes(limits.yaw_acceleration, brakes.yaw_acceleration)
    vx, vy = level.step((before.vx, before.vy), (vx, vy), elapsed)
    vz, _ = upright.step((before.vz, 0.0), (vz, 0.0), elapsed)
    yaw_rate, _ = turning.step((before.yaw_rate, 0.0), (yaw_rate, 0.0), elapsed)
    return VelocityCommand(vx, vy, vz, yaw_rate)


def _is_stronger(brakes: CommandLimits, limits: CommandLimits) -> bool:
    names = ('horizontal_acceleration', 'climb_acceleration', 'yaw_acceleration')
    return any(getattr(brakes, name) > getattr(limits, name) for name in names)


@dataclass(frozen=True)
class _Axes:
    """How one or two axes of a velocity may change.

    :param acceleration: greatest, to speed up [m/s^2]. :param braking: to slow down.
    :param jerk: [m/s^3].
    """

    acceleration: float
    braking: float
    jerk: float = 0.0

    def step(self, before: Point, wanted: Point, elapsed: float) -> Point:
        """Return the velocity that follows on the straight way to the one that is wanted."""
        turn = _find_slowest(before, wanted)
        braking = max(self.braking, self.acceleration)
        slowed = _approach(before, turn, braking * elapsed)
        if slowed != turn:
            return slowed
        used = math.dist(before, turn) / braking
        return _approach(turn, wanted, self.acceleration * (elapsed - used))

    def bend(self, before: Point, wanted: Point, acceleration: Point, elapsed: float) -> Point:
        """Return the acceleration towards a velocity that the jerk allows.

        :param acceleration: before [m/s^2].
        """
        greatest, turn = self.acceleration, _find_slowest(before, wanted)
        # Rounding apart: from the slowest point on it speeds up.
        if self.braking > greatest and math.dist(before, turn) > 1e-6:
            wanted, greatest = turn, self.braking
        missing = wanted[0] - before[0], wanted[1] - before[1]
        left = math.hypot(*missing)
        # An acceleration a that falls by the jerk j to zero, however time is cut, adds no more
        # than a t + a^2 / 2j to the velocity, with t of this step: the greatest a that fits.
        now = self.jerk * elapsed
        size = min(greatest, math.sqrt(now * now + 2 * self.jerk * left) - now)
        goal = (missing[0] / left * size, missing[1] / left * size) if left > 0.0 else (0.0, 0.0)
        return _approach(acceleration, goal, now)


def _find_slowest(before: Point, wanted: Point) -> Point:
    """Return the point nearest to zero on the straight way between two velocities."""
    ex, ey = wanted[0] - before[0], wanted[1] - before[1]
    length = ex * ex + ey * ey
    if length == 0.0:
        return before
    share = min(max(-(before[0] * ex + before[1] * ey) / length, 0.0), 1.0)
    return wanted if share == 1.0 else (before[0] + share * ex, before[1] + share * ey)


def _approach(start: Point, goal: Point, length: float) -> Point:
    """Return the point on the way to a goal, so far from its start; the goal if it is nearer."""
    dx, dy = goal[0] - start[0], goal[1] - start[1]
    own = math.hypot(dx, dy)
    if own <= length:
        return goal
    return start[0] + dx / own * length, start[1] + dy / own * length


def _check_elapsed(elapsed: float) -> float:
    return min(check_number('elapsed', elapsed, low=0.0, unit='s'), _LONGEST_STEP)


def shorten(x: float, y: float, length: float) -> tuple[float, float]:
    """Return the vector, shortened to the length if it is longer."""
    own = math.hypot(x, y)
    return (x, y) if own <= length else (x / own * length, y / own * length)


def clip(value: float, size: float) -> float:
    """Return the value within plus and minus a size."""
    return min(max(value, -size), size)
