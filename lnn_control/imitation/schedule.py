# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How the learning rate goes over a training, as a share of its peak."""

import math
from collections.abc import Callable

_FLOOR = 0.01
_RISE = 0.03
_DECAY_FROM = 0.6


def schedule_decay(share: float) -> float:
    """Return a short rise, a constant, then half a cosine down to a hundredth.

    What is trained along the way is nearly as good as in the end, so data may keep coming.

    :param share: of the training that is done, 0 to 1.
    """
    rise = min(1.0, share / _RISE + 0.05)
    past = max(0.0, (share - _DECAY_FROM) / (1 - _DECAY_FROM))
    return rise * _half_cosine(past)


def schedule_one_cycle(share: float) -> float:
    """Return a short rise, then half a cosine down to a hundredth.

    :param share: of the training that is done, 0 to 1.
    """
    return min(1.0, share / 0.05 + 0.05) * _half_cosine(share)


def _half_cosine(share: float) -> float:
    return _FLOOR + (1 - _FLOOR) * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))


SCHEDULES: dict[str, Callable[[float], float]] = {
    'decay': schedule_decay,
    'one_cycle': schedule_one_cycle,
}
"""Name of a schedule -> factor on the learning rate by the share of training that is done."""
