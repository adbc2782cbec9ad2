# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The same seeds with and without disturbances: how much of the success is left."""

from collections.abc import Sequence
from dataclasses import dataclass

from lnn_control.evaluation.trial import TrialResult


@dataclass(frozen=True)
class StressCell:
    """One disturbance at one level.

    :param disturbance: its name; None is the clean run.
    :param level: 1 (mild) to 3 (severe); 0 for the clean run or where a strength is given.
    :param strength: in the disturbance's own unit, instead of a level.
    """

    disturbance: str | None
    level: int = 0
    strength: float | None = None

    def describe(self) -> dict[str, str | int | float | None]:
        """Return what names the cell in files."""
        strength = {} if self.strength is None else {'strength': self.strength}
        return {'disturbance': self.disturbance, 'level': self.level} | strength


CLEAN = StressCell(None, 0)


@dataclass(frozen=True)
class PairedDrop:
    """What a disturbance cost, seed by seed.

    :param drop: clean success rate minus the disturbed one, 0.1 is ten points.
    :param num_lost: seeds that succeed only without the disturbance. :param num_won: only with it.
    """

    drop: float
    num_lost: int
    num_won: int


def compare_with_clean(clean: Sequence[TrialResult], results: Sequence[TrialResult]) -> PairedDrop:
    """Return the drop of results against the clean run of the same seeds.

    :raises ValueError: if the seeds are others, or there are none.
    """
    seeds, clean_seeds = [r.seed for r in results], [r.seed for r in clean]
    if seeds != clean_seeds or not seeds:
        raise ValueError(f'both runs must fly the same seeds, got {clean_seeds} and {seeds}')
    pairs = [(a.is_success, b.is_success) for a, b in zip(clean, results, strict=True)]
    lost, won = pairs.count((True, False)), pairs.count((False, True))
    return PairedDrop((lost - won) / len(pairs), lost, won)
