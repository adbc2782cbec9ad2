# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The state machine between a policy and a vehicle: when commands pass, and what happens if not.

Pure: the state goes in and comes out, time is monotonic float seconds chosen by the caller. What
comes in is only noted; :func:`update_safety` decides, and docs/safety.md has the picture.

A stop is immediate, not ramped. A ramp would keep a vehicle flying that nobody steers, and the
vehicle's own velocity controller bounds how hard it brakes. After a stop the acceleration limits
lead back from zero to the command.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety.buttons import Buttons, Label, hear_button, see_publishers
from lnn_control.core.safety.fence import Braking, Fence, Pose
from lnn_control.core.safety.limits import REST, CommandLimits, Motion, limit_motion, shorten
from lnn_control.core.safety.ranges import (
    RangeSettings,
    RangeTrack,
    Sectors,
    follow_ranges,
    slow_for_obstacles,
)

# As old as an image that a policy's command answers may be [s].
_LEAST_MANUAL_AGE = 0.5


class Step(Enum):
    """What the vehicle is told, from free flight down the ladder."""

    WAITING = 'waiting'
    PASSING = 'passing commands'
    SLOWING = 'slowing'
    MANUAL = 'manual'
    HOVERING = 'hovering'
    ASKING = 'asking the autopilot'
    STOPPED = 'emergency stop'


FLYING_STEPS = (Step.PASSING, Step.SLOWING, Step.MANUAL)
"""Those on which somebody's commands reach the vehicle."""


class Reason(Enum):
    """Why the vehicle does not simply follow the policy."""

    NO_COMMAND = 'no command has come yet'
    STALE = 'the last command is too old'
    NOT_FINITE = 'the last command is not finite'
    IMAGE_OLD = 'the image that the last command answers was too old when the command came'
    IMAGE_AHEAD = 'the last command answers an image of the future: synchronise the clocks'
    NO_STAMP = 'the last command does not say which image it answers: its stamp is zero'
    CLOCK_STOPPED = 'the clock stands still'
    NO_ODOMETRY = 'no odometry, which the fence or the tilt limit needs'
    OUTSIDE = 'the vehicle is outside the fence'
    NO_RANGE = 'a range sensor is silent'
    NO_BUTTON = 'the emergency stop button has not been heard of yet'
    LET_GO = 'the pilot has let go: release to let the policy fly on'
    MANUAL = 'the pilot has taken over'
    NEAR_BORDER = 'near the border of the fence'
    NEAR_OBSTACLE = 'near an obstacle'
    DOUBT = 'the policy doubts what it sees'
    BUTTON = 'the emergency stop was pressed'
    BUTTON_LOST = 'the emergency stop button has fallen silent'
    TILT = 'the vehicle has tilted over'
    SHUTDOWN = 'shutting down'


