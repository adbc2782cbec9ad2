# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from gymnasium import spaces

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.cache import load_sequences
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.episode_file import write_episode
from lnn_control.policies.policy import Policy
from lnn_control.policies.runner import PolicyRunner

CALM = CollectSettings(noise=0.0)
SIZE = Preprocessing(width_px=16, height_px=8)


class CountingEnv:
    """Image and expert command number k come after k steps; ends after a number of steps."""

    action_space = spaces.Box(-1e5, 1e5, (4,))

    def __init__(self, num_steps: int = 40, seed: int = 0) -> None:
        self.num_steps = num_steps
        self.actions: list[np.ndarray] = []
        self.sensed: list[dict] = []

    def _sense(self) -> dict:
        rng = np.random.default_rng([self._seed, len(self.actions)])
        imu = rng.normal(size=(10, 6)).astype(np.float32)
        imu[:, 5] += GRAVITY
        self.sensed.append(
            {
                'image': np.full((8, 16, 3), len(self.actions) % 256, np.uint8),
                'imu': imu,
                'elapsed_time': np.array([0.05], np.float32),
            }
        )
        return self.sensed[-1]

    def _stamp(self) -> dict:
        stamp = 0.05 * len(self.actions)
        return {'image_stamp': stamp, 'imu_stamps': stamp + 0.005 * np.arange(-9, 1)}

    def reset(self, *, seed: int):
        self._seed = seed
        self.actions.clear()
        self.sensed.clear()
        return self._sense(), self._stamp()

    def step(self, action):
        self.actions.append(np.array(action))
        is_over = len(self.actions) == self.num_steps
        sensed = self._sense()
        info = self._stamp() | {'outcome': 'success' if is_over else None}
        return sensed, 0.0, is_over, False, info

    def expert_command(self):
        return np.array([len(self.actions), 0.1, 0.2, 0.3], np.float32)


class StillPolicy(Policy):
    """Counts its calls in its state and commands what no expert would."""

    def __init__(self) -> None:
        super().__init__('still', SIZE)

    def initial_state(self):
        return 0

    def __call__(self, observation, state, elapsed_time):
        assert observation.image[0, 0, 0] == state % 256
        assert elapsed_time == pytest.approx(0.05)
        return VelocityCommand(vx=-5.0), state + 1


def fly(settings=CALM, policy=None, seed=0, num_steps=40):
    env = CountingEnv(num_steps)
    runner = PolicyRunner(policy) if policy is not None else None
    return env, collect_episode(env, seed, settings, runner)


def test_every_image_is_kept_with_the_expert_command_for_it():
    env, episode = fly()
    assert len(episode) == 40
    assert episode.images[:, 0, 0, 0].tolist() == list(range(40))
    assert episode.labels[:, 0].tolist() == list(range(40))
    assert np.array_equal(episode.flown, episode.labels)
    assert np.array_equal(episode.flown, np.stack(env.actions))
    assert episode.metadata == {
        'seed': '0',
        'pilot': 'expert',
        'outcome': 'success',
        'command_limits': '100000 100000 100000 100000',
    }


def test_stamps_follow_the_elapsed_time_and_inertial_samples_fill_it():
    _, episode = fly()
    assert episode.image_stamps == pytest.approx(1.0 + 0.05 * np.arange(40))
    assert episode.imu_stamps == pytest.approx(0.955 + 0.005 * np.arange(400))


def test_disturbance_moves_the_vehicle_but_not_the_labels():
    env, episode = fly(CollectSettings(noise=0.3), num_steps=4000)
    assert episode.labels[:, 1] == pytest.approx(0.1)
    drift = (episode.flown - episode.labels) / [1.0, 0.8, 0.2, 0.5]
    assert np.array_equal(episode.flown, np.stack(env.actions))
    assert drift[100:].std(axis=0) == pytest.approx([0.3] * 4, rel=0.25)
    # It wanders with a correlation time of 0.8 s, 16 images.
    lag = np.array([np.corrcoef(d[:-16], d[16:])[0, 1] for d in drift.T])
    assert lag.mean() == pytest.approx(np.exp(-1), abs=0.12)


def test_disturbance_is_measured_by_what_the_vehicle_is_used_to():
    class SlowEnv(CountingEnv):
        def reset(self, *, seed: int):
            sensed, info = super().reset(seed=seed)
            return sensed, info | {'usual_command': np.array([0.1, 0.0, 0.0, 2.0])}

    drifts = []
    for env in (CountingEnv(), SlowEnv()):
        episode = collect_episode(env, 0, CollectSettings(noise=0.3))
        drifts.append(episode.flown - episode.labels)
    assert drifts[1] == pytest.approx(drifts[0] * [0.1, 0.0, 0.0, 4.0], abs=1e-5)


def test_same_seed_gives_the_same_flight_and_another_one_differs():
    first, again, other = (fly(CollectSettings(), seed=seed)[1] for seed in (1, 1, 2))
    assert np.array_equal(first.flown, again.flown)
    assert not np.array_equal(first.flown, other.flown)


