# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What sensors report and what vehicles are told: frozen data that checks itself once.

Frames follow REP-103 (x forward, y left, z up), inertial data REP-145 (an accelerometer at rest
reads +g upwards). Units are SI, stamps are seconds.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number


@dataclass(frozen=True, eq=False)
class CameraImage:
    """An RGB image as the camera gave it.

    :param pixels: uint8 array of shape (height, width, 3), RGB.
    :param stamp: time of exposure [s].
    """

    pixels: NDArray[np.uint8]
    stamp: float

    def __post_init__(self) -> None:
        pixels = np.asarray(self.pixels)
        if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8 or not pixels.size:
            raise ValueError(
                'pixels must be a uint8 RGB image of shape (height, width, 3), '
                f'got {pixels.dtype} of shape {pixels.shape}'
            )
        object.__setattr__(self, 'pixels', pixels)
        object.__setattr__(self, 'stamp', check_number('stamp', self.stamp, unit='s'))


@dataclass(frozen=True, eq=False)
class ImuSamples:
    """The inertial samples between two camera images, oldest first.

    :param angular_velocity: body rates [rad/s], shape (n, 3).
    :param linear_acceleration: specific force [m/s^2], shape (n, 3), +g upwards at rest (REP-145).
    :param stamps: when they were taken [s], shape (n,); none where nobody knows.
    """

    angular_velocity: NDArray[np.float32]
    linear_acceleration: NDArray[np.float32]
    stamps: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ('angular_velocity', 'linear_acceleration'):
            array = check_array(name, getattr(self, name), (None, 3), np.float32)
            object.__setattr__(self, name, array)
        if len(self.stamps) not in (0, len(self.angular_velocity)):
            raise ValueError(
                f'stamps must be one for each of {len(self.angular_velocity)} samples or none, '
                f'got {len(self.stamps)}'
            )
        if len(self.angular_velocity) != len(self.linear_acceleration):
            raise ValueError(
                'angular_velocity and linear_acceleration must have one row a sample, got '
                f'{len(self.angular_velocity)} and {len(self.linear_acceleration)} rows'
            )

    def __len__(self) -> int:
        return len(self.angular_velocity)


COMMAND_AXES = ('forward', 'left', 'up', 'yaw rate')
"""What the four numbers of a command are called for people."""


@dataclass(frozen=True)
class VelocityCommand:
    """A velocity in the body frame, levelled (x forward, y left, z up; REP-103).

    :param vx: forward [m/s].
    :param vy: left [m/s].
    :param vz: up [m/s].
    :param yaw_rate: counter-clockwise seen from above [rad/s].
    """

    vx: float = 0.0
    vy: float = 0.0
    vz: float = 0.0
    yaw_rate: float = 0.0

    def __post_init__(self) -> None:
        for name, unit in (('vx', 'm/s'), ('vy', 'm/s'), ('vz', 'm/s'), ('yaw_rate', 'rad/s')):
            object.__setattr__(self, name, check_number(name, getattr(self, name), unit=unit))

    @classmethod
    def from_array(cls, array: NDArray[np.floating]) -> 'VelocityCommand':
        """Make a command from [vx, vy, vz, yaw_rate].

        :raises ValueError: if the array has another shape or is not finite.
        """
        return cls(*check_array('velocity command', array, (4,)).tolist())

    def to_array(self) -> NDArray[np.float32]:
        """Return [vx, vy, vz, yaw_rate]."""
        return np.array([self.vx, self.vy, self.vz, self.yaw_rate], dtype=np.float32)


def _identity_quaternion() -> NDArray[np.float64]:
    return np.array([0.0, 0.0, 0.0, 1.0])


@dataclass(frozen=True, eq=False)
class VehicleState:
    """Where a vehicle is and how it moves.

    :param position_world: [m], shape (3,).
    :param orientation_world: quaternion x, y, z, w that turns body vectors into world vectors.
    :param velocity_world: [m/s], shape (3,).
    :param angular_velocity: in the body frame [rad/s], shape (3,).
    :param stamp: [s].
    """

    position_world: NDArray[np.float64]
    orientation_world: NDArray[np.float64] = field(default_factory=_identity_quaternion)
    velocity_world: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    angular_velocity: NDArray[np.float64] = field(default_factory=lambda: np.zeros(3))
    stamp: float = 0.0

    def __post_init__(self) -> None:
        for name in ('position_world', 'velocity_world', 'angular_velocity'):
            object.__setattr__(self, name, check_array(name, getattr(self, name), (3,)))
        quaternion = check_array('orientation_world', self.orientation_world, (4,))
        if abs(np.linalg.norm(quaternion) - 1.0) > 1e-3:
            raise ValueError(
                f'orientation_world must be a unit quaternion x, y, z, w, got {quaternion}'
            )
        object.__setattr__(self, 'orientation_world', quaternion)
        object.__setattr__(self, 'stamp', check_number('stamp', self.stamp, unit='s'))
