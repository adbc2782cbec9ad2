# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The pinhole camera model shared by renderers, tasks and tests."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number


@dataclass(frozen=True)
class PinholeCamera:
    """An ideal camera without lens distortion; pixels are square.

    :param horizontal_fov_deg: field of view across the image's width.
    :param near: nearest distance drawn [m]. :param far: farthest distance drawn [m].
    """

    width_px: int = 128
    height_px: int = 72
    horizontal_fov_deg: float = 100.0
    near: float = 0.05
    far: float = 120.0

    def __post_init__(self) -> None:
        check_number('width_px', self.width_px, 8, 4096)
        check_number('height_px', self.height_px, 8, 4096)
        check_number('horizontal_fov_deg', self.horizontal_fov_deg, 10.0, 170.0)
        check_number('near', self.near, 1e-3, self.far)

    @property
    def focal_length_px(self) -> float:
        """Focal length in pixels, the same for both axes."""
        return float(self.width_px / 2 / np.tan(np.radians(self.horizontal_fov_deg) / 2))

    @property
    def vertical_fov_deg(self) -> float:
        """Field of view across the image's height."""
        return float(2 * np.degrees(np.arctan(self.height_px / 2 / self.focal_length_px)))

    def project(self, points_optical: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return pixel coordinates (u right, v down) of points in the optical frame.

        The image's corner is (0, 0), its centre (width / 2, height / 2). Points behind the camera
        give NaN.

        :param points_optical: [m], shape (n, 3). :return: shape (n, 2).
        """
        points = np.asarray(points_optical, dtype=np.float64)
        depth = np.where(points[:, 2] > 0, points[:, 2], np.nan)
        centre = np.array([self.width_px / 2, self.height_px / 2])
        return centre + self.focal_length_px * points[:, :2] / depth[:, None]
