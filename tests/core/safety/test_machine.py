# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
from collections.abc import Callable
from dataclasses import replace

import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import (
    NUM_SECTORS,
    ZERO,
    Braking,
    CommandLimits,
    Fence,
    Pose,
    RangeSettings,
    Reason,
    SafetySettings,
    SafetyState,
    Step,
    press_stop,
    receive_button,
    receive_command,
    receive_doubt,
    receive_manual,
    receive_pose,
    receive_ranges,
    release,
    see_buttons,
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
)
PLAIN = SafetySettings(LIMITS, timeout=0.5, manual_timeout=0.3)
SLOW = (0.2, 0.0, 0.0, 0.0)


def send(
    state: SafetyState,
    now: float,
    values: tuple[float, ...] = SLOW,
    settings: SafetySettings = PLAIN,
    image_age: float = 0.0,
) -> SafetyState:
    return update_safety(receive_command(state, values, now, image_age), now, settings)


def steer(
    state: SafetyState,
    now: float,
    values: tuple[float, ...] = (0.0, 0.1, 0.0, 0.0),
    settings: SafetySettings = PLAIN,
) -> SafetyState:
    return update_safety(receive_manual(state, values, now), now, settings)


def fly(settings: SafetySettings = PLAIN, state: SafetyState | None = None) -> SafetyState:
    """Return a vehicle that has passed a command at 0.1 s."""
    before = update_safety(state or SafetyState(), 0.0, settings)
    return send(before, 0.1, settings=settings)


def test_vehicle_stands_before_the_first_command() -> None:
    state = update_safety(SafetyState(), 10.0, PLAIN)
    assert (state.command, state.step, state.reasons) == (
        ZERO,
        Step.WAITING,
        (Reason.NO_COMMAND,),
    )


def test_fresh_command_passes() -> None:
    state = fly()
    assert state.command == VelocityCommand(0.2)
    assert (state.step, state.reasons) == (Step.PASSING, ())
    assert state.describe() == 'passing commands'


def test_stale_command_stops_the_vehicle() -> None:
    state = fly()
    assert update_safety(state, 0.6, PLAIN).command == state.command
    state = update_safety(state, 0.601, PLAIN)
    assert (state.command, state.reasons, state.num_stops) == (ZERO, (Reason.STALE,), 1)
    assert state.describe() == 'hovering: the last command is too old'


@pytest.mark.parametrize('bad', [math.nan, math.inf, -math.inf])
def test_command_that_is_not_finite_stops_the_vehicle(bad: float) -> None:
    state = send(fly(), 0.2, (0.4, 0.0, 0.0, bad))
    assert (state.command, state.reasons) == (ZERO, (Reason.NOT_FINITE,))


def test_commands_return_through_the_acceleration_limits_and_the_reason_stays() -> None:
    state = update_safety(fly(), 5.0, PLAIN)
    state = send(state, 5.1, (2.0, 0.0, 0.0, 0.0))
    assert state.command.vx == pytest.approx(0.4)
    assert (state.step, state.last_stop) == (Step.PASSING, Reason.STALE)


def test_clock_that_goes_back_stops_the_vehicle() -> None:
    state = send(update_safety(SafetyState(), 9.0, PLAIN), 9.1)
    assert update_safety(state, 3.0, PLAIN).reasons == (Reason.STALE,)


def test_clock_that_stands_still_stops_the_vehicle_once_something_was_commanded() -> None:
    state = update_safety(fly(), 0.1, PLAIN, has_clock_stopped=True)
    assert (state.command, state.reasons) == (ZERO, (Reason.CLOCK_STOPPED,))
    waiting = update_safety(SafetyState(), 0.0, PLAIN, has_clock_stopped=True)
    assert waiting.step is Step.WAITING


def test_stop_counts_once_however_long_it_lasts() -> None:
    state = stop(stop(fly(), Reason.SHUTDOWN, 0.2), Reason.SHUTDOWN, 0.3)
    assert (state.command, state.num_stops) == (ZERO, 1)


@pytest.mark.parametrize(
    ('age', 'reason'),
    [
        (0.51, Reason.IMAGE_OLD),
        (5.0, Reason.IMAGE_OLD),
        (-5.0, Reason.IMAGE_AHEAD),
        (math.nan, Reason.NO_STAMP),
    ],
)
def test_command_that_answers_an_old_or_unknown_image_stops(age: float, reason: Reason) -> None:
    state = send(fly(), 0.2, image_age=age)
    assert (state.command, state.reasons) == (ZERO, (reason,))
    # Where stamps and clock cannot be compared, nobody looks.
    blind = replace(PLAIN, max_image_age=None)
    assert send(fly(blind), 0.2, settings=blind, image_age=age).step is Step.PASSING


