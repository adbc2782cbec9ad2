# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a page of results says, suite by suite: its tables, and the panels of its figures."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from lnn_control.evaluation.causes import count_causes, count_unseen, describe_failure
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult
from lnn_control.reports.result_figures import BarRow, CurvePanel, choose_colours
from lnn_control.reports.results import ResultRow, Results, Suite, pair_rows
from lnn_control.reports.words import Entry

NONE = '\u2013'
MAX_TOLD = 6
"""Failures of a row that are told one by one."""
_LEVELS = {0.0: 'clean', 1.0: 'mild', 2.0: 'medium', 3.0: 'severe'}


@dataclass(frozen=True)
class RateView:
    """One row of a table of rates. :param role: of the policy's colour."""

    name: str
    policy: str
    role: str
    summary: SuiteSummary
    time: str
    path: str
    clearance: str
    measures: str


@dataclass(frozen=True)
class PairView:
    """How a policy differs from the first one in a row, seed by seed; shares of 1.

    :param beside: which that is.
    """

    name: str
    beside: str
    policy: str
    role: str
    num_pairs: int
    difference: float
    low: float
    high: float
    num_lost: int
    num_won: int
    p_value: float


@dataclass(frozen=True)
class CauseShare:
    """How many trials failed for one cause. :param share: of all that failed, in percent."""

    cause: str
    count: int
    share: float
    tone: int


@dataclass(frozen=True)
class CauseView:
    """Why trials of a policy failed in a suite."""

    policy: str
    role: str
    failed: int
    episodes: int
    causes: tuple[CauseShare, ...]
    unseen: int


@dataclass(frozen=True)
class FailureView:
    """Some failures of a row in words. :param more: that are not told."""

    name: str
    policy: str
    role: str
    told: tuple[tuple[int, str], ...]
    more: int


@dataclass(frozen=True)
class SuiteView:
    """All that is said of a suite.

    :param reach: difference at the ends of the scale on which pairs are drawn.
    :param beside: what policies are compared with.
    """

    name: str
    title: str
    rates: tuple[RateView, ...]
    pairs: tuple[PairView, ...]
    beside: str
    reach: float
    causes: tuple[CauseView, ...]
    failures: tuple[FailureView, ...]


def view_suite(suite: Suite, policies: Sequence[str]) -> SuiteView:
    """Return the tables of a suite."""
    roles = choose_colours(policies)
    rows = suite.list_rows()
    judged = [row for row in rows if not row.is_reference]
    tones = _number_causes(judged)
    pairs = _view_pairs(suite, policies)
    widest = max((abs(end) for pair in pairs for end in (pair.low, pair.high)), default=1.0)
    return SuiteView(
        suite.name,
        suite.name.replace('_', ' ').capitalize(),
        tuple(_view_rate(row, roles[row.policy]) for row in rows),
        tuple(pairs),
        ' and '.join(dict.fromkeys(pair.beside for pair in pairs)),
        next(reach for reach in (0.1, 0.25, 0.5, 1.0) if widest <= reach),
        tuple(
            view
            for policy in policies
            if (view := _view_causes(judged, policy, roles[policy], tones)) is not None
        ),
        tuple(_view_failures(row, roles[row.policy]) for row in judged if row.failures),
    )


def _view_rate(row: ResultRow, role: str) -> RateView:
    good = [trial for trial in row.trials if trial.is_success]
    names = row.trials[0].metrics if row.trials else {}
    measures = (
        f'{name.replace("_", " ")} {fmean(trial.metrics[name] for trial in row.trials):.2f}'
        for name in names
    )
    return RateView(
        row.name,
        row.policy,
        role,
        row.summary,
        _mean(good, 'duration', 's', 1),
        _mean(good, 'path_ratio', ''),
        _mean(good, 'clearance', 'm'),
        ', '.join(measures) or NONE,
    )


def _mean(trials: Sequence[TrialResult], name: str, unit: str, digits: int = 2) -> str:
    if not trials:
        return NONE
    value = fmean(getattr(trial, name) for trial in trials)
    return f'{value:.{digits}f} {unit}'.strip()


def _view_pairs(suite: Suite, policies: Sequence[str]) -> list[PairView]:
    """Return every policy beside the first of its row, where they have flown the same seeds.

    References are not compared: they only tell what a rate is worth.
    """
    roles = choose_colours(policies)
    views = []
    for key in suite.keys:
        first = suite.find_first(key, policies)
        for policy in policies:
            other = suite.rows.get((key, policy))
            if first is None or other is None or other is first or other.is_reference:
                continue
            pair = pair_rows(first, other)
            if pair is None:
                continue
            numbers = (pair.num_pairs, pair.difference, *pair.interval)
            lost_won = (pair.num_lost, pair.num_won, pair.p_value)
            who = (suite.name_key(key), first.policy, policy, roles[policy])
            views.append(PairView(*who, *numbers, *lost_won))
    return views


def _number_causes(rows: Sequence[ResultRow]) -> dict[str, int]:
    """Return a number for each cause, the most common first, so that it looks alike in a suite."""
    total: Counter[str] = Counter()
    for row in rows:
        total.update(count_causes(row.trials))
    return {cause: number for number, (cause, _) in enumerate(total.most_common())}


def _view_causes(
    rows: Sequence[ResultRow], policy: str, role: str, tones: dict[str, int]
) -> CauseView | None:
    """Return why the trials of a policy failed; None if it flew none that were kept."""
    trials = [trial for row in rows if row.policy == policy for trial in row.trials]
    if not trials:
        return None
    causes = count_causes(trials)
    failed = causes.total()
    shares = tuple(
        CauseShare(cause, count, 100 * count / failed, tones[cause])
        for cause, count in causes.most_common()
    )
    return CauseView(policy, role, failed, len(trials), shares, count_unseen(trials))


