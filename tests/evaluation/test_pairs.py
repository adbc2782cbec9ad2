# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The same seeds twice."""

import math

import pytest

from lnn_control.evaluation.pairs import PairedDifference, compare_pairs
from lnn_control.evaluation.trial import TrialResult


def make_results(successes: str, first_seed: int = 0) -> list[TrialResult]:
    return [
        TrialResult(first_seed + i, 'success' if c == '1' else 'collision', 1, 1, 1, 1, 1, 1)
        for i, c in enumerate(successes)
    ]


def test_difference_is_what_was_won_less_what_was_lost() -> None:
    pair = compare_pairs(make_results('11110'), make_results('10001'))
    assert (pair.num_pairs, pair.num_lost, pair.num_won) == (5, 3, 1)
    assert pair.difference == pytest.approx(-0.4)
    none = compare_pairs(make_results('10'), make_results('10'))
    assert (none.difference, none.num_lost, none.num_won) == (0.0, 0, 0)
    assert none.p_value == 1.0


def test_runs_of_other_seeds_are_no_pair() -> None:
    with pytest.raises(ValueError, match=r'same seeds, got \[0, 1\] and \[5, 6\]'):
        compare_pairs(make_results('11'), make_results('11', first_seed=5))
    with pytest.raises(ValueError, match='same seeds'):
        compare_pairs([], [])


@pytest.mark.parametrize(('lost', 'won'), [(0, 0), (0, 1), (3, 9), (9, 3), (8, 8), (40, 61)])
def test_p_value_is_that_of_a_fair_coin(lost: int, won: int) -> None:
    stats = pytest.importorskip('scipy.stats')
    pair = PairedDifference(200, lost, won)
    wanted = 1.0 if lost + won == 0 else stats.binomtest(lost, lost + won, 0.5).pvalue
    assert pair.p_value == pytest.approx(wanted, abs=1e-12)


def test_interval_by_hand() -> None:
    # Bonett and Price: one is added to each count of a seed that differs, two to all.
    low, high = PairedDifference(98, 4, 14).interval
    spread = 1.959964 * math.sqrt((0.20 - 0.10**2) / 100)
    assert (low, high) == pytest.approx((0.10 - spread, 0.10 + spread))
    # Two runs that never differ may still do so, and rates have their limits.
    low, high = PairedDifference(10, 0, 0).interval
    assert low == pytest.approx(-high) and high > 0.1
    assert PairedDifference(1, 0, 1).interval[1] == 1.0


@pytest.mark.parametrize(('lost', 'won', 'same'), [(0.1, 0.1, 0.8), (0.05, 0.15, 0.8)])
def test_interval_holds_the_truth_as_often_as_it_says(
    lost: float, won: float, same: float
) -> None:
    stats = pytest.importorskip('scipy.stats')
    num_pairs = 40
    # Every pair of counts with its exact probability, rather than draws.
    coverage = 0.0
    for num_lost in range(num_pairs + 1):
        for num_won in range(num_pairs + 1 - num_lost):
            counts = (num_lost, num_won, num_pairs - num_lost - num_won)
            low, high = PairedDifference(num_pairs, num_lost, num_won).interval
            if low <= won - lost <= high:
                coverage += stats.multinomial.pmf(counts, num_pairs, (lost, won, same))
    assert 0.94 < coverage < 0.99


@pytest.mark.parametrize(('lost', 'won'), [(4, 14), (0, 0), (30, 1)])
def test_spread_of_the_interval_is_that_of_differences_with_one_seed_more_each(
    lost: int, won: int
) -> None:
    stats = pytest.importorskip('scipy.stats')
    num_pairs = 98
    differences = [-1.0] * (lost + 1) + [1.0] * (won + 1) + [0.0] * (num_pairs - lost - won)
    wanted = stats.norm.interval(
        0.95, loc=stats.tmean(differences), scale=stats.tstd(differences) / math.sqrt(100)
    )
    found = PairedDifference(num_pairs, lost, won).interval
    # The sample's own spread has one degree of freedom less.
    shrink = math.sqrt(99 / 100)
    middle = sum(wanted) / 2
    assert sum(found) / 2 == pytest.approx(middle, abs=1e-9)
    assert found[1] - middle == pytest.approx((wanted[1] - middle) * shrink, rel=1e-6)
