# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The same seeds flown twice: what differs, seed by seed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from lnn_control.evaluation.trial import TrialResult

_Z = 1.959964  # quantile of the normal distribution for 95 %


@dataclass(frozen=True)
class PairedDifference:
    """How two runs over the same seeds differ.

    :param num_pairs: seeds. :param num_lost: that succeed in the first run only.
    :param num_won: in the second one only.
    """

    num_pairs: int
    num_lost: int
    num_won: int

    @property
    def difference(self) -> float:
        """Success rate of the second run minus that of the first; 0.1 is ten points."""
        return (self.num_won - self.num_lost) / self.num_pairs

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the difference.

        The adjusted Wald interval of Bonett and Price, Journal of Educational and Behavioral
        Statistics 37 (2012) 479-488.
        """
        total = self.num_pairs + 2
        won, lost = (self.num_won + 1) / total, (self.num_lost + 1) / total
        spread = _Z * math.sqrt((won + lost - (won - lost) ** 2) / total)
        return max(-1.0, won - lost - spread), min(1.0, won - lost + spread)

    @property
    def p_value(self) -> float:
        """Two-sided exact test that neither run is better (McNemar, Psychometrika 12, 1947)."""
        total = self.num_lost + self.num_won
        tail = sum(math.comb(total, k) for k in range(min(self.num_lost, self.num_won) + 1))
        return min(1.0, 2 * tail / 2**total)


def compare_pairs(first: Sequence[TrialResult], second: Sequence[TrialResult]) -> PairedDifference:
    """Return how the second of two runs over the same seeds differs from the first.

    :raises ValueError: if the seeds are others, or there are none.
    """
    seeds, other_seeds = [r.seed for r in first], [r.seed for r in second]
    if seeds != other_seeds or not seeds:
        raise ValueError(f'both runs must fly the same seeds, got {seeds} and {other_seeds}')
    pairs = [(a.is_success, b.is_success) for a, b in zip(first, second, strict=True)]
    return PairedDifference(len(pairs), pairs.count((True, False)), pairs.count((False, True)))
