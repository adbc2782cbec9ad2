# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control evaluate`: suites of seeds closed loop, and the success rates."""

import errno
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tyro

from lnn_control.cli.evaluation_tables import print_stress, print_summary, print_table
from lnn_control.cli.trials import REFERENCES, choose_task, make_env, make_policy
from lnn_control.core.checks import check_number
from lnn_control.core.provenance import describe_versions
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.suite import SuiteSummary, run_cells, summarise
from lnn_control.evaluation.trial import TrialResult
from lnn_control.policies.checkpoint import DEFAULT_CHECKPOINT, find_checkpoint, load_policy

if TYPE_CHECKING:
    from sim.tasks import Task

ALL = 'all'
STRESS = 'stress'
"""The suite of all disturbances; every other suite has the name of its task."""

STRESS_TASK = 'fly_to_target'


@dataclass(frozen=True)
class Evaluate:
    """Do one trial a seed and report the success rate with its 95 % Wilson interval."""

    checkpoint: str = DEFAULT_CHECKPOINT
    """A folder, the name of a shipped checkpoint, 'expert' or 'hover'."""
    suite: str = 'fly_to_target'
    """What is asked: a task, stress: fly_to_target under disturbances, or all: every task."""
    episodes: int = 100
    """Number of episodes, one a seed, in each world and season, disturbance and level."""
    first_seed: int = 2_000_000
    """Test seeds start at 2000000, validation seeds at 1000000."""
    world: str | None = None
    """World of the trials; the task's first one if not given; all: every one of the task's."""
    season: str = 'summer'
    """Season of the world; all: every one. They differ in looks only: who does not look, such as
    the expert, does one for all."""
    disturbance: str | None = None
    """Of stress: one disturbance by its name; all if not given."""
    level: int | None = None
    """Of stress: 1 (mild), 2 or 3 (severe); all if not given."""
    json: Path | None = None
    """File for the summary as JSON; a list where there is more than one."""
    results: Path | None = None
    """File for every trial, one JSON object a line."""
    processes: int = 0
    """Simulators side by side; 0 is one a core."""


@dataclass(frozen=True)
class Cell:
    """One row of the results: a task in a world and season, and what disturbs it."""

    task: 'Task'
    stress: StressCell = CLEAN


def sees(job: Evaluate) -> bool:
    """Return whether the policy looks at the images."""
    return job.checkpoint not in REFERENCES


def make_cell_env(looks: bool, cell: Cell) -> Any:
    """Return the environment of a cell's trials.

    :param looks: whether anybody looks at the images.
    """
    return make_env(cell.task, looks, cell.stress)


def choose_tasks(job: Evaluate) -> 'list[Task]':
    """Return what is asked for, in every world and season asked for.

    :raises ValueError: if there is no such suite, world or season.
    """
    from sim.tasks import TASKS
    from sim.worlds import SEASONS

    names = sorted([*TASKS, STRESS, ALL])
    if job.suite not in names:
        raise ValueError(f'suite must be one of {names}, got {job.suite!r}')
    chosen = {STRESS: [STRESS_TASK], ALL: list(TASKS)}.get(job.suite, [job.suite])
    seasons = list(SEASONS) if job.season == ALL else [job.season]
    seasons = seasons if sees(job) else seasons[:1]
    tasks = [
        choose_task(name, world, season)
        for name in chosen
        for world in (TASKS[name].worlds if job.world == ALL else (job.world,))
        for season in seasons
    ]
    if job.suite == STRESS and len(tasks) > 1:
        raise ValueError('suite stress needs one world and one season, got all')
    return tasks


def choose_stress(disturbance: str | None, level: int | None) -> list[StressCell]:
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


def choose_cells(job: Evaluate) -> list[Cell]:
    """Return all rows of the results.

    :raises ValueError: if an option has no such value.
    """
    tasks = choose_tasks(job)
    if job.suite == STRESS:
        return [Cell(tasks[0], stress) for stress in choose_stress(job.disturbance, job.level)]
    if not (job.disturbance is None and job.level is None):
        raise ValueError(f'disturbance and level need suite stress, got {job.suite!r}')
    return [Cell(task) for task in tasks]


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = tyro.cli(Evaluate, args=arguments, prog='lnn-control evaluate')
    check_number('episodes', job.episodes, 1)
    check_number('first_seed', job.first_seed, 0)
    check_number('processes', job.processes, 0)
    cells = choose_cells(job)
    for path in (job.json, job.results):
        if path is not None:
            prepare_file(path)
    if job.checkpoint not in REFERENCES:
        load_policy(find_checkpoint(job.checkpoint))
    results: dict[Cell, list[TrialResult]] = {}
    with open(job.results or os.devnull, 'w') as lines:
        for cell, result in run_with_progress(job, cells):
            results.setdefault(cell, []).append(result)
            print(json.dumps(describe(job, cell) | asdict(result)), file=lines, flush=True)
    summaries = {
        cell: summarise(**describe_row(job, cell), policy=job.checkpoint, results=done)
        for cell, done in results.items()
    }
    if job.json is not None:
        write_summaries(job, job.json, summaries)
    show(job, summaries, results)
    return 0


def describe_row(job: Evaluate, cell: Cell) -> dict[str, str]:
    """Return suite, world and season of a cell."""
    suite = STRESS if job.suite == STRESS else cell.task.name
    season = ALL if job.season == ALL and not sees(job) else cell.task.season
    return {'suite': suite, 'world': cell.task.world, 'season': season}


def describe(job: Evaluate, cell: Cell) -> dict[str, Any]:
    """Return what names a cell in files."""
    return describe_row(job, cell) | (asdict(cell.stress) if job.suite == STRESS else {})


def run_with_progress(job: Evaluate, cells: list[Cell]) -> Iterator[tuple[Cell, TrialResult]]:
    """Yield every cell's results while a bar shows how far it is."""
    from rich.progress import Progress

    seeds = range(job.first_seed, job.first_seed + job.episodes)
    trials = run_cells(
        partial(make_cell_env, sees(job)),
        partial(make_policy, job.checkpoint),
        cells,
        seeds,
        job.processes or None,
    )
    with Progress() as progress:
        bar = progress.add_task('', total=len(cells) * len(seeds))
        for cell, result in trials:
            words = [str(word) for word in describe(job, cell).values() if word]
            progress.update(bar, advance=1, description=' '.join(words))
            yield cell, result


def write_summaries(job: Evaluate, path: Path, summaries: dict[Cell, SuiteSummary]) -> None:
    """Write the summary, or a list of them."""
    versions = {'versions': describe_versions()}
    records = [
        asdict(summary) | describe(job, cell) | versions for cell, summary in summaries.items()
    ]
    is_list = job.suite == STRESS or len(records) > 1
    path.write_text(json.dumps(records if is_list else records[0], indent=2) + '\n')


def show(
    job: Evaluate,
    summaries: dict[Cell, SuiteSummary],
    results: dict[Cell, list[TrialResult]],
) -> None:
    """Print what suits: one summary, one row each, or the drops of the stress suite."""
    rows = [(summaries[cell], results[cell]) for cell in summaries]
    if job.suite == STRESS:
        print_stress({cell.stress: (summaries[cell], results[cell]) for cell in summaries})
    elif len(rows) > 1:
        print_table(rows)
    else:
        print_summary(*rows[0])


def prepare_file(path: Path) -> None:
    """Make the folder of a file that is written in the end, so that errors come first.

    :raises OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