@dataclass(frozen=True)
class SafetySettings:
    """What the state machine holds a vehicle to. Ages in seconds of the caller's clock.

    :param timeout: greatest time since the last command [s].
    :param max_image_age: greatest age of the answered image when its command comes [s]; None
        where stamps and clock cannot be compared.
    :param manual_timeout: the pilot has let go after this time without a manual command [s].
    :param resume_after_manual: whether the policy flies on by itself when the pilot lets go.
    :param button_timeout: greatest time between two messages of the emergency stop button [s];
        None where it need not be heard of.
    :param odometry_timeout: greatest age of the pose that fence and tilt limit use [s].
    :param max_tilt_deg: beyond this the vehicle has tilted over; None for any.
    :param fence: where the vehicle may be; None for anywhere.
    :param brakes: limits whose accelerations brake the vehicle where they are greater; None for
        those of `limits`. Limits that are made stricter in flight must not take the brakes away.
    :param ranges: how obstacles slow down. :param range_sources: that must be heard of.
    :param slow_speed: greatest horizontal speed while the policy doubts what it sees [m/s].
    :param ask_after: hovering for so long asks the autopilot [s]; None for never.
    """

    limits: CommandLimits = field(default_factory=CommandLimits)
    timeout: float = 0.25
    max_image_age: float | None = 0.5
    manual_timeout: float = 0.25
    resume_after_manual: bool = False
    button_timeout: float | None = None
    odometry_timeout: float = 0.5
    max_tilt_deg: float | None = None
    fence: Fence | None = None
    braking: Braking = field(default_factory=Braking)
    ranges: RangeSettings = field(default_factory=RangeSettings)
    range_sources: tuple[str, ...] = ()
    slow_speed: float = 1.0
    ask_after: float | None = None
    brakes: CommandLimits | None = None

    def __post_init__(self) -> None:
        for name in ('timeout', 'manual_timeout', 'odometry_timeout', 'slow_speed'):
            check_number(name, getattr(self, name), 1e-3, 1e3)
        for name in ('max_image_age', 'button_timeout', 'max_tilt_deg', 'ask_after'):
            value = getattr(self, name)
            if value is not None:
                check_number(name, value, 1e-3, 1e3)

    @property
    def manual_age(self) -> float:
        """Greatest age of a pilot's stamp [s]: clocks of two machines differ a little."""
        return max(self.manual_timeout, _LEAST_MANUAL_AGE)

    @property
    def needs_odometry(self) -> bool:
        """Whether nothing flies without knowing where the vehicle is."""
        return self.fence is not None or self.max_tilt_deg is not None


@dataclass(frozen=True)
class Request:
    """What somebody asked the vehicle to do.

    :param command: None if it was no finite number.
    :param received_at: when it came [s].
    :param image_age: of the answered image at that moment [s], negative ahead of the clock, NaN
        where nobody knows.
    """

    command: VelocityCommand | None = None
    received_at: float = -math.inf
    image_age: float = 0.0

    @property
    def has_come(self) -> bool:
        """Whether there was one."""
        return self.received_at > -math.inf

    def is_fresh(self, now: float, timeout: float) -> bool:
        """Return whether it is at most so old; after a jump of the clock nobody knows."""
        return 0.0 <= now - self.received_at <= timeout


@dataclass(frozen=True)
class SafetyState:
    """What the state machine remembers.

    :param motion: what the vehicle is told now. :param updated_at: when that was computed [s].
    :param step: on the ladder. :param reasons: why, worst first; none while commands pass.
    :param policy: the policy's last request. :param pilot: the pilot's.
    :param has_doubt: whether the policy doubts what it sees.
    :param pose: of the vehicle, and :param posed_at: when it came [s].
    :param ranges: of each range sensor.
    :param buttons: of the emergency stop, as they were heard.
    :param latched: why the emergency stop holds, None if it does not.
    :param has_let_go: whether a pilot has flown and let go.
    :param has_flown: whether anything but zero could have been told.
    :param hovering_since: [s], None if it does not hover.
    :param last_stop: the latest reason to stop, kept after commands have returned.
    :param num_stops: how often commands have stopped passing.
    """

    motion: Motion = REST
    updated_at: float | None = None
    step: Step = Step.WAITING
    reasons: tuple[Reason, ...] = (Reason.NO_COMMAND,)
    policy: Request = Request()
    pilot: Request = Request()
    has_doubt: bool = False
    pose: Pose | None = None
    posed_at: float = -math.inf
    ranges: Mapping[str, RangeTrack] = field(default_factory=dict)
    buttons: Buttons = field(default_factory=Buttons)
    latched: Reason | None = None
    has_let_go: bool = False
    has_flown: bool = False
    hovering_since: float | None = None
    last_stop: Reason | None = None
    num_stops: int = 0

    @property
    def command(self) -> VelocityCommand:
        """What the vehicle is told now."""
        return self.motion.command

    @property
    def is_flying(self) -> bool:
        """Whether somebody's commands reach the vehicle."""
        return self.step in FLYING_STEPS

    def describe(self) -> str:
        """Return step and reasons as one line."""
        reasons = '; '.join(reason.value for reason in self.reasons)
        return f'{self.step.value}: {reasons}' if reasons else self.step.value


