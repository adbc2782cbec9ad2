# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Many trials of one policy: in parallel, one result a seed, summed up in the end."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.evaluation.trial import TrialEnvironment, TrialResult, run_trial
from lnn_control.policies.policy import Policy

EnvironmentFactory = Callable[[], Any]
PolicyFactory = Callable[[Any], Policy]
"""Makes the policy; receives the environment, which experts need and others ignore."""


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


_worker: tuple[TrialEnvironment, Policy] | None = None


def _start_worker(make_env: EnvironmentFactory, make_policy: PolicyFactory) -> None:
    import torch

    global _worker
    torch.set_num_threads(1)
    env = make_env()
    _worker = (env, make_policy(env))


def _run_seed(seed: int) -> TrialResult:
    if _worker is None:
        raise RuntimeError('worker was not started')
    return run_trial(*_worker, seed)


def run_suite(
    make_env: EnvironmentFactory,
    make_policy: PolicyFactory,
    seeds: range,
    processes: int | None = None,
) -> Iterator[TrialResult]:
    """Return an iterator over one result a seed, in the order of the seeds.

    :param make_env: picklable. :param make_policy: picklable.
    :param processes: one a core if None. Results do not depend on it.
    """
    count = min(processes or os.cpu_count() or 1, len(seeds))
    return map_in_processes(
        _run_seed, seeds, Workers(count, _start_worker, (make_env, make_policy))
    )