def _view_failures(row: ResultRow, role: str) -> FailureView:
    failures = row.failures
    told = tuple((trial.seed, describe_failure(trial)) for trial in failures[:MAX_TOLD])
    return FailureView(row.name, row.policy, role, told, max(len(failures) - MAX_TOLD, 0))


def list_bars(suite: Suite) -> list[BarRow]:
    """Return the bars of a suite."""
    return [
        BarRow(
            suite.name_key(key),
            {policy: row.summary for (one, policy), row in suite.rows.items() if one == key},
        )
        for key in suite.keys
    ]


def list_panels(suite: Suite) -> list[CurvePanel]:
    """Return the curves of a suite: over a distance, or over what disturbs; none of others."""
    described = {row.key: row.described for row in suite.rows.values()}
    if all('distance' in one for one in described.values()) and len(described) > 1:
        return [_list_panel(suite, '', {key: one['distance'] for key, one in described.items()})]
    if not all('disturbance' in one for one in described.values()):
        return []
    clean = [key for key, one in described.items() if not one['disturbance']]
    names = [one['disturbance'] for one in described.values() if one['disturbance']]
    panels = []
    for name in dict.fromkeys(names):
        chosen = {
            key: float(one['strength'] if one.get('strength') is not None else one['level'])
            for key, one in described.items()
            if one['disturbance'] == name
        }
        panels.append(_list_panel(suite, name, dict.fromkeys(clean, 0.0) | chosen))
    return panels


def _list_panel(suite: Suite, disturbance: str, places: dict[str, float]) -> CurvePanel:
    """Return a panel. :param places: of scenarios on the axis."""
    order = sorted(places, key=lambda key: places[key])
    has_strength = any(
        row.described.get('strength') is not None
        for row in suite.rows.values()
        if row.key in places
    )
    if not disturbance:
        title, unit = 'Success over the distance', 'from start to target [m]'
        ticks = {place: f'{place:g}' for place in places.values()}
    else:
        title, unit = disturbance.replace('_', ' ').capitalize(), ''
        unit = 'strength' if has_strength else ''
        ticks = {
            place: f'{place:g}' if has_strength else _LEVELS.get(place, f'{place:g}')
            for place in places.values()
        }
    policies = dict.fromkeys(policy for _, policy in suite.rows)
    curves = {
        policy: [
            (places[key], suite.rows[key, policy].summary)
            for key in order
            if (key, policy) in suite.rows
        ]
        for policy in policies
    }
    drawn = {policy: curve for policy, curve in curves.items() if curve}
    return CurvePanel(title, dict(sorted(ticks.items())), unit, drawn)


def describe_title(results: Results) -> str:
    """Return the headline."""
    firsts, references = results.first_policies, results.references
    others = [name for name in results.policies if name not in (*firsts, *references)]
    if others:
        return f'{_enumerate(firsts)} beside {_enumerate(others)}'
    rows = results.first_rows
    successes = sum(row.summary.successes for row in rows)
    episodes = sum(row.summary.episodes for row in rows)
    return f'{_enumerate(firsts)}: {successes:,} of {episodes:,} trials succeeded'


def _enumerate(names: Sequence[str]) -> str:
    *others, last = names
    return f'{", ".join(others)} and {last}' if others else last


def describe_key_figures(results: Results) -> tuple[Entry, ...]:
    """Return the four numbers on top of the page."""
    rows, firsts = results.rows, results.first_policies
    own = sorted(results.first_rows, key=lambda row: row.summary.success_rate)
    causes: Counter[str] = Counter()
    for row in own:
        causes.update(count_causes(row.trials))
    failed = sum(row.summary.episodes - row.summary.successes for row in own)
    common = causes.most_common(1)
    note = f'most often: {common[0][0]} ({common[0][1]})' if common else ''
    counts = {'row': len(rows), 'suite': len(results.suites), 'policy': len(results.policies)}
    counted = (
        f'{count} {name if count == 1 else name.replace("cy", "cie") + "s"}'
        for name, count in counts.items()
    )
    return (
        Entry(
            'Trials flown',
            f'{sum(row.summary.episodes for row in rows):,}',
            '',
            ', '.join(counted),
        ),
        _describe_extreme('Highest row', own[-1]),
        _describe_extreme('Lowest row', own[0]),
        Entry(
            f'Failures of {firsts[0]}' if len(firsts) == 1 else 'Failures', f'{failed}', '', note
        ),
    )


def _describe_extreme(name: str, row: ResultRow) -> Entry:
    summary = row.summary
    interval = f'{100 * summary.wilson_low:.0f} to {100 * summary.wilson_high:.0f} %'
    where = f'{summary.suite.replace("_", " ")}, {row.name}'
    return Entry(name, f'{100 * summary.success_rate:.0f}', f'% ({interval})', where)


def describe_sources(results: Results) -> tuple[tuple[str, str, str, str], ...]:
    """Return file, policies, seeds and commit of everything read."""
    entries = []
    for source in dict.fromkeys(row.source for row in results.rows):
        rows = [row for row in results.rows if row.source == source]
        seeds = sorted({trial.seed for row in rows for trial in row.trials})
        told = f'{seeds[0]} to {seeds[-1]}' if seeds else 'not kept, so no pairs and no causes'
        policies = ', '.join(dict.fromkeys(row.policy for row in rows))
        versions = rows[0].versions
        parts = (
            f'{name} {versions[name]}'
            for name in ('commit', 'torch', 'pybullet')
            if name in versions
        )
        entries.append(('/'.join(source.parts[-2:]), policies, told, ', '.join(parts) or NONE))
    return tuple(entries)
