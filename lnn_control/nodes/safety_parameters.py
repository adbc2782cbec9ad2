# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The parameters of the safety node, and the settings of its state machine that they make."""

from dataclasses import fields, replace
from types import SimpleNamespace

from lnn_control.core.safety import (
    Braking,
    CommandLimits,
    Fence,
    RangeSettings,
    SafetySettings,
    parse_corners,
)
from lnn_control.nodes.parameters import Parameter

RANGE_SOURCES = ('scan', 'range', 'points')
ANYWHERE = 10_000.0
"""Altitude that stands for none [m]."""

_LIMITS = CommandLimits()
_DEFAULTS = SafetySettings()
_RANGES = RangeSettings()


def _limit(name: str, description: str) -> Parameter:
    """Return a limit: while the node runs it can be set, to be stricter."""
    return Parameter(name, getattr(_LIMITS, name), description, 0.001, 1000.0, is_fixed=False)


LIMITS = (
    _limit('horizontal_speed', 'greatest speed [m/s]'),
    _limit('climb_speed', 'greatest climb or sink [m/s]'),
    _limit('yaw_rate', 'greatest yaw rate [rad/s]'),
    _limit('horizontal_acceleration', 'greatest change of horizontal velocity [m/s^2]'),
    _limit('climb_acceleration', 'greatest change of climb speed [m/s^2]'),
    _limit('yaw_acceleration', 'greatest change of yaw rate [rad/s^2]'),
)
PARAMETERS = (
    *LIMITS,
    Parameter('jerk', 0.0, 'greatest change of acceleration [m/s^3]; 0: any', 0.0, 1000.0),
    Parameter('timeout', _DEFAULTS.timeout, 'so long without a command stops [s]', 0.01, 10.0),
    Parameter(
        'max_image_age',
        0.5,
        'a command that answers an image older than this stops [s]; 0: not looked at',
        0.0,
        60.0,
    ),
    Parameter('rate', 50.0, 'how often cmd_vel is sent at least [Hz]', 1.0, 500.0),
    Parameter(
        'clock_timeout',
        1.0,
        'with simulated time: a clock that rests this long stops [s]',
        0.1,
        60.0,
    ),
    Parameter('stamped', True, 'send cmd_vel as TwistStamped (true) or as Twist (false)'),
    Parameter(
        'manual_stamped', True, 'take cmd_vel_manual as TwistStamped (true) or as Twist (false)'
    ),
    Parameter(
        'manual_timeout',
        _DEFAULTS.manual_timeout,
        'the pilot has let go after so long without cmd_vel_manual [s]',
        0.01,
        10.0,
    ),
    Parameter(
        'resume_after_manual',
        False,
        'whether the policy flies on by itself when the pilot lets go',
    ),
    Parameter(
        'button_timeout',
        0.0,
        'so long without a message on emergency_stop stops [s]; 0: none is needed',
        0.0,
        60.0,
    ),
    Parameter(
        'odometry_timeout',
        _DEFAULTS.odometry_timeout,
        'greatest age of odom, for fence and tilt [s]',
        0.01,
        60.0,
    ),
    Parameter('max_tilt_deg', 0.0, 'more has tilted over and stops [deg]; 0: any', 0.0, 180.0),
    Parameter(
        'fence', '', "corners 'x y, x y, ...' in the frame of odom [m], two for a box; empty: none"
    ),
    Parameter('lowest', -ANYWHERE, 'least altitude of odom [m]', -ANYWHERE, ANYWHERE),
    Parameter('highest', ANYWHERE, 'greatest altitude of odom [m]', -ANYWHERE, ANYWHERE),
    Parameter('fence_margin', 2.0, 'so far outside the vehicle only hovers [m]', 0.0, 1000.0),
    Parameter(
        'deceleration', 2.0, 'surely reached before borders and obstacles [m/s^2]', 0.01, 100.0
    ),
    Parameter('reaction_time', 0.2, 'until the vehicle begins to brake [s]', 0.0, 10.0),
    Parameter(
        'range_sources', '', f'that must be heard of, of {" ".join(RANGE_SOURCES)}; empty: none'
    ),
    Parameter('range_timeout', _RANGES.timeout, 'a silent source stops [s]', 0.01, 60.0),
    Parameter('range_scans', _RANGES.num_scans, 'of so many the median counts', 1, 99),
    Parameter('range_yaw_deg', 0.0, 'heading of the sensors on the vehicle [deg]', -180.0, 180.0),
    Parameter('half_width', _RANGES.half_width, 'of the path that must be free [m]', 0.01, 100.0),
    Parameter('stop_distance', _RANGES.stop_distance, 'kept to obstacles [m]', 0.0, 100.0),
    Parameter('cloud_half_height', 0.5, 'of points above and below that count [m]', 0.01, 100.0),
    Parameter('cloud_own_radius', 0.3, 'nearer points are the vehicle itself [m]', 0.0, 100.0),
    Parameter(
        'slow_speed',
        _DEFAULTS.slow_speed,
        'greatest speed while the policy doubts what it sees [m/s]',
        0.001,
        1000.0,
    ),
    Parameter('ask_after', 0.0, 'so long hovering asks the autopilot [s]; 0: never', 0.0, 1000.0),
    Parameter('ask_for', 'hold', 'what is asked of the autopilot: hold or land'),
)


def read_settings(values: SimpleNamespace) -> SafetySettings:
    """Return the settings that the parameters say.

    :raises ValueError: if they contradict each other; it says what to do.
    """
    if values.ask_for not in ('hold', 'land'):
        raise ValueError(f"ask_for must be 'hold' or 'land', got {values.ask_for!r}")
    return SafetySettings(
        limits=CommandLimits(
            **{entry.name: getattr(values, entry.name) for entry in fields(CommandLimits)}
        ),
        timeout=values.timeout,
        max_image_age=values.max_image_age or None,
        manual_timeout=values.manual_timeout,
        resume_after_manual=values.resume_after_manual,
        button_timeout=values.button_timeout or None,
        odometry_timeout=values.odometry_timeout,
        max_tilt_deg=values.max_tilt_deg or None,
        fence=_read_fence(values),
        braking=Braking(values.deceleration, values.reaction_time),
        ranges=RangeSettings(
            values.half_width, values.stop_distance, values.range_scans, values.range_timeout
        ),
        range_sources=_read_sources(values.range_sources),
        slow_speed=values.slow_speed,
        ask_after=values.ask_after or None,
    )


def tighten(settings: SafetySettings, changes: dict[str, float]) -> SafetySettings:
    """Return the settings with some limits made stricter.

    :param changes: limit -> value.
    :raises ValueError: if one would be looser than it is.
    """
    for name, value in changes.items():
        now = getattr(settings.limits, name)
        if value > now:
            raise ValueError(
                f'{name} can only be made stricter while the node runs: at most {now:g}, got '
                f'{value:g}'
            )
    return replace(settings, limits=replace(settings.limits, **changes))


def _read_fence(values: SimpleNamespace) -> Fence | None:
    corners = parse_corners(values.fence)
    is_bounded = values.lowest > -ANYWHERE or values.highest < ANYWHERE
    if not corners and not is_bounded:
        return None
    return Fence(corners, values.lowest, values.highest, values.fence_margin)


def _read_sources(text: str) -> tuple[str, ...]:
    sources = tuple(text.split())
    wrong = [source for source in sources if source not in RANGE_SOURCES]
    if wrong:
        raise ValueError(f'range_sources must be of {list(RANGE_SOURCES)}, got {wrong[0]!r}')
    return sources
