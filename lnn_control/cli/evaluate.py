# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control evaluate`: fly a suite of seeds closed loop and report the success rate."""

import errno
import json
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from lnn_control.cli.stress_table import name_cell, print_stress
from lnn_control.cli.trials import REFERENCES, choose_task, make_env, make_policy
from lnn_control.core.checks import check_number
from lnn_control.core.provenance import describe_versions
from lnn_control.evaluation.stress import CLEAN, StressCell, run_cells
from lnn_control.evaluation.trial import TrialResult
from lnn_control.policies.checkpoint import DEFAULT_CHECKPOINT, find_checkpoint, load_policy

if TYPE_CHECKING:
    from sim.tasks import Task

STRESS = 'stress'
"""The suite of all disturbances; every other suite has the name of its task."""

STRESS_TASK = 'fly_to_target'


@dataclass(frozen=True)
class Evaluate:
    """Fly one episode a seed and report the success rate with its 95 % Wilson interval."""

    checkpoint: str = DEFAULT_CHECKPOINT
    """A folder, the name of a shipped checkpoint, 'expert' or 'hover'."""
    suite: str = 'fly_to_target'
    """What is asked of the policy: a task, or stress: fly_to_target under disturbances."""
    episodes: int = 100
    """Number of episodes, one a seed; of stress, for each disturbance and level."""
    first_seed: int = 2_000_000
    """Test seeds start at 2000000, validation seeds at 1000000."""
    world: str | None = None
    """World of the trials; the task's first one if not given."""
    season: str = 'summer'
    """Season of the world."""
    disturbance: str | None = None
    """Of stress: one disturbance by its name; all if not given."""
    level: int | None = None
    """Of stress: 1 (mild), 2 or 3 (severe); all if not given."""
    json: Path | None = None
    """File for the summary as JSON; of stress, a list with one for each disturbance and level."""
    results: Path | None = None
    """File for every trial, one JSON object a line."""
    processes: int = 0
    """Simulators side by side; 0 is one a core."""


def choose_suite_task(job: Evaluate) -> 'Task':
    """Return what a suite asks for.

    :raises ValueError: if there is no such suite, world or season.
    """
    from sim.tasks import TASKS

    names = sorted([*TASKS, STRESS])
    if job.suite not in names:
        raise ValueError(f'suite must be one of {names}, got {job.suite!r}')
    return choose_task(STRESS_TASK if job.suite == STRESS else job.suite, job.world, job.season)


def choose_cells(disturbance: str | None, level: int | None) -> list[StressCell]:
    """Return the clean run and all disturbances and levels that were not ruled out.

    :raises ValueError: if there is no such disturbance or level.
    """
    from sim.disturbances import DISTURBANCES, NUM_LEVELS, make_disturbance

    names = list(DISTURBANCES) if disturbance is None else [disturbance]
    levels = range(1, NUM_LEVELS + 1) if level is None else [level]
    cells = [StressCell(name, number) for name in names for number in levels]
    for cell in cells:
        make_disturbance(cell.disturbance or '', cell.level)
    return [CLEAN, *cells]


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = tyro.cli(Evaluate, args=arguments, prog='lnn-control evaluate')
    check_job(job)
    for path in (job.json, job.results):
        if path is not None:
            prepare_file(path)
    if job.checkpoint not in REFERENCES:
        load_policy(find_checkpoint(job.checkpoint))
    if job.suite == STRESS:
        return run_stress(job)
    return run_task(job)


def check_job(job: Evaluate) -> None:
    """Check everything that needs no file.

    :raises ValueError: if an option has no such value.
    """
    choose_suite_task(job)
    check_number('episodes', job.episodes, 1)
    check_number('first_seed', job.first_seed, 0)
    check_number('processes', job.processes, 0)
    choose_cells(job.disturbance, job.level)
    if job.suite != STRESS and not (job.disturbance is None and job.level is None):
        raise ValueError(f'disturbance and level need suite stress, got {job.suite!r}')


