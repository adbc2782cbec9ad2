# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.sensors.image_noise import ImageNoise


def corrupt(level: int, exposure: float = 1.0, noise: ImageNoise | None = None, seed: int = 0):
    pixels = np.full((120, 160, 3), level, np.uint8)
    return (noise or ImageNoise()).corrupt(pixels, exposure, np.random.default_rng(seed))


@pytest.mark.parametrize('level', [32, 128, 220])
def test_noise_grows_with_the_square_root_of_brightness(level):
    image = corrupt(level)
    # Rounding to whole steps adds a variance of 1/12.
    wanted = np.hypot(1.5 + 3.0 * np.sqrt(level / 255), np.sqrt(1 / 12))
    assert image.std() == pytest.approx(wanted, rel=0.03)
    assert image.mean() == pytest.approx(level, abs=0.1)


def test_exposure_scales_brightness():
    assert corrupt(100, exposure=1.3).mean() == pytest.approx(130, abs=0.2)


def test_bright_and_dark_pixels_saturate_instead_of_wrapping():
    assert corrupt(250, exposure=1.6).min() == 255
    assert corrupt(0).max() < 12


def test_without_noise_the_image_passes_unchanged():
    pixels = np.arange(8 * 8 * 3, dtype=np.uint8).reshape(8, 8, 3)
    clean = ImageNoise(0.0, 0.0, 0.0).corrupt(pixels, 1.0, np.random.default_rng(0))
    assert np.array_equal(clean, pixels)
    assert clean is not pixels


def test_corrupting_keeps_the_input_and_repeats_with_its_seed():
    pixels = np.full((8, 8, 3), 90, np.uint8)
    images = [ImageNoise().corrupt(pixels, 1.0, np.random.default_rng(s)) for s in (1, 1, 2)]
    assert (pixels == 90).all()
    assert images[0].dtype == np.uint8
    assert np.array_equal(images[0], images[1])
    assert not np.array_equal(images[0], images[2])


def test_exposure_is_drawn_about_one_and_bounded():
    rng = np.random.default_rng(0)
    drawn = np.array([ImageNoise().draw_exposure(rng) for _ in range(2000)])
    assert drawn.mean() == pytest.approx(1.0, abs=0.006)
    assert drawn.std() == pytest.approx(0.06, rel=0.08)
    wild = [ImageNoise(exposure=5.0).draw_exposure(rng) for _ in range(100)]
    assert min(wild) == 0.6
    assert max(wild) == 1.6