def receive_command(
    state: SafetyState, values: Sequence[float], now: float, image_age: float = 0.0
) -> SafetyState:
    """Take note of a command of the policy as it came over the wire.

    :param values: vx, vy, vz [m/s] and yaw rate [rad/s], of which any may be NaN or infinite.
    :param image_age: of the image that it answers [s], NaN where nobody knows.
    """
    return replace(state, policy=Request(_read_command(values), now, image_age))


def receive_manual(state: SafetyState, values: Sequence[float], now: float) -> SafetyState:
    """Take note of a command of the pilot, who has priority while commands keep coming."""
    return replace(state, pilot=Request(_read_command(values), now))


def receive_button(
    state: SafetyState, is_pressed: bool, now: float, label: Label | None = None
) -> SafetyState:
    """Take note of an emergency stop button: pressed it latches, else it is a heartbeat.

    :param label: of the message, by which several buttons are told apart.
    """
    buttons = hear_button(state.buttons, is_pressed, now, label)
    # The same press, heard once more after a release, is no new one.
    is_new = is_pressed and buttons is not state.buttons
    latched = state.latched or (Reason.BUTTON if is_new else None)
    return replace(state, buttons=buttons, latched=latched)


def see_buttons(state: SafetyState, publishers: frozenset[bytes], now: float) -> SafetyState:
    """Take note of who publishes the emergency stop now, by their identifiers."""
    return replace(state, buttons=see_publishers(state.buttons, publishers, now))


def press_stop(state: SafetyState) -> SafetyState:
    """Latch the emergency stop, without a button that would have to come up again."""
    return replace(state, latched=state.latched or Reason.BUTTON)


def receive_pose(state: SafetyState, pose: Pose, now: float) -> SafetyState:
    """Take note of where the vehicle is."""
    return replace(state, pose=pose, posed_at=now)


def receive_ranges(
    state: SafetyState, source: str, sectors: Sectors, now: float, settings: SafetySettings
) -> SafetyState:
    """Take note of what a range sensor sees."""
    track = state.ranges.get(source, RangeTrack())
    followed = follow_ranges(track, sectors, now, settings.ranges)
    return replace(state, ranges={**state.ranges, source: followed})


def receive_doubt(state: SafetyState, has_doubt: bool) -> SafetyState:
    """Take note of whether the policy doubts what it sees."""
    return replace(state, has_doubt=has_doubt)


def find_release_obstacle(state: SafetyState, now: float, settings: SafetySettings) -> str:
    """Return why nothing can be released now; empty if it can."""
    buttons, limit = state.buttons, settings.button_timeout
    if buttons.is_pressed and len(buttons.publishers) > 1:
        return (
            'an emergency stop button is still pressed: let it up; one that is gone counts until '
            'each that is there has been heard once more'
        )
    if buttons.is_pressed:
        return (
            'the emergency stop button is still pressed: let it up, or publish false on '
            'emergency_stop'
        )
    if limit is not None and buttons.forget_gone().has_silent(now, limit):
        return 'the emergency stop button is silent'
    if _has_tilted(state, settings):
        return 'the vehicle is still tilted over'
    return ''


def release(state: SafetyState, now: float, settings: SafetySettings) -> SafetyState:
    """Return the state that waits for the next command, whatever was latched.

    Where nothing is, nothing changes.

    :raises ValueError: if a cause lasts.
    """
    if state.latched is None and state.pilot.is_fresh(now, settings.manual_timeout):
        # Whoever flies goes on; when he lets go, that is told once more.
        return replace(state, has_let_go=False)
    if state.latched is None and not state.has_let_go and state.step is not Step.ASKING:
        return state
    obstacle = find_release_obstacle(state, now, settings)
    if obstacle:
        raise ValueError(f'not released: {obstacle}')
    return replace(
        state,
        motion=REST,
        step=Step.WAITING,
        reasons=(Reason.NO_COMMAND,),
        # What was asked for before counts no more: the next command is the first.
        policy=Request(),
        pilot=Request(),
        buttons=state.buttons.forget_gone(),
        latched=None,
        has_let_go=False,
        has_flown=False,
        hovering_since=None,
    )


