# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math

import cv2
import numpy as np
import pytest

from lnn_control.core.lens import Calibration, Lens, read_calibration
from tests.data.made_bags import camera_info

SIZE = (320, 240)
MATRIX = (200.0, 0.0, 160.0, 0.0, 200.0, 120.0, 0.0, 0.0, 1.0)
BARREL = (-0.25, 0.06, 0.0, 0.0, 0.0)
FISHEYE = (-0.02, 0.003, 0.0, 0.0)


def calibrate(model: str = 'plumb_bob', distortion: tuple[float, ...] = ()) -> Calibration:
    return Calibration(*SIZE, model, MATRIX, distortion)


def photograph(calibration: Calibration, slope: float) -> np.ndarray:
    """Return what the lens makes of a white half plane below a straight line through the world."""
    columns, rows = np.meshgrid(np.arange(SIZE[0], dtype=float), np.arange(SIZE[1], dtype=float))
    points = np.stack([columns.ravel(), rows.ravel()], -1)[:, None]
    matrix, distortion = np.reshape(MATRIX, (3, 3)), np.array(calibration.distortion)
    if calibration.model == 'equidistant':
        rays = cv2.fisheye.undistortPoints(points, matrix, distortion)
    else:
        rays = cv2.undistortPoints(points, matrix, distortion)
    x, y = rays.reshape(SIZE[1], SIZE[0], 2).transpose(2, 0, 1)
    return np.repeat(np.where(y > 0.4 + slope * x, 255, 0)[:, :, None], 3, 2).astype(np.uint8)


def measure_bend(image: np.ndarray) -> float:
    """Return how far the border between black and white is from a straight line [px]."""
    columns = np.arange(20, SIZE[0] - 20)
    heights = np.argmax(image[:, columns, 0] > 127, axis=0)
    straight = np.polyval(np.polyfit(columns, heights, 1), columns)
    return float(np.abs(heights - straight).max())


@pytest.mark.parametrize(
    ('model', 'distortion'),
    [
        ('plumb_bob', (0.1,)),
        ('plumb_bob', (0.1, 0.0, 0.0)),
        ('rational_polynomial', (0.1,) * 6),
        ('equidistant', (0.1, 0.0)),
        ('equidistant', (0.1,) * 5),
    ],
)
def test_number_of_coefficients_that_no_lens_has_is_refused(
    model: str, distortion: tuple[float, ...]
) -> None:
    with pytest.raises(ValueError, match=f'coefficients D for {model}, got {len(distortion)}'):
        calibrate(model, distortion)


def test_zeros_behind_the_coefficients_of_a_fisheye_do_not_matter() -> None:
    straight = [Lens(calibrate('equidistant', FISHEYE + more)).fov_deg for more in ((), (0.0,))]
    assert straight[0] == straight[1]


@pytest.mark.parametrize(
    ('model', 'distortion'), [('plumb_bob', BARREL), ('equidistant', FISHEYE)]
)
def test_straight_lines_become_straight_and_all_was_seen(
    model: str, distortion: tuple[float, ...]
) -> None:
    calibration = calibrate(model, distortion)
    lens = Lens(calibration)
    bent = photograph(calibration, 0.1)
    assert measure_bend(bent) > 3.0
    assert measure_bend(lens.straighten(bent)) < 1.5
    # Each pixel of the ideal image was seen by one of the real image, or half a pixel beside.
    assert lens._maps is not None
    seen = lens._maps[0].reshape(-1, 2)
    assert seen.min() >= -1
    assert (seen <= np.array(SIZE)).all()


def test_lens_without_distortion_changes_nothing() -> None:
    lens = Lens(calibrate())
    pixels = np.random.default_rng(0).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)
    assert lens.straighten(pixels) is pixels
    assert lens.fov_deg == pytest.approx(2 * math.degrees(math.atan(160 / 200)))


def test_field_of_view_is_that_of_the_ideal_image() -> None:
    # OpenCV's own answer for the matrix whose pixels were all seen.
    ideal, _ = cv2.getOptimalNewCameraMatrix(
        np.reshape(MATRIX, (3, 3)), np.array(BARREL), SIZE, alpha=0.0
    )
    expected = 2 * math.degrees(math.atan(160 / ideal[0, 0]))
    assert Lens(calibrate(distortion=BARREL)).fov_deg == pytest.approx(expected)


@pytest.mark.parametrize(
    ('calibration', 'message'),
    [
        ((320, 240, 'plumb_bob', (0.0,) * 9), 'calibrate the camera'),
        ((0, 0, 'plumb_bob', MATRIX), 'calibrate the camera'),
        ((320, 240, 'division', MATRIX), 'publish an image that is rectified'),
        ((320, 240, 'plumb_bob', MATRIX, (math.nan,)), 'finite'),
    ],
)
def test_calibration_that_says_nothing_is_refused(calibration: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Calibration(*calibration)


@pytest.mark.parametrize(
    ('topic', 'is_straight'),
    [
        ('/camera/image_raw', False),
        ('/rectory/image_raw', False),
        ('image_rect', True),
        ('/camera/color/image_rect_color', True),
        ('/camera/image_rect/compressed', True),
    ],
)
def test_rectified_images_are_those_of_the_projection(topic: str, is_straight: bool) -> None:
    info = camera_info(0.0, focal_length_px=100.0, size=(320, 240), distortion=BARREL)
    info.p[:] = [160, 0, 160, 0, 0, 160, 120, 0, 0, 0, 1, 0]
    calibration = read_calibration(info, topic)
    assert calibration.is_distorted != is_straight
    assert (Lens(calibration).fov_deg == pytest.approx(90.0)) == is_straight


def test_rectified_images_without_a_projection_are_refused() -> None:
    info = camera_info(0.0)
    info.p[:] = 0.0
    with pytest.raises(ValueError, match='camera_info of rectified images must hold a projection'):
        read_calibration(info, '/camera/image_rect')


def test_image_of_another_mode_is_refused() -> None:
    with pytest.raises(ValueError, match='camera_info is for 320x240 images, got 640x480'):
        Lens(calibrate(distortion=BARREL)).straighten(np.zeros((480, 640, 3), np.uint8))
