# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Motion blur: a shutter that is open while the camera moves."""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import ImageDisturbance


@dataclass(frozen=True)
class MotionBlur(ImageDisturbance):
    """Smear every image along a straight line whose direction is drawn once an episode.

    :param length: of the smear as a share of the image's width, 0 to 0.5.
    """

    length: float = 0.06

    def __post_init__(self) -> None:
        check_number('length', self.length, 0.0, 0.5)

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a smeared copy of an image; beyond its edges the outermost pixels go on."""
        kernel = make_line_kernel(self.length * pixels.shape[1], math.pi * float(draws[0]))
        return np.asarray(
            cv2.filter2D(pixels, -1, kernel, borderType=cv2.BORDER_REPLICATE), dtype=np.uint8
        )


def make_line_kernel(length_px: float, angle: float) -> NDArray[np.float32]:
    """Return the weights of a smear, which sum to 1, shape (n, n) with n odd.

    :param length_px: at least one pixel is used. :param angle: of the line to image right [rad].
    """
    reach = (max(length_px, 1.0) - 1.0) / 2
    middle = math.ceil(reach)
    kernel = np.zeros((2 * middle + 1, 2 * middle + 1))
    # Four points a pixel, each shared by the four pixels about it.
    for offset in np.linspace(-reach, reach, 4 * middle * 2 + 1):
        column, row = middle + offset * math.cos(angle), middle - offset * math.sin(angle)
        left, top = math.floor(column + 1e-9), math.floor(row + 1e-9)
        right, low = column - left, row - top
        for i, j, share in (
            (top, left, (1 - low) * (1 - right)),
            (top, left + 1, (1 - low) * right),
            (top + 1, left, low * (1 - right)),
            (top + 1, left + 1, low * right),
        ):
            if i < len(kernel) and j < len(kernel):
                kernel[i, j] += max(share, 0.0)
    return np.asarray(kernel / kernel.sum(), dtype=np.float32)


LEVELS = (MotionBlur(0.03), MotionBlur(0.06), MotionBlur(0.12))
