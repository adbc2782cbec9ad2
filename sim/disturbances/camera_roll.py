# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A camera that was mounted askew."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from sim.disturbances.disturbance import MountDisturbance


@dataclass(frozen=True)
class CameraRoll(MountDisturbance):
    """Roll the camera on the vehicle: positive lowers its right side, so the scene tilts left.

    :param angle_deg: -90 to 90.
    """

    angle_deg: float = 10.0

    def __post_init__(self) -> None:
        check_number('angle_deg', self.angle_deg, -90.0, 90.0, 'deg')

    @property
    def rotation_body_from_mount(self) -> NDArray[np.float64]:
        """Rotation about the vehicle's x axis, shape (3, 3)."""
        c, s = math.cos(math.radians(self.angle_deg)), math.sin(math.radians(self.angle_deg))
        return np.array([[1.0, 0.0, 0.0], [0.0, c, -s], [0.0, s, c]])


LEVELS = (CameraRoll(5.0), CameraRoll(10.0), CameraRoll(20.0))
