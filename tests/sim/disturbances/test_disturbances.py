# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""All disturbances alike, and the flight without any."""

import gymnasium
import numpy as np
import pytest

from sim.disturbances import (
    DISTURBANCES,
    Brightness,
    Contrast,
    DroppedFrames,
    Latency,
    MassChange,
    PixelNoise,
    make_disturbance,
)
from sim.environment import TaskEnv

ACTION = np.array([1.0, 0.3, 0.1, 0.2], np.float32)


def fly(env: TaskEnv, seed: int = 3, num_steps: int = 25) -> list[np.ndarray]:
    """Return everything observed and the true positions of a flight."""
    observation, info = env.reset(seed=seed)
    seen = [*observation.values(), info['position']]
    for _ in range(num_steps):
        observation, _, _, _, info = env.step(ACTION)
        assert env.observation_space.contains(observation)
        seen += [*observation.values(), info['position']]
    return seen


def test_disturbances_of_no_strength_leave_the_flight_as_it_was_bit_for_bit(make_env):
    neutral = (PixelNoise(0.0), Brightness(1.0), DroppedFrames(0.0), Latency(0.0), MassChange(1.0))
    pairs = zip(fly(make_env()), fly(make_env(*neutral)), strict=True)
    assert all(np.array_equal(a, b) for a, b in pairs)


def test_every_name_has_three_different_levels_of_one_class():
    for name in DISTURBANCES:
        levels = [make_disturbance(name, level) for level in (1, 2, 3)]
        assert len({type(disturbance) for disturbance in levels}) == 1
        assert len(set(levels)) == 3


FOG = (Contrast(0.9), Contrast(0.5), Contrast(0.1))
DRIZZLE = (PixelNoise(5.0),)


def test_another_package_offers_a_disturbance_as_its_levels():
    assert make_disturbance(f'{__name__}:FOG', 3) == Contrast(0.1)
    with pytest.raises(ValueError, match='a tuple of 3 disturbances, from mild to severe'):
        make_disturbance(f'{__name__}:DRIZZLE', 1)


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
    with pytest.raises(ValueError, match=r"DroppedFrames\(0.2\)|of \['battery_sag'.*'wind'"):
        TaskEnv(disturbances=wrong)


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
        type(make_disturbance(name, 1))(**values)
