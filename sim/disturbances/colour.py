# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Brightness, contrast and saturation: what exposure, haze and white balance do to colours."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import ImageDisturbance

# Weights of red, green and blue in the luma of ITU-R BT.601.
_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def _quantise(image: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return whole steps, rounded and clipped to [0, 255]."""
    return np.asarray(np.clip(image + np.float32(0.5), 0, 255).astype(np.uint8))


@dataclass(frozen=True)
class Brightness(ImageDisturbance):
    """Multiply all pixels: above 1 brighter, below darker. Bright pixels saturate.

    :param factor: 0.05 to 10.
    """

    factor: float = 1.7

    def __post_init__(self) -> None:
        check_number('factor', self.factor, 0.05, 10.0)

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a brighter or darker copy of an image."""
        return _quantise(pixels * np.float32(self.factor))


@dataclass(frozen=True)
class Contrast(ImageDisturbance):
    """Scale the distance of all pixels from the image's mean: below 1 is haze.

    :param factor: 0 (an even grey) to 5.
    """

    factor: float = 0.45

    def __post_init__(self) -> None:
        check_number('factor', self.factor, 0.0, 5.0)

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a copy of an image with another contrast."""
        mean = np.float32(pixels.mean())
        return _quantise(mean + np.float32(self.factor) * (pixels - mean))


@dataclass(frozen=True)
class Saturation(ImageDisturbance):
    """Scale the distance of every pixel from its own grey, the luma of ITU-R BT.601.

    :param factor: 0 (black and white) to 5.
    """

    factor: float = 0.3

    def __post_init__(self) -> None:
        check_number('factor', self.factor, 0.0, 5.0)

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a paler or more colourful copy of an image."""
        grey = (pixels @ _LUMA)[..., None]
        return _quantise(grey + np.float32(self.factor) * (pixels - grey))


BRIGHTER = (Brightness(1.3), Brightness(1.7), Brightness(2.2))
DARKER = (Brightness(0.7), Brightness(0.45), Brightness(0.25))
CONTRAST = (Contrast(0.7), Contrast(0.45), Contrast(0.25))
SATURATION = (Saturation(0.6), Saturation(0.3), Saturation(0.0))
