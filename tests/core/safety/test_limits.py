# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import REST, ZERO, CommandLimits, limit_command, limit_motion

LIMITS = CommandLimits(
    horizontal_speed=2.0,
    climb_speed=1.0,
    yaw_rate=1.5,
    horizontal_acceleration=4.0,
    climb_acceleration=2.0,
    yaw_acceleration=5.0,
)
UNLIMITED_ACCELERATION = CommandLimits(2.0, 1.0, 1.5, 1e3, 1e3, 1e3)
FAST = st.floats(-50, 50)
COMMANDS = st.builds(VelocityCommand, FAST, FAST, FAST, FAST)


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
    assert limit_command(VelocityCommand(2.0), ZERO, 60.0, LIMITS).vx == pytest.approx(1.6)
    slow = CommandLimits(2.0, 1.0, 1.5, 1.0, 1.0, 1.0)
    assert limit_command(VelocityCommand(2.0), ZERO, 60.0, slow).vx == pytest.approx(0.4)


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
    assert change <= 4.0 * min(elapsed, 0.4) + 1e-9


@pytest.mark.parametrize('field', ['horizontal_speed', 'yaw_acceleration'])
@pytest.mark.parametrize('value', [0.0, -1.0, math.nan, math.inf])
def test_limits_must_be_positive(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=field):
        CommandLimits(**{field: value})


@pytest.mark.parametrize('value', [-1.0, math.nan, math.inf])
def test_jerk_must_be_finite_and_zero_is_none(value: float) -> None:
    assert CommandLimits(jerk=0.0).jerk == 0.0
    with pytest.raises(ValueError, match='jerk'):
        CommandLimits(jerk=value)


@given(COMMANDS, COMMANDS, st.floats(0, 1))
def test_motion_without_a_limit_of_the_jerk_is_the_limited_command(
    command: VelocityCommand, before: VelocityCommand, elapsed: float
) -> None:
    motion = replace(REST, command=limit_command(before, ZERO, 0.4, UNLIMITED_ACCELERATION))
    limited = limit_command(command, motion.command, elapsed, LIMITS)
    assert limit_motion(command, motion, elapsed, LIMITS).command == limited


def fly(command: VelocityCommand, limits: CommandLimits, step: float, num_steps: int) -> Any:
    """Return commands and accelerations of a flight from rest, shape (num_steps, 4), (.., 3)."""
    motion, rows = REST, []
    for _ in range(num_steps):
        motion = limit_motion(command, motion, step, limits)
        rows.append((*motion.command.to_array(), *motion.acceleration))
    return np.split(np.array(rows), [4], axis=1)


def test_jerk_bounds_how_fast_the_acceleration_grows() -> None:
    limits = replace(LIMITS, jerk=10.0)
    commands, accelerations = fly(VelocityCommand(2.0, 0.0, 1.0), limits, 0.02, 100)
    # 10 m/s^3 over 0.02 s: 0.2, 0.4, 0.6 m/s^2, and the velocities that they add up to.
    assert accelerations[:3, 0] == pytest.approx([0.2, 0.4, 0.6])
    assert commands[:3, 0] == pytest.approx([0.004, 0.012, 0.024])
    assert np.abs(np.diff(accelerations, axis=0)).max() <= 0.2 + 1e-6
    assert accelerations[:, 0].max() <= 4.0 + 1e-6
    assert commands[-1, :3] == pytest.approx([2.0, 0.0, 1.0], abs=0.01)


@given(COMMANDS, st.floats(0.001, 0.2))
def test_speeds_hold_with_a_limit_of_the_jerk(command: VelocityCommand, step: float) -> None:
    commands, _ = fly(command, replace(LIMITS, jerk=5.0), step, 60)
    assert np.hypot(commands[:, 0], commands[:, 1]).max() <= 2.0 + 1e-6
    assert np.abs(commands[:, 2]).max() <= 1.0 + 1e-6
