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


RATES = st.sampled_from([2.5, 5.0, 10.0, 20.0, 50.0, 200.0])


@given(
    st.floats(0.2, 2.0),
    st.floats(-2.0, 2.0),
    st.floats(-math.pi, math.pi),
    RATES,
    st.floats(1, 50),
)
def test_command_goes_to_the_wanted_one_and_not_past_it(
    speed: float, wanted: float, course: float, rate: float, jerk: float
) -> None:
    limits, step = replace(LIMITS, jerk=jerk), 1 / rate
    motion, along = REST, (math.cos(course), math.sin(course))
    for goal in (speed, 0.0, wanted):
        before = motion.command.vx * along[0] + motion.command.vy * along[1]
        command = VelocityCommand(goal * along[0], goal * along[1], math.copysign(goal / 2, goal))
        for _ in range(round(12 / step)):
            motion = limit_motion(command, motion, step, limits)
            now = motion.command.vx * along[0] + motion.command.vy * along[1]
            assert min(before, goal) - 1e-9 <= now <= max(before, goal) + 1e-9
            assert (
                min(before, goal) / 2 - 1e-9 <= motion.command.vz <= max(before, goal) / 2 + 1e-9
            )
        assert now == pytest.approx(goal, abs=1e-3)


@given(st.lists(st.floats(0.001, 0.4), min_size=200, max_size=200), st.floats(1, 50))
def test_stop_is_not_overshot_however_unevenly_commands_come(
    steps: list[float], jerk: float
) -> None:
    limits, motion = replace(LIMITS, jerk=jerk), REST
    for _ in range(400):
        motion = limit_motion(VelocityCommand(2.0), motion, 0.05, limits)
    for step in steps:
        motion = limit_motion(ZERO, motion, step, limits)
        assert motion.command.vx >= -1e-9


@pytest.mark.parametrize('step', [0.02, 0.1])
def test_stricter_speed_is_reached_within_acceleration_and_jerk(step: float) -> None:
    limits, motion = replace(LIMITS, jerk=20.0), REST
    command = VelocityCommand(2.0, 0.0, 1.0)
    for _ in range(200):
        motion = limit_motion(command, motion, step, limits)
    stricter, rows = replace(limits, horizontal_speed=0.5, climb_speed=0.25), [motion]
    for _ in range(200):
        rows.append(limit_motion(command, rows[-1], step, stricter))
    velocities = np.array([row.command.to_array()[:3] for row in rows], np.float64)
    accelerations = np.diff(velocities, axis=0) / step
    jerks = np.diff(accelerations, axis=0, prepend=0.0) / step
    assert np.abs(accelerations[:, 0]).max() <= 4.0 + 1e-3
    assert np.abs(accelerations[:, 2]).max() <= 2.0 + 1e-3
    assert np.abs(jerks).max() <= 20.0 + 1e-2
    assert velocities[-1] == pytest.approx([0.5, 0.0, 0.25], abs=1e-4)


@pytest.mark.parametrize('jerk', [0.0, 40.0])
def test_stricter_acceleration_leaves_the_brakes_what_they_were(jerk: float) -> None:
    brakes, motion = replace(LIMITS, jerk=jerk), REST
    full = VelocityCommand(2.0, 0.0, 1.0, 1.5)
    for _ in range(200):
        motion = limit_motion(full, motion, 0.02, brakes)
    slow = replace(brakes, horizontal_acceleration=0.1, climb_acceleration=0.1)
    slow = replace(slow, yaw_acceleration=0.1)
    rows = [motion]
    for _ in range(100):
        back = VelocityCommand(-2.0, 0.0, -1.0, -1.5)
        rows.append(limit_motion(back, rows[-1], 0.02, slow, brakes))
    values = np.array([row.command.to_array() for row in rows])
    # At rest after 2 m/s / 4 m/s^2 = 0.5 s, later where the jerk has its time; from there on at
    # 0.1 m/s^2.
    rest = 25 if jerk == 0.0 else 40
    assert values[rest, 0] == pytest.approx(0.0, abs=0.02)
    assert values[rest, [2, 3]] == pytest.approx([0.0, 0.0], abs=0.06)
    assert values[-1, [0, 2, 3]] == pytest.approx([-0.15, -0.15, -0.17], abs=0.06)
    assert np.diff(values[:, 0]).min() >= -4.0 * 0.02 - 1e-6


def test_brakes_of_the_limits_themselves_change_nothing() -> None:
    motion = replace(REST, command=VelocityCommand(1.0, -0.5, 0.3, 0.2))
    command = VelocityCommand(-1.0, 2.0, -1.0, -1.0)
    for limits in (LIMITS, replace(LIMITS, jerk=9.0)):
        assert limit_motion(command, motion, 0.3, limits, limits) == limit_motion(
            command, motion, 0.3, limits
        )


def test_what_the_brakes_leave_of_a_step_speeds_up() -> None:
    motion = replace(REST, command=VelocityCommand(0.4))
    slow = replace(LIMITS, horizontal_acceleration=1.0)
    # 0.1 s of braking at 4 m/s^2, then 0.1 s at 1 m/s^2 the other way.
    told = limit_motion(VelocityCommand(-2.0), motion, 0.2, slow, LIMITS).command
    assert told.vx == pytest.approx(-0.1)
