# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a calibration says of a lens, and images as an ideal lens would have seen them.

The models are those of sensor_msgs/CameraInfo: plumb_bob and rational_polynomial (Brown and
Conrady), equidistant (Kannala and Brandt, for fisheye lenses).
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

_BROWN, _FISHEYE = ('', 'plumb_bob', 'rational_polynomial'), ('equidistant', 'fisheye')
_NUM_BROWN, _NUM_FISHEYE = (4, 5, 8, 12, 14), 4
"""Coefficients that OpenCV takes."""


@dataclass(frozen=True)
class Calibration:
    """A lens as it was measured; equal ones need no new maps.

    :param width: of the image [px]. :param height: likewise. :param model: of the distortion.
    :param matrix: row by row: focal lengths and middle [px]. :param distortion: coefficients.
    """

    width: int
    height: int
    model: str
    matrix: tuple[float, ...]
    distortion: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        focal_length_px = self.matrix[0] if len(self.matrix) == 9 else 0.0
        if self.width <= 0 or self.height <= 0 or not 0.0 < focal_length_px < math.inf:
            raise ValueError(
                f'camera_info must hold a size and a focal length K[0], got {self.width}x'
                f'{self.height} and {focal_length_px:g} px: calibrate the camera'
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

    def _has_coefficients(self) -> bool:
        if self.model in _FISHEYE:
            # Some drivers add zeros.
            more = self.distortion[_NUM_FISHEYE:]
            return len(self.distortion) >= _NUM_FISHEYE and not any(more)
        return len(self.distortion) in _NUM_BROWN

    @property
    def fov_deg(self) -> float:
        """Field of view across the whole width of the image, were the lens an ideal one."""
        return _measure_fov_deg(self.width, self.matrix[0])

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
    return Calibration(
        int(message.width), int(message.height), model, tuple(matrix), tuple(distortion)
    )


class Lens:
    """Turns images of a calibrated camera into those of an ideal pinhole.

    Only what every pixel was seen of remains: no black borders, so a little less to the sides.
    Nodes and importer have this one, so that what is learned from is what is flown on.
    """

    def __init__(self, calibration: Calibration) -> None:
        self.calibration = calibration
        matrix = np.array(calibration.matrix).reshape(3, 3)
        self._maps: tuple[NDArray[np.int16], NDArray[np.uint16]] | None = None
        if calibration.is_distorted:
            matrix, self._maps = _make_maps(calibration, matrix)
        self._focal_length_px = float(matrix[0, 0])

    @property
    def fov_deg(self) -> float:
        """Field of view across the whole width of the ideal image."""
        return _measure_fov_deg(self.calibration.width, self._focal_length_px)

    def straighten(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the ideal image.

        :raises ValueError: if it is distorted and has another size than the calibration.
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
        if self._maps is None:
            return pixels
        height, width = pixels.shape[:2]
        expected = (self.calibration.width, self.calibration.height)
        if (width, height) != expected:
            raise ValueError(
                f'camera_info is for {expected[0]}x{expected[1]} images, got {width}x{height}: '
                'calibrate the camera in the mode that it runs in'
            )
        # Only here: a camera without distortion needs no OpenCV.
        import cv2

        # The outermost pixels lie half a pixel beyond what was seen.
        straight = cv2.remap(
            pixels,
            *self._maps,
            interpolation=getattr(cv2, interpolation),
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(straight, dtype=np.uint8)


def _measure_fov_deg(width_px: int, focal_length_px: float) -> float:
    return 2 * math.degrees(math.atan(width_px / 2 / focal_length_px))


def _make_maps(
    calibration: Calibration, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], tuple[NDArray[np.int16], NDArray[np.uint16]]]:
    """Return the ideal camera's matrix and, for each of its pixels, where it lies in the image."""
    import cv2

    size = (calibration.width, calibration.height)
    distortion = np.array(calibration.distortion)
    if calibration.model in _FISHEYE:
        coefficients = distortion[:4].reshape(4, 1)
        ideal = cv2.fisheye.estimateNewCameraMatrixForUndistortRectify(
            matrix, coefficients, size, np.eye(3), balance=0.0
        )
        maps = cv2.fisheye.initUndistortRectifyMap(
            matrix, coefficients, np.eye(3), ideal, size, cv2.CV_16SC2
        )
    else:
        ideal, _ = cv2.getOptimalNewCameraMatrix(matrix, distortion, size, alpha=0.0)
        maps = cv2.initUndistortRectifyMap(
            matrix, distortion, np.eye(3), ideal, size, cv2.CV_16SC2
        )
    return np.asarray(ideal), maps  # type: ignore[return-value]
