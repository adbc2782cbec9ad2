# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""All disturbances alike, and the flight without any."""

import hashlib
import platform
from importlib.metadata import version

import gymnasium
import numpy as np
import pytest

from sim.disturbances import DISTURBANCES, LEVELS, Latency, PixelNoise, make_disturbance
from sim.environment import FlyToTargetEnv

ACTION = np.array([1.0, 0.3, 0.1, 0.2], np.float32)

# Recorded before there were disturbances: 6 steps of `digest`, camera 32x18, renderer tiny. The
# last bits of small matrix products depend on the processor: by digest of its arithmetic.
RECORDED = {
    '4eba9859bde962646d9c7ab905101752102fe4979f7b3047752bc44b70158883': {
        0: '6d60d8b8091c52daed595236d1527364c0fe12105a57c47e10893e43f537bb9d',
        7: '7cf7220aae62129a3b135bec993251b1cd53a7c704e27400121105cb406f4b1e',
        2_000_000: '1ecfa425932cc4ce6cc4497789e8012756e32e54333cd1c915768a774dcbda57',
    },
    'c09511f9da5ad0bad06fc8cc74c0efa682f257aa8cb339c78f0363d28402e45b': {
        0: '43f47587bf343dfdfb60054363579e088e82f6fdce134bcea3d26875d86b6e83',
        7: 'ec94c6ea0488b8947bc1ee3a0af41d92c53248f422f5cd0e721ebce9dc8314fb',
        2_000_000: '1c01b0d18c230e026ea30121c7b0e8c39e570259c6f6dea1887b5a7542ad14fd',
    },
}


def digest(env: FlyToTargetEnv, seed: int) -> str:
    """Return a digest of all that is observed and of the true states of a short flight."""
    flight = hashlib.sha256()
    observation, _ = env.reset(seed=seed)
    for step in range(6):
        for key in sorted(observation):
            flight.update(np.ascontiguousarray(observation[key]).tobytes())
        action = np.array([1.0, 0.3 * (-1) ** step, 0.1, 0.2], np.float32)
        observation, reward, *_ = env.step(action)
        state = env.simulation.state
        flight.update(state.position_world.tobytes() + state.orientation_world.tobytes())
        flight.update(state.velocity_world.tobytes() + state.angular_velocity.tobytes())
        flight.update(np.float64(reward).tobytes())
    return flight.hexdigest()


def find_recorded() -> dict[int, str] | None:
    """Return the digests that hold for this engine and these elementary functions, if any."""
    if (version('pybullet'), platform.machine()) != ('3.2.7', 'x86_64'):
        return None
    x = np.linspace(-3.0, 3.0, 1000)
    values = np.concatenate(
        [np.sin(x), np.cos(x), np.exp(x), np.arctan2(x, 1 + x), x @ x[:, None]]
    )
    return RECORDED.get(hashlib.sha256(values.tobytes()).hexdigest())


def fly(env: FlyToTargetEnv, seed: int = 3, num_steps: int = 25) -> list[np.ndarray]:
    """Return everything observed and the true positions of a flight."""
    observation, info = env.reset(seed=seed)
    seen = [*observation.values(), info['position']]
    for _ in range(num_steps):
        observation, _, _, _, info = env.step(ACTION)
        assert env.observation_space.contains(observation)
        seen += [*observation.values(), info['position']]
    return seen


@pytest.mark.skipif(find_recorded() is None, reason='digests hold for other library versions')
def test_without_disturbances_flights_are_what_they_were_before_bit_for_bit(small_settings):
    recorded = find_recorded()
    env = FlyToTargetEnv(settings=small_settings)
    assert {seed: digest(env, seed) for seed in recorded} == recorded
    env.close()


def test_every_name_has_three_different_levels_of_its_class():
    assert DISTURBANCES.keys() == LEVELS.keys()
    for name, kind in DISTURBANCES.items():
        levels = [make_disturbance(name, level) for level in (1, 2, 3)]
        assert all(type(disturbance) is kind for disturbance in levels)
        assert len(set(levels)) == 3