def update_safety(
    state: SafetyState, now: float, settings: SafetySettings, has_clock_stopped: bool = False
) -> SafetyState:
    """Return the state with the command that the vehicle is to follow now.

    :param has_clock_stopped: whether `now` has stood still for too long, as the caller sees by
        another clock.
    """
    state = _follow_pilot(_latch(state, now, settings), now, settings)
    if state.latched is not None:
        return _halt(state, Step.STOPPED, state.latched, now)
    is_manual = state.pilot.is_fresh(now, settings.manual_timeout)
    has_stopped = has_clock_stopped and state.step is not Step.WAITING
    reason = Reason.CLOCK_STOPPED if has_stopped else _find_stop(state, now, settings, is_manual)
    if reason is not None:
        return _hover(state, reason, now, settings)
    # The ladder's last step holds: an autopilot that was asked to land does land.
    if state.step is Step.ASKING and not is_manual:
        return _halt(state, Step.ASKING, state.reasons[0], now)
    return _fly(state, now, settings, is_manual)


def stop(state: SafetyState, reason: Reason, now: float) -> SafetyState:
    """Return the state with zero command and a reason from outside the machine."""
    return _halt(state, Step.HOVERING, reason, now)


def _read_command(values: Sequence[float]) -> VelocityCommand | None:
    return VelocityCommand(*values) if all(map(math.isfinite, values)) else None


def _latch(state: SafetyState, now: float, settings: SafetySettings) -> SafetyState:
    """Latch the emergency stop where the button is lost or the vehicle has tilted over."""
    if state.latched is None and _has_lost_button(state, now, settings):
        return replace(state, latched=Reason.BUTTON_LOST)
    if state.latched is None and _has_tilted(state, settings):
        return replace(state, latched=Reason.TILT)
    return state


def _has_lost_button(state: SafetyState, now: float, settings: SafetySettings) -> bool:
    limit = settings.button_timeout
    return limit is not None and state.buttons.has_silent(now, limit)


def _has_tilted(state: SafetyState, settings: SafetySettings) -> bool:
    limit, pose = settings.max_tilt_deg, state.pose
    return limit is not None and pose is not None and math.degrees(pose.tilt) > limit


def _follow_pilot(state: SafetyState, now: float, settings: SafetySettings) -> SafetyState:
    """Remember that a pilot has flown, from when he lets go."""
    if not state.pilot.has_come or state.pilot.is_fresh(now, settings.manual_timeout):
        return state
    has_let_go = state.has_let_go or not settings.resume_after_manual
    return replace(state, pilot=Request(), has_let_go=has_let_go)


def _find_stop(
    state: SafetyState, now: float, settings: SafetySettings, is_manual: bool
) -> Reason | None:
    """Return why nothing may pass, None if something may.

    A clock that has gone back makes ages negative: unknown, so it counts as stale.
    """
    if settings.button_timeout is not None and not state.buttons.each:
        return Reason.NO_BUTTON
    # A pilot sees for himself: fence, ranges and images are the policy's.
    if is_manual:
        return Reason.NOT_FINITE if state.pilot.command is None else None
    if state.has_let_go:
        return Reason.LET_GO
    return _find_stop_of_policy(state.policy, now, settings) or _find_blindness(
        state, now, settings
    )


def _find_stop_of_policy(request: Request, now: float, settings: SafetySettings) -> Reason | None:
    """Return what is wrong with the policy's last command."""
    if not request.has_come:
        return Reason.NO_COMMAND
    if request.command is None:
        return Reason.NOT_FINITE
    if not request.is_fresh(now, settings.timeout):
        return Reason.STALE
    limit = settings.max_image_age
    if limit is None:
        return None
    if math.isnan(request.image_age):
        return Reason.NO_STAMP
    # Clocks of two machines differ a little; a stamp further ahead tells no age.
    if request.image_age < -limit:
        return Reason.IMAGE_AHEAD
    return Reason.IMAGE_OLD if request.image_age > limit else None


