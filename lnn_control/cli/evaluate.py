# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control evaluate`: trials closed loop, one a seed, and the success rates."""

import errno
import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from lnn_control.cli import options
from lnn_control.cli.evaluation_tables import (
    Row,
    print_causes,
    print_pairs,
    print_stress,
    print_summary,
    print_table,
)
from lnn_control.cli.scenarios import (
    DEFAULT_TASK,
    STRESS,
    Camera,
    Scenario,
    check_trained,
    check_trials,
    choose_task,
    list_scenarios,
    list_stress,
    make_env,
)
from lnn_control.core.provenance import describe_versions
from lnn_control.core.work import Place
from lnn_control.deploy.provide import provide_policy
from lnn_control.evaluation.pairs import compare_pairs
from lnn_control.evaluation.row_names import name_row
from lnn_control.evaluation.suite import Crew, run_jobs, summarise, write_records
from lnn_control.evaluation.trial import TrialResult
from lnn_control.evaluation.trial_log import TrialLog, open_log
from lnn_control.policies.folders import DEFAULT_POLICY
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.registry import is_blind, make_policy
from lnn_control.policies.runner import RunnerSettings
from lnn_control.reports.run_folder import Setting
from sim.tasks import TASKS
from sim.worlds import SEASONS

TRIALS, SUMMARY = 'trials.jsonl', 'summary.json'


@dataclass(frozen=True)
class Evaluate:
    """Fly one trial a seed and report the success rate with its 95 % Wilson interval.

    Either a task in the world and season asked for, or a suite of tasks, worlds and cameras.
    """

    policy: options.PolicyName = DEFAULT_POLICY
    backend: options.BackendName = None
    against: options.OtherPolicies = ()
    task: options.TaskNameOrAll = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    suite: str | None = None
    """Instead of a task, several rows: fly_to_target, seasons, range, stress, follow, hike, rover,
    road or cameras."""
    episodes: options.Episodes = 100
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
    seasons = seasons[:1] if all(map(is_blind, list_flown(job))) else seasons
    tasks = [
        choose_task(name, world, season, job.task_option, job.distance)
        for name in names
        for world in (TASKS.find(name).worlds if job.world == options.ALL else (job.world,))
        for season in seasons
    ]
    return [Scenario(task.name, task) for task in tasks]


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
    cells = list_stress(job.disturbance, job.level)
    if job.suite == STRESS:
        return [scenario for scenario in scenarios if scenario.stress in cells]
    if job.disturbance is None:
        raise ValueError(f'--level has no effect: it needs --disturbance or --suite {STRESS}')
    return [replace(one, stress=cell) for one in scenarios for cell in cells[1:]]


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Evaluate, 'evaluate', arguments)
    check_trials(job.episodes, job.first_seed, job.processes)
    choose_place(job)
    scenarios = choose_scenarios(job, options.list_given(arguments))
    check_policies(job, scenarios)
    if job.json is not None:
        prepare_file(job.json)
    if job.output is not None:
        from lnn_control.cli.report import require_report_modules

        require_report_modules()
        job.output.mkdir(parents=True, exist_ok=True)
        forget_flights(job.output)
    all_rows = fly_all(job, scenarios)
    # Those of --policy come first.
    rows = all_rows[: len(scenarios)]
    if job.json is not None:
        write_summaries(job, job.json, scenarios, all_rows)
    show(scenarios, rows)
    row_names = [name_row(describe(job, scenario)) for scenario in scenarios]
    print_causes(row_names, all_rows)
    if job.against:
        print_pairs(row_names, rows, all_rows[len(scenarios) :])
    if job.output is not None:
        write_summaries(job, job.output / SUMMARY, scenarios, all_rows)
        print(f'page: {write_page(job, job.output, scenarios, rows).resolve()}')
    return 0


def check_policies(job: Evaluate, scenarios: list[Scenario]) -> None:
    """Check who flies now, rather than in every process.

    :raises ValueError: if a policy cannot be made. :raises DomainError: if one was not trained for
        a scenario.
    """
    for name in list_flown(job):
        flown = provide_policy(name, job.backend)
        if not is_blind(name):
            policy = make_policy(flown)
            if not job.allow_untrained:
                check_trained(policy, scenarios)


def fly_all(job: Evaluate, scenarios: list[Scenario]) -> list[Row]:
    """Fly every policy through every scenario and return its rows, one policy after another."""
    rows: list[Row] = []
    with open_trials(job) as log:
        for name in list_flown(job):
            results = run_all(job, scenarios, log, name)
            rows += [
                (summarise(**describe_row(job, scenario), policy=name, results=done), done)
                for scenario, done in results.items()
            ]
    return rows


def forget_flights(folder: Path) -> None:
    """Remove what an earlier evaluation recorded in a folder: its page shows others now."""
    for pattern in ('flights/*.npz', 'videos/*.mp4'):
        for path in folder.glob(pattern):
            path.unlink()


def write_page(job: Evaluate, folder: Path, scenarios: list[Scenario], rows: list[Row]) -> Path:
    """Fly some trials again to record them, and write a page with their videos."""
    from lnn_control.cli.evaluation_page import (
        FlownRow,
        Recording,
        write_evaluation_page,
    )

    flown = [
        FlownRow(name_row(describe(job, scenario)), scenario, *row)
        for scenario, row in zip(scenarios, rows, strict=True)
    ]
    settings = {name: _write(value) for name, value in asdict(job).items() if value is not None}
    runner, flown_by = _choose_runner(job), provide_policy(job.policy, job.backend)
    return write_evaluation_page(
        folder, flown, Recording(flown_by, choose_place(job), runner, settings)
    )


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


