# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Preprocessing
from sim.craft import Craft
from sim.disturbances import DroppedFrames, Latency, RepeatedFrames
from sim.observation import resample


def step_through(env, num_steps, seed=0):
    """Return number of the image, elapsed time [s], IMU rows and time [s] of every observation."""
    observation, info = env.reset(seed=seed)
    seen = []
    for _ in range(num_steps):
        number = int(observation['image'][0, 0, 0])
        seen.append((number, float(observation['elapsed_time'][0]), observation['imu'], info))
        observation, _, terminated, truncated, info = env.step(np.zeros(4))
        assert not (terminated or truncated)
    return seen


@pytest.mark.parametrize('rate', [0.1, 0.3])
def test_dropped_frames_lengthen_the_elapsed_time_and_keep_their_rate(make_env, rate):
    seen = step_through(make_env(DroppedFrames(rate), camera_rate=60.0, camera_latency=0.0), 150)
    numbers, elapsed = (np.array(column) for column in list(zip(*seen, strict=True))[:2])
    assert numbers[0] == 1
    gaps = np.diff(numbers)
    assert elapsed[1:] == pytest.approx(gaps / 60, abs=1e-6)
    num_sent = numbers[-1] - 1
    spread = np.sqrt(rate * (1 - rate) / num_sent)
    assert (num_sent - len(gaps)) / num_sent == pytest.approx(rate, abs=3 * spread)


def test_imu_window_spans_the_gap_of_dropped_frames(make_env, monkeypatch):
    # Write the time of each sample into the x axis of its body rates.
    measure = Craft.measure

    def measure_time(craft, time):
        measure(craft, time)
        craft._rows[-1] = (time, np.array([time, 0, 0]), craft._rows[-1][2])

    monkeypatch.setattr(Craft, 'measure', measure_time)
    seen = step_through(make_env(DroppedFrames(0.6)), 12)
    assert max(gap for _, gap, *_ in seen) > 0.12
    stamps = np.cumsum([gap for _, gap, *_ in seen]) - 0.05
    for (_, gap, imu, _), stamp in list(zip(seen, stamps, strict=True))[1:]:
        times = stamp - gap + 0.005 * np.arange(1, round(gap * 200) + 1)
        assert imu.shape == (10, 6)
        assert imu[:, 0].mean() == pytest.approx(times.mean(), abs=1e-5)
        assert imu[:, 0].std() == pytest.approx(times.std(), rel=1e-4)


def test_resampled_window_gives_a_policy_the_summary_of_all_samples():
    rng = np.random.default_rng(0)
    rows = rng.normal([0, 1, 2, 3, 4, 9.8], [1, 2, 0.1, 0, 3, 0.5], (30, 6)).astype(np.float32)
    short = resample(rows, 10)
    assert short.shape == (10, 6)
    summaries = [
        Preprocessing().summarise_imu(ImuSamples(window[:, :3], window[:, 3:]))
        for window in (rows, short)
    ]
    assert summaries[0] == pytest.approx(summaries[1], abs=1e-5)
    assert resample(rows[:10], 10) == pytest.approx(rows[:10], abs=1e-5)


def test_episode_that_ends_while_an_image_is_awaited_repeats_the_last_observation(make_env):
    env = make_env(DroppedFrames(0.9))
    env.reset(seed=0)
    observation, is_over, previous = None, False, None
    while not is_over:
        previous = observation
        observation, _, terminated, truncated, info = env.step(np.array([0, 0, -1.0, 0]))
        is_over = terminated or truncated
    assert info['outcome'] == 'collision'
    assert info['time'] < 3.0
    assert np.array_equal(observation['image'], previous['image'])
    assert observation['elapsed_time'] == previous['elapsed_time']


def test_repeated_frames_hold_old_pixels_under_a_new_stamp_at_their_rate(make_env):
    seen = step_through(make_env(RepeatedFrames(0.3), camera_rate=60.0, camera_latency=0.0), 200)
    numbers = np.array([number for number, *_ in seen])
    is_repeat = np.diff(numbers) == 0
    assert is_repeat.mean() == pytest.approx(0.3, abs=3 * np.sqrt(0.3 * 0.7 / 199))
    assert (numbers[1:][~is_repeat] == np.arange(2, 201)[~is_repeat]).all()
    assert [gap for _, gap, *_ in seen] == pytest.approx([1 / 60] * 200)


@pytest.mark.parametrize('extra', [0.05, 0.1, 0.2])
def test_latency_delays_images_but_not_their_stamps(make_env, extra):
    env = make_env(Latency(extra))
    assert env.simulation.delivery_time == pytest.approx(0.03 + extra)
    for number, (image, gap, _, info) in enumerate(step_through(env, 6)):
        assert image == number + 1
        assert gap == pytest.approx(0.05)
        # Exposed at number / 20, seen this much later.
        assert info['time'] - number * 0.05 == pytest.approx(0.03 + extra, abs=1e-3)


def test_latencies_add_up(make_env):
    env = make_env(Latency(0.05), Latency(0.1))
    assert env.simulation.delivery_time == pytest.approx(0.18)
