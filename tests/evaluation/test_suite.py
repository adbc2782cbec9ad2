# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from functools import partial

import pytest

from lnn_control.core.cluster import Cluster
from lnn_control.evaluation.suite import run_cells, summarise
from lnn_control.evaluation.trial import TrialResult
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.references import ExpertPolicy
from lnn_control.policies.registry import PolicyError, make_policy
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from tests.dask_cluster import DaskCluster
from tests.patience import PATIENCE


def make_env(cell: str) -> TaskEnv:
    return TaskEnv(
        task=FlyToTarget(time_limit=1.0),
        settings=SimulationSettings(camera=PinholeCamera(128, 72)),
    )


def make_result(outcome: str) -> TrialResult:
    return TrialResult(0, outcome, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


def test_results_do_not_depend_on_the_number_of_processes():
    seeds = range(2_000_000, 2_000_002)
    alone = list(run_cells(make_env, ExpertPolicy, ['one'], seeds, processes=1))
    shared = list(run_cells(make_env, ExpertPolicy, ['one'], seeds, processes=2))
    assert alone == shared
    results = [result for _, result in alone]
    assert [result.seed for result in results] == list(seeds)
    assert all(result.outcome == 'time_limit' for result in results)
    assert len({result.final_distance for result in results}) == 2


def test_results_of_a_cluster_are_those_of_processes_here(
    untrained_checkpoint, tmp_path, monkeypatch
):
    pytest.importorskip('distributed', reason='needs the extra cluster')
    # No worker finds the checkpoint by this name.
    monkeypatch.chdir(untrained_checkpoint.parent)
    policy, seeds = pack_policy(untrained_checkpoint.name), range(2_000_000, 2_000_003)
    here = list(run_cells(make_env, policy, ['one'], seeds, processes=1))
    with DaskCluster(tmp_path) as cluster:
        cluster.add_workers(2)
        place = Cluster(cluster.address, PATIENCE)
        assert list(run_cells(make_env, policy, ['one'], seeds, place)) == here
    assert len({result.final_distance for _, result in here}) == 3


def test_policy_that_cannot_be_loaded_is_an_error_instead_of_waiting_for_ever(tmp_path):
    results = run_cells(
        make_env, partial(make_policy, str(tmp_path)), ['one'], range(2), processes=1
    )
    with pytest.raises(PolicyError, match='policy must be a folder'):
        list(results)


def test_summary_counts_successes_with_their_interval():
    results = [make_result('success')] * 90 + [make_result('collision')] * 10
    summary = summarise('fly_to_target', 'forest', 'summer', 'policy', results)
    assert (summary.episodes, summary.successes) == (100, 90)
    assert summary.success_rate == pytest.approx(0.9)
    assert (summary.wilson_low, summary.wilson_high) == pytest.approx((0.8256, 0.9448), abs=1e-4)


def test_summary_of_nothing_is_an_error():
    with pytest.raises(ValueError, match='got 0 of 0'):
        summarise('fly_to_target', 'forest', 'summer', 'policy', [])
