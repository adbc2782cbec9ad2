# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from own_task.fly_row import FlyRow

from lnn_control.core.messages import VehicleState
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import make_task
from sim.tasks.task import Outcome, Situation

BLIND = SimulationSettings(renderer='none', camera=PinholeCamera(32, 18))


def situate(x: float, y: float, time: float) -> Situation:
    return Situation(VehicleState(np.array([x, y, 1.5]), stamp=time))


@pytest.mark.parametrize('seed', range(4))
def test_expert_succeeds_near_the_middle_of_the_row(seed: int):
    env = TaskEnv(FlyRow(), settings=BLIND)
    env.reset(seed=seed)
    ended = False
    while not ended:
        *_, terminated, truncated, info = env.step(env.expert_command())
        ended = terminated or truncated
    env.close()
    assert info['outcome'] == 'success'
    assert info['metrics']['aside'] < 0.3


def test_leaving_the_row_is_a_failure_and_the_metric_says_how_far():
    task = FlyRow(half_width=0.8)
    trial = task.sample(0)
    progress = task.begin(trial, situate(0.0, 0.0, 0.0).state)
    progress = task.judge(trial, progress, situate(2.0, -0.7, 1.0))
    assert progress.outcome is None
    progress = task.judge(trial, progress, situate(2.0, -0.9, 1.1))
    assert progress.outcome is Outcome.OUT_OF_AREA
    assert task.measure(trial, progress) == {'aside': pytest.approx(0.9)}


def test_success_needs_a_hold_without_a_break():
    task = FlyRow(hold=0.5)
    trial = task.sample(0)
    x = trial.world.layout.target[0] - 1.7
    progress = task.begin(trial, situate(0.0, 0.0, 0.0).state)
    for time, at in ((0.3, x), (0.6, 0.0), (0.9, x), (1.3, x)):
        progress = task.judge(trial, progress, situate(at, 0.0, time))
        assert progress.outcome is None or time > 1.2
    assert progress.outcome is Outcome.SUCCESS


def test_expert_tells_how_far_it_is_from_a_place_on_the_ground():
    trial = FlyRow(min_distance=10.0, max_distance=10.0).sample(0)
    expert = FlyRow().make_expert(trial)
    for place in ([0.0, 0.0], [0.0, 0.0, 1.5]):
        assert expert.shortest_path(np.array(place)) == pytest.approx(10.0 - 1.7)


def test_another_target_is_an_option():
    trial = make_task('fly_row', target='person').sample(0)
    assert trial.world.layout.target_kind == 'person'
    with pytest.raises(ValueError, match='target must be one of'):
        make_task('fly_row', target='sofa')
