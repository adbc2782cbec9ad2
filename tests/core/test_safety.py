# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import (
    ZERO,
    CommandLimits,
    SafetyState,
    StopReason,
    limit_command,
    receive_command,
    stop,
    update_safety,
)

LIMITS = CommandLimits(
    horizontal_speed=2.0,
    climb_speed=1.0,
    yaw_rate=1.5,
    horizontal_acceleration=4.0,
    climb_acceleration=2.0,
    yaw_acceleration=5.0,
    timeout=0.5,
)
UNLIMITED_ACCELERATION = CommandLimits(2.0, 1.0, 1.5, 1e3, 1e3, 1e3, 0.5)
FAST = st.floats(-50, 50)
COMMANDS = st.builds(VelocityCommand, FAST, FAST, FAST, FAST)


def send(state: SafetyState, now: float, *values: float) -> SafetyState:
    return update_safety(receive_command(state, values, now), now, LIMITS)


def test_horizontal_speed_is_shortened_in_its_direction() -> None:
    limited = limit_command(VelocityCommand(3.0, 4.0), ZERO, 0.5, UNLIMITED_ACCELERATION)
    assert (limited.vx, limited.vy) == pytest.approx((1.2, 1.6))


def test_climb_speed_and_yaw_rate_are_clipped_both_ways() -> None:
    command = VelocityCommand(0.0, 0.0, -3.0, 9.0)
    limited = limit_command(command, ZERO, 0.5, UNLIMITED_ACCELERATION)
    assert (limited.vz, limited.yaw_rate) == (-1.0, 1.5)


def test_accelerations_bound_the_change() -> None:
    limited = limit_command(VelocityCommand(2.0, 0.0, 1.0, 1.5), ZERO, 0.1, LIMITS)
    assert limited.to_array() == pytest.approx([0.4, 0.0, 0.2, 0.5])


def test_command_within_limits_is_unchanged() -> None:
    command = VelocityCommand(0.3, -0.2, 0.1, 0.4)
    assert limit_command(command, command, 0.05, LIMITS) == command


def test_a_pause_allows_no_jump() -> None:
    assert limit_command(VelocityCommand(2.0), ZERO, 60.0, LIMITS).vx == pytest.approx(2.0)
    slow = CommandLimits(2.0, 1.0, 1.5, 1.0, 1.0, 1.0, 0.5)
    assert limit_command(VelocityCommand(2.0), ZERO, 60.0, slow).vx == pytest.approx(0.5)


@pytest.mark.parametrize('elapsed', [-0.1, math.nan, math.inf])
def test_elapsed_time_must_be_a_duration(elapsed: float) -> None:
    with pytest.raises(ValueError, match='elapsed'):
        limit_command(ZERO, ZERO, elapsed, LIMITS)


@given(COMMANDS, COMMANDS, st.floats(0, 1))
def test_limits_hold_for_any_command(
    command: VelocityCommand, before: VelocityCommand, elapsed: float
) -> None:
    previous = limit_command(before, ZERO, 0.5, UNLIMITED_ACCELERATION)
    limited = limit_command(command, previous, elapsed, LIMITS)
    change = math.hypot(limited.vx - previous.vx, limited.vy - previous.vy)
    assert math.hypot(limited.vx, limited.vy) <= 2.0 + 1e-9
    assert abs(limited.vz) <= 1.0 + 1e-9
    assert abs(limited.yaw_rate) <= 1.5 + 1e-9
    assert change <= 4.0 * min(elapsed, 0.5) + 1e-9


@pytest.mark.parametrize('field', ['horizontal_speed', 'yaw_acceleration', 'timeout'])
@pytest.mark.parametrize('value', [0.0, -1.0, math.nan, math.inf])
def test_limits_must_be_positive(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        CommandLimits(**{field: value})


def test_vehicle_stands_before_the_first_command() -> None:
    state = update_safety(SafetyState(), 10.0, LIMITS)
    assert (state.command, state.stop_reason) == (ZERO, StopReason.NO_COMMAND)


def test_fresh_command_passes() -> None:
    state = send(update_safety(SafetyState(), 0.0, LIMITS), 0.1, 0.2, 0.0, 0.0, 0.0)
    assert state.command == VelocityCommand(0.2)
    assert state.stop_reason is None


def test_limiter_stops_vehicle_when_command_is_stale() -> None:
    state = send(update_safety(SafetyState(), 0.0, LIMITS), 0.1, 0.4, 0.0, 0.0, 0.0)
    assert update_safety(state, 0.6, LIMITS).command == state.command
    state = update_safety(state, 0.601, LIMITS)
    assert (state.command, state.stop_reason, state.num_stops) == (ZERO, StopReason.STALE, 1)


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_limiter_stops_vehicle_when_command_is_not_finite(bad: float) -> None:
    state = send(update_safety(SafetyState(), 0.0, LIMITS), 0.1, 0.4, 0.0, 0.0, 0.0)
    state = send(state, 0.2, 0.4, 0.0, 0.0, bad)
    assert (state.command, state.stop_reason) == (ZERO, StopReason.NOT_FINITE)


def test_commands_return_through_the_acceleration_limits_and_the_reason_stays() -> None:
    state = send(update_safety(SafetyState(), 0.0, LIMITS), 0.1, 0.4, 0.0, 0.0, 0.0)
    state = update_safety(state, 5.0, LIMITS)
    state = send(state, 5.1, 2.0, 0.0, 0.0, 0.0)
    assert state.command.vx == pytest.approx(0.4)
    assert (state.stop_reason, state.last_stop_reason) == (None, StopReason.STALE)


def test_clock_that_goes_back_stops_the_vehicle() -> None:
    state = send(update_safety(SafetyState(), 9.0, LIMITS), 9.1, 0.2, 0.0, 0.0, 0.0)
    assert update_safety(state, 3.0, LIMITS).stop_reason is StopReason.STALE


def test_stop_counts_once_however_long_it_lasts() -> None:
    state = send(update_safety(SafetyState(), 0.0, LIMITS), 0.1, 0.2, 0.0, 0.0, 0.0)
    state = stop(stop(state, StopReason.SHUTDOWN, 0.2), StopReason.SHUTDOWN, 0.3)
    assert (state.command, state.num_stops) == (ZERO, 1)