@pytest.mark.parametrize('age', [0.0, 0.5, -0.3])
def test_command_that_answers_a_fresh_image_passes(age: float) -> None:
    assert send(fly(), 0.2, image_age=age).step is Step.PASSING


# The emergency stop


def test_emergency_stop_holds_until_it_is_released() -> None:
    state = update_safety(receive_button(fly(), True, 0.2), 0.2, PLAIN)
    assert (state.command, state.step, state.reasons) == (ZERO, Step.STOPPED, (Reason.BUTTON,))
    with pytest.raises(ValueError, match='button is still pressed'):
        release(state, 0.3, PLAIN)
    state = update_safety(receive_button(state, False, 0.4), 0.4, PLAIN)
    assert send(state, 0.5).step is Step.STOPPED
    state = update_safety(release(state, 0.6, PLAIN), 0.6, PLAIN)
    # The command from before the release counts no more.
    assert (state.step, state.command) == (Step.WAITING, ZERO)
    assert send(state, 0.7).step is Step.PASSING


def test_emergency_stop_stands_above_the_pilot() -> None:
    assert steer(press_stop(fly()), 0.2).step is Step.STOPPED


def test_lost_heartbeat_of_the_button_stops_and_holds() -> None:
    settings = replace(PLAIN, button_timeout=1.0)
    state = send(update_safety(SafetyState(), 0.0, settings), 0.1, settings=settings)
    assert (state.step, state.reasons) == (Step.HOVERING, (Reason.NO_BUTTON,))
    state = send(receive_button(state, False, 0.2), 0.2, settings=settings)
    assert state.step is Step.PASSING
    state = send(state, 1.2, settings=settings)
    assert state.step is Step.PASSING
    state = send(state, 1.21, settings=settings)
    assert state.reasons == (Reason.BUTTON_LOST,)
    with pytest.raises(ValueError, match='button is silent'):
        release(state, 1.3, settings)
    state = send(receive_button(state, False, 1.4), 1.4, settings=settings)
    assert state.step is Step.STOPPED
    assert release(state, 1.5, settings).step is Step.WAITING


def press(state: SafetyState, is_pressed: bool, now: float, number: int) -> SafetyState:
    return receive_button(state, is_pressed, now, (number, round(now * 1e9)))


def test_release_waits_for_the_button_that_was_pressed_whatever_another_says() -> None:
    state = see_buttons(fly(), frozenset({b'a', b'b'}), 0.1)
    state = press(press(state, False, 0.2, 70), True, 0.2, 1)
    state = update_safety(press(state, False, 0.3, 71), 0.3, PLAIN)
    assert (state.step, state.reasons) == (Step.STOPPED, (Reason.BUTTON,))
    with pytest.raises(ValueError, match='an emergency stop button is still pressed: let it up'):
        release(state, 0.4, PLAIN)
    state = press(state, False, 0.5, 2)
    assert release(state, 0.6, PLAIN).step is Step.WAITING


def test_same_press_heard_by_another_way_after_the_release_is_no_new_one() -> None:
    state = press(press(fly(), True, 0.2, 1), False, 0.3, 2)
    state = release(state, 0.4, PLAIN)
    state = receive_button(state, True, 0.5, (1, round(0.2e9)))
    assert state.latched is None
    assert press(state, True, 0.6, 3).latched is Reason.BUTTON


def test_button_that_falls_silent_stops_though_another_beats() -> None:
    settings = replace(PLAIN, button_timeout=1.0)
    state = see_buttons(update_safety(SafetyState(), 0.0, settings), frozenset({b'a', b'b'}), 0.0)
    state = press(press(state, False, 0.1, 1), False, 0.1, 500)
    for beat in range(1, 12):
        now = 0.1 + 0.1 * beat
        state = send(press(state, False, now, 500 + beat), now, settings=settings)
        assert (state.step is Step.PASSING) == (beat <= 10)
    assert state.reasons == (Reason.BUTTON_LOST,)
    with pytest.raises(ValueError, match='button is silent'):
        release(state, 1.3, settings)
    state = press(state, False, 1.3, 2)
    assert release(state, 1.4, settings).step is Step.WAITING


