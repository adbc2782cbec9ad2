# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control evaluate`: trials closed loop, one a seed, and the success rates."""

import errno
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import Any

from lnn_control.cli import options
from lnn_control.cli.evaluation_files import SUMMARY, write_summaries
from lnn_control.cli.evaluation_flights import (
    FlightSettings,
    FlownPost,
    describe_time,
    fly_roster,
)
from lnn_control.cli.evaluation_tables import (
    print_causes,
    print_pairs,
    print_stress,
    print_summary,
    print_table,
)
from lnn_control.cli.roster import Part, Request, Roster, describe_left_out, make_roster
from lnn_control.cli.scenarios import (
    ALL_SUITES,
    DEFAULT_TASK,
    STRESS,
    USUAL_EPISODES,
    Camera,
    Scenario,
    check_trials,
    choose_task,
    count_usual_episodes,
    list_scenarios,
    list_stress,
)
from lnn_control.core.work import Place
from lnn_control.deploy.provide import provide_policy
from lnn_control.evaluation.row_names import name_row, name_row_of_suite
from lnn_control.policies.registry import is_blind
from lnn_control.policies.runner import RunnerSettings
from lnn_control.reports.run_folder import DESCRIPTION, POLICIES, RESULTS, Setting
from sim.tasks import TASKS
from sim.worlds import SEASONS


@dataclass(frozen=True)
class Evaluate:
    """Fly one trial a seed and report the success rate with its 95 % Wilson interval.

    Either a task in the world and season asked for, or a suite of tasks, worlds and cameras.
    """

    policy: options.PolicyNames = ()
    backend: options.BackendName = None
    against: options.OtherPolicies = ()
    references: bool = True
    """Do not fly hover and the privileged expert beside every row, 10 trials at most."""
    task: options.TaskNameOrAll = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    suite: str | None = None
    """Instead of a task, several rows: fly_to_target, seasons, range, stress, follow, hike, rover,
    road or cameras; all is every one of them, without the rows that no policy was trained for."""
    episodes: options.EpisodesOrUsual = None
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED
    world: options.WorldNameOrAll = None
    season: options.SeasonNameOrAll = 'summer'
    distance: options.Distance = None
    disturbance: options.DisturbanceName = None
    level: options.Level = None
    camera_fov_deg: options.CameraFov = None
    camera_pitch_deg: options.CameraPitch = None
    camera_rate: options.CameraRate = None
    renderer: options.RendererName = 'tiny'
    allow_untrained: options.AllowUntrained = False
    limits: bool = True
    """Do not hold commands to the vehicle's greatest speeds and accelerations, as the safety node
    does."""
    output: Path | None = None
    """Folder for the single trials as JSON lines, the summary, and a page with the videos of the
    best, the median and the worst trial of each row. Ended before its time, the same command goes
    on with what is there."""
    json: options.JsonFile = None
    processes: options.Processes = 0
    cluster: options.ClusterAddress = None


def choose_scenarios(job: Evaluate, given: set[str] | None = None) -> list[Scenario]:
    """Return all rows of the results.

    :param given: names of the options that the user wrote; None for those that differ from
        their defaults.
    :raises ValueError: if an option has no such value, or no effect.
    """
    if given is None:
        given = {name for name, value in vars(Evaluate()).items() if getattr(job, name) != value}
    scenarios = _choose_suite(job, given) if job.suite is not None else _choose_tasks(job)
    camera = Camera(job.camera_fov_deg, job.camera_pitch_deg, job.camera_rate)
    if camera != Camera():
        scenarios = [replace(scenario, camera=camera) for scenario in scenarios]
    scenarios = [replace(scenario, renderer=job.renderer) for scenario in scenarios]
    if job.disturbance is not None or job.level is not None:
        scenarios = _disturb(job, scenarios)
    return list(dict.fromkeys(scenarios))


def _choose_tasks(job: Evaluate) -> list[Scenario]:
    """Return the task, or every one, in every world and season asked for."""
    names = list(TASKS) if job.task == options.ALL else [job.task]
    seasons = list(SEASONS) if job.season == options.ALL else [job.season]
    # Who does not look flies one season for all.
    flown = [*job.policy, *job.against]
    is_one = job.season == options.ALL and bool(job.policy) and all(map(is_blind, flown))
    label = (('season', options.ALL),) if is_one else ()
    tasks = [
        choose_task(name, world, season, job.task_option, job.distance)
        for name in names
        for world in (TASKS.find(name).worlds if job.world == options.ALL else (job.world,))
        for season in (seasons[:1] if is_one else seasons)
    ]
    return [Scenario(task.name, task, label=label) for task in tasks]


