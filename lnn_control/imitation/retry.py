# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flights that begin shortly before an earlier one failed.

A simulator repeats a flight from its seed and the commands that were flown. So the commands of a
failed flight are flown again up to some seconds before its end, and from there on it goes
differently: other disturbances, and often the expert first, who shows the way out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.streams import stream
from lnn_control.imitation.episode import Episode

LEAD_IN = 0.6
"""What is recorded of the repeated part [s]: a network's memory fills with it, and it bears no
loss, because the file of the earlier flight has it too."""

NEAR_FAILURE = 'near failure'
"""What the metadata of such a flight say of its start."""

_NO_FAILURES = ('success', 'time_limit')


@dataclass(frozen=True)
class RetrySettings:
    """How often, and from where, flights begin near an earlier failure of the policy."""

    retries: int = 2
    """Flights that begin shortly before each failure of the policy; 0: none."""
    retry_share: float = 0.4
    """Share of the policy's flights that are of this kind, at most."""
    retry_lead: tuple[float, float] = (1.5, 4.0)
    """How long before the failure they part from the flight that failed [s]: from, to."""
    retry_expert_share: float = 0.5
    """Share of them in which the expert has the controls first; after two seconds on average it
    is as in other flights."""

    def __post_init__(self) -> None:
        check_number('retries', self.retries, 0, 1000)
        check_number('retry_share', self.retry_share, 0.0, 1.0)
        low, high = check_array('retry_lead', self.retry_lead, (2,)).tolist()
        check_number('the first of retry_lead', low, 0.1, 60.0, 's')
        check_number('the second of retry_lead', high, low, 60.0, 's')
        check_number('retry_expert_share', self.retry_expert_share, 0.0, 1.0)


@dataclass(frozen=True, eq=False)
class Retry:
    """How a flight begins that repeats an earlier one of its seed for a while.

    :param commands: to fly first, shape (n, 4). :param label: the expert's command after them,
        shape (4,), by which a flight that went elsewhere is told.
    :param num_recorded: of the images that belong to these commands, the last so many are kept.
    :param attempt: number of this try, from 1 on.
    :param expert_first: whether the expert has the controls then.
    :param generator: of all that is drawn from then on.
    """

    commands: NDArray[np.float32]
    label: NDArray[np.float32]
    num_recorded: int
    attempt: int
    expert_first: bool
    generator: np.random.Generator


def is_failure(outcome: str) -> bool:
    """Return whether an outcome ended a flight before its time."""
    return outcome not in _NO_FAILURES


def plan_retry(
    failed: Episode, seed: int, attempt: int, settings: RetrySettings | None = None
) -> Retry:
    """Return how a flight begins that parts from a failed one shortly before its end.

    :param attempt: number of this try, from 1 on: each draws numbers of its own.
    """
    settings = settings or RetrySettings()
    generator = stream(seed, 'retry', attempt)
    lead = generator.uniform(*settings.retry_lead)
    stamps = failed.image_stamps
    # The first image that is late enough; of a short flight that is its very first.
    number = int(np.searchsorted(stamps, stamps[-1] - lead))
    first = int(np.searchsorted(stamps, stamps[number] - LEAD_IN - 1e-6))
    expert_first = bool(generator.random() < settings.retry_expert_share)
    return Retry(
        failed.flown[:number],
        failed.labels[number],
        number - first,
        attempt,
        expert_first,
        generator,
    )


def describe_start(retry: Retry, time: float) -> Mapping[str, str]:
    """Return what the metadata of a flight say of its start.

    :param time: at which it parted from the earlier one, since the episode began [s].
    """
    return {
        'start': NEAR_FAILURE,
        'start_time': f'{time:.3f}',
        'attempt': str(retry.attempt),
        'lead_in': str(retry.num_recorded),
    }
