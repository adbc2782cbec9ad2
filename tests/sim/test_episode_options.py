# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import dataclass

import pytest

from sim.episode_options import change_task
from sim.tasks import TASKS
from sim.tasks.fly_to_target import FlyToTarget


@dataclass(frozen=True)
class ReachSomehow(FlyToTarget):
    """A task whose vehicle is one of its fields."""

    name = 'reach_somehow'
    vehicle: str = 'quadrotor'


@pytest.mark.parametrize('name', sorted(TASKS))
def test_every_task_takes_its_own_fields(name):
    task = TASKS[name](world=TASKS[name].worlds[0])
    world = TASKS[name].worlds[-1]
    changed = change_task(task, {'season': 'winter', 'world': world})
    assert (type(changed), changed.season, changed.world) == (TASKS[name], 'winter', world)
    assert task.season == 'summer'
    assert change_task(task, {}) == task


def test_another_vehicle_is_an_error_also_where_it_is_a_field():
    task = ReachSomehow()
    assert change_task(task, {'hold': 1.0}).hold == 1.0
    with pytest.raises(ValueError, match="need the vehicle 'rover' instead of 'quadrotor'"):
        change_task(task, {'vehicle': 'rover'})


@pytest.mark.parametrize('option', ['task', 'vehicle', 'settings', 'disturbances', 'render_mode'])
def test_what_an_environment_is_made_of_cannot_change(option):
    with pytest.raises(ValueError, match=f'{option} cannot differ between episodes'):
        change_task(FlyToTarget(), {option: None})


def test_an_unknown_name_lists_the_valid_ones_and_the_closest():
    with pytest.raises(ValueError, match=r"has no option 'densty', it has \[.*'world'\]; did you"):
        change_task(FlyToTarget(), {'densty': 2.0})
    with pytest.raises(ValueError, match=r"has no option 'xyz', it has \[.*'world'\]$"):
        change_task(FlyToTarget(), {'xyz': 2.0})