def _choose_suite(job: Evaluate, given: set[str]) -> list[Scenario]:
    """Return a suite, its worlds and seasons replaced where others are asked for."""
    for name in ('task', 'task_option', 'distance'):
        if name in given:
            option = name.replace('_', '-')
            raise ValueError(f'--{option} has no effect: suite {job.suite} has tasks of its own')
    if options.ALL in (job.world, job.season):
        raise ValueError(f'suite {job.suite} needs one world and one season, got all')
    changes = {name: getattr(job, name) for name in ('world', 'season') if name in given}
    scenarios = list_scenarios(job.suite or '')
    if not changes:
        return scenarios
    return [replace(one, task=replace(one.task, **changes)) for one in scenarios]


def _disturb(job: Evaluate, scenarios: list[Scenario]) -> list[Scenario]:
    """Return the scenarios under a disturbance; of the suite stress, those that are left."""
    if job.suite == ALL_SUITES:
        raise ValueError(f'suite {ALL_SUITES} has disturbances of its own: name --suite {STRESS}')
    cells = list_stress(job.disturbance, job.level)
    if job.suite == STRESS:
        return [scenario for scenario in scenarios if scenario.stress in cells]
    if job.disturbance is None:
        raise ValueError(f'--level has no effect: it needs --disturbance or --suite {STRESS}')
    return [replace(one, stress=cell) for one in scenarios for cell in cells[1:]]


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Evaluate, 'evaluate', arguments)
    most = USUAL_EPISODES if job.episodes is None else job.episodes
    check_trials(most, job.first_seed, job.processes)
    settings = choose_settings(job)
    roster = choose_roster(job, choose_scenarios(job, options.list_given(arguments)))
    if job.json is not None:
        prepare_file(job.json)
    if job.output is not None:
        prepare_folder(job.output)
    print_left_out(roster)
    start = time.monotonic()
    rows = fly_roster(roster, settings)
    if job.json is not None:
        write_summaries(job.json, rows, describe_beside(job))
    show(rows, is_by_suite=job.suite == ALL_SUITES)
    if job.output is not None:
        write_summaries(job.output / SUMMARY, rows, describe_beside(job))
        print(f'page: {write_pages(job, job.output, rows, settings).resolve()}')
    num_trials = sum(len(row.results) for row in rows)
    print(f'{num_trials} trials in {len(rows)} rows, {describe_time(time.monotonic() - start)}')
    return 0


def choose_settings(job: Evaluate) -> FlightSettings:
    """Return how trials are flown.

    :raises ValueError: if the options contradict each other.
    """
    return FlightSettings(choose_place(job), _choose_runner(job), job.backend, job.output)


def choose_roster(job: Evaluate, scenarios: Sequence[Scenario]) -> Roster:
    """Choose who flies, rather than in every process.

    :raises ValueError: if a policy cannot be made. :raises DomainError: if one was not trained for
        a scenario.
    """
    request = Request(
        job.policy,
        job.against,
        job.backend,
        job.allow_untrained,
        job.references,
        is_selective=job.suite == ALL_SUITES,
    )
    return make_roster([(one, choose_seeds(job, one)) for one in scenarios], request)


def choose_seeds(job: Evaluate, scenario: Scenario) -> range:
    """Return the seeds of a row."""
    usual = count_usual_episodes(scenario.suite)
    count = usual if job.episodes is None else job.episodes
    return range(job.first_seed, job.first_seed + count)


def print_left_out(roster: Roster) -> None:
    """Say which rows are not flown, and what to do."""
    for line in describe_left_out(roster.left_out):
        print(f'left out: {line}')
    if roster.left_out:
        print('Name a policy that was trained for them with one more --policy.')


def forget_flights(folder: Path) -> None:
    """Remove what an earlier evaluation recorded in a folder: its page shows others now."""
    recorded = ('flights/*.npz', 'videos/*.mp4')
    inner = (f'{POLICIES}/*/{name}' for name in (DESCRIPTION, RESULTS, *recorded))
    for pattern in (*recorded, *inner):
        for path in folder.glob(pattern):
            path.unlink()


def prepare_folder(folder: Path) -> None:
    """Make the folder of a run whose page is written in the end, so that errors come first.

    :raises ModuleNotFoundError: if what draws pages is not installed.
    :raises OSError: if the folder cannot be made.
    """
    from lnn_control.cli.report import require_report_modules

    require_report_modules()
    folder.mkdir(parents=True, exist_ok=True)
    forget_flights(folder)