@pytest.mark.parametrize('name', DISTURBANCES)
def test_every_disturbance_repeats_with_its_seed_and_changes_the_flight(make_env, name):
    clean = fly(make_env())
    first = fly(make_env(make_disturbance(name, 3)))
    again = fly(make_env(make_disturbance(name, 3)))
    assert all(np.isfinite(array).all() for array in first)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, clean, strict=True))


def test_disturbing_images_alone_leaves_the_motion_of_the_seed_as_it_was(make_env):
    clean, noisy = make_env(), make_env(PixelNoise(40.0), make_disturbance('occluding_patch', 3))
    for env in (clean, noisy):
        env.reset(seed=5)
    for _ in range(5):
        positions = [env.step(ACTION)[4]['position'] for env in (clean, noisy)]
        assert np.array_equal(*positions)


def test_all_disturbances_fly_together(make_env):
    every = [make_disturbance(name, 2) for name in DISTURBANCES]
    assert all(np.isfinite(array).all() for array in fly(make_env(*every), num_steps=5))


def test_gymnasium_makes_disturbed_environments(small_settings):
    name, disturbances = 'lnn_control/FlyToTarget-v0', (Latency(0.1), PixelNoise(10.0))
    env = gymnasium.make(name, settings=small_settings, disturbances=disturbances)
    assert env.unwrapped.simulation.disturbances == disturbances
    env.close()


def test_names_and_levels_that_do_not_exist_list_the_valid_ones():
    with pytest.raises(ValueError, match=r"disturbance must be one of \['battery_sag'.*'rain'"):
        make_disturbance('rain', 1)
    with pytest.raises(ValueError, match='level must be 1, 2 or 3, got 4'):
        make_disturbance('wind', 4)


@pytest.mark.parametrize('wrong', ['wind', Latency(0.1), ('wind',), (None,), (Latency,)])
def test_disturbances_that_are_none_are_errors_that_say_what_to_give(wrong):
    with pytest.raises(ValueError, match=r"DroppedFrames\(0.2\)|one of \['BatterySag'.*'wind'"):
        FlyToTargetEnv(disturbances=wrong)


@pytest.mark.parametrize(
    ('name', 'values', 'message'),
    [
        ('image_noise', {'standard_deviation': -1}, r'standard_deviation .* \[0, 128\] steps'),
        ('brighter', {'factor': 0}, r'factor .* \[0.05, 10\]'),
        ('contrast', {'factor': -1}, r'factor .* \[0, 5\]'),
        ('saturation', {'factor': 9}, r'factor .* \[0, 5\]'),
        ('motion_blur', {'length': 0.6}, r'length .* \[0, 0.5\]'),
        ('occluding_patch', {'area': 1}, r'area .* \[0, 0.9\]'),
        ('occluding_patch', {'level': 300}, r'level .* \[0, 255\] steps'),
        ('camera_roll', {'angle_deg': 180}, r'angle_deg .* \[-90, 90\] deg'),
        ('dropped_frames', {'rate': 1}, r'rate .* \[0, 0.9\]'),
        ('repeated_frames', {'rate': 'x'}, 'rate must be a number'),
        ('latency', {'extra': -0.1}, r'extra .* \[0, 1\] s'),
        ('wind', {'mean': 40}, r'mean .* \[0, 20\] m/s'),
        ('wind', {'gust': float('nan')}, r'gust .* \[0, 10\] m/s'),
        ('wind', {'correlation_time': 0}, r'correlation_time .* \[0.05, 60\] s'),
        ('heavier', {'factor': 2}, r'factor .* \[0.5, 1.5\]'),
        ('battery_sag', {'loss': 0.9}, r'loss .* \[0, 0.5\]'),
    ],
)
def test_numbers_out_of_range_name_the_range(name, values, message):
    with pytest.raises(ValueError, match=message):
        DISTURBANCES[name](**values)
