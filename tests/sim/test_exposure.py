# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where a camera is while its shutter is open; automatic gain finds its target."""

import numpy as np
import pytest

from lnn_control.core.frames import (
    quaternion_from_euler,
    rotation_from_quaternion,
    rotation_world_from_level,
)
from sim.sensors.exposure import Exposure, move_pose

EYE = np.array([0.0, 0.0, 1.5])


def test_pose_moves_along_its_velocity_and_turns_about_its_own_axes():
    rotation = rotation_from_quaternion(quaternion_from_euler(0.3, -0.2, 1.1))
    velocity = np.array([1.0, -2.0, 0.5])
    position, turned = move_pose(EYE, rotation, velocity, np.array([0.0, 0.0, 0.8]), 0.5)
    assert position == pytest.approx(EYE + 0.5 * velocity)
    assert turned == pytest.approx(rotation @ rotation_world_from_level(0.4))


def test_pose_agrees_with_many_small_turns():
    rates = np.array([0.9, -0.5, 1.4])
    turned = np.eye(3)
    for _ in range(20_000):
        turned = turned @ (np.eye(3) + 5e-5 * np.cross(np.eye(3), rates))
    _, expected = move_pose(EYE, np.eye(3), np.zeros(3), rates, 1.0)
    assert turned == pytest.approx(expected, abs=2e-4)


def test_pose_of_a_resting_camera_stays_bit_for_bit():
    rotation = rotation_from_quaternion(quaternion_from_euler(0.3, -0.2, 1.1))
    position, turned = move_pose(EYE, rotation, np.zeros(3), np.zeros(3), 0.1)
    assert np.array_equal(position, EYE)
    assert np.array_equal(turned, rotation)


def test_drawings_are_spread_evenly_about_the_stamp():
    assert Exposure(time=0.04, num_drawings=4).moments == pytest.approx(
        [-0.015, -0.005, 0.005, 0.015]
    )
    assert Exposure().moments.tolist() == [0.0]


@pytest.mark.parametrize('scene', [20.0, 60.0, 200.0])
def test_automatic_gain_brings_images_to_the_target(scene):
    exposure = Exposure(automatic=True, max_gain=8.0)
    gain, means = exposure.gain, []
    for _ in range(40):
        pixels = np.full((4, 4, 3), min(scene * gain, 255.0)).astype(np.uint8)
        means.append(float(pixels.mean()))
        gain = exposure.adapt_gain(gain, pixels, 0.05)
    assert means[-1] == pytest.approx(exposure.target, rel=0.03)
    steps = np.diff(means)
    assert (steps >= 0).all() or (steps <= 0).all()


def test_automatic_gain_covers_63_percent_of_the_stops_in_its_response_time():
    exposure = Exposure(automatic=True, target=100.0, response=0.4, max_gain=10.0)
    pixels = np.full((4, 4, 3), 25, np.uint8)
    expected = np.log(4.0) * (1 - np.exp(-1.0))
    assert np.log(exposure.adapt_gain(1.0, pixels, 0.4)) == pytest.approx(expected)


def test_automatic_gain_has_limits():
    exposure = Exposure(automatic=True, max_gain=4.0)
    dark, bright = np.zeros((4, 4, 3), np.uint8), np.full((4, 4, 3), 255, np.uint8)
    assert exposure.adapt_gain(3.9, dark, 10.0) == 4.0
    assert exposure.adapt_gain(0.26, bright, 10.0) == 0.25


def test_fixed_gain_stays():
    assert Exposure(gain=1.7).adapt_gain(1.7, np.zeros((4, 4, 3), np.uint8), 1.0) == 1.7


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'time': -0.01}, r'time must be a finite number in \[0, 1\] s'),
        ({'num_drawings': 1}, 'num_drawings must be a finite number in'),
        ({'gain': 0.0}, 'gain must be a finite number in'),
        ({'target': 300.0}, 'target must be'),
        ({'max_gain': 0.5}, 'max_gain must be'),
    ],
)
def test_impossible_exposures_are_errors(change, message):
    with pytest.raises(ValueError, match=message):
        Exposure(**change)
