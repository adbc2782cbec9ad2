# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import dataclasses
import math

import numpy as np
import pytest

from lnn_control.core.messages import CameraImage, ImuSamples, VehicleState, VelocityCommand


@pytest.mark.parametrize(
    'pixels',
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        np.zeros((0, 6, 3), np.uint8),
    ],
)
def test_image_must_be_rgb_bytes(pixels: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r'uint8 RGB image of shape \(height, width, 3\), got'):
        CameraImage(pixels, 0.0)


def test_image_keeps_the_memory_it_was_given() -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    assert np.shares_memory(CameraImage(pixels, 1.0).pixels, pixels)


def test_stamp_must_be_finite() -> None:
    with pytest.raises(ValueError, match='stamp'):
        CameraImage(np.zeros((4, 6, 3), np.uint8), math.nan)


def test_imu_samples_need_one_row_each() -> None:
    with pytest.raises(ValueError, match='3 and 2 rows'):
        ImuSamples(np.zeros((3, 3)), np.zeros((2, 3)))


def test_imu_samples_may_be_none() -> None:
    assert len(ImuSamples(np.zeros((0, 3)), np.zeros((0, 3)))) == 0


def test_imu_samples_must_be_finite() -> None:
    with pytest.raises(ValueError, match='linear_acceleration must be finite'):
        ImuSamples(np.zeros((1, 3)), np.full((1, 3), np.inf))


def test_arrays_are_read_only_copies() -> None:
    rates = np.zeros((1, 3))
    samples = ImuSamples(rates, np.zeros((1, 3)))
    rates[:] = 5.0
    assert samples.angular_velocity.tolist() == [[0.0, 0.0, 0.0]]
    with pytest.raises(ValueError, match='read-only'):
        samples.angular_velocity[0, 0] = 1.0


def test_command_goes_through_an_array_and_back() -> None:
    command = VelocityCommand(1.0, -2.0, 0.5, 0.25)
    assert command.to_array().tolist() == [1.0, -2.0, 0.5, 0.25]
    assert VelocityCommand.from_array(command.to_array()) == command


@pytest.mark.parametrize('bad', [math.nan, math.inf, 'fast', None])
def test_command_must_be_finite_numbers(bad: float) -> None:
    with pytest.raises(ValueError, match='yaw_rate'):
        VelocityCommand(0.0, 0.0, 0.0, bad)


def test_command_array_must_have_four_elements() -> None:
    with pytest.raises(ValueError, match=r'shape \(4,\), got \(3,\)'):
        VelocityCommand.from_array(np.zeros(3))


def test_command_holds_plain_floats() -> None:
    command = VelocityCommand(np.float32(1.0), 2)
    assert [type(value) for value in dataclasses.astuple(command)] == [float] * 4


def test_state_needs_a_unit_quaternion() -> None:
    with pytest.raises(ValueError, match='unit quaternion'):
        VehicleState(np.zeros(3), np.array([0.0, 0.0, 0.0, 2.0]))


def test_state_defaults_to_level_rest() -> None:
    state = VehicleState(np.array([1.0, 2.0, 3.0]))
    assert state.orientation_world.tolist() == [0.0, 0.0, 0.0, 1.0]
    assert state.velocity_world.tolist() == [0.0, 0.0, 0.0]
