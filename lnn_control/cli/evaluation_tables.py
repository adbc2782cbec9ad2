# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The tables of `lnn-control evaluate`."""

from collections import Counter
from collections.abc import Mapping, Sequence
from statistics import fmean

from rich.console import Console
from rich.table import Table

from lnn_control.evaluation.causes import count_causes, count_unseen
from lnn_control.evaluation.pairs import compare_pairs
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult

Row = tuple[SuiteSummary, list[TrialResult]]

_FOOTNOTE = 'Times, paths, clearances and the like are means over the successful trials.'


_NUM_WORST = 5
_ENOUGH_PAIRS = 400
_COLUMNS = (
    'success',
    '95 % Wilson',
    'time\n[s]',
    'path',
    'clear\n[m]',
    'change\n[m/s^2]',
    'in view',
)


def _mean(name: str, results: Sequence[TrialResult], style: str = '.2f') -> str:
    """Return a mean over the successful trials as text, a dash where there is none."""
    values = [getattr(result, name) for result in results if result.is_success]
    values = [value for value in values if value is not None]
    return format(fmean(values), style) if values else '-'


def list_worst(results: Sequence[TrialResult], count: int = _NUM_WORST) -> list[TrialResult]:
    """Return the trials that went worst: failures first, those that ended soonest before all."""
    failures = sorted((r for r in results if not r.is_success), key=lambda r: r.duration)
    return failures[:count]


def _describe_worst(results: Sequence[TrialResult]) -> str:
    worst = list_worst(results)
    return ', '.join(f'{r.seed} ({r.outcome} at {r.duration:.1f} s)' for r in worst) or 'none'


def _interval(summary: SuiteSummary) -> str:
    return f'{summary.wilson_low:.1%} to {summary.wilson_high:.1%}'


def _count_outcomes(results: Sequence[TrialResult]) -> str:
    outcomes = Counter(result.outcome for result in results)
    return ', '.join(f'{name} {count}' for name, count in outcomes.most_common())


def _print(table: Table, least_width: int = 100) -> None:
    """Print a table, as wide as the terminal. :param least_width: in letters, if that is less."""
    Console(width=max(Console().width, least_width), markup=False).print(table)


def print_summary(
    summary: SuiteSummary, results: list[TrialResult], references: Sequence[Row] = ()
) -> None:
    """Print one summary, one measure a line. :param references: that stand beside it."""
    columns = [_list_measures(*row) for row in ((summary, results), *references)]
    table = Table(title=f'{summary.suite}: {summary.policy}')
    table.add_column('measure')
    table.add_column('value' if not references else summary.policy, overflow='fold')
    for reference, _ in references:
        table.add_column(reference.policy, overflow='fold')
    for name in columns[0]:
        table.add_row(name, *(column.get(name, '-') for column in columns))
    _print(table)
    print(_FOOTNOTE)


def _list_measures(summary: SuiteSummary, results: Sequence[TrialResult]) -> dict[str, str]:
    """Return what a summary says, by name."""
    return {
        'world': f'{summary.world} {summary.season}',
        'success': f'{summary.successes} of {summary.episodes} = {summary.success_rate:.1%}',
        '95 % Wilson interval': _interval(summary),
        'outcomes': _count_outcomes(results),
        'seeds that failed': _describe_worst(results),
        'time [s]': _mean('duration', results, '.1f'),
        'path over shortest': _mean('path_ratio', results),
        'smallest clearance [m]': _mean('clearance', results),
        'command change [m/s^2]': _mean('command_change', results),
        'target in view [% of time]': _mean('in_view', results, '.1%'),
    } | {
        f'{name}, mean of all trials': f'{fmean(result.metrics[name] for result in results):.2f}'
        for name in results[0].metrics
    }


def print_table(rows: Sequence[Row], notes: Sequence[str] = ()) -> None:
    """Print one row a scenario, several where several policies fly it.

    :param notes: what sets each row apart beside task, world and season; none if empty.
    """
    notes = notes if any(notes) else ()
    policies = dict.fromkeys(summary.policy for summary, _ in rows)
    has_several = len(policies) > 1
    title = ', '.join(policies) if has_several else rows[0][0].policy
    table = Table(title=title if has_several else f'{title}, {rows[0][0].episodes} seeds a row')
    names = ('suite', 'world', 'season', *(('with',) if notes else ()))
    for name in (*names, *(('policy',) if has_several else ())):
        table.add_column(name, overflow='fold')
    for name in _COLUMNS:
        table.add_column(name, justify='right')
    for index, (summary, results) in enumerate(rows):
        table.add_row(
            summary.suite,
            summary.world,
            summary.season,
            *((notes[index],) if notes else ()),
            *((summary.policy,) if has_several else ()),
            f'{summary.successes}' + (f' of {summary.episodes}' if has_several else ''),
            _interval(summary),
            _mean('duration', results, '.1f'),
            _mean('path_ratio', results),
            _mean('clearance', results),
            _mean('command_change', results),
            _mean('in_view', results, '.0%'),
        )
    _print(table, 118)
    print('Path over the shortest; clear: smallest clearance; change: of the commanded velocity.')
    print(_FOOTNOTE)
    for summary, results in rows:
        if summary.successes < summary.episodes:
            name = f'{summary.suite} {summary.world} {summary.season}'
            name += f', {summary.policy}' if has_several else ''
            print(f'{name}: seeds that failed soonest {_describe_worst(results)}')


