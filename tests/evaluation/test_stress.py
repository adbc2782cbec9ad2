# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest

from lnn_control.evaluation.stress import CLEAN, StressCell, compare_with_clean
from lnn_control.evaluation.suite import run_cells
from lnn_control.evaluation.trial import TrialResult
from lnn_control.policies.references import ExpertPolicy
from sim.disturbances import make_disturbance
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget

WIND = StressCell('wind', 3)


def make_env(cell: StressCell) -> TaskEnv:
    disturbances = [make_disturbance(cell.disturbance, cell.level)] if cell.disturbance else []
    return TaskEnv(
        task=FlyToTarget(time_limit=1.0),
        settings=SimulationSettings(camera=PinholeCamera(32, 18)),
        disturbances=disturbances,
    )


def make_results(successes: str, first_seed: int = 0) -> list[TrialResult]:
    return [
        TrialResult(first_seed + i, 'success' if c == '1' else 'collision', 1, 1, 1, 1, 1, 1)
        for i, c in enumerate(successes)
    ]


def test_drop_is_what_was_lost_less_what_was_won():
    pair = compare_with_clean(make_results('11110'), make_results('10001'))
    assert (pair.num_lost, pair.num_won) == (3, 1)
    assert pair.drop == pytest.approx(0.4)
    none = compare_with_clean(make_results('10'), make_results('10'))
    assert (none.drop, none.num_lost, none.num_won) == (0.0, 0, 0)


def test_runs_of_other_seeds_are_no_pair():
    with pytest.raises(ValueError, match=r'same seeds, got \[0, 1\] and \[5, 6\]'):
        compare_with_clean(make_results('11'), make_results('11', first_seed=5))
    with pytest.raises(ValueError, match='same seeds'):
        compare_with_clean([], [])


def test_every_cell_flies_every_seed_whatever_the_number_of_processes():
    cells, seeds = [CLEAN, WIND], range(2_000_000, 2_000_002)
    alone = list(run_cells(make_env, ExpertPolicy, cells, seeds, processes=1))
    assert [(cell, r.seed) for cell, r in alone] == [(c, s) for c in cells for s in seeds]
    assert alone == list(run_cells(make_env, ExpertPolicy, cells, seeds, processes=2))
    distances = [result.final_distance for _, result in alone]
    assert distances[0] != distances[2]