def test_vehicle_that_tilts_over_stops_until_it_is_released_upright() -> None:
    settings = replace(PLAIN, max_tilt_deg=45.0)

    def lean(state: SafetyState, tilt_deg: float, now: float) -> SafetyState:
        pose = Pose(0, 0, 1, tilt=math.radians(tilt_deg))
        return send(receive_pose(state, pose, now), now, settings=settings)

    state = lean(lean(SafetyState(), 10.0, 0.1), 44.0, 0.2)
    assert state.step is Step.PASSING
    state = lean(state, 46.0, 0.3)
    assert (state.step, state.reasons) == (Step.STOPPED, (Reason.TILT,))
    with pytest.raises(ValueError, match='still tilted over'):
        release(state, 0.4, settings)
    state = lean(state, 0.0, 0.5)
    assert state.step is Step.STOPPED
    assert release(state, 0.6, settings).step is Step.WAITING


# The pilot


def test_pilot_has_priority_within_the_limits() -> None:
    state = steer(fly(), 0.2, (0.0, 9.0, 0.0, 0.0))
    assert (state.step, state.reasons) == (Step.MANUAL, (Reason.MANUAL,))
    # From 0.2 m/s forward in 0.1 s at 4 m/s^2.
    assert math.hypot(state.command.vx - 0.2, state.command.vy) == pytest.approx(0.4)
    assert send(state, 0.25, (2.0, 0.0, 0.0, 0.0)).step is Step.MANUAL


def test_vehicle_hovers_when_the_pilot_lets_go_until_released() -> None:
    state = send(steer(fly(), 0.2), 0.5)
    assert state.step is Step.MANUAL
    state = send(state, 0.51)
    assert (state.command, state.reasons) == (ZERO, (Reason.LET_GO,))
    assert send(state, 60.0).reasons == (Reason.LET_GO,)
    state = release(state, 60.1, PLAIN)
    assert send(state, 60.2).step is Step.PASSING


def test_policy_flies_on_by_itself_where_that_is_wanted() -> None:
    settings = replace(PLAIN, resume_after_manual=True)
    state = steer(fly(settings), 0.2, settings=settings)
    assert send(state, 0.6, settings=settings).step is Step.PASSING


def test_pilot_takes_over_whatever_the_policy_does() -> None:
    stale = update_safety(fly(), 5.0, PLAIN)
    assert steer(stale, 5.1).step is Step.MANUAL
    assert steer(SafetyState(), 0.1).step is Step.MANUAL


def test_release_leaves_a_pilot_who_flies_once_more_what_he_says() -> None:
    command = (0.4, 0.0, 0.0, 0.0)
    state = update_safety(steer(fly(), 0.2), 0.6, PLAIN)
    assert state.reasons == (Reason.LET_GO,)
    for tick in range(20):
        state = steer(state, 1.0 + 0.02 * tick, command)
    assert state.command.vx == pytest.approx(0.4)
    state = update_safety(release(state, 1.4, PLAIN), 1.4, PLAIN)
    assert (state.step, state.command.vx) == (Step.MANUAL, pytest.approx(0.4))
    # What he has let go of is his again to let go.
    assert send(state, 1.8).reasons == (Reason.LET_GO,)


def test_stricter_acceleration_leaves_a_pilot_the_brakes() -> None:
    full, back = (2.0, 0.0, 0.0, 0.0), (-2.0, 0.0, 0.0, 0.0)
    settings = replace(PLAIN, brakes=PLAIN.limits)
    state = SafetyState()
    for tick in range(50):
        state = steer(state, 0.02 * tick, full, settings)
    assert state.command.vx == pytest.approx(2.0)
    slow = replace(settings, limits=replace(LIMITS, horizontal_acceleration=0.1))
    for tick in range(50, 76):
        state = steer(state, 0.02 * tick, back, slow)
    assert state.command.vx == pytest.approx(0.0, abs=0.02)


def test_stamps_of_a_pilot_may_be_as_old_as_his_time_out_or_half_a_second() -> None:
    assert PLAIN.manual_age == 0.5
    assert replace(PLAIN, manual_timeout=2.0).manual_age == 2.0


def test_pilots_command_that_is_not_finite_stops() -> None:
    state = steer(fly(), 0.2, (0.0, math.nan, 0.0, 0.0))
    assert (state.command, state.reasons) == (ZERO, (Reason.NOT_FINITE,))


# Fence and obstacles

FENCED = replace(
    PLAIN,
    fence=Fence(((-5, -5), (5, -5), (5, 5), (-5, 5)), margin=1.0),
    braking=Braking(2.0, 0.0),
    odometry_timeout=0.4,
)
FAST = replace(FENCED, limits=CommandLimits(3.0, 1.0, 1.5, 1e3, 1e3, 1e3))