def list_flown(job: Evaluate) -> list[str]:
    """Return who flies.

    :raises ValueError: if one is named twice.
    """
    names = [job.policy, *job.against]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f'--policy and --against name {twice[0]} twice: the same trials again')
    return names


def identify_run(job: Evaluate, policy: str) -> str:
    """Return a digest of all that results depend on beside the row and the seed."""
    packed = pack_policy(provide_policy(policy, job.backend))
    told = [packed.text, job.limits, job.allow_untrained, describe_versions()]
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
    for name, data in sorted(packed.files.items()):
        digest.update(name.encode() + data)
    return digest.hexdigest()[:16]


@contextmanager
def open_trials(job: Evaluate) -> Iterator[TrialLog]:
    """Open the file of the single trials, or none."""
    if job.output is None:
        yield TrialLog()
        return
    runs = frozenset(identify_run(job, name) for name in list_flown(job))
    with open_log(job.output / TRIALS, runs) as (log, num_dropped):
        if num_dropped:
            print(
                f'{job.output / TRIALS}: {num_dropped} trials of other policies, settings or '
                'versions are left out'
            )
        yield log


def run_all(
    job: Evaluate,
    scenarios: list[Scenario],
    log: TrialLog | None = None,
    policy: str | None = None,
) -> dict[Scenario, list[TrialResult]]:
    """Fly every trial that a log does not hold yet, write it there as it comes, and return all.

    :param policy: who flies; the job's first one if not given.
    :return: by their scenario, in the order of the seeds.
    """
    log, policy = log or TrialLog(), policy or job.policy
    # Nobody reads it where no trial is written down.
    run = identify_run(job, policy) if job.output is not None else ''
    keys = {
        scenario: describe(job, scenario) | {'policy': policy, 'run': run}
        for scenario in scenarios
    }
    seeds = range(job.first_seed, job.first_seed + job.episodes)
    found = {scenario: log.recall(key) for scenario, key in keys.items()}
    jobs = [(one, seed) for one in scenarios for seed in seeds if seed not in found[one]]
    for scenario, result in run_with_progress(job, policy, jobs, len(scenarios) * len(seeds)):
        found[scenario][result.seed] = result
        log.note(keys[scenario], result)
    return {scenario: [found[scenario][seed] for seed in seeds] for scenario in scenarios}


def describe(job: Evaluate, scenario: Scenario) -> dict[str, Any]:
    """Return what names a scenario in files; one season may stand for all."""
    is_all = job.season == options.ALL and all(map(is_blind, list_flown(job)))
    return scenario.describe() | ({'season': options.ALL} if is_all else {})


def describe_row(job: Evaluate, scenario: Scenario) -> dict[str, str]:
    """Return suite, world and season of a scenario."""
    described = describe(job, scenario)
    return {name: described[name] for name in ('suite', 'world', 'season')}


def run_with_progress(
    job: Evaluate, policy: str, jobs: list[tuple[Scenario, int]], total: int
) -> Iterator[tuple[Scenario, TrialResult]]:
    """Yield the results of scenarios and seeds while a bar shows how far it is.

    :param policy: who flies.
    :param total: trials, with those that need not be flown any more.
    """
    from rich.progress import Progress

    if not jobs:
        return
    make = partial(make_env, is_blind=is_blind(policy))
    packed = pack_policy(provide_policy(policy, job.backend))
    crew = Crew(make, packed, _choose_runner(job))
    results = run_jobs(crew, jobs, choose_place(job))
    with Progress() as progress:
        bar = progress.add_task('', total=total, completed=total - len(jobs))
        for (scenario, _), result in zip(jobs, results, strict=True):
            named = describe(job, scenario).values()
            words = [f'{value}' for value in named if value and not isinstance(value, dict)]
            progress.update(bar, advance=1, description=' '.join(dict.fromkeys(words)))
            yield scenario, result


def write_summaries(job: Evaluate, path: Path, scenarios: list[Scenario], rows: list[Row]) -> None:
    """Write the summary, or a list of them, one policy after another, each with its trials."""
    versions: dict[str, Any] = {'first_seed': job.first_seed, 'versions': describe_versions()}
    if not job.limits:
        versions['limits'] = False
    if job.backend is not None:
        versions['backend'] = job.backend
    records = [
        asdict(summary) | describe(job, scenario) | versions
        for scenario, (summary, _) in zip(itertools.cycle(scenarios), rows, strict=False)
    ]
    for place, record in enumerate(records[len(scenarios) :], start=len(scenarios)):
        pair = compare_pairs(rows[place % len(scenarios)][1], rows[place][1])
        low, high = pair.interval
        record['against'] = asdict(pair) | {
            'policy': job.policy,
            'difference': pair.difference,
            'low': low,
            'high': high,
            'p_value': pair.p_value,
        }
    for record, (_, results) in zip(records, rows, strict=True):
        record['trials'] = [asdict(result) for result in results]
    path.write_text(write_records(records) + '\n', encoding='utf-8')


def show(scenarios: list[Scenario], rows: list[Row]) -> None:
    """Print what suits: one summary, one row each, or the drops of the stress suite."""
    if all(scenario.suite == STRESS for scenario in scenarios) and len(rows) > 1:
        print_stress(dict(zip((scenario.stress for scenario in scenarios), rows, strict=True)))
    elif len(rows) > 1:
        print_table(rows, [describe_rest(scenario) for scenario in scenarios])
    else:
        print_summary(*rows[0])


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
