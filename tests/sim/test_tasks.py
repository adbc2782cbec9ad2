# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every task there is."""

import inspect
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim  # noqa: F401  registers the environments
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import TASKS, make_task
from sim.vehicles import VEHICLES
from sim.worlds import SEASONS

every_task = pytest.mark.parametrize('name', sorted(TASKS))
SMALL = SimulationSettings(camera=PinholeCamera(32, 18))
BLIND = SimulationSettings(renderer='none', camera=PinholeCamera(32, 18))


def make_id(name: str) -> str:
    return f'lnn_control/{TASKS[name].__name__}-v0'


@every_task
def test_every_task_is_an_environment_of_its_own_name(name):
    env = gymnasium.make(make_id(name), settings=SMALL)
    task = env.unwrapped.task
    assert type(task) is TASKS[name]
    assert task.vehicle in VEHICLES
    env.close()


@every_task
def test_every_environment_passes_the_checker_of_gymnasium(name):
    env = gymnasium.make(
        make_id(name), settings=BLIND, world=TASKS[name].worlds[0], render_mode='rgb_array'
    )
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        # Commands are in metres and radians a second, not in shares of a limit.
        warnings.filterwarnings('ignore', '.*symmetric and normalized space')
        check_env(env.unwrapped)
    env.close()


@every_task
def test_every_environment_runs_side_by_side_in_processes(name):
    vector = gymnasium.make_vec(
        make_id(name),
        num_envs=2,
        vectorization_mode='async',
        settings=SMALL,
        world=TASKS[name].worlds[0],
    )
    _, info = vector.reset(seed=[6, 7])
    assert list(info['seed']) == [6, 7]
    actions = np.tile(np.array([0.5, 0.0, 0.0, 0.2], np.float32), (2, 1))
    for _ in range(3):
        observations, rewards, *_ = vector.step(actions)
    assert observations['image'].shape == (2, 18, 32, 3)
    assert np.isfinite(rewards).all()
    vector.close()


@every_task
def test_every_task_has_a_data_sheet(name):
    sheet = inspect.getdoc(TASKS[name])
    for row in ('vehicle', 'start', 'success', 'failure', 'reward', 'metrics'):
        assert f'| {row} |' in sheet


@every_task
def test_the_same_seed_gives_the_same_trial_and_another_one_differs(name):
    task = make_task(name, world=TASKS[name].worlds[0])
    first, again, other = (task.sample(seed) for seed in (7, 7, 8))
    assert first.world.solids == again.world.solids
    assert first.world.layout == again.world.layout
    assert (first.yaw, first.altitude) == (again.yaw, again.altitude)
    assert first.world.layout != other.world.layout


@every_task
def test_nothing_but_the_looks_depends_on_the_season(name):
    for world in TASKS[name].worlds:
        trials = [make_task(name, world=world, season=season).sample(11) for season in SEASONS]
        assert len(trials) > 1
        for trial in trials[1:]:
            assert trial.world.solids == trials[0].world.solids
            assert trial.world.layout == trials[0].world.layout
            assert trial.world.target.position == pytest.approx(trials[0].world.target.position)
            assert (trial.yaw, trial.altitude) == (trials[0].yaw, trials[0].altitude)
            assert not np.array_equal(trial.world.atlas, trials[0].world.atlas)


@every_task
def test_every_expert_commands_what_its_vehicle_can_do(name):
    env = TaskEnv(name, settings=BLIND, world=TASKS[name].worlds[0])
    _, info = env.reset(seed=3)
    assert info['shortest_path'] > 5.0
    for _ in range(20):
        command = env.expert_command()
        assert env.action_space.contains(command)
        env.step(command)
    assert (
        env.simulation.state.velocity_world[:2]
        @ (env.simulation.target_position - info['position'])[:2]
        > 0
    )
    env.close()


def test_every_task_but_the_road_is_alike_in_a_mirror() -> None:
    assert [name for name in TASKS if not TASKS[name].is_symmetric] == ['keep_lane']
    assert [name for name in TASKS if not TASKS[name].seeks_target] == ['keep_lane']
