# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The same seeds with and without disturbances: how much of the success is left."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.evaluation.suite import PolicyFactory
from lnn_control.evaluation.trial import TrialResult, run_trial
from lnn_control.policies.policy import Policy


@dataclass(frozen=True)
class StressCell:
    """One disturbance at one level.

    :param disturbance: its name; None is the clean run.
    :param level: 1 (mild) to 3 (severe); 0 for the clean run.
    """

    disturbance: str | None
    level: int


CLEAN = StressCell(None, 0)

CellEnvironmentFactory = Callable[..., Any]
"""Makes the environment of the cell that it receives as `cell`."""


@dataclass(frozen=True)
class PairedDrop:
    """What a disturbance cost, seed by seed.

    :param drop: clean success rate minus the disturbed one, 0.1 is ten points.
    :param num_lost: seeds that succeed only without the disturbance. :param num_won: only with it.
    """

    drop: float
    num_lost: int
    num_won: int


def compare_with_clean(clean: Sequence[TrialResult], results: Sequence[TrialResult]) -> PairedDrop:
    """Return the drop of results against the clean run of the same seeds.

    :raises ValueError: if the seeds are others, or there are none.
    """
    seeds, clean_seeds = [r.seed for r in results], [r.seed for r in clean]
    if seeds != clean_seeds or not seeds:
        raise ValueError(f'both runs must fly the same seeds, got {clean_seeds} and {seeds}')
    pairs = [(a.is_success, b.is_success) for a, b in zip(clean, results, strict=True)]
    lost, won = pairs.count((True, False)), pairs.count((False, True))
    return PairedDrop((lost - won) / len(pairs), lost, won)


_factories: tuple[CellEnvironmentFactory, PolicyFactory] | None = None
_current: tuple[StressCell, Any, Policy] | None = None


def _start_worker(make_env: CellEnvironmentFactory, make_policy: PolicyFactory) -> None:
    import torch

    global _factories
    torch.set_num_threads(1)
    _factories = (make_env, make_policy)


def _run_trial(job: tuple[StressCell, int]) -> TrialResult:
    global _current
    if _factories is None:
        raise RuntimeError('worker was not started')
    cell, seed = job
    if _current is None or _current[0] != cell:
        if _current is not None:
            _current[1].close()
            _current = None
        env = _factories[0](cell=cell)
        _current = (cell, env, _factories[1](env))
    return run_trial(_current[1], _current[2], seed)


def run_cells(
    make_env: CellEnvironmentFactory,
    make_policy: PolicyFactory,
    cells: Sequence[StressCell],
    seeds: range,
    processes: int | None = None,
) -> Iterator[tuple[StressCell, TrialResult]]:
    """Return an iterator over one result a cell and seed: cell by cell, seeds in order.

    :param make_env: picklable. :param make_policy: picklable.
    :param processes: one a core if None. Results do not depend on it.
    """
    jobs = [(cell, seed) for cell in cells for seed in seeds]
    workers = Workers(
        min(processes or os.cpu_count() or 1, len(jobs)), _start_worker, (make_env, make_policy)
    )
    results = map_in_processes(_run_trial, jobs, workers)
    return ((cell, result) for (cell, _), result in zip(jobs, results, strict=True))
