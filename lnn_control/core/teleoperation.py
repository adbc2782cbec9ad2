# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A person commands: sticks and a dead-man switch as body velocities. Pure, as the safety limits.

A keyboard is a joystick too: a key that is held repeats, one that rests lets go of the switch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VelocityCommand


@dataclass(frozen=True)
class Sticks:
    """Which axis and button of a joystick stand for what (sensor_msgs/Joy).

    :param deadman: button that must be held. :param deadzone: share of a deflection that is none.
    :param forward: number of its axis. :param left: likewise, positive to the left.
    :param up: likewise, positive upwards. :param turn: likewise, positive to the left.
    :param speed: forward and to the left, of the full deflection [m/s].
    :param climb_speed: likewise [m/s]. :param yaw_rate: likewise [rad/s].
    :param timeout: without a message for so long nobody commands [s].
    """

    deadman: int = 4
    deadzone: float = 0.08
    forward: int = 1
    left: int = 0
    up: int = 4
    turn: int = 3
    speed: float = 1.0
    climb_speed: float = 0.5
    yaw_rate: float = 0.8
    timeout: float = 0.3

    def __post_init__(self) -> None:
        for name in ('deadman', 'forward', 'left', 'up', 'turn'):
            check_number(name, getattr(self, name), 0, 63)
        check_number('deadzone', self.deadzone, 0.0, 0.9)
        for name in ('speed', 'climb_speed', 'yaw_rate'):
            check_number(name, getattr(self, name), 0.001, 100.0)
        check_number('timeout', self.timeout, 0.01, 10.0, 's')


def read_sticks(
    axes: Sequence[float], buttons: Sequence[int], sticks: Sticks
) -> VelocityCommand | None:
    """Return what is commanded, None while the dead-man switch is not held.

    :raises ValueError: if the joystick lacks an axis or the switch; it says how many it has.
    """
    if sticks.deadman >= len(buttons):
        raise ValueError(f'the joystick has {len(buttons)} buttons, no number {sticks.deadman}')
    if not buttons[sticks.deadman]:
        return None

    def read(name: str, full: float) -> float:
        number = int(getattr(sticks, name))
        if number >= len(axes):
            raise ValueError(f'the joystick has {len(axes)} axes, no number {number} for {name}')
        deflection = float(axes[number])
        return 0.0 if abs(deflection) < sticks.deadzone else deflection * full

    return VelocityCommand(
        read('forward', sticks.speed),
        read('left', sticks.speed),
        read('up', sticks.climb_speed),
        read('turn', sticks.yaw_rate),
    )


KEYS = {
    'w': ('forward', 1.0),
    's': ('forward', -1.0),
    'a': ('turn', 1.0),
    'd': ('turn', -1.0),
    'q': ('left', 1.0),
    'e': ('left', -1.0),
    'r': ('up', 1.0),
    'f': ('up', -1.0),
}
"""Key -> the axis that it deflects, and how far. Several held ones deflect several."""

_AXES, _BUTTONS = 6, 12
# A terminal repeats a held key after half a second first, then 20 to 30 times a second [s].
_FIRST_REPEAT, _REPEAT = 0.6, 0.15


@dataclass(frozen=True)
class Keyboard:
    """Which keys are held.

    :param held: key -> until when it counts as held [s].
    """

    held: tuple[tuple[str, float], ...] = ()

    def press(self, key: str, now: float) -> 'Keyboard':
        """Return the keyboard after a key; any that stands for nothing lets go of all.

        A terminal tells only the last of several held keys, so those before are kept a little.
        """
        if key not in KEYS:
            return Keyboard()
        is_repeated = any(name == key and until > now for name, until in self.held)
        until = now + (_REPEAT if is_repeated else _FIRST_REPEAT)
        others = tuple(entry for entry in self.held if entry[0] != key and entry[1] > now)
        return replace(self, held=(*others, (key, until)))

    def read(self, now: float, sticks: Sticks) -> tuple[list[float], list[int]]:
        """Return the axes and buttons of the joystick that the keyboard is."""
        axes, buttons = [0.0] * _AXES, [0] * _BUTTONS
        for key, until in self.held:
            if until > now:
                name, deflection = KEYS[key]
                axes[int(getattr(sticks, name))] = deflection
                buttons[sticks.deadman] = 1
        return axes, buttons
