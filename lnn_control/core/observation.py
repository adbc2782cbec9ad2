# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One preprocessing for training, simulation and vehicle: sensors in, network inputs out."""

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import ImuSamples

NUM_IMU_FEATURES = 12
"""Mean and standard deviation of three body rates and three accelerations."""

MIN_SIZE_PX = 8

LEAST_SCALE = 0.5
"""Pixels of the camera for one of the network, along an edge: with fewer nothing is left."""


@dataclass(frozen=True)
class View:
    """How much a camera sees, and how much a policy was trained to see.

    :param fov_deg: field of view across the whole width of the camera's image.
    :param widest_fov_deg: greatest one of the network's image in training.
    """

    fov_deg: float
    widest_fov_deg: float


@dataclass(frozen=True)
class Crop:
    """A part of an image [px]."""

    left: int
    top: int
    width: int
    height: int

    def measure_fov_deg(self, image_width: int, fov_deg: float) -> float:
        """Return the field of view across the part.

        :param image_width: of the whole image [px]. :param fov_deg: across the whole image.
        """
        tangent = math.tan(math.radians(fov_deg) / 2) * self.width / image_width
        return 2 * math.degrees(math.atan(tangent))


@dataclass(frozen=True, eq=False)
class Observation:
    """What a policy sees at one instant.

    :param image: uint8 RGB image of the policy's own size, shape (height, width, 3).
    :param imu: inertial features since the last image, float32 of shape (12,): the mean and the
        standard deviation of body rates [rad/s] and specific force [g].
    """

    image: NDArray[np.uint8]
    imu: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(
                'image must be uint8 of shape (height, width, 3), '
                f'got {self.image.dtype} of shape {self.image.shape}'
            )
        if self.imu.shape != (NUM_IMU_FEATURES,) or not np.isfinite(self.imu).all():
            raise ValueError(
                f'imu must be {NUM_IMU_FEATURES} finite features, got {self.imu.tolist()}'
            )


@dataclass(frozen=True)
class Preprocessing:
    """How sensor data becomes an observation. Travels with the checkpoint."""

    width_px: int = 128
    """Width of the network's image [px]."""
    height_px: int = 72
    """Height of the network's image [px]."""

    def __post_init__(self) -> None:
        check_number('width_px', self.width_px, MIN_SIZE_PX, 4096)
        check_number('height_px', self.height_px, MIN_SIZE_PX, 4096)

    def choose_crop(self, width: int, height: int, view: View | None = None) -> Crop:
        """Return which part of a camera's image the network is given: as much as it may see.

        :param width: of the camera's image [px]. :param height: likewise.
        :param view: of the camera; a wider one than trained is cropped. None crops to the
            network's aspect ratio only.
        :raises ValueError: if the image is smaller than the network's, which no scaling cures.
        """
        if height < self.height_px or width < self.width_px:
            raise ValueError(
                f'camera image must be at least {self.width_px}x{self.height_px} pixels, got '
                f'{width}x{height}: choose a larger camera mode'
            )
        scale = min(width / self.width_px, height / self.height_px)
        if view is not None:
            focal_length_px = width / 2 / math.tan(math.radians(view.fov_deg) / 2)
            widest_px = 2 * focal_length_px * math.tan(math.radians(view.widest_fov_deg) / 2)
            # Half a pixel forgives the rounding of angles.
            scale = min(scale, (widest_px + 0.5) / self.width_px)
        if scale < LEAST_SCALE:
            raise ValueError(
                f'a {width}x{height} camera image has too few pixels for the part that the policy '
                f'was trained to see, {round(self.width_px * scale)} px wide: choose a larger '
                'camera mode'
            )
        crop_width = min(width, round(self.width_px * scale))
        crop_height = min(height, round(self.height_px * scale))
        return Crop(
            (width - crop_width) // 2, (height - crop_height) // 2, crop_width, crop_height
        )

    def prepare_image(
        self, pixels: NDArray[np.uint8], crop: Crop | None = None
    ) -> NDArray[np.uint8]:
        """Crop an RGB image about its centre and scale it to the network's size.

        :param crop: which part to take; None takes what :meth:`choose_crop` says.
        :raises ValueError: if it is smaller than the network's image.
        """
        height, width = pixels.shape[:2]
        crop = crop if crop is not None else self.choose_crop(width, height)
        if (crop.height, crop.width) == (height, width) == (self.height_px, self.width_px):
            return pixels
        # Only here: a vehicle whose camera gives the network's size needs no OpenCV.
        import cv2

        part = pixels[crop.top : crop.top + crop.height, crop.left : crop.left + crop.width]
        size = (self.width_px, self.height_px)
        is_smaller = crop.width < self.width_px
        interpolation = cv2.INTER_LINEAR if is_smaller else cv2.INTER_AREA
        return np.asarray(cv2.resize(part, size, interpolation=interpolation), dtype=np.uint8)

    def summarise_imu(self, samples: ImuSamples) -> NDArray[np.float32]:
        """Return mean and standard deviation of the samples, shape (12,).

        An empty window (a dropped packet) reads as level rest: zero rates, one g upwards.
        """
        if len(samples) == 0:
            return np.array([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0], dtype=np.float32)
        rows = np.concatenate(
            [samples.angular_velocity, samples.linear_acceleration / GRAVITY], axis=1
        )
        return np.concatenate([rows.mean(axis=0), rows.std(axis=0)]).astype(np.float32)

    def observe(
        self, pixels: NDArray[np.uint8], samples: ImuSamples, crop: Crop | None = None
    ) -> Observation:
        """Return the observation that a policy is trained on and flies with."""
        return Observation(self.prepare_image(pixels, crop), self.summarise_imu(samples))


class ImuBuffer:
    """Collects inertial samples until the camera image they belong to arrives.

    An image's window holds the samples stamped after the previous image, up to the image itself:
    the same samples whatever order or delay the transport adds.

    :param capacity: samples kept at most, the oldest are dropped.
    """

    def __init__(self, capacity: int = 400) -> None:
        self._rows: deque[tuple[float, NDArray[np.float32], NDArray[np.float32]]] = deque(
            maxlen=capacity
        )

    def add(
        self,
        stamp: float,
        angular_velocity: NDArray[np.floating],
        linear_acceleration: NDArray[np.floating],
    ) -> None:
        """Append one sample [s, rad/s, m/s^2].

        :raises ValueError: if a value is not finite or has another shape than (3,).
        """
        rates = check_array('angular_velocity', angular_velocity, (3,), np.float32)
        forces = check_array('linear_acceleration', linear_acceleration, (3,), np.float32)
        self._rows.append((stamp, rates, forces))

    def take(self, until: float) -> ImuSamples:
        """Remove and return the samples stamped at or before a time, in order of their stamps."""
        # Half a microsecond forgives the rounding of stamps to nanoseconds and floats.
        taken = sorted((row for row in self._rows if row[0] <= until + 5e-7), key=lambda r: r[0])
        kept = [row for row in self._rows if row[0] > until + 5e-7]
        self._rows.clear()
        self._rows.extend(kept)
        return ImuSamples(
            np.array([row[1] for row in taken], dtype=np.float32).reshape(-1, 3),
            np.array([row[2] for row in taken], dtype=np.float32).reshape(-1, 3),
            np.array([row[0] for row in taken], dtype=np.float64),
        )
