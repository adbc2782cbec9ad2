# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Result files of many evaluations, read and put together: by suite, by row and by policy."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from lnn_control.core.circuit import NeuronGroup
from lnn_control.evaluation.pairs import PairedDifference, compare_pairs
from lnn_control.evaluation.row_names import name_row, name_row_of_suite
from lnn_control.evaluation.suite import REFERENCES, SuiteSummary, summarise
from lnn_control.evaluation.trial import TrialResult
from lnn_control.evaluation.trial_log import read_result
from lnn_control.reports.run_folder import DESCRIPTION, POLICIES, RecordedFlight, read_run

SUMMARY = 'summary.json'
_NEEDED = tuple(entry.name for entry in fields(SuiteSummary))
_PLACE = ('suite', 'world', 'season')
# What a record says beside its summary that does not name the scenario.
_BESIDE = {'first_seed', 'versions', 'limits', 'backend', 'trials', 'against', REFERENCES}


@dataclass(frozen=True, eq=False)
class ResultRow:
    """All trials of one policy in one scenario.

    :param policy: who flew, told apart from the same one with another backend or without limits.
    :param described: what names the scenario in files, the same for every policy.
    :param trials: one a seed; none where the file is of a version that did not keep them.
    :param source: the file. :param versions: of what the result depends on.
    :param is_reference: whether it only tells what the rates of others are worth.
    """

    policy: str
    described: Mapping[str, Any]
    summary: SuiteSummary
    trials: tuple[TrialResult, ...]
    source: Path
    versions: Mapping[str, str]
    is_reference: bool = False

    @property
    def key(self) -> str:
        """What tells the scenario apart from all others."""
        return json.dumps(dict(self.described), sort_keys=True)

    @property
    def name(self) -> str:
        """What the scenario is called inside its suite."""
        asked = self.described.get('task_option') or {}
        options = ''.join(f', {name} {value}' for name, value in asked.items())
        return f'{name_row(self.described)}{options}'

    @property
    def failures(self) -> tuple[TrialResult, ...]:
        """The trials that failed, those that did so soonest first."""
        failed = (trial for trial in self.trials if not trial.is_success)
        return tuple(sorted(failed, key=lambda trial: trial.duration))


@dataclass(frozen=True, eq=False)
class RecordedTrialOfRow:
    """A recorded flight and the row it was chosen from.

    :param neuron_groups: of the policy that flew; none of one without a circuit.
    """

    row: ResultRow
    flight: RecordedFlight
    neuron_groups: tuple[NeuronGroup, ...] = ()


@dataclass(frozen=True, eq=False)
class Suite:
    """The rows of a suite.

    :param keys: of its scenarios, in their order.
    :param rows: by scenario and policy.
    """

    name: str
    keys: tuple[str, ...]
    rows: Mapping[tuple[str, str], ResultRow]

    def list_rows(self) -> list[ResultRow]:
        """Return all rows, scenario by scenario."""
        policies = list(dict.fromkeys(policy for _, policy in self.rows))
        pairs = ((key, policy) for key in self.keys for policy in policies)
        return [self.rows[pair] for pair in pairs if pair in self.rows]

    def find_first(self, key: str, policies: Sequence[str]) -> ResultRow | None:
        """Return the row of a scenario that others are compared with, None without any.

        :param policies: in the order in which they come into question.
        """
        rows = (self.rows[key, policy] for policy in policies if (key, policy) in self.rows)
        return next((row for row in rows if not row.is_reference), None)

    def name_key(self, key: str) -> str:
        """Return what a scenario is called."""
        return next(row.name for (other, _), row in self.rows.items() if other == key)


@dataclass(frozen=True, eq=False)
class Results:
    """All that was read.

    :param policies: in the order in which files name them, references last; of those that flew a
        row, the first is what others are compared with.
    """

    policies: tuple[str, ...]
    suites: tuple[Suite, ...]
    recordings: tuple[RecordedTrialOfRow, ...]

    @property
    def rows(self) -> list[ResultRow]:
        """All rows, suite by suite."""
        return [row for suite in self.suites for row in suite.list_rows()]

    @property
    def first_rows(self) -> list[ResultRow]:
        """Of each scenario the row that others are compared with."""
        found = (
            suite.find_first(key, self.policies) for suite in self.suites for key in suite.keys
        )
        return [row for row in found if row is not None]

    @property
    def first_policies(self) -> list[str]:
        """Who flew those, in the order of the policies."""
        flown = {row.policy for row in self.first_rows}
        return [policy for policy in self.policies if policy in flown]

    @property
    def references(self) -> list[str]:
        """Policies that are nothing but references."""
        others = {row.policy for row in self.rows if not row.is_reference}
        return [policy for policy in self.policies if policy not in others]


def read_results(paths: Sequence[Path]) -> Results:
    """Read files of `evaluate --json` and folders of `evaluate --output`.

    :raises ValueError: if one is neither, or two tell differently of the same trials.
    :raises FileNotFoundError: if there is no such file.
    """
    rows: list[ResultRow] = []
    recordings: list[RecordedTrialOfRow] = []
    for path in paths:
        found = read_rows(path / SUMMARY if path.is_dir() else path)
        rows += found
        for folder in _list_run_folders(path):
            recordings += _read_recordings(folder, found)
    labels = _shorten([row.policy for row in rows])
    rows = _merge(replace(row, policy=labels[row.policy]) for row in rows)
    recordings = [
        replace(one, row=replace(one.row, policy=labels[one.row.policy])) for one in recordings
    ]
    suites = [
        _gather(name, [row for row in rows if row.summary.suite == name])
        for name in dict.fromkeys(row.summary.suite for row in rows)
    ]
    # Those who are nothing but references come last.
    ordered = sorted(rows, key=lambda row: row.is_reference)
    policies = tuple(dict.fromkeys(row.policy for row in ordered))
    return Results(policies, tuple(suites), tuple(recordings))


