# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A task of another package, with a vehicle of its own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest

from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import TASKS, make_task
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Task
from sim.vehicles.quadrotor import Quadrotor


class SlowQuadrotor(Quadrotor):
    """A quadrotor that is not let fly fast."""

    name = 'slow_quadrotor'
    command_limits = (1.0, 1.0, 0.5, 1.0)


@dataclass(frozen=True)
class Errand(FlyToTarget):
    """Fly to a backpack, slowly."""

    name = 'errand'
    vehicle = SlowQuadrotor
    worlds: ClassVar[tuple[str, ...]] = ('forest',)

    target: str = 'backpack'


@dataclass(frozen=True)
class ErrandByName(Errand):
    """The same, with the vehicle by its name."""

    vehicle = f'{__name__}:SlowQuadrotor'


class Unfinished(Task):
    """Says neither its name nor how it is judged."""


@pytest.mark.parametrize('task', ['Errand', 'ErrandByName'])
def test_task_flies_with_the_vehicle_that_it_brings(task):
    settings = SimulationSettings(renderer='none', camera=PinholeCamera(32, 18))
    env = TaskEnv(f'{__name__}:{task}', settings=settings)
    assert env.action_space.high == pytest.approx(SlowQuadrotor.command_limits)
    _, info = env.reset(seed=0)
    assert env.trial.world.layout.target_kind == 'backpack'
    for _ in range(40):
        _, _, _, _, after = env.step(env.expert_command())
    env.close()
    # Two seconds at no more than 1 m/s.
    assert 0.5 < np.linalg.norm(after['position'] - info['position']) < 2.2


def test_its_worlds_are_those_of_ours_that_it_names():
    with pytest.raises(ValueError, match=r"errand must be one of \['forest'\], got 'urban'"):
        make_task(f'{__name__}:Errand', world='urban')


def test_unfinished_task_is_refused_with_what_it_lacks():
    with pytest.raises(
        ValueError, match='a task must say begin, judge, make_expert, sample, name, vehicle'
    ):
        TASKS.find(f'{__name__}:Unfinished')
