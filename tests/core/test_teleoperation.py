# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.teleoperation import KEYS, Keyboard, Sticks, read_sticks

STICKS = Sticks(deadman=1, speed=2.0, climb_speed=0.5, yaw_rate=0.8)
AXES = [0.25, 1.0, 0.0, -0.5, 0.5]


def test_sticks_move_the_vehicle_only_while_the_switch_is_held() -> None:
    assert read_sticks(AXES, [0, 0], STICKS) is None
    assert read_sticks(AXES, [0, 1], STICKS) == VelocityCommand(2.0, 0.5, 0.25, -0.4)


def test_stick_that_rests_a_little_off_its_middle_is_at_rest() -> None:
    assert read_sticks([0.07, -0.07, 0, 0, 0], [0, 1], STICKS) == VelocityCommand()


@pytest.mark.parametrize(
    ('axes', 'buttons', 'words'),
    [(AXES, [1], '1 buttons, no number 1'), (AXES[:4], [0, 1], '4 axes, no number 4 for up')],
)
def test_joystick_that_lacks_something_is_an_error(axes, buttons, words) -> None:
    with pytest.raises(ValueError, match=words):
        read_sticks(axes, buttons, STICKS)


def read(keyboard: Keyboard, now: float) -> VelocityCommand | None:
    return read_sticks(*keyboard.read(now, STICKS), STICKS)


def test_key_counts_as_held_until_it_has_not_repeated_for_a_while() -> None:
    keyboard = Keyboard().press('w', 10.0)
    assert read(keyboard, 10.5) == VelocityCommand(vx=2.0)
    assert read(keyboard, 10.7) is None
    for repeat in (10.5, 10.55, 10.6):
        keyboard = keyboard.press('w', repeat)
    assert read(keyboard, 10.7) == VelocityCommand(vx=2.0)
    assert read(keyboard, 10.8) is None


def test_several_keys_move_several_ways_and_any_other_lets_go() -> None:
    keyboard = Keyboard().press('w', 0.0).press('d', 0.1)
    assert read(keyboard, 0.2) == VelocityCommand(vx=2.0, yaw_rate=-0.8)
    assert read(keyboard.press(' ', 0.2), 0.2) is None


@pytest.mark.parametrize('key', KEYS)
def test_every_key_moves_one_way(key: str) -> None:
    command = read(Keyboard().press(key, 0.0), 0.1)
    assert command is not None
    assert sum(value != 0.0 for value in command.to_array()) == 1
