# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a calibration says of a lens, and images as an ideal lens would have seen them.

The models are those of sensor_msgs/CameraInfo: plumb_bob and rational_polynomial (Brown and
Conrady), equidistant (Kannala and Brandt, for fisheye lenses). An ideal lens has none, looks
straight ahead in the middle of its image, and its pixels are square.
"""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.image_messages import load_opencv

_BROWN, _FISHEYE = ('', 'plumb_bob', 'rational_polynomial'), ('equidistant', 'fisheye')
_NUM_BROWN, _NUM_FISHEYE = (4, 5, 8, 12, 14), 4
"""Coefficients that OpenCV takes."""

_GREATEST_SIZE = 2**15 - 1
"""Along an edge, of images that OpenCV remaps [px]."""

# What lenses have, and no policy notices: more is taken out of the image.
_GREATEST_LEAN_DEG, _GREATEST_STRETCH = 5.0, 0.03
# Beyond these a calibration is wrong, or too little of the image is left about the middle of the
# view: binning of 2x1 is the most stretched that there is.
_MOST_STRETCHED, _LEAST_LEFT = 2.5, 0.5
# The ideal image may have more pixels, so that it is no smaller than a policy's where the camera's
# is not; many more would show nothing.
_MOST_ENLARGED = 1.25
# An ideal image that is wider has hardly a middle.
_GREATEST_FOV_DEG = 179.0
# Of K[1] to K[0].
_GREATEST_SKEW = 0.03

Maps = tuple[NDArray[np.int16], NDArray[np.uint16]]


class Pinhole(NamedTuple):
    """A camera without distortion [px].

    :param size: width and height of its image. :param focal: lengths, along the width and along
        the height. :param middle: where the view straight ahead lies, from the middle of the first
        pixel.
    """

    size: tuple[int, int]
    focal: tuple[float, float]
    middle: tuple[float, float]

    @property
    def matrix(self) -> NDArray[np.float64]:
        """The camera matrix, shape (3, 3)."""
        (fx, fy), (cx, cy) = self.focal, self.middle
        return np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])

    @property
    def fov_deg(self) -> float:
        """Field of view across the whole width of the image."""
        return 2 * math.degrees(math.atan(self.size[0] / 2 / self.focal[0]))

    @property
    def is_ideal(self) -> bool:
        """Whether pixels are about square and the view straight ahead is about in the middle."""
        sides = zip(self.size, self.focal, self.middle, strict=True)
        lean = math.hypot(*((middle - size / 2) / focal for size, focal, middle in sides))
        stretch = abs(self.focal[1] / self.focal[0] - 1.0)
        is_straight = math.degrees(math.atan(lean)) <= _GREATEST_LEAN_DEG
        return is_straight and stretch <= _GREATEST_STRETCH

    def measure_left(self) -> tuple[float, float]:
        """Return how wide and high the image is about the middle of its view [px]."""
        # It ends half a pixel beyond the middles of the outermost ones.
        left, top = (
            2 * min(middle + 0.5, size - 0.5 - middle)
            for size, middle in zip(self.size, self.middle, strict=True)
        )
        return left, top

    def make_ideal(self) -> 'Pinhole':
        """Return the ideal camera that sees as much of what this one sees, in as many pixels."""
        left = self.measure_left()
        sides = list(zip(self.size, self.focal, left, strict=True))
        enough_px = max(focal * size / length for size, focal, length in sides)
        focal_length_px = min(enough_px, _MOST_ENLARGED * min(self.focal))
        width, height = (
            max(1, round(length * focal_length_px / focal)) for _, focal, length in sides
        )
        middle = (width - 1) / 2, (height - 1) / 2
        return Pinhole((width, height), (focal_length_px, focal_length_px), middle)


@dataclass(frozen=True)
class Calibration:
    """A lens as it was measured, of images as they come; equal ones need no new maps.

    :param width: of the image [px]. :param height: likewise. :param model: of the distortion.
    :param matrix: row by row: focal lengths and middle [px]. :param distortion: coefficients.
    """

    width: int
    height: int
    model: str
    matrix: tuple[float, ...]
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        focal = (self.matrix[0], self.matrix[4]) if len(self.matrix) == 9 else (0.0, 0.0)
        is_possible = 0 < min(self.width, self.height) <= max(self.width, self.height)
        if not is_possible or not all(0.0 < length < math.inf for length in focal):
            raise ValueError(
                'camera_info must hold a size and a focal length in K[0] and K[4], got '
                f'{self.width}x{self.height}, {focal[0]:g} and {focal[1]:g} px: calibrate the '
                'camera'
            )
        if max(self.width, self.height) > _GREATEST_SIZE:
            raise ValueError(
                f'camera_info must be of images of at most {_GREATEST_SIZE} pixels along an edge, '
                f'got {self.width}x{self.height}: calibrate the camera'
            )
        if self.model not in (*_BROWN, *_FISHEYE):
            raise ValueError(
                f'the distortion of camera_info must be one of {[*_BROWN[1:], *_FISHEYE]}, got '
                f'{self.model!r}: publish an image that is rectified'
            )
        if not all(map(math.isfinite, (*self.matrix, *self.distortion))):
            raise ValueError('camera_info must hold finite numbers: calibrate the camera')
        if self.is_distorted and not self._has_coefficients():
            numbers = (_NUM_FISHEYE,) if self.model in _FISHEYE else _NUM_BROWN
            raise ValueError(
                f'camera_info must hold {" or ".join(map(str, numbers))} coefficients D for '
                f'{self.model or "plumb_bob"}, got {len(self.distortion)}: calibrate the camera'
            )
        self._check_view()

    def _check_view(self) -> None:
        """Check that the view is about that of a camera.

        :raises ValueError: if pixels are far from square, or most of the image is to one side.
        """
        (fx, fy), (cx, cy) = self.pinhole.focal, self.pinhole.middle
        ratio = max(fx, fy) / min(fx, fy)
        if ratio > _MOST_STRETCHED or abs(self.matrix[1]) > _GREATEST_SKEW * fx:
            raise ValueError(
                f'camera_info must be of pixels that are about square, got {fx:g} and {fy:g} px '
                f'for K[0] and K[4] and a skew K[1] of {self.matrix[1]:g}: calibrate the camera'
            )
        left = self.pinhole.measure_left()
        if left[0] < _LEAST_LEFT * self.width or left[1] < _LEAST_LEFT * self.height:
            raise ValueError(
                f'camera_info must have the view straight ahead near the middle of its '
                f'{self.width}x{self.height} images, got ({cx:g}, {cy:g}): calibrate the camera, '
                'or cut its images (roi) about their middle'
            )

    def _has_coefficients(self) -> bool:
        if self.model in _FISHEYE:
            # Some drivers add zeros.
            more = self.distortion[_NUM_FISHEYE:]
            return len(self.distortion) >= _NUM_FISHEYE and not any(more)
        return len(self.distortion) in _NUM_BROWN

    @property
    def pinhole(self) -> Pinhole:
        """The camera as it were without distortion."""
        fx, _, cx, _, fy, cy = self.matrix[:6]
        return Pinhole((self.width, self.height), (fx, fy), (cx, cy))

    @property
    def is_distorted(self) -> bool:
        """Whether straight lines are bent in the image."""
        return any(self.distortion)


def is_rectified(topic: str) -> bool:
    """Return whether images were straightened by whoever publishes them.

    Their name tells, as those of image_proc and of camera drivers do: image_rect,
    image_rect_color, image_rect_raw.
    """
    return 'rect' in topic.removesuffix('/compressed').rpartition('/')[2]


def read_calibration(message: Any, image_topic: str = '') -> Calibration:
    """Return the lens that a sensor_msgs/CameraInfo tells, whichever library has read it.

    All its numbers are of the full image of the sensor: of that the camera gives a part (roi),
    with each pixel made of several (binning).

    :param image_topic: of its images: rectified ones are those of its projection matrix P, and
        the distortion is that of the images before.
    :raises ValueError: if it tells none, as uncalibrated cameras do (all of K is 0).
    """
    # ROS 1 has the same fields in capitals.
    matrix, distortion, projection = (
        [float(v) for v in getattr(message, name if hasattr(message, name) else name.upper())]
        for name in ('k', 'd', 'p')
    )
    model = str(message.distortion_model)
    if is_rectified(image_topic):
        if len(projection) != 12 or not projection[0]:
            raise ValueError(
                f'camera_info of rectified images must hold a projection P, got {projection}: '
                'calibrate the camera, or take its images before they are rectified'
            )
        # Its left three columns are the matrix of the rectified image.
        matrix, distortion, model = [*projection[:3], *projection[4:7], *projection[8:11]], [], ''
    left, top, width, height = _read_part(message)
    binning_x, binning_y = (max(1, int(n)) for n in (message.binning_x, message.binning_y))
    if len(matrix) == 9:
        # As image_geometry does: the part first, as it is told in pixels of the sensor.
        matrix[2], matrix[5] = matrix[2] - left, matrix[5] - top
        matrix[:3] = [value / binning_x for value in matrix[:3]]
        matrix[3:6] = [value / binning_y for value in matrix[3:6]]
    return Calibration(
        width // binning_x, height // binning_y, model, tuple(matrix), tuple(distortion)
    )


def _read_part(message: Any) -> tuple[int, int, int, int]:
    """Return which part of the sensor the images are: left, top, width, height [px].

    :raises ValueError: if it is none.
    """
    full_width, full_height = int(message.width), int(message.height)
    roi = message.roi
    part = int(roi.x_offset), int(roi.y_offset), int(roi.width), int(roi.height)
    if not any(part):
        return 0, 0, full_width, full_height
    left, top, width, height = part
    fits = left + width <= full_width and top + height <= full_height
    if not width or not height or not fits:
        raise ValueError(
            f'the roi of camera_info must be a part of its {full_width}x{full_height} images, got '
            f'{width}x{height} at ({left}, {top}): correct it where the camera is started'
        )
    return part


class Lens:
    """Turns images of a calibrated camera into those of an ideal pinhole.

    Only what every pixel was seen of remains: no black borders, so a little less to the sides,
    and the middle of the image is where the camera looks straight ahead. An image that is about
    ideal stays as it is. Nodes and importer have this one, so that what is learned from is what
    is flown on.

    :raises ValueError: if no ideal image can be made of what the calibration says.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        pinhole = calibration.pinhole
        self.is_ideal = pinhole.is_ideal and not calibration.is_distorted
        self._ideal = pinhole if self.is_ideal else _find_seen(calibration).make_ideal()

    @cached_property
    def _maps(self) -> Maps:
        """Where each pixel of the ideal image lies: made for images that come, not for claims."""
        return _make_maps(self.calibration, self._ideal)

    @property
    def fov_deg(self) -> float:
        """Field of view across the whole width of the ideal image."""
        return self._ideal.fov_deg

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the ideal image [px]."""
        return self._ideal.size

    def check_size(self, width: int, height: int) -> None:
        """Check that the calibration is for images of a size [px].

        :raises ValueError: if it is for others.
        """
        expected = (self.calibration.width, self.calibration.height)
        if (width, height) != expected:
            raise ValueError(
                f'camera_info is for {expected[0]}x{expected[1]} images, got {width}x{height}: '
                'calibrate the camera in the mode that it runs in, let camera_info say which part '
                'of the sensor it gives (roi, binning), and take it from where images are scaled'
            )

    def straighten(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the ideal image.

        :raises ValueError: if it has another size than the calibration.
        """
        return self._remap(pixels, 'INTER_LINEAR')

    def straighten_classes(self, classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the ideal map of classes, shape (height, width): the nearest class, no mixture.

        :raises ValueError: likewise.
        """
        return self._remap(classes, 'INTER_NEAREST')

    def _remap(self, pixels: NDArray[np.uint8], interpolation: str) -> NDArray[np.uint8]:
        """Return pixels where the ideal camera has them.

        :param interpolation: by OpenCV's name of it.
        """
        self.check_size(pixels.shape[1], pixels.shape[0])
        if self.is_ideal:
            return pixels
        # Only here: a camera that is ideal needs no OpenCV.
        cv2 = load_opencv()
        # The outermost pixels lie half a pixel beyond what was seen.
        straight = cv2.remap(
            pixels,
            *self._maps,
            interpolation=getattr(cv2, interpolation),
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(straight, dtype=np.uint8)


def _make_maps(calibration: Calibration, ideal: Pinhole) -> Maps:
    """Return where each pixel of an ideal camera lies in the image.

    :raises ValueError: if OpenCV cannot tell.
    """
    cv2 = load_opencv()
    make = cv2.initUndistortRectifyMap
    if calibration.model in _FISHEYE:
        make = cv2.fisheye.initUndistortRectifyMap
    lens = calibration.pinhole.matrix, _shape_distortion(calibration)
    try:
        first, second = make(*lens, np.eye(3), ideal.matrix, ideal.size, cv2.CV_16SC2)
    except cv2.error as error:
        raise ValueError(_describe_impossible(calibration)) from error
    return first, second


def _find_seen(calibration: Calibration) -> Pinhole:
    """Return the camera without distortion all of whose pixels were seen.

    :raises ValueError: if there is none, as of coefficients that no lens has.
    """
    if not calibration.is_distorted:
        return calibration.pinhole
    cv2 = load_opencv()
    size = (calibration.width, calibration.height)
    matrix, distortion = calibration.pinhole.matrix, _shape_distortion(calibration)
    try:
        if calibration.model in _FISHEYE:
            seen = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
                matrix, distortion, size, np.eye(3), balance=0.0
            )
        else:
            seen, _ = cv2.getOptimalNewCameraMatrix(matrix, distortion, size, alpha=0.0)
    except cv2.error as error:
        raise ValueError(_describe_impossible(calibration)) from error
    (fx, _, cx), (_, fy, cy), _ = seen.tolist()
    camera = Pinhole(size, (fx, fy), (cx, cy))
    is_possible = np.isfinite(seen).all() and min(fx, fy, *camera.measure_left()) > 0.0
    if not is_possible or camera.fov_deg > _GREATEST_FOV_DEG:
        raise ValueError(_describe_impossible(calibration))
    return camera


def _shape_distortion(calibration: Calibration) -> NDArray[np.float64]:
    """Return the coefficients as OpenCV takes them."""
    values = np.array(calibration.distortion if calibration.is_distorted else (0.0,) * 5)
    return values[:_NUM_FISHEYE, None] if calibration.model in _FISHEYE else values


def _describe_impossible(calibration: Calibration) -> str:
    return (
        'camera_info must tell of a lens whose images can be straightened, got K '
        f'{list(calibration.matrix)} and D {list(calibration.distortion)}: calibrate the camera'
    )