def test_policy_flies_and_the_expert_labels():
    _, episode = fly(CollectSettings(noise=0.0, expert_share=0.0), StillPolicy(), num_steps=400)
    assert episode.labels[:, 0].tolist() == list(range(400))
    is_policy = episode.flown[:, 0] == -5.0
    # The expert has the controls at first, for two seconds on average.
    assert not is_policy[0]
    assert is_policy[200:].all()
    assert episode.metadata['pilot'] == 'still'


@pytest.mark.parametrize('share', [0.3, 1.0])
def test_expert_and_policy_take_turns_in_stretches(share):
    settings = CollectSettings(noise=0.0, expert_share=share)
    flown = fly(settings, StillPolicy(), num_steps=240)[1].flown
    for seed in range(1, 25):
        flown = np.concatenate(
            [flown, fly(settings, StillPolicy(), seed=seed, num_steps=240)[1].flown]
        )
    is_expert = flown[:, 0] != -5.0
    # Two of twelve seconds belong to the expert in any case.
    assert is_expert.mean() == pytest.approx(share + (1 - share) / 6, abs=0.12)
    if share < 1:
        switches = np.count_nonzero(np.diff(is_expert.astype(int)))
        assert 20 < len(flown) / switches < 200


class IrregularEnv(CountingEnv):
    """Drops images: steps last one to four periods; samples jitter and stand for all of them."""

    def reset(self, *, seed: int):
        self._rng = np.random.default_rng(seed)
        self.stamp = 0.0
        return super().reset(seed=seed)

    def _sense(self) -> dict:
        elapsed = 0.05
        if self.actions:
            elapsed = 0.05 * int(self._rng.integers(1, 5)) + float(self._rng.uniform(0, 0.01))
            self.stamp += elapsed
        super()._sense()['elapsed_time'] = np.array([elapsed], np.float32)
        self.elapsed = elapsed
        return self.sensed[-1]

    def _stamp(self) -> dict:
        # The last sample is that of the image, the first came some time after the image before.
        shares = np.sort(self._rng.uniform(0.05, 0.95, 10))[::-1]
        shares[-1] = 0.0
        return {'image_stamp': self.stamp, 'imu_stamps': self.stamp - self.elapsed * shares}


@pytest.mark.parametrize('kind', [CountingEnv, IrregularEnv])
def test_training_sees_what_the_policy_saw(tmp_path, kind):
    # From the environment through the file and the data set: the same as in flight.
    seen_in_flight = []

    class Witness(StillPolicy):
        def __call__(self, observation, state, elapsed_time):
            seen_in_flight.append((observation, elapsed_time))
            return VelocityCommand(), state

    env = kind(num_steps=12)
    episode = collect_episode(env, 3, CALM, PolicyRunner(Witness()))
    write_episode(tmp_path / 'e.mcap', episode)
    sequence = load_sequences(tmp_path, SIZE)[0]
    assert len(seen_in_flight) == len(sequence) == 12
    for i, (seen, elapsed_time) in enumerate(seen_in_flight):
        assert np.array_equal(sequence.images[i], seen.image)
        assert np.array_equal(sequence.imu[i], seen.imu)
        if i > 0:  # before the first image there is none to measure from
            assert sequence.elapsed_time[i] == pytest.approx(elapsed_time, abs=1e-6)


def test_environment_that_does_not_stamp_is_an_error():
    class Unstamped(CountingEnv):
        def _stamp(self):
            return {}

    with pytest.raises(ValueError, match=r'info .* must hold image_stamp and imu_stamps'):
        collect_episode(Unstamped(), 0, CALM)


def test_truth_is_recorded_where_the_environment_tells_it():
    class Teller(CountingEnv):
        def _sense(self):
            classes = np.full((8, 16), len(self.actions), np.uint8)
            return super()._sense() | {'segmentation': classes}

        def _stamp(self):
            return super()._stamp() | {'privileged': np.full(20, len(self.actions) / 100)}

    episode = collect_episode(Teller(), 0, CALM)
    assert episode.privileged[:, 3] == pytest.approx(np.arange(40) / 100)
    assert episode.segmentation[:, 0, 0].tolist() == list(range(40))
    plain = collect_episode(CountingEnv(), 0, CALM)
    assert plain.privileged is None
    assert plain.segmentation is None


@pytest.mark.parametrize(
    'change', [{'noise': -1.0}, {'noise_time': 0.0}, {'expert_share': 1.1}, {'noise': np.nan}]
)
def test_impossible_settings_are_errors(change):
    with pytest.raises(ValueError, match=f'{next(iter(change))} must be'):
        CollectSettings(**change)


def test_what_is_recorded_as_flown_is_what_the_vehicle_was_let_to_do():
    env = CountingEnv()
    env.action_space = spaces.Box(-0.05, 0.05, (4,))
    episode = collect_episode(env, 0, CollectSettings(noise=1.0))
    assert np.abs(episode.flown).max() == pytest.approx(0.05)
    assert np.abs(episode.labels).max() > 1.0
