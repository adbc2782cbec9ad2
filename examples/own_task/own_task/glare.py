# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A disturbance with its three levels: the low sun blinds a part of every image."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import ImageDisturbance


@dataclass(frozen=True)
class Glare(ImageDisturbance):
    """Brighten the image around a place in its upper half, another one every episode.

    :param radius: of the glare, as a share of the image's width, 0.01 to 1.
    """

    radius: float = 0.15

    def __post_init__(self) -> None:
        check_number('radius', self.radius, 0.01, 1.0)

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a copy of an image with the glare in it."""
        height, width = pixels.shape[:2]
        row, column = np.ogrid[:height, :width]
        distance_px = np.hypot(row - draws[0] * height / 2, column - draws[1] * width)
        share = np.exp(-((distance_px / (self.radius * width)) ** 2))[..., None]
        return np.asarray(pixels + share * (255 - pixels.astype(float)), dtype=np.uint8)


LEVELS = (Glare(0.08), Glare(0.15), Glare(0.3))
