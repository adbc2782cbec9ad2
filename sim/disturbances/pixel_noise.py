# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""White noise on every pixel, as of a small sensor in bad light."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import ImageDisturbance


@dataclass(frozen=True)
class PixelNoise(ImageDisturbance):
    """Gaussian noise, independent for every pixel, channel and image.

    :param standard_deviation: of the noise, in a pixel's 255 steps, 0 to 128.
    """

    standard_deviation: float = 20.0

    def __post_init__(self) -> None:
        check_number('standard_deviation', self.standard_deviation, 0.0, 128.0, 'steps')

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a noisy copy of an image."""
        noise = rng.standard_normal(pixels.shape, dtype=np.float32)
        noisy = pixels + np.float32(self.standard_deviation) * noise
        return np.asarray(np.clip(noisy + np.float32(0.5), 0, 255).astype(np.uint8))


LEVELS = (PixelNoise(10.0), PixelNoise(20.0), PixelNoise(40.0))
