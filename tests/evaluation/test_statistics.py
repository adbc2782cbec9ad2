# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.evaluation.statistics import difference_interval, wilson_interval


@pytest.mark.parametrize(
    ('successes', 'trials', 'low', 'high'),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_intervals_are_the_published_ones(successes, trials, low, high):
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


def test_interval_is_that_of_scipy():
    stats = pytest.importorskip('scipy.stats')
    for trials in (1, 2, 20, 100, 263):
        for successes in {0, 1, trials // 3, trials - 1, trials}:
            wanted = stats.binomtest(successes, trials).proportion_ci(0.95, 'wilson')
            found = wilson_interval(successes, trials)
            assert found == pytest.approx((wanted.low, wanted.high), abs=1e-7)


def test_interval_is_symmetric_in_success_and_failure_and_holds_the_rate():
    for trials in (1, 7, 100):
        for successes in range(trials + 1):
            low, high = wilson_interval(successes, trials)
            mirrored = wilson_interval(trials - successes, trials)
            assert (1 - high, 1 - low) == pytest.approx(mirrored)
            assert 0 <= low <= successes / trials <= high <= 1


def test_more_trials_narrow_the_interval():
    widths = [high - low for low, high in (wilson_interval(9 * n, 10 * n) for n in (1, 10, 100))]
    assert widths == sorted(widths, reverse=True)


@pytest.mark.parametrize(('successes', 'trials'), [(0, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_errors(successes, trials):
    with pytest.raises(ValueError, match=f'got {successes} of {trials}'):
        wilson_interval(successes, trials)


@pytest.mark.parametrize(
    ('counts', 'low', 'high'),
    [
        # Newcombe, Statistics in Medicine 17 (1998) 873-890, table II, method 10.
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
    ],
)
def test_intervals_of_differences_are_the_published_ones(counts, low, high):
    assert difference_interval(*counts) == pytest.approx((low, high), abs=5e-5)
    swapped = difference_interval(*counts[2:], *counts[:2])
    assert swapped == pytest.approx((-high, -low), abs=5e-5)