def run_task(job: Evaluate) -> int:
    """Do every seed's trial once, write and print the summary."""
    from rich.progress import track

    from lnn_control.evaluation.suite import run_suite, summarise

    task = choose_suite_task(job)
    seeds = range(job.first_seed, job.first_seed + job.episodes)
    trials = run_suite(
        partial(make_env, task, job.checkpoint not in REFERENCES),
        partial(make_policy, job.checkpoint),
        seeds,
        job.processes or None,
    )
    results = []
    with open(job.results or os.devnull, 'w') as lines:
        for result in track(trials, f'{task.name} {task.world} {task.season}', total=len(seeds)):
            results.append(result)
            print(json.dumps(asdict(result)), file=lines, flush=True)
    summary = summarise(job.suite, task.world, task.season, job.checkpoint, results)
    if job.json is not None:
        record = asdict(summary) | {'versions': describe_versions()}
        job.json.write_text(json.dumps(record, indent=2) + '\n')
    print_summary(summary, results)
    return 0


def run_stress(job: Evaluate) -> int:
    """Fly every seed clean and under every disturbance, write and print one summary each."""
    from lnn_control.evaluation.suite import summarise

    task = choose_suite_task(job)
    results: dict[StressCell, list[TrialResult]] = {}
    with open(job.results or os.devnull, 'w') as lines:
        for cell, result in fly_cells(job):
            results.setdefault(cell, []).append(result)
            print(json.dumps(asdict(result) | asdict(cell)), file=lines, flush=True)
    summaries = {
        cell: summarise(job.suite, task.world, task.season, job.checkpoint, flown)
        for cell, flown in results.items()
    }
    if job.json is not None:
        versions = {'versions': describe_versions()}
        records = [asdict(summaries[cell]) | asdict(cell) | versions for cell in summaries]
        job.json.write_text(json.dumps(records, indent=2) + '\n')
    print_stress(summaries, results)
    return 0


def fly_cells(job: Evaluate) -> Iterator[tuple[StressCell, TrialResult]]:
    """Yield every cell's results while a bar shows how far it is."""
    from rich.progress import Progress

    seeds = range(job.first_seed, job.first_seed + job.episodes)
    cells = choose_cells(job.disturbance, job.level)
    trials = run_cells(
        partial(make_env, choose_suite_task(job), job.checkpoint not in REFERENCES),
        partial(make_policy, job.checkpoint),
        cells,
        seeds,
        job.processes or None,
    )
    with Progress() as progress:
        bar = progress.add_task('', total=len(cells) * len(seeds))
        for cell, result in trials:
            progress.update(bar, advance=1, description=name_cell(cell))
            yield cell, result


def prepare_file(path: Path) -> None:
    """Make the folder of a file that is written in the end, so that errors come first.

    :raises OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def print_summary(summary: Any, results: list[Any]) -> None:
    """Print the summary as a table."""
    from rich.console import Console
    from rich.table import Table

    def mean(name: str) -> float:
        chosen = [getattr(result, name) for result in results if result.is_success]
        return sum(chosen) / len(chosen) if chosen else float('nan')

    table = Table(title=f'{summary.suite}: {summary.policy}')
    interval = f'{summary.wilson_low:.1%} to {summary.wilson_high:.1%}'
    outcomes = Counter(result.outcome for result in results)
    rows = {
        'world': f'{summary.world} {summary.season}',
        'success': f'{summary.successes} of {summary.episodes} = {summary.success_rate:.1%}',
        '95 % Wilson interval': interval,
        'outcomes': ', '.join(f'{name} {count}' for name, count in outcomes.most_common()),
        'time [s]': f'{mean("duration"):.1f}',
        'path over shortest': f'{mean("path_ratio"):.2f}',
        'smallest clearance [m]': f'{mean("clearance"):.2f}',
        'command change [m/s^2]': f'{mean("command_change"):.2f}',
    }
    table.add_column('measure')
    table.add_column('value')
    for name, value in rows.items():
        table.add_row(name, value)
    Console().print(table)
    print('Times, paths and clearances are means over the successful trials.')
