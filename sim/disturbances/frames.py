# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Images that get lost on their way, or arrive twice."""

from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import CameraImage
from sim.disturbances.disturbance import FrameDisturbance


@dataclass(frozen=True)
class DroppedFrames(FrameDisturbance):
    """Lose images, each with the same probability and independently of the others.

    :param rate: share of the images that never arrive, 0 to 0.9.
    """

    rate: float = 0.2

    def __post_init__(self) -> None:
        check_number('rate', self.rate, 0.0, 0.9)

    def alter(
        self, image: CameraImage, previous: CameraImage, rng: np.random.Generator
    ) -> CameraImage | None:
        """Return the image, or None if it is lost."""
        return None if rng.random() < self.rate else image


@dataclass(frozen=True)
class RepeatedFrames(FrameDisturbance):
    """Deliver the previous pixels again under a new stamp, as a stuttering driver does.

    :param rate: share of the images that are repeats, 0 to 0.9.
    """

    rate: float = 0.2

    def __post_init__(self) -> None:
        check_number('rate', self.rate, 0.0, 0.9)

    def alter(
        self, image: CameraImage, previous: CameraImage, rng: np.random.Generator
    ) -> CameraImage | None:
        """Return the image, or the pixels of the previous one with this one's stamp."""
        is_repeat = rng.random() < self.rate
        return CameraImage(previous.pixels.copy(), image.stamp) if is_repeat else image


DROPPED = (DroppedFrames(0.1), DroppedFrames(0.2), DroppedFrames(0.3))
REPEATED = (RepeatedFrames(0.1), RepeatedFrames(0.2), RepeatedFrames(0.3))
