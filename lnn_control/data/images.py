# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The images of a camera as a data set keeps them: straightened, cut and scaled."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.core.image_messages import SHRINKS, read_pixels
from lnn_control.core.lens import Lens
from lnn_control.core.observation import Crop, Preprocessing
from lnn_control.data.contract import CameraTopic


class ImageShrinker:
    """Makes the images of a data set of those of a camera, and knows what it cut off.

    :param lens: by which they are straightened; None leaves them as they are.
    """

    def __init__(self, camera: CameraTopic, lens: Lens | None = None) -> None:
        self._camera = camera
        self._lens = lens
        self._camera_size: tuple[int, int] = (0, 0)
        self.size: tuple[int, int] = (0, 0)
        self.crop: Crop | None = None
        self._shrink = 1

    def shrink(self, message: Any) -> NDArray[np.uint8]:
        """Return the image of a message, cut and scaled.

        :raises ValueError: if it cannot be decoded, is too small or of another size than before.
        """
        pixels = read_pixels(message, self._shrink)
        if self.crop is None:
            self._measure(pixels)
            if not hasattr(message, 'encoding'):
                self._shrink = self._choose_shrink()
                pixels = read_pixels(message, self._shrink)
        self._check_size(pixels)
        # What is decoded at a part of its size is of a lens that leaves images as they are.
        if self._lens is not None and self._shrink == 1:
            pixels = self._lens.straighten(pixels)
        return self._cut(pixels, self.size[0] / pixels.shape[1])

    def _measure(self, pixels: NDArray[np.uint8]) -> None:
        """Take note of the camera's size and choose what is cut off once images are straight.

        :raises ValueError: if they are too small, or not what the lens was calibrated for.
        """
        height, width = pixels.shape[:2]
        size = width, height
        if self._lens is not None:
            self._lens.check_size(width, height)
            size = self._lens.size
        self.crop = self._choose_crop(*size)
        self._camera_size, self.size = (width, height), size

    def _check_size(self, pixels: NDArray[np.uint8]) -> None:
        """Check that an image is as large as those before.

        :raises ValueError: if it is not.
        """
        height, width = (length * self._shrink for length in pixels.shape[:2])
        # Compressed images are shrunk by whole pixels, so that some may be missing at the edge.
        known_width, known_height = self._camera_size
        slack = self._shrink - 1
        if abs(width - known_width) > slack or abs(height - known_height) > slack:
            raise ValueError(
                f'the image has {width}x{height} pixels, those before have '
                f'{known_width}x{known_height}: a camera keeps its size'
            )

    def _choose_crop(self, width: int, height: int) -> Crop:
        """Return what the contract cuts off and, of the rest, the part of the right shape."""
        left, top, right, bottom = self._camera.crop
        x, y = round(left * width), round(top * height)
        inner_width = width - x - round(right * width)
        inner_height = height - y - round(bottom * height)
        if self._camera.size is None:
            return Crop(x, y, inner_width, inner_height)
        inner = Preprocessing(*self._camera.size).choose_crop(inner_width, inner_height)
        return Crop(x + inner.left, y + inner.top, inner.width, inner.height)

    def _choose_shrink(self) -> int:
        """Return how much smaller a JPEG may be decoded so that scaling still has two pixels."""
        assert self.crop is not None
        stays = self._lens is None or self._lens.is_ideal
        # A calibration is for images of one size.
        if self._camera.size is None or not stays:
            return 1
        room = min(self.crop.width / self._camera.size[0], self.crop.height / self._camera.size[1])
        return max(shrink for shrink in SHRINKS if shrink == 1 or 2 * shrink <= room)

    def _cut(self, pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
        crop = self.crop
        assert crop is not None
        if scale != 1.0:
            crop = Crop(
                *(round(v / scale) for v in (crop.left, crop.top, crop.width, crop.height))
            )
        if self._camera.size is None:
            rows = slice(crop.top, crop.top + crop.height)
            return pixels[rows, crop.left : crop.left + crop.width]
        return Preprocessing(*self._camera.size).prepare_image(pixels, crop)

    def shrink_classes(self, message: Any) -> NDArray[np.uint8]:
        """Return a map of classes, cut like the images: the class in the middle of each pixel."""
        if message.encoding not in ('mono8', '8UC1'):
            raise ValueError(f'segmentation must be mono8, got {message.encoding!r}')
        classes = np.ascontiguousarray(read_pixels(message)[:, :, 0])
        if self._lens is not None:
            classes = self._lens.straighten_classes(classes)
        crop = self.crop or self._choose_crop(classes.shape[1], classes.shape[0])
        rows = slice(crop.top, crop.top + crop.height)
        part = classes[rows, crop.left : crop.left + crop.width]
        if self._camera.size is None:
            return part
        shrunk = cv2.resize(part, self._camera.size, interpolation=cv2.INTER_NEAREST)
        return np.asarray(shrunk, dtype=np.uint8)