def _find_blindness(state: SafetyState, now: float, settings: SafetySettings) -> Reason | None:
    """Return what must be known of the vehicle's surroundings and is not, or is beyond bounds."""
    if settings.needs_odometry:
        if state.pose is None or not 0.0 <= now - state.posed_at <= settings.odometry_timeout:
            return Reason.NO_ODOMETRY
        fence = settings.fence
        if fence is not None and fence.measure_breach(state.pose) > fence.margin:
            return Reason.OUTSIDE
    for source in settings.range_sources:
        track = state.ranges.get(source, RangeTrack())
        if not 0.0 <= now - track.received_at <= settings.ranges.timeout:
            return Reason.NO_RANGE
    return None


def _hover(
    state: SafetyState, reason: Reason, now: float, settings: SafetySettings
) -> SafetyState:
    """Return the state that stands still: waiting, hovering or, after a while, asking."""
    if reason is Reason.NO_COMMAND:
        return _halt(state, Step.WAITING, reason, now)
    since = state.hovering_since
    limit = settings.ask_after
    is_long = since is not None and limit is not None and now - since > limit
    if state.step is Step.ASKING or (is_long and state.has_flown):
        return _halt(state, Step.ASKING, reason, now)
    return _halt(state, Step.HOVERING, reason, now)


def _halt(state: SafetyState, step: Step, reason: Reason, now: float) -> SafetyState:
    """Return the state with zero command."""
    since = state.hovering_since if state.hovering_since is not None else now
    return replace(
        state,
        motion=REST,
        updated_at=now,
        step=step,
        reasons=(reason,),
        hovering_since=since if step in (Step.HOVERING, Step.ASKING) else None,
        last_stop=reason,
        num_stops=state.num_stops + int(state.is_flying),
    )


def _fly(state: SafetyState, now: float, settings: SafetySettings, is_manual: bool) -> SafetyState:
    """Return the state with the command that limits, border and obstacles leave."""
    request = state.pilot if is_manual else state.policy
    assert request.command is not None
    elapsed = 0.0 if state.updated_at is None else max(0.0, now - state.updated_at)
    motion = limit_motion(request.command, state.motion, elapsed, settings.limits, settings.brakes)
    step = Step.MANUAL
    reasons: tuple[Reason, ...] = (Reason.MANUAL,)
    if not is_manual:
        command, reasons = _slow_down(motion.command, state, settings)
        motion = replace(motion, command=command) if reasons else motion
        step = Step.SLOWING if reasons else Step.PASSING
    return replace(
        state,
        motion=motion,
        updated_at=now,
        step=step,
        reasons=reasons,
        has_flown=True,
        hovering_since=None,
    )


def _slow_down(
    command: VelocityCommand, state: SafetyState, settings: SafetySettings
) -> tuple[VelocityCommand, tuple[Reason, ...]]:
    """Return the command that border, obstacles and doubt leave, and which of them took from it.

    After the acceleration limits, which must not keep a vehicle from braking.
    """
    reasons: list[Reason] = []
    if settings.fence is not None and state.pose is not None:
        before = command
        command = settings.fence.slow_down(command, state.pose, settings.braking)
        reasons += [Reason.NEAR_BORDER] if command != before else []
    before = command
    for source in settings.range_sources:
        nearest = state.ranges.get(source, RangeTrack()).nearest
        command = slow_for_obstacles(command, nearest, settings.ranges, settings.braking)
    reasons += [Reason.NEAR_OBSTACLE] if command != before else []
    if state.has_doubt:
        vx, vy = shorten(command.vx, command.vy, settings.slow_speed)
        command = replace(command, vx=vx, vy=vy)
        reasons.append(Reason.DOUBT)
    return command, tuple(reasons)
