# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import hashlib
import subprocess
import sys
import warnings
from dataclasses import replace

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import sim
from lnn_control.core.frames import GRAVITY
from sim.environment import TaskEnv
from sim.sensors.image_noise import ImageNoise
from sim.simulation import Simulation, SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Trial

NAME = 'lnn_control/FlyToTarget-v0'


def digest_flight(env: TaskEnv, seed: int, steps: int = 6) -> str:
    """Return a digest of all observations and rewards of a flight by fixed actions."""
    digest = hashlib.sha256()
    observation, _ = env.reset(seed=seed)
    for step in range(steps):
        for key in sorted(observation):
            digest.update(np.ascontiguousarray(observation[key]).tobytes())
        action = np.array([1.0, 0.3 * (-1) ** step, 0.1, 0.2], np.float32)
        observation, reward, _, _, info = env.step(action)
        digest.update(np.float64(reward).tobytes() + info['position'].tobytes())
    return digest.hexdigest()


@pytest.fixture
def bare_env(blank_renderer, make_world, monkeypatch):
    """Return a function that makes an environment of a bare world in which nothing is drawn."""

    def sample(task: FlyToTarget, seed: int) -> Trial:
        return Trial(seed, make_world(), yaw=0.0, altitude=1.5, time_limit=1.0, band=(0.9, 2.1))

    monkeypatch.setattr(FlyToTarget, 'sample', sample)
    made = []

    def make(**settings) -> TaskEnv:
        noise = {'image_noise': ImageNoise(0, 0, 0)}
        settings = SimulationSettings(renderer=blank_renderer, **noise | settings)
        made.append(TaskEnv(settings=settings))
        return made[-1]

    yield make
    for env in made:
        env.close()


def test_passes_the_checker_of_gymnasium(bare_env):
    settings = bare_env().simulation.settings
    env = gymnasium.make(NAME, settings=settings, render_mode='rgb_array')
    with warnings.catch_warnings():
        warnings.simplefilter('error', UserWarning)
        # Commands are in metres and radians a second, not in shares of a limit.
        warnings.filterwarnings('ignore', '.*symmetric and normalized space')
        check_env(env.unwrapped)
    env.close()


def test_observations_keep_to_their_space(env):
    observation, _ = env.reset(seed=0)
    for _ in range(5):
        assert env.observation_space.contains(observation)
        observation, *_ = env.step(env.action_space.sample())
    assert env.observation_space['image'].shape == (18, 32, 3)


def test_same_seed_and_actions_repeat_bit_for_bit_in_any_process(env, small_settings):
    env.reset(seed=3)
    first = digest_flight(env, seed=4)
    assert digest_flight(env, seed=4) == first
    assert digest_flight(env, seed=5) != first
    script = (
        'import importlib.util, sys\n'
        f'spec = importlib.util.spec_from_file_location("flight", {__file__!r})\n'
        'flight = importlib.util.module_from_spec(spec)\n'
        'spec.loader.exec_module(flight)\n'
        'from sim.sensors.pinhole import PinholeCamera\n'
        'settings = flight.SimulationSettings(camera=PinholeCamera(32, 18))\n'
        'env = flight.TaskEnv(settings=settings)\n'
        'print(flight.digest_flight(env, seed=4))\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script], capture_output=True, text=True, check=True, timeout=600
    )
    assert done.stdout.splitlines()[-1] == first


def test_without_a_seed_episodes_differ_but_follow_from_the_first_seed(bare_env):
    env, seeds = bare_env(), []
    for _ in range(2):
        env.reset(seed=11)
        seeds.append([env.reset()[1]['seed'], env.reset()[1]['seed']])
    assert seeds[0] == seeds[1]
    assert seeds[0][0] != seeds[0][1]


@pytest.mark.parametrize(
    'action',
    [
        np.array([np.nan, 0, 0, 0], np.float32),
        np.array([0, np.inf, 0, 0], np.float32),
        np.zeros(3, np.float32),
        np.zeros((1, 4), np.float32),
    ],
)
def test_actions_that_are_no_command_are_errors_and_nothing_moves(bare_env, action):
    env = bare_env()
    env.reset(seed=0)
    time = env.simulation.time
    with pytest.raises(ValueError, match='action must be 4 finite numbers'):
        env.step(action)
    assert env.simulation.time == time


def test_actions_beyond_the_limits_are_clipped(bare_env):
    positions = []
    for action in ([99.0, 0, 99.0, -99.0], [3.0, 0, 1.0, -1.5]):
        env = bare_env()
        env.reset(seed=0)
        positions.append([env.step(np.array(action))[4]['position'] for _ in range(10)][-1])
    assert np.array_equal(*positions)


def test_stepping_before_a_reset_or_after_the_end_is_an_error(bare_env):
    env = bare_env()
    with pytest.raises(RuntimeError, match=r'call reset\(\) before step'):
        env.step(np.zeros(4))
    env.reset(seed=0)
    truncated = False
    while not truncated:
        _, _, terminated, truncated, info = env.step(np.zeros(4))
        assert not terminated
    assert info['outcome'] == 'time_limit'
    assert info['time'] == pytest.approx(1.0, abs=0.05)
    with pytest.raises(RuntimeError, match=r'call reset\(\) before step'):
        env.step(np.zeros(4))
    env.reset(seed=0)
    env.step(np.zeros(4))


