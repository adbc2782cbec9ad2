# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The page of `lnn-control evaluate --output`: which trials it shows, flown again and recorded."""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from lnn_control.cli.report import draw_with_progress
from lnn_control.cli.scenarios import Scenario, make_env
from lnn_control.cli.task_words import describe_task
from lnn_control.core.circuit import Circuit
from lnn_control.core.flight import FlightRecord, save_flight
from lnn_control.core.provenance import describe_versions
from lnn_control.core.work import Place
from lnn_control.evaluation.flight import FlightName, note_trial, to_line
from lnn_control.evaluation.recording import RecordedTrial, record_trial
from lnn_control.evaluation.selection import ChosenTrial, choose_trials
from lnn_control.evaluation.suite import Crew, SuiteSummary, run_jobs
from lnn_control.evaluation.trial import TrialResult
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.policy import Policy
from lnn_control.policies.registry import is_blind, make_policy
from lnn_control.policies.runner import RunnerSettings
from lnn_control.reports.run_folder import (
    FLIGHTS,
    RESULTS,
    RunDescription,
    Setting,
    TrialRow,
    write_description,
)

MAX_PICTURED = 8
"""Rows of which a page shows flights; more would take minutes and hundreds of megabytes."""


@dataclass(frozen=True, eq=False)
class FlownRow:
    """All trials of one scenario. :param name: what sets it apart, in words."""

    name: str
    scenario: Scenario
    summary: SuiteSummary
    results: list[TrialResult]


@dataclass(frozen=True)
class Recording:
    """How trials are flown again.

    :param policy: as the user wrote it. :param processes: where.
    :param runner: of what steps the policy. :param settings: of the run, for the page.
    """

    policy: str
    processes: Place
    runner: RunnerSettings
    settings: Mapping[str, Setting]


def choose_rows(rows: Sequence[FlownRow]) -> list[FlownRow]:
    """Return the rows that are shown: all if they are few, else the first and the worst ones."""
    if len(rows) <= MAX_PICTURED:
        return list(rows)
    first, *others = rows
    worst = sorted(others, key=lambda row: row.summary.success_rate)[: MAX_PICTURED - 1]
    return [row for row in rows if row is first or row in worst]


def choose_rows_of_suites(rows: Sequence[FlownRow]) -> list[FlownRow]:
    """Return the row with the lowest rate of each suite."""
    worst: dict[str, FlownRow] = {}
    for row in rows:
        other = worst.setdefault(row.scenario.suite, row)
        if row.summary.success_rate < other.summary.success_rate:
            worst[row.scenario.suite] = row
    return list(worst.values())


def name_folders(policies: Sequence[str]) -> list[str]:
    """Return a folder for the flights of each policy: its last part, with a number if need be."""
    names: list[str] = []
    for policy in policies:
        name = re.sub(r'[^\w.-]+', '_', Path(policy).name) or 'policy'
        twins = sum(other == name or other.startswith(f'{name}-') for other in names)
        names.append(f'{name}-{twins + 1}' if twins else name)
    return names


def write_evaluation_page(folder: Path, rows: Sequence[FlownRow], recording: Recording) -> Path:
    """Fly the best, the median and the worst trial of rows again and write a page about them."""
    record_flights(folder, rows, choose_rows(rows), recording)
    return draw_with_progress(folder)


def record_flights(
    folder: Path, rows: Sequence[FlownRow], shown: Sequence[FlownRow], recording: Recording
) -> None:
    """Fly the best, the median and the worst trial of rows again and make a run folder of them.

    :param shown: those of the rows of which flights are recorded.
    """
    (folder / FLIGHTS).mkdir(parents=True, exist_ok=True)
    chosen = [(row, trial) for row in shown for trial in choose_trials(row.results)]
    lines, pairs = [], []
    for number, (row, trial, record) in enumerate(record_all(chosen, recording), start=1):
        result, path = trial.result, f'{FLIGHTS}/{number}_{trial.result.seed}.npz'
        save_flight(folder / path, record.with_site)
        task = row.scenario.task
        name = FlightName(
            task.world, task.season, result.seed, recording.policy, path, row.name, trial.role
        )
        lines.append(to_line(note_trial(name, record.trial)))
        pairs.append((row, result, record.trial.result))
    (folder / RESULTS).write_text('\n'.join(lines) + '\n', encoding='utf-8')
    notes = (*_describe_choice(rows, shown), *describe_strays(pairs))
    write_description(folder, describe_trials(rows, recording, notes))


