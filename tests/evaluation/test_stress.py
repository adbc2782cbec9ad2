# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.suite import run_cells
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


def test_every_cell_flies_every_seed_whatever_the_number_of_processes():
    cells, seeds = [CLEAN, WIND], range(2_000_000, 2_000_002)
    alone = list(run_cells(make_env, ExpertPolicy, cells, seeds, processes=1))
    assert [(cell, r.seed) for cell, r in alone] == [(c, s) for c in cells for s in seeds]
    assert alone == list(run_cells(make_env, ExpertPolicy, cells, seeds, processes=2))
    distances = [result.final_distance for _, result in alone]
    assert distances[0] != distances[2]
