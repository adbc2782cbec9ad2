# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a bag holds, topic by topic: how much, how fast, how evenly, by whose clock."""

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.data.bags import Bag
from lnn_control.data.decoding import UnknownTypeError
from lnn_control.data.readers import BagReader, Damage
from lnn_control.data.recording import read_stamp

# A gap is so many usual periods, at least.
_GAP_PERIODS = 3.0


@dataclass(frozen=True)
class TopicSummary:
    """A topic of a bag; times in seconds, None where nobody knows.

    :param period: median time from one message to the next. :param jitter: standard deviation of
        that. :param longest_gap: longest time between two. :param num_gaps: longer than three
        periods. :param num_backwards: stamps that are before the one before.
    :param num_zero: stamps that are zero.
    :param clock_offset: of stamps from times of receipt, median. :param num_unreadable: messages
        that are none of the type.
    """

    topic: str
    kind: str
    count: int
    period: float | None = None
    jitter: float | None = None
    longest_gap: float | None = None
    num_gaps: int = 0
    num_backwards: int = 0
    num_zero: int = 0
    clock_offset: float | None = None
    num_unreadable: int = 0

    @property
    def rate(self) -> float | None:
        """Messages a second [Hz]."""
        return None if not self.period else 1.0 / self.period


@dataclass(frozen=True)
class BagSummary:
    """What a bag holds.

    :param duration: from the first message to the last one [s].
    """

    bag: Bag
    duration: float
    topics: tuple[TopicSummary, ...]
    damages: tuple[Damage, ...]


def summarise_bag(bag: Bag) -> BagSummary:
    """Read a bag from start to end and return what it holds.

    :raises BagError: if it is none.
    """
    reader = BagReader(bag)
    times: dict[str, array] = {}
    stamps: dict[str, array] = {}
    unreadable: dict[str, int] = {}
    for row in reader.read():
        times.setdefault(row.topic, array('d')).append(row.time_ns * 1e-9)
        stamp = float('nan')
        try:
            stamp = read_stamp(reader.decoder.decode(row.kind, row.data))
        except UnknownTypeError:
            pass  # counted and timed all the same
        except ValueError:
            unreadable[row.topic] = unreadable.get(row.topic, 0) + 1
        stamps.setdefault(row.topic, array('d')).append(stamp)
    topics = tuple(
        _summarise(
            topic,
            kind,
            np.array(times.get(topic, ()), np.float64),
            np.array(stamps.get(topic, ()), np.float64),
            unreadable.get(topic, 0),
        )
        for topic, kind in sorted(reader.kinds.items())
    )
    ends = [(rows[0], rows[-1]) for rows in times.values()]
    duration = max(end for _, end in ends) - min(start for start, _ in ends) if ends else 0.0
    return BagSummary(bag, duration, topics, tuple(reader.damages))


def _summarise(
    topic: str,
    kind: str,
    times: NDArray[np.float64],
    stamps: NDArray[np.float64],
    num_unreadable: int,
) -> TopicSummary:
    if len(times) < 2:
        return TopicSummary(topic, kind, len(times), num_unreadable=num_unreadable)
    is_stamped = stamps > 0
    believed = stamps if is_stamped.all() else times
    steps = np.diff(believed)
    period = float(np.median(steps))
    forward = steps[steps > 0]
    known = is_stamped & np.isfinite(stamps)
    return TopicSummary(
        topic,
        kind,
        len(times),
        period=period,
        jitter=float(forward.std()) if len(forward) else None,
        longest_gap=float(steps.max()),
        num_gaps=int(np.count_nonzero(steps > _GAP_PERIODS * max(period, 1e-9))),
        num_backwards=int(np.count_nonzero(steps < 0)),
        num_zero=int(np.count_nonzero(stamps == 0)),
        clock_offset=float(np.median((stamps - times)[known])) if known.any() else None,
        num_unreadable=num_unreadable,
    )
