# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Flights that begin shortly before an earlier one failed, in the simulator."""

from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import read_episode, write_episode
from lnn_control.imitation.retry import LEAD_IN, RetrySettings, is_failure, plan_retry
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner
from sim.disturbances.frames import DroppedFrames
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget

SIZE = Preprocessing(32, 18)
SEED = 8
FLIGHTS = CollectSettings(expert_share=0.0)


class Rammer(Policy):
    """Flies straight ahead, whatever stands there, and counts the images it was shown."""

    def __init__(self) -> None:
        super().__init__('rammer', SIZE)
        self.num_seen = 0

    def initial_state(self):
        return 0

    def __call__(self, observation, state, elapsed_time):
        self.num_seen = state + 1
        return VelocityCommand(vx=3.0), self.num_seen


class WatchedEnv(TaskEnv):
    """Remembers where the vehicle was at every image of an episode, and the image."""

    def reset(self, **arguments):
        sensed, info = super().reset(**arguments)
        self.seen = [(info['position'], info['velocity'], sensed['image'])]
        return sensed, info

    def step(self, action):
        sensed, reward, terminated, truncated, info = super().step(action)
        self.seen.append((info['position'], info['velocity'], sensed['image']))
        return sensed, reward, terminated, truncated, info


def make_env(rate: float = 20.0, dropped: float = 0.0) -> WatchedEnv:
    settings = SimulationSettings(
        camera=PinholeCamera(32, 18), camera_rate=rate, privileged=True, layers=True
    )
    disturbances = [DroppedFrames(dropped)] if dropped else []
    return WatchedEnv(FlyToTarget(density=3.0), settings=settings, disturbances=disturbances)


@pytest.fixture(scope='module')
def env():
    env = make_env()
    yield env
    env.close()


@pytest.fixture(scope='module')
def failed(env: WatchedEnv, tmp_path_factory: pytest.TempPathFactory) -> Episode:
    """Return a flight that ended at a tree, as its file gives it."""
    return fail(env, tmp_path_factory.mktemp('failed'))


def fail(env: WatchedEnv, folder: Path) -> Episode:
    episode = collect_episode(env, SEED, FLIGHTS, PolicyRunner(Rammer()))
    assert episode.metadata['outcome'] == 'collision'
    write_episode(folder / 'failed.mcap', episode)
    return read_episode(folder / 'failed.mcap')


def fly(env: WatchedEnv, failed: Episode, attempt: int = 1, **changes) -> Episode:
    retry = plan_retry(failed, SEED, attempt, RetrySettings(**changes))
    return collect_episode(env, SEED, FLIGHTS, PolicyRunner(Rammer()), retry)


@pytest.mark.parametrize('rate', [20.0, 24.0])
@pytest.mark.parametrize('dropped', [0.0, 0.3])
def test_second_flight_is_the_first_one_up_to_where_they_part(tmp_path, rate, dropped):
    env = make_env(rate, dropped)
    failed = fail(env, tmp_path)
    first = env.seen
    collect_episode(env, SEED + 1, FLIGHTS)
    number = len(plan_retry(failed, SEED, 1).commands)
    assert number > 20
    again = fly(env, failed)
    for before, now in zip(first[: number + 1], env.seen, strict=False):
        for one, other in zip(before, now, strict=True):
            assert np.array_equal(one, other)
    # The very next place is another one: other disturbances.
    assert not np.array_equal(first[number + 1][0], env.seen[number + 1][0])
    # What is recorded begins shortly before that.
    lead_in = int(again.metadata['lead_in'])
    assert failed.image_stamps[number] - again.image_stamps[0] == pytest.approx(
        LEAD_IN, abs=0.06 if not dropped else 0.3
    )
    shared = slice(number - lead_in, number + 1)
    assert np.array_equal(again.images[: lead_in + 1], failed.images[shared])
    assert np.array_equal(again.labels[: lead_in + 1], failed.labels[shared])
    assert np.array_equal(again.flown[:lead_in], failed.flown[shared][:-1])
    assert np.array_equal(again.privileged[: lead_in + 1], failed.privileged[shared])
    env.close()


def test_policy_sees_the_repeated_part(env, failed):
    retry = plan_retry(failed, SEED, 1)
    policy = Rammer()
    again = collect_episode(env, SEED, FLIGHTS, PolicyRunner(policy), retry)
    assert policy.num_seen == len(env.seen) - 1
    assert policy.num_seen == len(retry.commands) + len(again) - retry.num_recorded


def test_tries_part_at_times_of_their_own_and_go_on_differently(env, failed):
    first, second = (fly(env, failed, attempt) for attempt in (1, 2))
    assert first.metadata['attempt'] == '1'
    assert second.metadata['attempt'] == '2'
    assert first.metadata['start'] == second.metadata['start'] == 'near failure'
    assert first.metadata['seed'] == second.metadata['seed'] == str(SEED)
    times = [float(episode.metadata['start_time']) for episode in (first, second)]
    end = failed.image_stamps[-1] - 1.0
    assert all(1.4 <= end - time <= 4.0 for time in times)
    assert abs(times[0] - times[1]) > 0.1
    # The same commands parted at the same place: only what is drawn differs.
    same = {'retry_lead': (2.0, 2.0)}
    first, second, again = (fly(env, failed, attempt, **same) for attempt in (1, 2, 1))
    number = int(first.metadata['lead_in'])
    assert np.array_equal(first.flown[:number], second.flown[:number])
    assert not np.array_equal(first.flown[number], second.flown[number])
    assert np.array_equal(first.flown, again.flown)


@pytest.mark.parametrize('share', [0.0, 1.0])
def test_expert_has_the_controls_first_in_a_share_of_the_tries(env, failed, share):
    again = fly(env, failed, retry_expert_share=share, retry_lead=(2.0, 2.0))
    number = int(again.metadata['lead_in'])
    # Disturbances are a tenth of this for some images.
    to_expert = np.abs(again.flown - again.labels)[number : number + 3, 0]
    to_policy = np.abs(again.flown[number : number + 3, 0] - 3.0)
    assert (to_expert < to_policy).all() if share else (to_policy < to_expert).all()


def test_short_flight_is_flown_from_its_start_again(env, failed):
    again = fly(env, failed, retry_lead=(30.0, 30.0))
    assert again.metadata['start_time'] == '0.000'
    assert again.metadata['lead_in'] == '0'
    assert np.array_equal(again.images[0], failed.images[0])
    assert not np.array_equal(again.flown[0], failed.flown[0])


def test_world_that_does_not_repeat_itself_is_an_error(env, failed):
    retry = plan_retry(failed, SEED, 1)
    message = r'must lead to the same flight, but went elsewhere: .* --retries 0'
    for seed in (SEED + 1, SEED + 2):
        with pytest.raises(ValueError, match=message):
            collect_episode(env, seed, FLIGHTS, None, retry)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'retries': -1}, 'retries must be'),
        ({'retry_share': 1.5}, 'retry_share must be'),
        ({'retry_expert_share': np.nan}, 'retry_expert_share must be'),
        ({'retry_lead': (0.0, 2.0)}, 'the first of retry_lead must be'),
        ({'retry_lead': (3.0, 2.0)}, 'the second of retry_lead must be'),
        ({'retry_lead': (3.0,)}, 'retry_lead must have shape'),
    ],
)
def test_impossible_settings_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        RetrySettings(**change)


def test_what_ends_before_its_time_is_a_failure():
    outcomes = ('success', 'time_limit', 'collision', 'out_of_area', 'lost')
    assert [is_failure(outcome) for outcome in outcomes] == [False, False, True, True, True]