def write_pages(
    job: Evaluate, folder: Path, rows: Sequence[FlownPost], settings: FlightSettings
) -> Path:
    """Fly some trials again to record them, and write a page with their videos.

    One policy has the page of its run; several, or all suites, one page of results.

    :param settings: how the trials were flown.
    """
    from lnn_control.cli.evaluation_page import (
        FlownRow,
        Recording,
        choose_rows,
        choose_rows_of_suites,
        name_folders,
        record_flights,
        write_evaluation_page,
    )
    from lnn_control.cli.report import write_results_page

    told = {name: _write(value) for name, value in asdict(job).items() if value is not None}
    own = [row for row in rows if row.post.part is Part.OWN]
    policies = list(dict.fromkeys(row.post.policy for row in own))
    is_one = len(policies) == 1 and job.suite != ALL_SUITES
    name = name_row if is_one else name_row_of_suite
    for policy, subfolder in zip(policies, name_folders(policies), strict=True):
        flown = [
            FlownRow(name(row.post.scenario.describe()), row.post.scenario, *row.row)
            for row in own
            if row.post.policy == policy
        ]
        flown_by = provide_policy(policy, job.backend)
        recording = Recording(flown_by, settings.place, settings.runner, told)
        if is_one:
            return write_evaluation_page(folder, flown, recording)
        shown = choose_rows_of_suites(flown) if job.suite == ALL_SUITES else choose_rows(flown)
        record_flights(folder / POLICIES / subfolder, flown, shown, recording)
    return write_results_page((folder,), folder)


def choose_place(job: Evaluate) -> Place:
    """Return where the trials are flown.

    :raises ValueError: if the options contradict each other.
    """
    return options.choose_place(job.processes, job.cluster, job.renderer)


def _choose_runner(job: Evaluate) -> RunnerSettings:
    return RunnerSettings(allow_untrained=job.allow_untrained, is_limited=job.limits)


def _write(value: Any) -> Setting:
    """Return an option's value as a file has it."""
    if isinstance(value, tuple):
        return ' '.join(str(part) for part in value)
    return value if isinstance(value, (bool, int, float, str)) else str(value)


def describe_beside(job: Evaluate) -> dict[str, Any]:
    """Return what all records of a file say of how trials were flown."""
    beside: dict[str, Any] = {'first_seed': job.first_seed}
    if not job.limits:
        beside['limits'] = False
    if job.backend is not None:
        beside['backend'] = job.backend
    return beside


def show(rows: Sequence[FlownPost], is_by_suite: bool) -> None:
    """Print tables of the rates, why trials failed, and how policies differ.

    :param is_by_suite: a table for each suite, rather than one for all rows.
    """
    own = [row for row in rows if row.post.part is Part.OWN]
    references = [row for row in rows if row.post.part is Part.REFERENCE]
    groups = groupby(own, lambda row: row.post.scenario.suite if is_by_suite else '')
    for _, group in groups:
        _show_rows(list(group), references)
    compared = [row for row in rows if row.post.part is not Part.REFERENCE]
    name = name_row_of_suite if is_by_suite else name_row
    names = [name(row.post.scenario.describe()) for row in compared]
    print_causes(names, [row.row for row in compared])
    if len(compared) > len(own):
        first = {row.post.scenario: row.row for row in own}
        pairs = [(first[row.post.scenario], row.row) for row in compared[len(own) :]]
        print_pairs(names[len(own) :], pairs)


def _show_rows(rows: Sequence[FlownPost], references: Sequence[FlownPost]) -> None:
    """Print what suits: one summary, one row each, or the drops of the stress suite."""
    beside = {
        row.post: [one.row for one in references if one.post.scenario == row.post.scenario]
        for row in rows
    }
    if all(row.post.scenario.suite == STRESS for row in rows) and len(rows) > 1:
        cells = {row.post.scenario.stress: row.row for row in rows}
        print_stress(cells, {row.post.scenario.stress: beside[row.post] for row in rows})
    elif len(rows) > 1:
        shown = [(row, one) for row in rows for one in (row.row, *beside[row.post])]
        notes = [describe_rest(row.post.scenario) for row, _ in shown]
        print_table([one for _, one in shown], notes)
    else:
        print_summary(*rows[0].row, beside[rows[0].post])


def describe_rest(scenario: Scenario) -> str:
    """Return what sets a row apart beside its task, world and season."""
    described = scenario.describe()
    described |= {name: value for name, value in described.pop('task_option', {}).items()}
    rest = set(described) - {'suite', 'task', 'world', 'season'}
    return ', '.join(
        f'{name} {value:g}' if isinstance(value, float) else f'{value}'
        for name, value in described.items()
        if name in rest and value
    )


def prepare_file(path: Path) -> None:
    """Make the folder of a file that is written in the end, so that errors come first.

    :raises OSError: if the file cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


OPTIONS = Evaluate
