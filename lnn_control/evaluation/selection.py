# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which trials of many to look at: the best, the median and the worst."""

from collections.abc import Sequence
from dataclasses import dataclass

from lnn_control.evaluation.trial import TrialResult


@dataclass(frozen=True)
class ChosenTrial:
    """A trial and why it was chosen, such as 'best: fastest success'."""

    role: str
    result: TrialResult


def rank_trials(results: Sequence[TrialResult]) -> list[TrialResult]:
    """Return trials from the best to the worst.

    Successes come first, the fastest before all; then failures, those that lasted longest first.
    Where times are equal, who ended nearer to the target comes first, then the lower seed.
    """

    def judge(result: TrialResult) -> tuple[bool, float, float, int]:
        time = result.duration if result.is_success else -result.duration
        return not result.is_success, time, result.final_distance, result.seed

    return sorted(results, key=judge)


def choose_trials(results: Sequence[TrialResult]) -> list[ChosenTrial]:
    """Return the best, the median and the worst trial, each once; fewer where there are fewer.

    The median of an even number is the better one of the two in the middle.

    :raises ValueError: if there is no trial.
    """
    ranked = rank_trials(results)
    if not ranked:
        raise ValueError('there must be at least one trial to choose from')
    if len(ranked) == 1:
        return [ChosenTrial('the only trial', ranked[0])]
    best, worst = ranked[0], ranked[-1]
    chosen = [
        ChosenTrial(
            'best: the fastest success' if best.is_success else 'best: failed, but lasted longest',
            best,
        ),
        ChosenTrial(
            'worst: the slowest success' if worst.is_success else 'worst: failed soonest', worst
        ),
    ]
    if len(ranked) > 2:
        chosen.insert(1, ChosenTrial('median', ranked[(len(ranked) - 1) // 2]))
    return chosen
