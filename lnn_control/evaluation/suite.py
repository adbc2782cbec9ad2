# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Many trials of one policy: in parallel, one result a seed, summed up in the end."""

import json
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from lnn_control.core.work import Place, Work, share_work
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.evaluation.trial import TrialResult, run_trial
from lnn_control.policies.cockpit import Cockpit, EnvironmentFactory, PolicyFactory
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import RunnerSettings

Cell = TypeVar('Cell', bound=Hashable)


@dataclass(frozen=True)
class SuiteSummary:
    """Success over a suite, in the form of the results file."""

    suite: str
    world: str
    season: str
    policy: str
    episodes: int
    successes: int
    success_rate: float
    wilson_low: float
    wilson_high: float


def summarise(
    suite: str, world: str, season: str, policy: str, results: list[TrialResult]
) -> SuiteSummary:
    """Return the success rate of results with its 95 % Wilson interval."""
    successes = sum(result.is_success for result in results)
    low, high = wilson_interval(successes, len(results))
    rate = successes / len(results)
    return SuiteSummary(suite, world, season, policy, len(results), successes, rate, low, high)


REFERENCES = 'references'
"""Where a record holds those of who flew beside it to tell what its rate is worth."""


def write_records(records: Sequence[Mapping[str, Any]]) -> str:
    """Return records as JSON, one as an object and several as a list; their trials, a line each.

    :param records: summaries and what else describes a row, with its 'trials' as dicts, and such
        records again as its 'references' where it has some.
    """
    texts = [_write_record(record) for record in records]
    several = ',\n'.join(texts)
    return several if len(texts) == 1 else f'[\n{several}\n]'


def _write_record(record: Mapping[str, Any]) -> str:
    rest = {k: v for k, v in record.items() if k not in ('trials', REFERENCES)}
    head = json.dumps(rest, indent=2)[:-2]
    trials = ',\n'.join(f'    {json.dumps(trial)}' for trial in record['trials'])
    text = f'{head},\n  "trials": [\n{trials}\n  ]'
    if REFERENCES in record:
        texts = ',\n'.join(map(_write_record, record[REFERENCES]))
        text += f',\n  "{REFERENCES}": [\n{texts}\n  ]'
    return f'{text}\n}}'


@dataclass(frozen=True)
class Crew:
    """Who makes what flies, and flies it, in every process; all of it picklable.

    :param make_env: of a cell. :param make_policy: of an environment.
    :param settings: of what steps the policies.
    :param fly: flies a seed: called with environment, policy, seed and settings.
    """

    make_env: EnvironmentFactory
    make_policy: PolicyFactory
    settings: RunnerSettings | None = None
    fly: Callable[[Any, Policy, int, RunnerSettings | None], Any] = run_trial


class _Station(NamedTuple):
    """What a process flies trials with."""

    crew: Crew
    cockpit: Cockpit[Policy]


def _enter(crew: Crew) -> _Station:
    import torch

    torch.set_num_threads(1)
    return _Station(crew, Cockpit(crew.make_env, crew.make_policy))


def _run_job(station: _Station, job: tuple[Hashable, int]) -> Any:
    cell, seed = job
    env, policy = station.cockpit.enter(cell)
    return station.crew.fly(env, policy, seed, station.crew.settings)


def run_jobs(
    crew: Crew, jobs: Sequence[tuple[Hashable, int]], processes: Place = None
) -> Iterator[Any]:
    """Return an iterator over what comes of each job, in their order.

    :param jobs: cells, hashable and picklable, with a seed each. :param processes: one a core if
        None, or a cluster's. Results do not depend on it.
    """
    return share_work(Work(_run_job, _enter, (crew,)), jobs, processes)


def run_cells(
    make_env: EnvironmentFactory,
    make_policy: PolicyFactory,
    cells: Sequence[Cell],
    seeds: range,
    processes: Place = None,
    settings: RunnerSettings | None = None,
) -> Iterator[tuple[Cell, TrialResult]]:
    """Return an iterator over one result a cell and seed: cell by cell, seeds in order.

    :param make_env: picklable. :param make_policy: picklable.
    :param cells: kinds of trials, such as tasks or disturbances; hashable and picklable.
    :param processes: one a core if None, or a cluster's. Results do not depend on it.
    :param settings: of what steps the policies.
    """
    jobs = [(cell, seed) for cell in cells for seed in seeds]
    results = run_jobs(Crew(make_env, make_policy, settings), jobs, processes)
    return ((cell, result) for (cell, _), result in zip(jobs, results, strict=True))
