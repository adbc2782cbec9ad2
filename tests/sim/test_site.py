# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.environment import TaskEnv
from sim.site import describe_site, measure_clearances
from sim.tasks.fly_to_target import FlyToTarget


@pytest.mark.parametrize('world', ['forest', 'urban'])
def test_map_and_clearances_are_those_of_the_environment(world: str) -> None:
    task = FlyToTarget(world=world)
    trial = task.sample(2_000_005)
    site = describe_site(task, trial)
    env = TaskEnv(world=world)
    _, info = env.reset(seed=2_000_005)
    env.close()
    assert site.shortest_length == pytest.approx(info['shortest_path'], abs=0.05)
    (clearance,) = measure_clearances(trial, np.array([info['position']]))
    assert clearance == pytest.approx(info['clearance'])
    np.testing.assert_allclose(site.target, trial.world.target.position)
    assert len(site.circles) + len(site.boxes) > 10
    assert np.hypot(*(site.shortest_path[-1] - site.target[:2])) < 1e-6
