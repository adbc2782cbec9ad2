# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Many trials of one policy: in parallel, one result a seed, summed up in the end."""

import os
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.evaluation.trial import TrialResult, run_trial
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import RunnerSettings

EnvironmentFactory = Callable[[Any], Any]
"""Makes an environment; receives the cell that it is for."""
PolicyFactory = Callable[[Any], Policy]
"""Makes the policy; receives the environment, which experts need and others ignore."""

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


_factories: tuple[EnvironmentFactory, PolicyFactory, RunnerSettings | None] | None = None
_current: tuple[Hashable, Any, Policy] | None = None


def _start_worker(
    make_env: EnvironmentFactory, make_policy: PolicyFactory, settings: RunnerSettings | None
) -> None:
    import torch

    global _factories
    torch.set_num_threads(1)
    _factories = (make_env, make_policy, settings)


def _run_trial(job: tuple[Hashable, int]) -> TrialResult:
    global _current
    if _factories is None:
        raise RuntimeError('worker was not started')
    cell, seed = job
    if _current is None or _current[0] != cell:
        if _current is not None:
            _current[1].close()
            _current = None
        env = _factories[0](cell)
        _current = (cell, env, _factories[1](env))
    return run_trial(_current[1], _current[2], seed, _factories[2])


def run_cells(
    make_env: EnvironmentFactory,
    make_policy: PolicyFactory,
    cells: Sequence[Cell],
    seeds: range,
    processes: int | None = None,
    settings: RunnerSettings | None = None,
) -> Iterator[tuple[Cell, TrialResult]]:
    """Return an iterator over one result a cell and seed: cell by cell, seeds in order.

    :param make_env: picklable. :param make_policy: picklable.
    :param cells: kinds of trials, such as tasks or disturbances; hashable and picklable.
    :param processes: one a core if None. Results do not depend on it.
    :param settings: of what steps the policies.
    """
    jobs = [(cell, seed) for cell in cells for seed in seeds]
    workers = Workers(
        min(processes or os.cpu_count() or 1, len(jobs)),
        _start_worker,
        (make_env, make_policy, settings),
    )
    results = map_in_processes(_run_trial, jobs, workers)
    return ((cell, result) for (cell, _), result in zip(jobs, results, strict=True))
