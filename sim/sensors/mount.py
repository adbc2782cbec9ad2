# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where a camera sits on a vehicle and which way it looks."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.frames import quaternion_from_euler, rotation_from_quaternion


@dataclass(frozen=True)
class CameraMount:
    """The pose of a camera on its vehicle; without an argument at its origin, looking ahead.

    The angles are those of REP-103, turned by yaw, then pitch, then roll.

    :param position: of the camera in the body frame [m]: forward, left, up.
    :param roll: positive lowers the right side [rad].
    :param pitch: positive looks down [rad]. :param yaw: positive looks left [rad].
    """

    position: tuple[float, float, float] = (0.0, 0.0, 0.0)
    roll: float = 0.0
    pitch: float = 0.0
    yaw: float = 0.0

    def __post_init__(self) -> None:
        for value in check_array('position', self.position, (3,)):
            check_number('position', value, -10.0, 10.0, 'm')
        for name in ('roll', 'pitch', 'yaw'):
            check_number(name, getattr(self, name), -np.pi, np.pi, 'rad')

    def tilt(self, angle_deg: float) -> 'CameraMount':
        """Return a mount at the same place that looks further down by an angle.

        :raises ValueError: if it would look backwards over its head, beyond half a turn.
        """
        return replace(self, pitch=self.pitch + float(np.radians(angle_deg)))

    @cached_property
    def rotation_body_from_camera(self) -> NDArray[np.float64]:
        """Turns vectors of the camera, x along its view and z up, into the body, shape (3, 3)."""
        return rotation_from_quaternion(quaternion_from_euler(self.roll, self.pitch, self.yaw))

    def locate(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return position [m], shape (3,), and rotation_world_from_camera, shape (3, 3)."""
        position = position_world + rotation_world_from_body @ np.array(self.position)
        return position, rotation_world_from_body @ self.rotation_body_from_camera
