# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import random

import pytest

from lnn_control.core.safety.buttons import Buttons, hear_button, see_publishers


def gather(num_publishers: int, now: float = 0.0, buttons: Buttons | None = None) -> Buttons:
    """Return the buttons once so many publishers are there."""
    publishers = frozenset(bytes([number]) for number in range(num_publishers))
    return see_publishers(buttons or Buttons(), publishers, now)


def hear(buttons: Buttons, is_pressed: bool, number: int, now: float) -> Buttons:
    return hear_button(buttons, is_pressed, now, (number, round(now * 1e9)))


def test_button_that_beats_lets_none_up_that_is_pressed() -> None:
    buttons = hear(gather(2), False, 500, 0.1)
    buttons = hear(buttons, True, 1, 0.2)
    for beat in range(50):
        buttons = hear(buttons, False, 501 + beat, 0.3 + 0.1 * beat)
        assert buttons.is_pressed
    assert not hear(buttons, False, 2, 9.0).is_pressed


def test_lost_words_of_one_that_is_up_let_none_up() -> None:
    buttons = hear(hear(gather(2), False, 10, 0.1), True, 20, 0.2)
    # 11 to 29 were lost.
    buttons = hear(buttons, False, 30, 0.3)
    assert buttons.is_pressed
    assert len(buttons.each) == 2


def test_lost_let_up_counts_once_its_button_is_heard_again() -> None:
    alone = hear(hear(gather(1), True, 5, 0.1), False, 7, 2.0)
    assert not alone.is_pressed
    buttons = hear(hear(gather(2), False, 90, 0.1), True, 5, 0.2)
    buttons = hear(buttons, False, 7, 2.0)
    assert buttons.is_pressed
    # Both that are there have spoken since, so that nobody can still be pressing.
    assert not hear(buttons, False, 91, 2.1).is_pressed


def test_button_that_has_just_come_lets_up_none_that_was_pressed_before() -> None:
    # A latched press is heard at once, and then a beat whose number carries on with it by chance.
    buttons = hear(hear(gather(2), True, 1, 0.1), False, 2, 0.2)
    assert buttons.is_pressed
    assert hear(buttons, False, 3, 0.3).is_pressed


def test_same_message_by_another_way_and_a_late_one_change_nothing() -> None:
    buttons = hear(hear(gather(1), True, 7, 0.1), False, 8, 0.2)
    assert hear(buttons, True, 7, 0.1) is buttons
    assert hear(buttons, False, 8, 0.2) is buttons
    assert hear_button(buttons, False, 0.3, (6, 10)) is buttons
    # A press is never taken for something else.
    assert hear(buttons, True, 8, 0.2).is_pressed


@pytest.mark.parametrize('seed', range(30))
def test_no_button_lets_another_one_up_whatever_they_send(seed: int) -> None:
    chance = random.Random(seed)
    counts = [chance.choice([0, 1, 40, 3000]) for _ in range(3)]
    buttons, pressed, now = gather(3), [False] * 3, 0.0
    for step in range(400):
        now += 0.05
        # Each is heard once before anybody presses.
        who = step if step < 3 else chance.randrange(3)
        pressed[who] ^= step >= 3 and chance.random() < 0.2
        counts[who] += 1
        for _ in range(chance.choice([1, 2, 3])):
            buttons = hear(buttons, pressed[who], counts[who], now)
        assert buttons.is_pressed or not any(pressed)
    # Where two have the same number at the same time, it takes one more word of each.
    for who in [0, 1, 2] * 2:
        now += 0.05
        counts[who] += 1
        buttons = hear(buttons, False, counts[who], now)
    assert not buttons.is_pressed


def test_silence_of_one_is_not_hidden_by_another() -> None:
    buttons = hear(hear(gather(2), False, 1, 0.0), False, 100, 0.0)
    for beat in range(1, 21):
        buttons = hear(buttons, False, 100 + beat, 0.1 * beat)
        assert buttons.has_silent(0.1 * beat, 1.0) == (0.1 * beat > 1.0)
    # Its publisher leaves, which is no excuse, until somebody forgets it.
    buttons = gather(1, 2.0, buttons)
    buttons = hear(hear(buttons, False, 121, 2.5), False, 122, 3.1)
    assert buttons.has_silent(3.1, 1.0)
    assert not buttons.forget_gone().has_silent(3.1, 1.0)


def test_press_of_one_that_has_gone_holds_until_all_that_are_there_are_heard() -> None:
    buttons = hear(hear(gather(2), False, 100, 0.0), True, 1, 0.1)
    buttons = gather(1, 0.2, buttons)
    # For a second it may be in the queue.
    buttons = hear(buttons, False, 101, 1.0)
    assert buttons.is_pressed
    assert not hear(buttons, False, 102, 1.3).is_pressed


def test_publisher_that_is_heard_before_it_is_seen_is_not_gone() -> None:
    buttons = hear(gather(1), False, 100, 0.0)
    buttons = hear(hear(buttons, True, 1, 5.0), False, 101, 5.1)
    assert gather(2, 5.2, buttons).is_pressed


def test_messages_without_a_number_count_as_up_once_one_publisher_is_left() -> None:
    buttons = hear_button(gather(2), True, 0.1)
    buttons = hear_button(buttons, False, 0.2)
    assert buttons.is_pressed
    assert not hear_button(gather(1, 0.3, buttons), False, 0.4).is_pressed


def test_what_is_kept_is_bounded_and_a_press_is_kept() -> None:
    buttons = hear(gather(100), True, 10_000, 0.0)
    for place in range(200):
        buttons = hear(buttons, False, 9_000 - 20 * place, 0.1 * place)
    assert len(buttons.each) == 16
    assert len(buttons.words) == 64
    assert buttons.is_pressed
