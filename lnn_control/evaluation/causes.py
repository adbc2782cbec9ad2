# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Why trials failed: what was hit, a target lost from view, time that was up, an area left."""

from collections import Counter
from collections.abc import Iterable

from lnn_control.evaluation.trial import TrialResult

LOST_AFTER = 2.0
"""Time out of view at the end from which on a target counts as lost [s]."""
_THE = frozenset({'ground', 'target'})
"""What there is one of."""


def name_cause(result: TrialResult) -> str:
    """Return why a trial failed, in words that many trials share: 'hit a trunk'.

    A trial whose time is up has lost the target if that was out of view for the last
    :data:`LOST_AFTER` seconds or longer.
    """
    if result.outcome == 'collision':
        return f'hit {_add_article(result.hit)}'
    if result.outcome == 'out_of_area':
        return 'left the area'
    unseen_since = result.unseen_since
    if unseen_since is not None and result.duration - unseen_since >= LOST_AFTER:
        return 'lost the target'
    return 'ran out of time'


def _add_article(hit: str | None) -> str:
    if hit is None:
        return 'something'
    if hit in _THE:
        return f'the {hit}'
    return f'{"an" if hit[:1].lower() in tuple("aeiou") else "a"} {hit}'


def describe_failure(result: TrialResult) -> str:
    """Return what became of one failed trial.

    Such as 'hit a trunk 6.9 m from the start after 4.2 s, target out of view since 3.1 s'.
    """
    where = '' if result.from_start is None else f' {result.from_start:.1f} m from the start'
    text = f'{name_cause(result)}{where} after {result.duration:.1f} s'
    if result.unseen_since is not None:
        text += f', target out of view since {result.unseen_since:.1f} s'
    return text


def count_causes(results: Iterable[TrialResult]) -> Counter[str]:
    """Return how many of the trials that failed did so for each cause."""
    return Counter(name_cause(result) for result in results if not result.is_success)


def count_unseen(results: Iterable[TrialResult]) -> int:
    """Return how many of the trials that failed ended with the target out of view."""
    return sum(not one.is_success and one.unseen_since is not None for one in results)
