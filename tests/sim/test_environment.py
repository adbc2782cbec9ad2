# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import hashlib
import subprocess
import sys
import warnings
from dataclasses import replace
from functools import partial

import cv2
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.wrappers import RecordVideo

import sim
from lnn_control.core.frames import GRAVITY
from lnn_control.core.safety import CommandLimits
from sim.camera_choice import choose_camera
from sim.craft import Craft
from sim.disturbances.frames import DroppedFrames
from sim.environment import TaskEnv
from sim.sensors.image_noise import ImageNoise
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import TASKS
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Trial
from sim.vehicles.quadrotor import Quadrotor

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


@pytest.mark.parametrize('task', sorted(TASKS))
def test_passes_the_checker_of_gymnasium(task, monkeypatch):
    # Without a display there is no render mode that needs one.
    for variable in ('DISPLAY', 'WAYLAND_DISPLAY'):
        monkeypatch.delenv(variable, raising=False)
    name = f'lnn_control/{task.title().replace("_", "")}-v0'
    settings = SimulationSettings(renderer='none')
    env = gymnasium.make(name, settings=settings, render_mode='rgb_array')
    assert env.metadata['render_modes'] == ['rgb_array']
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
    with pytest.raises(RuntimeError, match=r'no episode has begun: call reset\(\) before step'):
        env.step(np.zeros(4))
    env.reset(seed=0)
    truncated = False
    while not truncated:
        _, _, terminated, truncated, info = env.step(np.zeros(4))
        assert not terminated
    assert info['outcome'] == 'time_limit'
    assert info['time'] == pytest.approx(1.0, abs=0.05)
    with pytest.raises(RuntimeError, match=r'the episode is over: call reset\(\) before step'):
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
    assert info['hit'] == 'ground'


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
    measure = Craft.measure

    def measure_time(craft, time):
        measure(craft, time)
        craft._rows[-1] = (time, np.array([time, 0, 0]), craft._rows[-1][2])

    monkeypatch.setattr(Craft, 'measure', measure_time)
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
    with pytest.raises(ValueError, match=r"render_mode must be None, .* or 'human', got 'ansi'"):
        TaskEnv(render_mode='ansi')


def test_renders_what_the_camera_saw(small_settings):
    env = gymnasium.make(NAME, settings=small_settings, render_mode='rgb_array', season='winter')
    observation, _ = env.reset(seed=0)
    picture = env.render()
    assert np.array_equal(picture, observation['image'])
    picture[:] = 0
    assert observation['image'].any()
    env.close()


@pytest.mark.parametrize('mode', ['sync', 'async'])
def test_vectorised_environments_fly_the_same_as_a_single_one(env, small_settings, mode):
    actions = np.tile(np.array([1.0, 0, 0, 0.2], np.float32), (2, 1))
    vector = gymnasium.make_vec(NAME, num_envs=2, vectorization_mode=mode, settings=small_settings)
    observations, info = vector.reset(seed=[6, 7])
    assert vector.metadata['render_fps'] == 20.0
    assert info['setup']['camera_rate'].tolist() == [20.0, 20.0]
    assert list(info['setup']['task']) == ['fly_to_target'] * 2
    observations, *_ = vector.step(actions)
    vector.close()
    for i, seed in enumerate((6, 7)):
        env.reset(seed=seed)
        single = env.step(actions[i])[0]
        for key, value in single.items():
            assert np.array_equal(observations[key][i], value)


@pytest.mark.parametrize('mode', ['sync', 'async'])
def test_options_reach_every_environment_of_a_vector(env, small_settings, mode):
    vector = gymnasium.make_vec(NAME, num_envs=2, vectorization_mode=mode, settings=small_settings)
    observations, _ = vector.reset(seed=[6, 7], options={'season': 'winter'})
    vector.close()
    for i, seed in enumerate((6, 7)):
        single, _ = env.reset(seed=seed, options={'season': 'winter'})
        assert np.array_equal(observations['image'][i], single['image'])


