# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of `lnn-control evaluate`."""

import math
from collections import Counter
from collections.abc import Sequence
from statistics import fmean

from rich.console import Console
from rich.table import Table

from lnn_control.evaluation.stress import CLEAN, StressCell, compare_with_clean
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult

Row = tuple[SuiteSummary, list[TrialResult]]

_FOOTNOTE = 'Times, paths, clearances and the like are means over the successful trials.'


def _mean(name: str, results: Sequence[TrialResult]) -> float:
    values = [getattr(result, name) for result in results if result.is_success]
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else math.nan


def _interval(summary: SuiteSummary) -> str:
    return f'{summary.wilson_low:.1%} to {summary.wilson_high:.1%}'


def _count_outcomes(results: Sequence[TrialResult]) -> str:
    outcomes = Counter(result.outcome for result in results)
    return ', '.join(f'{name} {count}' for name, count in outcomes.most_common())


def print_summary(summary: SuiteSummary, results: list[TrialResult]) -> None:
    """Print one summary, one measure a line."""
    table = Table(title=f'{summary.suite}: {summary.policy}')
    rows = {
        'world': f'{summary.world} {summary.season}',
        'success': f'{summary.successes} of {summary.episodes} = {summary.success_rate:.1%}',
        '95 % Wilson interval': _interval(summary),
        'outcomes': _count_outcomes(results),
        'time [s]': f'{_mean("duration", results):.1f}',
        'path over shortest': f'{_mean("path_ratio", results):.2f}',
        'smallest clearance [m]': f'{_mean("clearance", results):.2f}',
        'command change [m/s^2]': f'{_mean("command_change", results):.2f}',
        'target in view': f'{_mean("in_view", results):.1%}',
    }
    rows |= {
        f'{name}, mean of all': f'{fmean(result.metrics[name] for result in results):.2f}'
        for name in results[0].metrics
    }
    table.add_column('measure')
    table.add_column('value')
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
    print(_FOOTNOTE)


def print_table(rows: Sequence[Row]) -> None:
    """Print one row a task, world and season."""
    table = Table(title=f'{rows[0][0].policy}, {rows[0][0].episodes} seeds a row')
    table.add_column('task', overflow='fold')
    table.add_column('world')
    table.add_column('season')
    for name in ('success', '95 % Wilson', 'time s', 'path', 'clear m', 'change', 'in view'):
        table.add_column(name, justify='right')
    for summary, results in rows:
        table.add_row(
            summary.suite,
            summary.world,
            summary.season,
            f'{summary.successes}',
            _interval(summary),
            f'{_mean("duration", results):.1f}',
            f'{_mean("path_ratio", results):.2f}',
            f'{_mean("clearance", results):.2f}',
            f'{_mean("command_change", results):.2f}',
            f'{_mean("in_view", results):.0%}',
        )
    Console(width=max(Console().width, 110)).print(table)
    print('Path over the shortest; clear: smallest clearance; change of the command in m/s^2.')
    print(_FOOTNOTE)


def print_stress(rows: dict[StressCell, Row]) -> None:
    """Print one row a disturbance and level, with its drop against the clean run."""
    clean, clean_results = rows[CLEAN]
    table = Table(title=f'stress: {clean.policy}, {clean.world} {clean.season}')
    for name in ('disturbance', 'level', 'success', '95 % Wilson', 'drop', 'lost', 'won'):
        table.add_column(name, justify='left' if name == 'disturbance' else 'right')
    for cell, (summary, results) in rows.items():
        pair = compare_with_clean(clean_results, results)
        against = (f'{100 * pair.drop:.1f}', str(pair.num_lost), str(pair.num_won))
        table.add_row(
            cell.disturbance or 'clean',
            str(cell.level or ''),
            f'{summary.successes} of {summary.episodes}',
            _interval(summary),
            *(('', '', '') if cell == CLEAN else against),
        )
    Console().print(table)
    print('Drop in percentage points against the clean run; lost and won are seeds that')
    print('succeed only without and only with the disturbance.')