def _list_run_folders(path: Path) -> list[Path]:
    """Return the folders of recorded flights that belong to a folder of results."""
    if not path.is_dir():
        return []
    inner = (one.parent for one in sorted(path.glob(f'{POLICIES}/*/{DESCRIPTION}')))
    return [*([path] if (path / DESCRIPTION).exists() else []), *inner]


def _gather(name: str, rows: Sequence[ResultRow]) -> Suite:
    keys = tuple(dict.fromkeys(row.key for row in rows))
    return Suite(name, keys, {(row.key, row.policy): row for row in rows})


def read_rows(path: Path) -> list[ResultRow]:
    """Read one file of summaries.

    :raises ValueError: if it is none. :raises FileNotFoundError: if it is not there.
    """
    cure = 'give files of `lnn-control evaluate --json`, or folders of its --output'
    if path.name == SUMMARY and not path.exists():
        raise FileNotFoundError(f'run folder must hold {SUMMARY}, {path.parent} has none: {cure}')
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f'{path} must be JSON, but cannot be read ({error}): {cure}') from error
    records = values if isinstance(values, list) else [values]
    for record in records:
        given = record if isinstance(record, dict) else {}
        missing = [name for name in _NEEDED if name not in given]
        if missing:
            raise ValueError(
                f'{path} must hold summaries with {list(_NEEDED)}, one lacks {missing}: {cure}'
            )
    return [row for record in records for row in _read_record(record, path)]


def _read_record(record: Mapping[str, Any], path: Path) -> list[ResultRow]:
    """Return the row of a record and those of its references, flown under the same limits."""
    shared = {name: record[name] for name in ('limits', 'versions') if name in record}
    references = [_read_row(shared | one, path) for one in record.get(REFERENCES, ())]
    return [_read_row(record, path), *(replace(row, is_reference=True) for row in references)]


def _read_row(record: Mapping[str, Any], path: Path) -> ResultRow:
    summary = SuiteSummary(**{name: record[name] for name in _NEEDED})
    described = {
        name: value
        for name, value in record.items()
        if name in _PLACE or name not in {*_NEEDED, *_BESIDE}
    }
    policy = summary.policy
    policy += f' by {record["backend"]}' if 'backend' in record else ''
    policy += '' if record.get('limits', True) else ' without limits'
    try:
        trials = tuple(read_result(values) for values in record.get('trials', ()))
    except (KeyError, TypeError) as error:
        raise ValueError(
            f'{path} must hold trials as `lnn-control evaluate --json` writes them, but one lacks '
            f'{error}: write the file again'
        ) from error
    return ResultRow(policy, described, summary, trials, path, record.get('versions', {}))


def _read_recordings(folder: Path, rows: Sequence[ResultRow]) -> list[RecordedTrialOfRow]:
    """Return the recorded flights of a run folder with the rows they were chosen from."""
    recordings = []
    run = read_run(folder)
    groups = run.description.neuron_groups
    for flight in run.flights:
        result = flight.result
        named = [
            row
            for row in rows
            if result.row in (name_row(row.described), name_row_of_suite(row.described))
        ]
        # A backend's folder has another name than its policy: then it is the first one's.
        own = [row for row in named if row.summary.policy == result.policy]
        chosen = (own or [row for row in named if not row.is_reference])[:1]
        recordings += [RecordedTrialOfRow(row, flight, groups) for row in chosen]
    return recordings


def _shorten(policies: Iterable[str]) -> dict[str, str]:
    """Return short names of policies: the last part of a path where that tells them apart."""
    whole = list(dict.fromkeys(policies))
    short = {name: name.rstrip('/').rpartition('/')[2] or name for name in whole}
    counts = Counter(short.values())
    return {name: short[name] if counts[short[name]] == 1 else name for name in whole}


def _merge(rows: Iterable[ResultRow]) -> list[ResultRow]:
    """Return rows of which none is there twice: other seeds of the same row add to it.

    :raises ValueError: if two files tell differently of the same trials.
    """
    merged: dict[tuple[str, str], ResultRow] = {}
    for row in rows:
        place = (row.key, row.policy)
        merged[place] = _join(merged[place], row) if place in merged else row
    return list(merged.values())


def _join(one: ResultRow, other: ResultRow) -> ResultRow:
    known = {trial.seed: trial for trial in one.trials}
    more = [trial for trial in other.trials if known.get(trial.seed) != trial]
    clash = [trial.seed for trial in more if trial.seed in known]
    if clash or not (one.trials and other.trials):
        what = f'seed {clash[0]} ends otherwise' if clash else 'one does not hold its trials'
        raise ValueError(
            f'{one.source} and {other.source} both tell of {one.policy} in {one.summary.suite}, '
            f'{one.name}, and {what}: give only one of them'
        )
    trials = sorted([*one.trials, *more], key=lambda trial: trial.seed)
    summary = one.summary
    place = (summary.suite, summary.world, summary.season, summary.policy)
    is_reference = one.is_reference and other.is_reference
    joined = replace(one, trials=tuple(trials), is_reference=is_reference)
    return replace(joined, summary=summarise(*place, trials))


def pair_rows(first: ResultRow, second: ResultRow) -> PairedDifference | None:
    """Return how the second row differs from the first on the seeds of both; None without any."""
    shared = {trial.seed for trial in first.trials} & {trial.seed for trial in second.trials}
    if not shared:
        return None
    sides = (
        sorted((trial for trial in row.trials if trial.seed in shared), key=lambda t: t.seed)
        for row in (first, second)
    )
    return compare_pairs(*sides)
