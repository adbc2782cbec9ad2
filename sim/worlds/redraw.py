# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drawing at random until it turns out well, but not for ever."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar('T')


class GaveUpError(ValueError):
    """Nothing that was drawn is as asked; the message says what to change."""


def draw_until(
    draw: Callable[[], T], is_good: Callable[[T], bool], attempts: int, advice: str
) -> T:
    """Return the first of the things drawn that is good.

    :param attempts: so many are drawn at most.
    :param advice: what was asked for and what to change, for the message.
    :raises GaveUpError: if none of them is.
    """
    for _ in range(attempts):
        drawn = draw()
        if is_good(drawn):
            return drawn
    raise GaveUpError(f'gave up after {attempts} draws: {advice}')
