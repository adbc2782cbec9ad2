# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What stands between a policy and a vehicle: limits, and a stop when commands fail.

Pure: the state goes in and comes out, time is monotonic float seconds chosen by the caller.
A stop is immediate, not ramped. A ramp would keep a vehicle flying that nobody steers, and the
vehicle's own velocity controller bounds how hard it brakes. After a stop the acceleration limits
lead back from zero to the command.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from enum import Enum

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand

ZERO = VelocityCommand()


@dataclass(frozen=True)
class CommandLimits:
    """The most that a vehicle is ever told.

    :param horizontal_speed: length of (vx, vy) [m/s].
    :param climb_speed: size of vz [m/s].
    :param yaw_rate: size of the yaw rate [rad/s].
    :param horizontal_acceleration: change of (vx, vy) [m/s^2].
    :param climb_acceleration: change of vz [m/s^2].
    :param yaw_acceleration: change of the yaw rate [rad/s^2].
    :param timeout: greatest age of a command [s].
    """

    horizontal_speed: float = 3.0
    climb_speed: float = 1.0
    yaw_rate: float = 1.5
    horizontal_acceleration: float = 8.0
    climb_acceleration: float = 8.0
    yaw_acceleration: float = 15.0
    timeout: float = 0.4

    def __post_init__(self) -> None:
        for entry in fields(self):
            check_number(entry.name, getattr(self, entry.name), 1e-3, 1e3)


class StopReason(Enum):
    """Why the vehicle is told to stand still."""

    NO_COMMAND = 'no command has come yet'
    STALE = 'the last command is too old'
    NOT_FINITE = 'the last command is not finite'
    CLOCK_STOPPED = 'the clock stands still'
    SHUTDOWN = 'shutting down'


@dataclass(frozen=True)
class SafetyState:
    """What the supervisor remembers.

    :param command: what the vehicle is told now.
    :param updated_at: when that was computed [s], None before the first time.
    :param requested: the last command asked for, None if it was no command.
    :param requested_at: when it came [s].
    :param stop_reason: why the vehicle stands, None while commands pass.
    :param last_stop_reason: the latest reason to stop, kept after commands have returned.
    :param num_stops: how often commands have stopped passing.
    """

    command: VelocityCommand = ZERO
    updated_at: float | None = None
    requested: VelocityCommand | None = None
    requested_at: float = -math.inf
    stop_reason: StopReason | None = StopReason.NO_COMMAND
    last_stop_reason: StopReason | None = field(default=StopReason.NO_COMMAND)
    num_stops: int = 0


def limit_command(
    command: VelocityCommand, previous: VelocityCommand, elapsed: float, limits: CommandLimits
) -> VelocityCommand:
    """Return the command nearest to the one asked for that speeds and accelerations allow.

    The horizontal velocity keeps its direction when it is shortened.

    :param previous: the command before. :param elapsed: seconds since then; more than the timeout
        counts as the timeout, so that no pause allows a jump.
    :raises ValueError: if elapsed is negative or not finite.
    """
    elapsed = min(check_number('elapsed', elapsed, low=0.0, unit='s'), limits.timeout)
    vx, vy = _shorten(command.vx, command.vy, limits.horizontal_speed)
    change = _shorten(vx - previous.vx, vy - previous.vy, limits.horizontal_acceleration * elapsed)
    vz = _clip(command.vz, limits.climb_speed)
    yaw_rate = _clip(command.yaw_rate, limits.yaw_rate)
    return VelocityCommand(
        previous.vx + change[0],
        previous.vy + change[1],
        previous.vz + _clip(vz - previous.vz, limits.climb_acceleration * elapsed),
        previous.yaw_rate + _clip(yaw_rate - previous.yaw_rate, limits.yaw_acceleration * elapsed),
    )


def receive_command(state: SafetyState, values: Sequence[float], now: float) -> SafetyState:
    """Take note of a command as it came over the wire.

    :param values: vx, vy, vz [m/s] and yaw rate [rad/s], of which any may be NaN or infinite.
    """
    is_finite = all(map(math.isfinite, values))
    requested = VelocityCommand(*values) if is_finite else None
    return replace(state, requested=requested, requested_at=now)


def update_safety(state: SafetyState, now: float, limits: CommandLimits) -> SafetyState:
    """Return the state with the command that the vehicle is to follow now."""
    reason = find_stop_reason(state, now, limits)
    if reason is not None or state.requested is None:
        return stop(state, reason or StopReason.NO_COMMAND, now)
    elapsed = 0.0 if state.updated_at is None else max(0.0, now - state.updated_at)
    command = limit_command(state.requested, state.command, elapsed, limits)
    return replace(state, command=command, updated_at=now, stop_reason=None)


def stop(state: SafetyState, reason: StopReason, now: float) -> SafetyState:
    """Return the state with zero command and the reason latched."""
    started = state.stop_reason is None
    return replace(
        state,
        command=ZERO,
        updated_at=now,
        stop_reason=reason,
        last_stop_reason=reason,
        num_stops=state.num_stops + int(started),
    )


def find_stop_reason(state: SafetyState, now: float, limits: CommandLimits) -> StopReason | None:
    """Return why the last command must not pass, None if it may.

    A clock that has gone back makes the command's age negative: unknown, so it counts as stale.
    """
    if state.requested_at == -math.inf:
        return StopReason.NO_COMMAND
    if state.requested is None:
        return StopReason.NOT_FINITE
    if not 0.0 <= now - state.requested_at <= limits.timeout:
        return StopReason.STALE
    return None


def _shorten(x: float, y: float, length: float) -> tuple[float, float]:
    """Return the vector, shortened to the length if it is longer."""
    own = math.hypot(x, y)
    return (x, y) if own <= length else (x / own * length, y / own * length)


def _clip(value: float, size: float) -> float:
    return min(max(value, -size), size)