def test_options_of_a_reset_hold_for_that_episode_alone(env, small_settings):
    summer, _ = env.reset(seed=3)
    winter, info = env.reset(seed=3, options={'season': 'winter', 'min_distance': 9.0})
    assert env.trial.world.season == 'winter'
    assert env.episode_task == FlyToTarget(season='winter', min_distance=9.0)
    assert env.task == FlyToTarget()
    assert not np.array_equal(winter['image'], summer['image'])
    again, _ = env.reset(seed=3)
    assert np.array_equal(again['image'], summer['image'])
    made_so = TaskEnv(settings=small_settings, season='winter', min_distance=9.0)
    expected, expected_info = made_so.reset(seed=3)
    made_so.close()
    assert np.array_equal(expected['image'], winter['image'])
    assert expected_info['shortest_path'] == info['shortest_path']


def test_options_count_for_judgement_and_reward_of_their_episode(bare_env):
    env = bare_env()
    # Everything within 60 m of the target counts as being there, at any speed.
    env.reset(seed=0, options={'reach': 60.0, 'slow': 10.0, 'hold': 0.1})
    outcomes = [env.step(np.zeros(4))[4]['outcome'] for _ in range(2)]
    assert outcomes == [None, 'success']
    env.reset(seed=0)
    assert [env.step(np.zeros(4))[4]['outcome'] for _ in range(3)] == [None] * 3


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'seasons': 'winter'}, r"fly_to_target has no option 'seasons', .*mean 'season'\?"),
        ({'season': 'spring'}, r"season must be one of .*'winter'.*, got 'spring'"),
        ({'min_distance': 1.0}, 'min_distance must be .* got 1.0'),
        ({'vehicle': 'car'}, 'vehicle cannot differ between episodes: make another environment'),
        ({'disturbances': ()}, 'disturbances cannot differ between episodes'),
    ],
)
def test_impossible_options_are_errors_and_the_episode_goes_on(bare_env, options, message):
    env = bare_env()
    env.reset(seed=0)
    env.step(np.zeros(4))
    with pytest.raises(ValueError, match=message):
        env.reset(seed=1, options=options)
    assert env.step(np.zeros(4))[4]['time'] == pytest.approx(0.13, abs=1 / 240)
    assert env.trial.seed == 0


def test_setup_tells_what_a_policy_must_be_trained_for(blank_renderer):
    settings = SimulationSettings(
        renderer=blank_renderer, camera=PinholeCamera(32, 18, 80.0), camera_latency=0.05
    )
    env = TaskEnv('drive_to_target', settings=choose_camera(settings, pitch_deg=12, rate=30))
    _, info = env.reset(seed=0)
    assert info['setup'] == {
        'task': 'drive_to_target',
        'vehicle': 'rover',
        'camera_fov_deg': 80.0,
        'camera_pitch_deg': pytest.approx(12.0),
        'camera_rate': 30.0,
        'camera_latency': 0.05,
    }
    assert {type(value) for value in info['setup'].values()} == {str, float}
    assert 'setup' not in env.step(np.zeros(4))[4]
    env.close()


def test_setup_names_the_class_of_a_vehicle_of_ones_own(blank_renderer):
    class Racer(Quadrotor):
        name = 'racer'
        camera_mount = CameraMount(pitch=-np.pi / 6)

    env = TaskEnv(settings=SimulationSettings(renderer=blank_renderer), vehicle=partial(Racer))
    setup = env.reset(seed=0)[1]['setup']
    assert setup['vehicle'] == 'racer'
    assert setup['camera_pitch_deg'] == pytest.approx(-30.0)
    env.close()


@pytest.mark.parametrize('rate', [10.0, 60.0])
def test_frames_a_second_are_those_of_the_camera(bare_env, rate):
    assert bare_env(camera_rate=rate).metadata['render_fps'] == rate
    assert bare_env().metadata['render_fps'] == 20.0
    settings = bare_env(camera_rate=rate).simulation.settings
    for mode in ('sync', 'async'):
        vector = gymnasium.make_vec(NAME, num_envs=1, vectorization_mode=mode, settings=settings)
        assert vector.metadata['render_fps'] == rate
        vector.close()


def test_a_closed_environment_says_so(bare_env):
    env = bare_env()
    env.reset(seed=0)
    env.close()
    env.close()
    for use in (env.reset, env.render, env.expert_command, lambda: env.step(np.zeros(4))):
        with pytest.raises(RuntimeError, match='the environment is closed: make a new one'):
            use()