def test_fence_needs_odometry() -> None:
    assert send(SafetyState(), 0.1, settings=FENCED).reasons == (Reason.NO_ODOMETRY,)
    state = send(receive_pose(SafetyState(), Pose(0, 0, 1), 0.1), 0.1, settings=FENCED)
    assert state.step is Step.PASSING
    assert send(state, 0.5, settings=FENCED).step is Step.PASSING
    assert send(state, 0.51, settings=FENCED).reasons == (Reason.NO_ODOMETRY,)


def test_border_slows_and_a_vehicle_far_outside_hovers() -> None:
    forward = (3.0, 0.0, 0.0, 0.0)
    state = send(receive_pose(SafetyState(), Pose(0, 0, 1), 0.0), 0.0, forward, FAST)
    state = send(receive_pose(state, Pose(4, 0, 1), 0.1), 0.1, forward, FAST)
    assert state.command.vx == pytest.approx(2.0)
    assert (state.step, state.reasons) == (Step.SLOWING, (Reason.NEAR_BORDER,))
    state = send(receive_pose(state, Pose(5.5, 0, 1), 0.2), 0.2, (-1.0, 0.0, 0.0, 0.0), FAST)
    assert (state.step, state.command.vx) == (Step.PASSING, -1.0)
    state = send(receive_pose(state, Pose(6.1, 0, 1), 0.3), 0.3, (-1.0, 0.0, 0.0, 0.0), FAST)
    assert (state.command, state.reasons) == (ZERO, (Reason.OUTSIDE,))
    # The pilot can fetch it.
    assert steer(state, 0.4, settings=FAST).step is Step.MANUAL


def test_obstacle_slows_and_a_silent_range_sensor_stops() -> None:
    settings = replace(
        FAST, fence=None, range_sources=('scan',), ranges=RangeSettings(timeout=0.3)
    )
    forward = (3.0, 0.0, 0.5, 0.0)
    assert send(SafetyState(), 0.0, forward, settings).reasons == (Reason.NO_RANGE,)
    near = (2.0, *[math.inf] * (NUM_SECTORS - 1))
    state = update_safety(SafetyState(), 0.0, settings)
    state = receive_ranges(state, 'scan', near, 0.1, settings)
    state = send(state, 0.1, forward, settings)
    assert (state.step, state.reasons) == (Step.SLOWING, (Reason.NEAR_OBSTACLE,))
    assert (state.command.vx, state.command.vz) == pytest.approx((2.0, 0.5))
    assert send(state, 0.41, forward, settings).reasons == (Reason.NO_RANGE,)


def test_doubt_slows() -> None:
    settings = replace(FAST, fence=None, slow_speed=0.5)
    state = update_safety(SafetyState(), 0.0, settings)
    state = send(receive_doubt(state, True), 0.1, (1.2, 1.6, 0.3, 0.2), settings)
    assert (state.step, state.reasons) == (Step.SLOWING, (Reason.DOUBT,))
    assert state.command.to_array() == pytest.approx([0.3, 0.4, 0.3, 0.2])


# The ladder's last step

ASKING = replace(PLAIN, ask_after=2.0)


def test_long_hovering_asks_the_autopilot_and_that_holds() -> None:
    state = update_safety(fly(ASKING), 1.0, ASKING)
    assert update_safety(state, 3.0, ASKING).step is Step.HOVERING
    state = update_safety(state, 3.01, ASKING)
    assert (state.command, state.step, state.reasons) == (ZERO, Step.ASKING, (Reason.STALE,))
    assert send(state, 3.1, settings=ASKING).step is Step.ASKING
    assert send(release(state, 3.2, ASKING), 3.3, settings=ASKING).step is Step.PASSING


def test_pilot_takes_over_from_an_autopilot_that_was_asked() -> None:
    state = update_safety(update_safety(fly(ASKING), 1.0, ASKING), 3.01, ASKING)
    assert steer(state, 3.1, settings=ASKING).step is Step.MANUAL


def test_vehicle_that_has_not_flown_asks_nobody() -> None:
    state = send(SafetyState(), 0.1, (math.nan,) * 4, ASKING)
    assert update_safety(state, 9.0, ASKING).step is Step.HOVERING


@pytest.mark.parametrize(
    'change',
    [
        lambda: replace(PLAIN, timeout=0.0),
        lambda: replace(PLAIN, max_image_age=math.nan),
        lambda: replace(PLAIN, ask_after=-1.0),
    ],
)
def test_settings_must_be_possible(change: Callable[[], SafetySettings]) -> None:
    with pytest.raises(ValueError, match='must be a finite number'):
        change()
