# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.disturbances import (
    Brightness,
    CameraRoll,
    Contrast,
    MotionBlur,
    OccludingPatch,
    PixelNoise,
    Saturation,
)
from sim.disturbances.motion_blur import make_line_kernel

GREY = np.full((72, 128, 3), 100, np.uint8)


def corrupt(disturbance, pixels=GREY, draws=(0.0, 0.0), seed=0):
    before = pixels.copy()
    image = disturbance.corrupt(pixels, np.array(draws), np.random.default_rng(seed))
    assert np.array_equal(pixels, before), 'the image that was given must not change'
    assert image.dtype == np.uint8
    assert image.shape == pixels.shape
    return image


def test_noise_has_its_standard_deviation_and_is_new_in_every_image():
    image = corrupt(PixelNoise(20.0))
    assert image.std() == pytest.approx(20.0, rel=0.02)
    assert image.mean() == pytest.approx(100.0, abs=0.5)
    assert not np.array_equal(image, corrupt(PixelNoise(20.0), seed=1))


def test_brightness_multiplies_and_saturates():
    pixels = np.array([[[10, 100, 200]]], np.uint8)
    assert corrupt(Brightness(1.7), pixels).tolist() == [[[17, 170, 255]]]
    assert corrupt(Brightness(0.25), pixels).tolist() == [[[3, 25, 50]]]


def test_contrast_shrinks_the_distance_from_the_mean():
    pixels = np.array([[[50, 50, 50], [150, 150, 150]]], np.uint8)
    assert corrupt(Contrast(0.5), pixels)[0, :, 0].tolist() == [75, 125]
    assert corrupt(Contrast(0.0), pixels)[0, :, 0].tolist() == [100, 100]


def test_saturation_shrinks_the_distance_from_the_luma():
    pixels = np.array([[[200, 0, 0]]], np.uint8)  # luma 0.299 * 200 = 59.8
    assert corrupt(Saturation(0.0), pixels).tolist() == [[[60, 60, 60]]]
    assert corrupt(Saturation(0.5), pixels).tolist() == [[[130, 30, 30]]]
    assert corrupt(Saturation(1.0), pixels).tolist() == [[[200, 0, 0]]]


def test_smear_of_five_pixels_shares_a_point_among_them():
    kernel = make_line_kernel(5.0, angle=0.0)
    assert kernel.shape == (5, 5)
    assert kernel.sum() == pytest.approx(1.0)
    assert kernel[2].sum() == pytest.approx(1.0)
    assert kernel[2, 1:4] == pytest.approx(4 / 17, abs=0.01)
    assert make_line_kernel(5.0, np.pi / 2) == pytest.approx(kernel.T, abs=1e-6)
    assert make_line_kernel(1.0, 0.7).tolist() == [[1.0]]


def test_blur_spreads_a_bright_column_and_keeps_even_images():
    pixels = np.zeros((72, 128, 3), np.uint8)
    pixels[:, 64] = 200
    image = corrupt(MotionBlur(5 / 128), pixels)
    assert np.flatnonzero(image[36, :, 0]).tolist() == [62, 63, 64, 65, 66]
    assert image[36, :, 0].sum() == pytest.approx(200, abs=3)
    vertical = corrupt(MotionBlur(5 / 128), pixels, draws=(0.5, 0.0))
    assert np.array_equal(vertical, pixels)
    assert np.array_equal(corrupt(MotionBlur(0.12), draws=(0.3, 0)), GREY)


@pytest.mark.parametrize('draws', [(0.0, 0.0), (0.4, 0.7), (0.999, 0.999)])
def test_patch_covers_its_area_wherever_it_lies(draws):
    image = corrupt(OccludingPatch(0.15, level=40), draws=draws)
    rows, columns = np.nonzero((image == 40).all(axis=2))
    assert len(rows) == 28 * 50  # sqrt(0.15) of 72 and of 128, rounded
    assert len(rows) / (72 * 128) == pytest.approx(0.15, abs=0.005)
    assert np.ptp(rows) == 27
    assert np.ptp(columns) == 49
    assert np.count_nonzero(image == 100) == 3 * (72 * 128 - 1400)


def test_patch_stays_in_place_for_an_episode_and_moves_for_the_next(make_env):
    env = make_env(OccludingPatch(0.1, level=255))
    places = []
    for seed in (0, 0, 1):
        observation, _ = env.reset(seed=seed)
        first = observation['image'] == 255
        places.append(first)
        for _ in range(3):
            observation, *_ = env.step(np.zeros(4))
            assert np.array_equal(observation['image'] == 255, first)
    assert np.array_equal(places[0], places[1])
    assert not np.array_equal(places[0], places[2])


def test_camera_roll_turns_the_camera_right_side_down():
    rotation = CameraRoll(30.0).rotation_body_from_mount
    assert rotation[:, 0] == pytest.approx([1, 0, 0])
    # The camera's left (y) points up by 30 degrees.
    assert rotation[:, 1] == pytest.approx([0, np.cos(np.pi / 6), 0.5])
    assert rotation @ rotation.T == pytest.approx(np.eye(3))


def test_camera_roll_reaches_the_renderer_but_not_the_vehicle(make_env):
    env = make_env(CameraRoll(20.0))
    seen = []
    render = env.simulation._renderer.render
    env.simulation._renderer.render = lambda p, r: seen.append(r) or render(p, r)
    env.reset(seed=0)
    assert seen[0][2, 1] == pytest.approx(np.sin(np.radians(20.0)), abs=1e-6)
    orientation = env.simulation.state.orientation_world
    assert abs(orientation[:3]).max() < 0.01
