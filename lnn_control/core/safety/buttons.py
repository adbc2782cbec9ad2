# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The buttons of the emergency stop: which of them are pressed, and which have fallen silent.

Several publish on one topic, and a message does not say whose it is. The middleware numbers the
messages of each publisher, 1, 2, 3: what carries on with the number of a button is taken for its
word. Where that is not sure, a button that was pressed stays so: none lets another one up.
"""

import math
from dataclasses import dataclass, replace

# A button that has left may still be heard from the queue for so long [s].
_SETTLE = 1.0
# A message that comes by two ways, or late, lies so few numbers back.
_LATE = 10
# So many are kept in mind; hardly a vehicle has more buttons.
_MOST_BUTTONS, _MOST_WORDS = 16, 64

Label = tuple[int, int]
"""Number of a message with its publisher, from 1, and when it was sent [ns]: two are the same
message where both are equal."""


@dataclass(frozen=True)
class Button:
    """What was last heard of one publisher.

    :param heard_at: [s]. :param label: of its last message, None where messages have none.
    :param has_left: whether all that publish now have been heard of since, so that it is gone.
    """

    is_pressed: bool
    heard_at: float
    label: Label | None = None
    has_left: bool = False


@dataclass(frozen=True)
class Buttons:
    """All that has been heard of the emergency stop's buttons.

    :param each: in the order in which they were last heard.
    :param publishers: that are there, by their identifiers.
    :param joined_at: when the latest of them came [s]. :param left_at: when one last left [s].
    :param words: the latest messages, as each comes by several ways.
    """

    each: tuple[Button, ...] = ()
    publishers: frozenset[bytes] = frozenset()
    joined_at: float = -math.inf
    left_at: float = -math.inf
    words: tuple[tuple[bool, Label], ...] = ()

    @property
    def is_pressed(self) -> bool:
        """Whether one that may still be there is pressed."""
        return any(button.is_pressed and not button.has_left for button in self.each)

    def has_silent(self, now: float, limit: float) -> bool:
        """Return whether one was not heard for longer than a limit [s].

        After a jump of the clock nobody knows, and they count as silent.
        """
        return any(not 0.0 <= now - button.heard_at <= limit for button in self.each)

    def forget_gone(self) -> 'Buttons':
        """Return those that may still be there."""
        return replace(self, each=tuple(one for one in self.each if not one.has_left))


def see_publishers(buttons: Buttons, publishers: frozenset[bytes], now: float) -> Buttons:
    """Take note of who publishes the buttons now."""
    has_joined = bool(publishers - buttons.publishers)
    has_left = bool(buttons.publishers - publishers)
    each = buttons.each
    if has_joined:
        # It may have been heard before it was seen, and been taken for one that has left.
        each = tuple(
            replace(button, has_left=False) if now - button.heard_at <= _SETTLE else button
            for button in each
        )
    return replace(
        buttons,
        each=each,
        publishers=publishers,
        joined_at=now if has_joined else buttons.joined_at,
        left_at=now if has_left else buttons.left_at,
    )


def hear_button(
    buttons: Buttons, is_pressed: bool, now: float, label: Label | None = None
) -> Buttons:
    """Take note of a button's word; the same message heard twice changes nothing.

    :param label: of the message; without one all that publish are one button, which is up only
        once a single one is left and says so.
    """
    if label is not None:
        if (is_pressed, label) in buttons.words or _is_late(buttons, is_pressed, label):
            return buttons
        buttons = replace(buttons, words=(*buttons.words, (is_pressed, label))[-_MOST_WORDS:])
    speaker = _find_speaker(buttons, is_pressed, now, label)
    is_shared = label is None and len(buttons.publishers) > 1
    holds = is_shared and speaker is not None and speaker.is_pressed
    others = tuple(button for button in buttons.each if button is not speaker)
    each = (*others, Button(is_pressed or holds, now, label))
    return _mark_gone(replace(buttons, each=_bound(each)), now)


def _is_late(buttons: Buttons, is_pressed: bool, label: Label) -> bool:
    """Return whether a button that is up has already been heard of since: never for a press."""
    number, sent_at = label
    return not is_pressed and any(
        0 < last[0] - number <= _LATE and sent_at < last[1]
        for last in (button.label for button in buttons.each)
        if last is not None
    )


def _find_speaker(
    buttons: Buttons, is_pressed: bool, now: float, label: Label | None
) -> Button | None:
    """Return the button whose word carries on with a label, None if it is a new one.

    Where two fit it is the one that is up, so that the other stays pressed. A number further on
    tells that words were lost, but of none that is pressed, and of none at all while a publisher
    is there that has not been heard yet.
    """
    each = buttons.each
    if label is None:
        return each[-1] if each else None
    is_known = sum(not one.has_left for one in each) >= len(buttons.publishers)
    # Whoever has just come may begin with any number: that lets none up.
    is_sure = is_known or is_pressed or now - buttons.joined_at > _SETTLE
    fits = [
        one
        for one in each
        if one.label is not None
        and one.label[0] == label[0] - 1
        and (is_sure or not one.is_pressed)
    ]
    if not fits and is_known:
        fits = [one for one in each if not one.is_pressed and _count(one) < label[0]]
    return max(fits, key=lambda one: (not one.is_pressed, _count(one)), default=None)


def _count(button: Button) -> int:
    return 0 if button.label is None else button.label[0]


def _mark_gone(buttons: Buttons, now: float) -> Buttons:
    """Mark those that have left: since their last word all that publish now have been heard."""
    since = max(buttons.joined_at, buttons.left_at + _SETTLE)
    # Without the list of publishers nobody knows how many there are.
    if not buttons.publishers or since > now:
        return buttons
    each = buttons.each
    num_since = [
        sum(other.heard_at >= since for other in each[place + 1 :]) for place in range(len(each))
    ]
    return replace(
        buttons,
        each=tuple(
            replace(button, has_left=button.has_left or num >= len(buttons.publishers))
            for button, num in zip(each, num_since, strict=True)
        ),
    )


def _bound(each: tuple[Button, ...]) -> tuple[Button, ...]:
    """Return the buttons without the one longest silent, where there are too many.

    One that is up if there is one: a press is kept in mind as long as can be.
    """
    if len(each) <= _MOST_BUTTONS:
        return each
    oldest = next((button for button in each if not button.is_pressed), each[0])
    return tuple(button for button in each if button is not oldest)
