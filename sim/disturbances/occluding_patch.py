# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A patch over part of the image: dirt on the lens, a leaf, a strap."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import ImageDisturbance


@dataclass(frozen=True)
class OccludingPatch(ImageDisturbance):
    """Cover a rectangle of the image's own proportions, at a place drawn once an episode.

    :param area: covered share of the image, 0 to 0.9.
    :param level: brightness of the patch in a pixel's 255 steps.
    """

    area: float = 0.08
    level: int = 40

    def __post_init__(self) -> None:
        check_number('area', self.area, 0.0, 0.9)
        check_number('level', self.level, 0, 255, 'steps')

    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a copy of an image with the patch on it."""
        side = math.sqrt(self.area)
        height, width = round(side * pixels.shape[0]), round(side * pixels.shape[1])
        top = int(draws[0] * (pixels.shape[0] - height + 1))
        left = int(draws[1] * (pixels.shape[1] - width + 1))
        covered = pixels.copy()
        covered[top : top + height, left : left + width] = self.level
        return covered


LEVELS = (OccludingPatch(0.03), OccludingPatch(0.08), OccludingPatch(0.15))