def test_asking_for_anything_before_a_reset_is_an_error(bare_env):
    env = bare_env()
    with pytest.raises(RuntimeError, match='reset'):
        env.expert_command()
    env.render_mode = 'rgb_array'
    with pytest.raises(RuntimeError, match=r'call reset\(\) before render'):
        env.render()


def test_reward_is_the_way_gained_plus_the_outcome(bare_env):
    env = bare_env()
    _, info = env.reset(seed=0)
    start, rewards = info['distance_to_target'], []
    truncated = False
    while not truncated:
        _, reward, _, truncated, info = env.step(np.array([2.0, 0, 0, 0]))
        assert reward == pytest.approx(sum(info['reward_terms'].values()))
        rewards.append(reward)
    assert sum(rewards) == pytest.approx(start - info['distance_to_target'], abs=1e-6)
    assert sum(rewards) > 0.5


def test_hitting_the_ground_terminates_with_a_penalty(bare_env):
    env = bare_env()
    env.reset(seed=0)
    env.trial = replace(env.trial, time_limit=9.0)
    terminated = False
    while not terminated:
        _, reward, terminated, truncated, info = env.step(np.array([0, 0, -1.0, 0]))
        assert not truncated
    assert info['outcome'] == 'collision'
    assert info['reward_terms']['failure'] == -10.0
    assert reward < -9.0
    assert not info['is_success']


@pytest.mark.parametrize('latency', [0.0, 0.03, 0.0333, 0.2])
def test_every_step_sees_the_next_image_whatever_the_latency(bare_env, latency):
    env = bare_env(camera_latency=latency)
    observation, _ = env.reset(seed=0)
    for number in range(1, 8):
        assert observation['image'][0, 0, 0] == number
        assert observation['elapsed_time'] == pytest.approx([0.05])
        observation, *_ = env.step(np.zeros(4))


def test_imu_window_is_the_interval_up_to_the_exposure_of_the_image(bare_env, monkeypatch):
    # Write the time of each sample into the x axis of its body rates.
    measure = Simulation._measure

    def measure_time(simulation):
        return np.array([simulation.time, 0, 0]), measure(simulation)[1]

    monkeypatch.setattr(Simulation, '_measure', measure_time)
    env = bare_env(camera_latency=0.1)
    observation, _ = env.reset(seed=0)
    # Nothing was measured before the first image: level rest stands in.
    assert observation['imu'] == pytest.approx(np.tile([0, 0, 0, 0, 0, GRAVITY], (10, 1)))
    for step in range(4):
        observation, *_ = env.step(np.zeros(4))
        times = observation['imu'][:, 0]
        assert times == pytest.approx(0.05 * step + 0.005 * np.arange(1, 11), abs=1e-6)


def test_info_tells_the_truth(env):
    _, info = env.reset(seed=2)
    target = env.trial.world.target.position
    assert info['position'] == pytest.approx([0, 0, env.trial.altitude], abs=0.01)
    assert info['distance_to_target'] == pytest.approx(np.linalg.norm(info['position'] - target))
    assert info['yaw'] == pytest.approx(env.trial.yaw, abs=0.01)
    assert info['clearance'] >= 1.5  # the circle around the start is free
    straight = np.hypot(*target[:2])
    assert straight - 2.5 - 0.1 <= info['shortest_path'] < 1.5 * straight
    assert info['outcome'] is None
    assert info['seed'] == 2


def test_names_that_do_not_exist_list_the_valid_ones():
    with pytest.raises(ValueError, match=r"world must be one of \[.*'urban'.*, got 'sea'"):
        gymnasium.make(NAME, world='sea')
    with pytest.raises(ValueError, match=r"season must be one of .*'winter'.*, got 'spring'"):
        gymnasium.make(NAME, season='spring')
    with pytest.raises(ValueError, match="render_mode must be None or 'rgb_array', got 'human'"):
        TaskEnv(render_mode='human')


def test_renders_what_the_camera_saw(small_settings):
    env = gymnasium.make(NAME, settings=small_settings, render_mode='rgb_array', season='winter')
    observation, _ = env.reset(seed=0)
    picture = env.render()
    assert np.array_equal(picture, observation['image'])
    picture[:] = 0
    assert observation['image'].any()
    env.close()


def test_vectorised_environments_fly_the_same_as_a_single_one(env, small_settings):
    actions = np.tile(np.array([1.0, 0, 0, 0.2], np.float32), (2, 1))
    vector = gymnasium.make_vec(
        NAME, num_envs=2, vectorization_mode='async', settings=small_settings
    )
    observations, _ = vector.reset(seed=[6, 7])
    observations, *_ = vector.step(actions)
    vector.close()
    for i, seed in enumerate((6, 7)):
        env.reset(seed=seed)
        single = env.step(actions[i])[0]
        for key, value in single.items():
            assert np.array_equal(observations[key][i], value)


def test_importing_twice_registers_once():
    import importlib

    importlib.reload(sim)
    assert NAME in gymnasium.registry
