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
    best_role = 'the fastest success' if best.is_success else 'failed, but lasted longest'
    worst_role = 'the slowest success' if worst.is_success else 'failed soonest'
    if (best.is_success, best.duration) == (worst.is_success, worst.duration):
        best_role, worst_role = 'ended nearest to the target', 'ended farthest from it'
    middle = [ranked[(len(ranked) - 1) // 2]] if len(ranked) > 2 else []
    return [
        ChosenTrial(f'best: {best_role}', best),
        *(ChosenTrial('median', result) for result in middle),
        ChosenTrial(f'worst: {worst_role}', worst),
    ]
