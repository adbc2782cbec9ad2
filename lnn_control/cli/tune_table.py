# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The table of `lnn-control tune`, and how much of it chance may have written."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from lnn_control.cli.search import Tried
from lnn_control.evaluation.statistics import difference_interval, wilson_interval


def rank(tried: Sequence[Tried]) -> list[Tried]:
    """Return trainings with the most successes first, of equals the earlier one."""
    return sorted(tried, key=lambda one: (-one.outcome.successes, one.number))


def choose_best(tried: Sequence[Tried]) -> Tried:
    """Return the training with the most successes, of equals the first."""
    return rank(tried)[0]


def find_most_told_apart(best: int, num_judging: int) -> int | None:
    """Return the most successes that are told apart from those of the best.

    :param best: successes of the best. :param num_judging: trials of each.
    :return: None where even no success at all is not told apart.
    """
    for successes in reversed(range(best)):
        low, _ = difference_interval(best, num_judging, successes, num_judging)
        if low > 0:
            return successes
    return None


def describe_doubt(tried: Sequence[Tried], num_judging: int) -> str:
    """Return how much better the best must be for it to mean something, and for whom it is."""
    best = choose_best(tried).outcome.successes
    most = find_most_told_apart(best, num_judging)
    equals = sum(most is None or one.outcome.successes > most for one in tried) - 1
    if most is None:
        text = f'{num_judging} trials each are too few to tell any training from the best'
    else:
        points = 100 * (best - most) / num_judging
        text = (
            f'{num_judging} trials each cannot tell policies apart that are closer than '
            f'{points:.0f} points (95 %, Newcombe)'
        )
    return f'{text}: {equals} of the other {len(tried) - 1} may be as good as the best.'


def print_trainings(tried: Sequence[Tried], num_judging: int) -> None:
    """Print one row a training, the best first, and what to think of it."""
    table = Table(title=f'{len(tried)} trainings, {num_judging} validation trials each')
    for name in ('training', 'success', '95 % Wilson', 'loss'):
        table.add_column(name, justify='right')
    for name in tried[0].point:
        table.add_column(name, overflow='fold')
    for one in rank(tried):
        outcome = one.outcome
        low, high = wilson_interval(outcome.successes, num_judging)
        is_flown = outcome.error is None
        table.add_row(
            f'{one.number:04d}',
            f'{outcome.successes / num_judging:.1%}' if is_flown else 'failed',
            f'{low:.1%} to {high:.1%}' if is_flown else '',
            '' if outcome.loss is None else f'{outcome.loss:.4f}',
            *(f'{label}' for label in one.point.values()),
        )
    Console(width=max(Console().width, 100), markup=False).print(table)
    print(describe_doubt(tried, num_judging))
    print('The loss is shown, not sought: it does not rank policies, least across augmentations.')
    for one in tried:
        if one.outcome.error is not None:
            print(f'training {one.number:04d} has no policy: {one.outcome.error}')
