# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a small camera does to a clean image: exposure error, shot and read noise."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ImageNoise:
    """Noise of a small rolling camera indoors and out, in units of a pixel's 255 steps.

    :param read_noise: standard deviation in the dark.
    :param shot_noise: standard deviation at full brightness, growing with its square root.
    :param exposure: standard deviation of one episode's brightness factor.
    """

    read_noise: float = 1.5
    shot_noise: float = 3.0
    exposure: float = 0.06

    def draw_exposure(self, rng: np.random.Generator) -> float:
        """Return one episode's brightness factor."""
        return float(np.clip(1.0 + self.exposure * rng.standard_normal(), 0.6, 1.6))

    def corrupt(
        self, pixels: NDArray[np.uint8], exposure: float, rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a noisy copy of an RGB image."""
        # The type is named because NumPy 1 would choose half precision.
        image = np.multiply(pixels, np.float32(exposure), dtype=np.float32)
        noise = np.sqrt(image * np.float32(1 / 255))
        noise *= np.float32(self.shot_noise)
        noise += np.float32(self.read_noise)
        noise *= rng.standard_normal(pixels.shape, dtype=np.float32)
        image += noise
        image += np.float32(0.5)
        return np.clip(image, 0, 255, out=image).astype(np.uint8)