def print_stress(
    rows: dict[StressCell, Row], references: Mapping[StressCell, Sequence[Row]] | None = None
) -> None:
    """Print one row a disturbance and level, with its drop against the clean run.

    :param references: of each cell, who flew it beside the policy.
    """
    clean, clean_results = rows[CLEAN]
    beside = (references or {}).get(CLEAN, ())
    table = Table(title=f'stress: {clean.policy}, {clean.world} {clean.season}')
    for name in ('disturbance', 'level', 'success', '95 % Wilson', 'drop', 'lost', 'won'):
        table.add_column(name, justify='left' if name == 'disturbance' else 'right')
    for reference, _ in beside:
        table.add_column(reference.policy, justify='right')
    for cell, (summary, results) in rows.items():
        pair = compare_pairs(clean_results, results)
        against = (f'{-100 * pair.difference:.1f}', str(pair.num_lost), str(pair.num_won))
        others = (one for one, _ in (references or {}).get(cell, ()))
        table.add_row(
            cell.disturbance or 'clean',
            str(cell.level or ''),
            f'{summary.successes} of {summary.episodes}',
            _interval(summary),
            *(('', '', '') if cell == CLEAN else against),
            *(f'{one.successes} of {one.episodes}' for one in others),
        )
    _print(table)
    print('Drop in percentage points against the clean run; lost and won are seeds that')
    print('succeed only without and only with the disturbance.')


def print_causes(names: Sequence[str], rows: Sequence[Row]) -> None:
    """Print why trials failed, a line a row in which some did; nothing where none did.

    :param names: of the rows, of each policy the same ones where they are fewer.
    """
    failed = [
        (names[index % len(names)], summary, results)
        for index, (summary, results) in enumerate(rows)
        if summary.successes < summary.episodes
    ]
    if not failed:
        return
    table = Table(title='failures by cause')
    for name in ('policy', 'row'):
        table.add_column(name, overflow='fold')
    table.add_column('failed', justify='right')
    table.add_column('cause', overflow='fold')
    table.add_column('unseen', justify='right')
    for name, summary, results in failed:
        causes = count_causes(results).most_common()
        table.add_row(
            summary.policy,
            name,
            f'{summary.episodes - summary.successes} of {summary.episodes}',
            ', '.join(f'{cause} {count}' for cause, count in causes),
            str(count_unseen(results)),
        )
    _print(table)
    print('Unseen: of those, trials that ended with the target out of view.')


def print_pairs(names: Sequence[str], pairs: Sequence[tuple[Row, Row]]) -> None:
    """Print how policies differ from those asked for, row by row, over the same seeds.

    :param names: of the rows. :param pairs: of each the one asked for and the other one.
    """
    firsts = list(dict.fromkeys(first.policy for (first, _), _ in pairs))
    table = Table(title=f'beside {", ".join(firsts)}, seed by seed')
    for name in ('policy', *(('beside',) if firsts[1:] else ()), 'row'):
        table.add_column(name, overflow='fold')
    for name in ('success', 'points', '95 %', 'lost', 'won', 'p'):
        table.add_column(name, justify='right')
    for name, ((first, first_results), (summary, results)) in zip(names, pairs, strict=True):
        pair = compare_pairs(first_results, results)
        low, high = pair.interval
        table.add_row(
            summary.policy,
            *((first.policy,) if firsts[1:] else ()),
            name,
            f'{summary.successes} of {summary.episodes}',
            f'{100 * pair.difference:+.1f}',
            f'{100 * low:+.1f} to {100 * high:+.1f}',
            str(pair.num_lost),
            str(pair.num_won),
            f'{pair.p_value:.3f}',
        )
    _print(table)
    print('Points: success rate less that of the one it stands beside. Lost and won: seeds on')
    print('which only that one and only the other one succeeds. p: exact test of McNemar.')
    if min(first.episodes for (first, _), _ in pairs) < _ENOUGH_PAIRS:
        print(f'Fewer than {_ENOUGH_PAIRS} seeds do not show a difference below some 8 points.')
