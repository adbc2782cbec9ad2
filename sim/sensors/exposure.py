# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How long a camera's shutter is open and how bright its images get."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number


@dataclass(frozen=True)
class Exposure:
    """Shutter and brightness of a camera; without an argument images are as sharp as drawn.

    Motion blur is the mean of several drawings along the camera's way, so that it is right at
    every distance and at every edge. Things that move by themselves are not blurred. Pixels are
    averaged as they are, without a gamma curve.

    :param time: that the shutter is open, about the stamp of the image [s]; 0 blurs nothing.
    :param num_drawings: how many drawings one blurred image takes; each costs a whole one.
    :param gain: factor on all pixels before noise; what exceeds 255 is white.
    :param automatic: whether the gain follows the brightness of the images, beginning at `gain`.
    :param target: mean pixel value that it then aims at, 0 to 255.
    :param response: time constant of its approach [s].
    :param max_gain: largest automatic gain; the smallest is its inverse.
    """

    time: float = 0.0
    num_drawings: int = 6
    gain: float = 1.0
    automatic: bool = False
    target: float = 110.0
    response: float = 0.3
    max_gain: float = 4.0

    def __post_init__(self) -> None:
        check_number('time', self.time, 0.0, 1.0, 's')
        check_number('num_drawings', self.num_drawings, 2, 64)
        check_number('gain', self.gain, 0.01, 100.0)
        check_number('target', self.target, 1.0, 254.0)
        check_number('response', self.response, 0.001, 60.0, 's')
        check_number('max_gain', self.max_gain, 1.0, 100.0)

    @property
    def moments(self) -> NDArray[np.float64]:
        """When to draw, from the stamp of the image [s]; at it alone if the time is 0."""
        if self.time == 0.0:
            return np.zeros(1)
        return ((np.arange(self.num_drawings) + 0.5) / self.num_drawings - 0.5) * self.time

    def adapt_gain(self, gain: float, pixels: NDArray[np.uint8], elapsed: float) -> float:
        """Return the gain of the next image.

        A proportional controller in stops: the logarithm of the gain approaches the one that
        would have brought this image's mean to the target.

        :param gain: that the image was taken with. :param elapsed: time between them [s].
        """
        if not self.automatic:
            return gain
        error = math.log(self.target / max(float(pixels.mean()), 1.0))
        change = error * (1.0 - math.exp(-elapsed / self.response))
        return min(max(gain * math.exp(change), 1.0 / self.max_gain), self.max_gain)


def move_pose(
    position_world: NDArray[np.float64],
    rotation_world_from_body: NDArray[np.float64],
    velocity_world: NDArray[np.float64],
    angular_velocity: NDArray[np.float64],
    duration: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return position and rotation after a while at constant speed and constant body rates.

    :param velocity_world: [m/s]. :param angular_velocity: in the body frame [rad/s].
    :param duration: [s], negative for the past.
    """
    angles = np.asarray(angular_velocity, dtype=np.float64) * duration
    x, y, z = angles
    angle = float(np.linalg.norm(angles))
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    # Rodrigues' formula; sinc is finite where there is no rotation.
    turn = np.eye(3) + np.sinc(angle / np.pi) * cross
    turn += 0.5 * np.sinc(angle / (2 * np.pi)) ** 2 * cross @ cross
    return position_world + duration * velocity_world, rotation_world_from_body @ turn
