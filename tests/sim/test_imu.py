# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY, quaternion_from_euler, rotation_from_quaternion
from sim.sensors.imu import IMU_RATE, Imu, ImuParameters

IDEAL = ImuParameters(*[0.0] * 8)
LEVEL = np.eye(3)
STILL = np.zeros(3)


def sample(parameters: ImuParameters, count: int, seed: int = 0) -> np.ndarray:
    """Return samples of an IMU that hovers, gravity taken away, shape (count, 6)."""
    imu = Imu(parameters, np.random.default_rng(seed))
    rows = [np.concatenate(imu.measure(LEVEL, STILL, STILL)) for _ in range(count)]
    return np.array(rows) - [0, 0, 0, 0, 0, GRAVITY]


def measure_ideal(rotation, rates, acceleration):
    return Imu(IDEAL, np.random.default_rng(0)).measure(rotation, rates, acceleration)


def test_hover_reads_one_g_upwards():
    rates, force = measure_ideal(LEVEL, STILL, STILL)
    assert rates == pytest.approx([0, 0, 0])
    assert force == pytest.approx([0, 0, GRAVITY])


def test_free_fall_reads_zero():
    assert measure_ideal(LEVEL, STILL, np.array([0, 0, -GRAVITY]))[1] == pytest.approx([0, 0, 0])


def test_force_is_in_the_body_frame():
    # Nose down by 30 degrees: gravity's reaction pulls towards the tail.
    down = rotation_from_quaternion(quaternion_from_euler(0, np.radians(30), 1.0))
    force = measure_ideal(down, STILL, STILL)[1]
    assert force == pytest.approx([-GRAVITY / 2, 0, GRAVITY * np.sqrt(3) / 2])
    # Right side down by 30 degrees: it pulls to the left.
    right = rotation_from_quaternion(quaternion_from_euler(np.radians(30), 0, 1.0))
    force = measure_ideal(right, STILL, STILL)[1]
    assert force == pytest.approx([0, GRAVITY / 2, GRAVITY * np.sqrt(3) / 2])


def test_acceleration_of_the_world_is_turned_into_the_body():
    west = rotation_from_quaternion(quaternion_from_euler(0, 0, np.pi / 2))
    force = measure_ideal(west, STILL, np.array([0, 2.0, 0]))[1]
    assert force == pytest.approx([2.0, 0, GRAVITY])


def test_rates_pass_through():
    assert measure_ideal(LEVEL, np.array([0.1, -0.2, 0.3]), STILL)[0] == pytest.approx(
        [0.1, -0.2, 0.3]
    )


def test_white_noise_has_the_density_of_the_data_sheet():
    parameters = ImuParameters(
        gyroscope_bias=0,
        accelerometer_bias=0,
        gyroscope_random_walk=0,
        accelerometer_random_walk=0,
        gyroscope_bias_instability=0,
        accelerometer_bias_instability=0,
    )
    rows = sample(parameters, 20_000)
    density = rows.std(axis=0) / np.sqrt(IMU_RATE)
    assert density[:3] == pytest.approx([2.44e-4] * 3, rel=0.03)
    assert density[3:] == pytest.approx([1.72e-3] * 3, rel=0.03)
    assert np.abs(rows.mean(axis=0) / rows.std(axis=0)).max() < 4 / np.sqrt(len(rows))
    correlation = np.corrcoef(rows.T) - np.eye(6)
    assert np.abs(correlation).max() < 0.05


def test_turn_on_bias_stays_and_differs_between_flights():
    parameters = ImuParameters(0, 0, 0.003, 0.05, 0, 0, 0, 0)
    biases = []
    for seed in range(400):
        rows = sample(parameters, 2, seed)
        assert rows[0] == pytest.approx(rows[1], abs=1e-12)
        biases.append(rows[0])
    spread = np.std(biases, axis=0)
    assert spread[:3] == pytest.approx([0.003] * 3, rel=0.15)
    assert spread[3:] == pytest.approx([0.05] * 3, rel=0.15)


def test_bias_walks_with_the_square_root_of_time():
    parameters = ImuParameters(0, 0, 0, 0, 0.01, 0.1, 0, 0)
    seconds = 4
    ends = [sample(parameters, round(seconds * IMU_RATE), seed)[-1] for seed in range(80)]
    # Six axes of 80 flights: the deviation of their deviation is 1 / sqrt(2 * 480).
    spread = np.sqrt(np.mean(np.square(ends) / np.repeat([0.01, 0.1], 3) ** 2))
    assert spread == pytest.approx(np.sqrt(seconds), rel=0.12)


def test_same_generator_gives_the_same_samples():
    assert np.array_equal(sample(ImuParameters(), 5, 3), sample(ImuParameters(), 5, 3))
    assert not np.array_equal(sample(ImuParameters(), 5, 3), sample(ImuParameters(), 5, 4))


def test_errors_drawn_at_once_are_those_of_single_samples():
    parameters = ImuParameters(gyroscope_random_walk=1e-3, gyroscope_bias_instability=1e-3)
    single, many = (Imu(parameters, np.random.default_rng(2)) for _ in range(2))
    rows = [np.concatenate(single.measure(LEVEL, STILL, STILL)) for _ in range(4500)]
    expected = np.array(rows) - [0, 0, 0, 0, 0, GRAVITY]
    drawn = np.concatenate([many.draw_errors(count) for count in (1, 4100, 399)])
    assert drawn == pytest.approx(expected, rel=0, abs=1e-12)


def test_negative_noise_is_an_error():
    with pytest.raises(ValueError, match='gyroscope_random_walk must be a finite number in'):
        ImuParameters(gyroscope_random_walk=-1e-5)