@dataclass(frozen=True, eq=False)
class SitedTrial:
    """A recorded trial, and its flight with the map."""

    trial: RecordedTrial
    with_site: FlightRecord


def record_all(
    chosen: Sequence[tuple[FlownRow, ChosenTrial]], recording: Recording
) -> Iterator[tuple[FlownRow, ChosenTrial, SitedTrial]]:
    """Yield every chosen trial with its recording while a bar shows how far it is."""
    # Who does not look flies the same whether images are drawn or not: here they are, to be seen.
    is_drawn_for_page = is_blind(recording.policy)
    jobs = [
        (_draw(row.scenario) if is_drawn_for_page else row.scenario, trial.result.seed)
        for row, trial in chosen
    ]
    crew = Crew(make_env, pack_policy(recording.policy), recording.runner, record_on_site)
    with Progress() as progress:
        bar = progress.add_task('recording flights', total=len(jobs))
        for (row, trial), record in zip(
            chosen, run_jobs(crew, jobs, recording.processes), strict=True
        ):
            progress.update(bar, advance=1)
            yield row, trial, record


def record_on_site(
    env: Any, policy: Policy, seed: int, settings: RunnerSettings | None
) -> SitedTrial:
    """Fly and record a trial with a larger view for people, and describe its map."""
    from sim.onlooker import Onlooker
    from sim.site import describe_site

    with closing(Onlooker(env.simulation)) as onlooker:
        trial = record_trial(env, policy, seed, settings, onlooker.look)
    site = describe_site(env.task, env.trial)
    return SitedTrial(trial, FlightRecord(trial.flight, site, trial.clearances))


def _draw(scenario: Scenario) -> Scenario:
    return replace(scenario, renderer='tiny') if scenario.renderer == 'none' else scenario


def describe_trials(
    rows: Sequence[FlownRow], recording: Recording, notes: tuple[str, ...]
) -> RunDescription:
    """Return what flew, how, and on what."""
    has_blinkers = is_blind(recording.policy)
    # Who knows the truth can only be made for an environment, and has no circuit to show.
    policy = None if has_blinkers else make_policy(recording.policy)
    circuit = Circuit() if policy is None else policy.circuit
    return RunDescription(
        created=datetime.now().astimezone().isoformat(timespec='seconds'),
        policy=recording.policy if policy is None else policy.name,
        num_parameters=circuit.num_parameters,
        neuron_groups=circuit.neuron_groups,
        synapses=circuit.synapses,
        kind=circuit.kind,
        settings=dict(recording.settings),
        versions=describe_versions(),
        task=describe_task(type(rows[0].scenario.task)),
        is_blind=has_blinkers,
        rows=tuple(TrialRow(row.name, row.summary) for row in rows),
        notes=notes,
    )


def _describe_choice(rows: Sequence[FlownRow], shown: Sequence[FlownRow]) -> tuple[str, ...]:
    if len(shown) == len(rows):
        return ()
    head = f'Flights are shown of {len(shown)} of the {len(rows)} rows: '
    if len({row.scenario.suite for row in shown}) == len(shown):
        return (f'{head}of each suite that with the lowest rate.',)
    return (f'{head}of the first, and of the {len(shown) - 1} with the lowest rates.',)


def describe_strays(
    pairs: Sequence[tuple[FlownRow, TrialResult, TrialResult]],
) -> tuple[str, ...]:
    """Return a sentence about trials that did not end as before; none where all did.

    :param pairs: row, result, and result when flown again.
    """
    strays = [f'{row.name}, seed {flown.seed}' for row, flown, again in pairs if flown != again]
    if not strays:
        return ()
    return (
        'Flown again to be recorded, these trials did not end as they had in the table: '
        f'{"; ".join(strays)}. What is shown of them is what was recorded.',
    )
