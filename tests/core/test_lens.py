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


def make_matrix(
    fx: float, fy: float | None = None, middle: tuple[float, float] = (160.0, 120.0)
) -> tuple[float, ...]:
    return (fx, 0.0, middle[0], 0.0, fx if fy is None else fy, middle[1], 0.0, 0.0, 1.0)


def draw_ball(matrix: tuple[float, ...]) -> np.ndarray:
    """Return what a lens without distortion sees of a white ball straight ahead."""
    fx, _, cx, _, fy, cy = matrix[:6]
    columns, rows = np.meshgrid(np.arange(SIZE[0], dtype=float), np.arange(SIZE[1], dtype=float))
    is_ball = np.hypot((columns - cx) / fx, (rows - cy) / fy) < 0.2
    return np.repeat(np.where(is_ball, 255, 0)[:, :, None], 3, 2).astype(np.uint8)


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


def measure_bend(image: np.ndarray, width: int = SIZE[0]) -> float:
    """Return how far the border between black and white is from a straight line [px]."""
    columns = np.arange(20, width - 20)
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
    # In whole pixels about the middle it is a little less.
    assert expected - 0.5 < Lens(calibrate(distortion=BARREL)).fov_deg <= expected


@pytest.mark.parametrize(
    ('calibration', 'message'),
    [
        ((320, 240, 'plumb_bob', (0.0,) * 9), 'calibrate the camera'),
        ((0, 0, 'plumb_bob', MATRIX), 'calibrate the camera'),
        ((320, 240, 'division', MATRIX), 'publish an image that is rectified'),
        ((320, 240, 'plumb_bob', MATRIX, (math.nan,)), 'finite'),
        ((320, 240, '', make_matrix(200.0, middle=(math.nan, 120.0))), 'finite'),
        ((320, 240, '', make_matrix(200.0, 0.0)), r'got 320x240, 200 and 0 px: calibrate'),
        ((320, 240, '', make_matrix(200.0, 600.0)), 'about square, got 200 and 600 px'),
        ((320, 240, '', (200.0, 20.0, *MATRIX[2:])), r'a skew K\[1\] of 20'),
        ((320, 240, '', make_matrix(200.0, middle=(1.0, 120.0))), r'got \(1, 120\): calibrate'),
        ((320, 240, '', make_matrix(200.0, middle=(160.0, 300.0))), r'images \(roi\) about their'),
        ((40000, 240, '', make_matrix(200.0, middle=(2e4, 120.0))), 'at most 32767 pixels'),
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


@pytest.mark.parametrize('distortion', [BARREL, ()])
@pytest.mark.parametrize('size', [(640, 480), (160, 120), (320, 180)])
def test_image_of_another_mode_is_refused(
    distortion: tuple[float, ...], size: tuple[int, int]
) -> None:
    width, height = size
    words = f'camera_info is for 320x240 images, got {width}x{height}: .*roi, binning'
    with pytest.raises(ValueError, match=words):
        Lens(calibrate(distortion=distortion)).straighten(np.zeros((height, width, 3), np.uint8))


@pytest.mark.parametrize(
    ('roi', 'binning', 'size', 'fov_deg'),
    [
        ((0, 0, 0, 0), (0, 0), (256, 144), 100.0),
        ((0, 0, 256, 144), (1, 1), (256, 144), 100.0),
        # 2 atan(tan(50 deg) / 2).
        ((64, 36, 128, 72), (0, 0), (128, 72), 61.58),
        ((0, 0, 0, 0), (2, 2), (128, 72), 100.0),
        ((64, 36, 128, 72), (2, 2), (64, 36), 61.58),
        ((0, 0, 0, 0), (5, 5), (51, 28), 99.78),
    ],
)
@pytest.mark.parametrize('topic', ['image_raw', 'image_rect'])
def test_part_of_the_sensor_and_binning_tell_what_images_show(
    roi: tuple[int, ...],
    binning: tuple[int, int],
    size: tuple[int, int],
    fov_deg: float,
    topic: str,
) -> None:
    info = camera_info(0.0, (256, 144), 128 / math.tan(math.radians(50)))
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = roi
    info.binning_x, info.binning_y = binning
    calibration = read_calibration(info, topic)
    lens = Lens(calibration)
    assert (calibration.width, calibration.height) == lens.size == size
    assert lens.fov_deg == pytest.approx(fov_deg, abs=0.01)
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    assert lens.straighten(pixels) is pixels


def test_part_of_a_bent_image_is_straightened_as_in_the_whole_one() -> None:
    calibration = calibrate(distortion=BARREL)
    bent = photograph(calibration, 0.1)
    info = camera_info(0.0, SIZE, 200.0, BARREL)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = 40, 0, 240, 240
    part = Lens(read_calibration(info)).straighten(bent[:, 40:280])
    assert measure_bend(bent[:, 40:280], 240) > 2.0
    assert measure_bend(part, 240) < 1.5


@pytest.mark.parametrize(
    'roi', [(300, 0, 100, 240), (0, 200, 320, 41), (10, 10, 0, 0), (0, 0, 320, 0)]
)
def test_part_that_the_sensor_does_not_have_is_refused(roi: tuple[int, ...]) -> None:
    info = camera_info(0.0, SIZE)
    info.roi.x_offset, info.roi.y_offset, info.roi.width, info.roi.height = roi
    with pytest.raises(ValueError, match='must be a part of its 320x240 images, got'):
        read_calibration(info)


@pytest.mark.parametrize(
    'matrix',
    [
        make_matrix(200.0, 300.0),
        make_matrix(400.0, 200.0),
        make_matrix(200.0, middle=(120.0, 120.0)),
        make_matrix(200.0, 220.0, (200.0, 140.0)),
    ],
)
def test_pixels_become_square_and_the_view_straight_ahead_is_in_the_middle(
    matrix: tuple[float, ...],
) -> None:
    lens = Lens(Calibration(*SIZE, '', matrix))
    rows, columns = np.nonzero(lens.straighten(draw_ball(matrix))[:, :, 0] > 127)
    assert np.ptp(columns) == pytest.approx(np.ptp(rows), abs=2)
    width, height = lens.size
    assert (columns.mean(), rows.mean()) == pytest.approx(
        ((width - 1) / 2, (height - 1) / 2), abs=1
    )
    # As wide as what is told: the ball has a radius of 0.2 at a distance of 1.
    seen = np.ptp(columns) / width * math.tan(math.radians(lens.fov_deg / 2))
    assert seen == pytest.approx(0.2, abs=0.01)
    # Nothing is lost that the camera saw to both sides.
    half = min(matrix[2] + 0.5, SIZE[0] - 0.5 - matrix[2]) / matrix[0]
    assert lens.fov_deg == pytest.approx(2 * math.degrees(math.atan(half)), abs=0.5)


def test_pixels_of_a_straightened_image_are_square() -> None:
    # OpenCV's own answer is 163 px along the width and 180 px along the height.
    focal = Lens(calibrate(distortion=BARREL))._ideal.focal
    assert focal[0] == focal[1]


def test_small_faults_of_a_lens_leave_its_images_alone() -> None:
    lens = Lens(Calibration(*SIZE, '', make_matrix(200.0, 204.0, (168.0, 114.0))))
    pixels = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    assert lens.straighten(pixels) is pixels


@pytest.mark.parametrize('model', ['plumb_bob', 'rational_polynomial', 'equidistant'])
def test_coefficients_that_no_lens_has_are_told_in_one_line(model: str) -> None:
    noise = np.random.default_rng(0)
    for scale in (1e-2, 1.0, 1e3, 1e6):
        for _ in range(20):
            num = {'plumb_bob': 5, 'rational_polynomial': 8, 'equidistant': 4}[model]
            try:
                lens = Lens(calibrate(model, tuple(noise.normal(0, scale, num).tolist())))
            except ValueError as error:
                assert 'camera_info must tell of a lens' in str(error)
                continue
            assert 0.0 <= lens.fov_deg < 180.0
            assert lens.straighten(np.zeros((SIZE[1], SIZE[0], 3), np.uint8)).size < 10**6