def test_lists_of_pictures_come_from_gymnasium(small_settings):
    env = gymnasium.make(NAME, settings=small_settings, render_mode='rgb_array_list')
    seen = [env.reset(seed=0)[0]['image']]
    seen += [env.step(np.zeros(4, np.float32))[0]['image'] for _ in range(3)]
    pictures = env.render()
    assert np.array_equal(pictures, seen)
    assert env.render() == []
    env.close()


def test_gymnasium_records_a_video_at_the_speed_of_the_flight(small_settings, tmp_path):
    settings = choose_camera(small_settings, rate=10.0)
    env = gymnasium.make(NAME, settings=settings, render_mode='rgb_array')
    folder = tmp_path / 'videos'
    env = RecordVideo(env, str(folder), video_length=7, disable_logger=True)
    env.reset(seed=0)
    for _ in range(8):
        env.step(np.array([1, 0, 0, 0], np.float32))
    env.close()
    (path,) = folder.glob('*.mp4')
    video = cv2.VideoCapture(str(path))
    assert video.get(cv2.CAP_PROP_FPS) == pytest.approx(10.0)
    for _ in range(7):
        assert video.read()[1].shape == (18, 32, 3)
    assert not video.read()[0]


def test_importing_twice_registers_once():
    import importlib

    importlib.reload(sim)
    assert NAME in gymnasium.registry


def test_info_stamps_the_image_and_every_inertial_sample(bare_env, monkeypatch):
    # Write the time of each sample into the x axis of its body rates.
    measure = Craft.measure

    def measure_time(craft, time):
        measure(craft, time)
        craft._rows[-1] = (time, np.array([time, 0, 0]), craft._rows[-1][2])

    monkeypatch.setattr(Craft, 'measure', measure_time)
    env = bare_env(camera_latency=0.1)
    _, info = env.reset(seed=0)
    # Level rest stands in for the time before the start.
    assert info['image_stamp'] == 0.0
    assert info['imu_stamps'] == pytest.approx(0.005 * np.arange(-9, 1))
    for step in range(1, 5):
        observation, *_, info = env.step(np.zeros(4))
        assert info['image_stamp'] == pytest.approx(0.05 * step)
        assert info['imu_stamps'] == pytest.approx(observation['imu'][:, 0], abs=1e-6)


def test_stamps_of_dropped_images_spread_over_the_time_since_the_last_one(small_settings):
    env = TaskEnv(settings=small_settings, disturbances=[DroppedFrames(0.5)])
    _, info = env.reset(seed=1)
    gaps = []
    for _ in range(12):
        last = info['image_stamp']
        observation, *_, info = env.step(np.zeros(4))
        gaps.append(info['image_stamp'] - last)
        assert gaps[-1] == pytest.approx(observation['elapsed_time'][0])
        assert len(info['imu_stamps']) == len(observation['imu']) == 10
        assert info['imu_stamps'][[0, -1]] == pytest.approx([last + 0.005, info['image_stamp']])
        assert np.diff(info['imu_stamps']).min() > 0.0
    env.close()
    assert max(gaps) > 0.09


@pytest.mark.parametrize('rate', [15.0, 24.0, 30.0])
def test_rate_that_splits_samples_unevenly_adds_and_loses_none(bare_env, rate):
    env = bare_env(camera_rate=rate, camera_latency=0.0)
    env.reset(seed=0)
    samples = []
    keep = env._keep_imu

    def note(frame):
        samples.extend(frame.imu.linear_acceleration[:, 2].tolist())
        keep(frame)

    env._keep_imu = note
    for _ in range(5):
        samples.clear()
        observation, *_, info = env.step(np.array([1.0, 0.0, 0.5, 0.0]))
        assert abs(len(samples) - len(observation['imu'])) <= 1
        force = observation['imu'][:, 5]
        assert force.mean() == pytest.approx(np.mean(samples), abs=1e-4)
        assert force.std() == pytest.approx(np.std(samples), abs=1e-4)
        assert info['imu_stamps'][-1] == pytest.approx(info['image_stamp'], abs=0.005)


@pytest.mark.parametrize('task', ['fly_to_target', 'keep_lane'])
def test_reset_tells_what_the_vehicle_is_used_to_and_held_to(task):
    env = TaskEnv(task, settings=SimulationSettings(renderer='none'))
    _, info = env.reset(seed=0)
    assert CommandLimits(**info['safety_limits']) == env.simulation.vehicle.safety_limits
    assert tuple(info['usual_command']) == env.simulation.vehicle.usual_command
    env.close()
