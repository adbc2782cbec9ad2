# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import (
    NUM_IMU_FEATURES,
    ImuBuffer,
    Observation,
    Preprocessing,
)

PREPROCESSING = Preprocessing(width_px=16, height_px=8)


def make_columns(width: int, height: int) -> np.ndarray:
    """Return an image whose red says in which column a pixel lies."""
    image = np.zeros((height, width, 3), np.uint8)
    image[..., 0] = np.arange(width)
    return image


def test_image_of_the_right_size_passes_untouched() -> None:
    image = make_columns(16, 8)
    assert PREPROCESSING.prepare_image(image) is image


def test_wide_image_loses_its_sides() -> None:
    prepared = PREPROCESSING.prepare_image(make_columns(20, 8))
    assert prepared[0, :, 0].tolist() == list(range(2, 18))


def test_tall_image_loses_top_and_bottom() -> None:
    tall = np.zeros((12, 16, 3), np.uint8)
    tall[..., 0] = np.arange(12)[:, None]
    assert PREPROCESSING.prepare_image(tall)[:, 0, 0].tolist() == list(range(2, 10))


def test_large_image_is_averaged() -> None:
    image = np.zeros((16, 32, 3), np.uint8)
    image[::2, ::2] = 100
    prepared = PREPROCESSING.prepare_image(image)
    assert prepared.shape == (8, 16, 3)
    assert set(prepared.ravel().tolist()) == {25}


@pytest.mark.parametrize('shape', [(8, 15, 3), (7, 16, 3), (1, 1, 3)])
def test_small_image_is_an_error_that_names_both_sizes(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match=rf'at least 16x8 pixels, got {shape[1]}x{shape[0]}'):
        PREPROCESSING.prepare_image(np.zeros(shape, np.uint8))


def test_imu_features_are_mean_and_deviation() -> None:
    rates = np.array([[1.0, 0.0, -1.0], [3.0, 0.0, -1.0]])
    forces = np.array([[0.0, 0.0, GRAVITY], [0.0, 2 * GRAVITY, GRAVITY]])
    features = PREPROCESSING.summarise_imu(ImuSamples(rates, forces))
    assert features == pytest.approx([2, 0, -1, 0, 1, 1, 1, 0, 0, 0, 1, 0])


def test_missing_imu_reads_as_level_rest() -> None:
    none = ImuSamples(np.zeros((0, 3)), np.zeros((0, 3)))
    rest = ImuSamples(np.zeros((4, 3)), np.tile([0.0, 0.0, GRAVITY], (4, 1)))
    expected = PREPROCESSING.summarise_imu(rest)
    assert PREPROCESSING.summarise_imu(none) == pytest.approx(expected)


def test_observation_is_made_of_image_and_imu() -> None:
    samples = ImuSamples(np.zeros((0, 3)), np.zeros((0, 3)))
    observation = PREPROCESSING.observe(make_columns(32, 16), samples)
    assert observation.image.shape == (8, 16, 3)
    assert observation.imu.shape == (NUM_IMU_FEATURES,)


def test_observation_checks_its_features() -> None:
    image = np.zeros((8, 16, 3), np.uint8)
    with pytest.raises(ValueError, match='12 finite features'):
        Observation(image, np.full(NUM_IMU_FEATURES, np.nan, np.float32))


@pytest.mark.parametrize('size', [0, 7, 5000])
def test_size_must_be_sensible(size: int) -> None:
    with pytest.raises(ValueError, match='width_px'):
        Preprocessing(width_px=size)


def add_samples(buffer: ImuBuffer, *stamps: float) -> None:
    for stamp in stamps:
        buffer.add(stamp, np.array([stamp, 0.0, 0.0]), np.array([0.0, 0.0, GRAVITY]))


def test_window_ends_at_the_image_and_orders_by_stamp() -> None:
    buffer = ImuBuffer()
    add_samples(buffer, 0.02, 0.01, 0.04, 0.03)
    assert buffer.take(0.03).angular_velocity[:, 0] == pytest.approx([0.01, 0.02, 0.03])
    assert buffer.take(0.05).angular_velocity[:, 0] == pytest.approx([0.04])
    assert len(buffer.take(0.05)) == 0


def test_buffer_without_images_drops_the_oldest() -> None:
    buffer = ImuBuffer(capacity=2)
    add_samples(buffer, 0.01, 0.02, 0.03)
    assert buffer.take(1.0).angular_velocity[:, 0] == pytest.approx([0.02, 0.03])


def test_buffer_refuses_what_is_not_finite() -> None:
    with pytest.raises(ValueError, match='angular_velocity must be finite'):
        ImuBuffer().add(0.0, np.full(3, np.nan), np.zeros(3))
