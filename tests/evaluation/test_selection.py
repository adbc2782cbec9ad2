# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.evaluation.selection import choose_trials, rank_trials
from lnn_control.evaluation.trial import TrialResult


def make_result(seed: int, outcome: str, duration: float, distance: float = 1.0) -> TrialResult:
    return TrialResult(seed, outcome, duration, 9.0, 1.1, 0.5, 0.2, distance)


def choose(*results: TrialResult) -> list[tuple[str, int]]:
    return [(chosen.role, chosen.result.seed) for chosen in choose_trials(results)]


def test_best_is_the_fastest_success_and_worst_the_failure_that_ended_soonest() -> None:
    chosen = choose(
        make_result(1, 'success', 14.0),
        make_result(2, 'collision', 9.0),
        make_result(3, 'success', 12.0),
        make_result(4, 'collision', 3.0),
        make_result(5, 'time_limit', 30.0),
    )
    assert chosen == [
        ('best: the fastest success', 3),
        ('median', 5),
        ('worst: failed soonest', 4),
    ]


def test_without_a_success_the_best_lasted_longest() -> None:
    chosen = choose(
        make_result(1, 'collision', 3.0),
        make_result(2, 'out_of_area', 9.0),
        make_result(3, 'collision', 5.0),
    )
    assert chosen == [
        ('best: failed, but lasted longest', 2),
        ('median', 3),
        ('worst: failed soonest', 1),
    ]


def test_without_a_failure_the_worst_is_the_slowest() -> None:
    chosen = choose(make_result(1, 'success', 14.0), make_result(2, 'success', 12.0))
    assert chosen == [('best: the fastest success', 2), ('worst: the slowest success', 1)]


def test_one_trial_is_the_only_one() -> None:
    assert choose(make_result(1, 'collision', 2.0)) == [('the only trial', 1)]
    with pytest.raises(ValueError, match='at least one trial'):
        choose_trials([])


def test_equal_times_are_told_apart_by_distance_and_then_by_seed() -> None:
    tied = [
        make_result(3, 'time_limit', 30.0, 2.0),
        make_result(2, 'time_limit', 30.0, 2.0),
        make_result(1, 'time_limit', 30.0, 8.0),
    ]
    assert [result.seed for result in rank_trials(tied)] == [2, 3, 1]
    assert choose(*tied) == [
        ('best: ended nearest to the target', 2),
        ('median', 3),
        ('worst: ended farthest from it', 1),
    ]


def test_median_is_in_the_middle_and_the_better_of_two() -> None:
    for count, median in ((3, 2), (4, 2), (5, 3), (100, 50)):
        chosen = choose(*(make_result(n, 'success', float(n)) for n in range(1, count + 1)))
        assert chosen[1] == ('median', median)
