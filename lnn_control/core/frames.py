# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Rotations between the world, body and camera frames.

World and body follow REP-103 (x forward, y left, z up; world z against gravity). The optical
frame has z along the view, x right and y down. Quaternions are x, y, z, w as in ROS and PyBullet.
"""

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

GRAVITY = 9.80665
"""Standard gravity [m/s^2]."""

ROTATION_BODY_FROM_OPTICAL: Matrix = np.array(
    [[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]
)
"""Turns vectors of a forward-looking camera's optical frame into the body frame (REP-103)."""


def rotation_from_quaternion(quaternion: Vector) -> Matrix:
    """Return the 3x3 rotation matrix of a unit quaternion x, y, z, w."""
    x, y, z, w = (float(value) for value in quaternion)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_from_euler(roll: float, pitch: float, yaw: float) -> Vector:
    """Return the quaternion x, y, z, w that turns by yaw, then pitch, then roll [rad]."""
    cr, sr = np.cos(roll / 2), np.sin(roll / 2)
    cp, sp = np.cos(pitch / 2), np.sin(pitch / 2)
    cy, sy = np.cos(yaw / 2), np.sin(yaw / 2)
    return np.array(
        [
            sr * cp * cy - cr * sp * sy,
            cr * sp * cy + sr * cp * sy,
            cr * cp * sy - sr * sp * cy,
            cr * cp * cy + sr * sp * sy,
        ]
    )


def euler_from_quaternion(quaternion: Vector) -> tuple[float, float, float]:
    """Return roll, pitch and yaw [rad] of a unit quaternion x, y, z, w."""
    rotation = rotation_from_quaternion(quaternion)
    roll = np.arctan2(rotation[2, 1], rotation[2, 2])
    pitch = np.arcsin(np.clip(-rotation[2, 0], -1.0, 1.0))
    yaw = np.arctan2(rotation[1, 0], rotation[0, 0])
    return float(roll), float(pitch), float(yaw)


def yaw_from_quaternion(quaternion: Vector) -> float:
    """Return the heading [rad] of a unit quaternion x, y, z, w, 0 along world x."""
    return euler_from_quaternion(quaternion)[2]


def rotation_world_from_level(yaw: float) -> Matrix:
    """Return the rotation of the levelled body frame (heading only) into the world."""
    c, s = float(np.cos(yaw)), float(np.sin(yaw))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def wrap_angle(angle: float) -> float:
    """Return the angle [rad] wrapped into [-pi, pi)."""
    return float((angle + np.pi) % (2 * np.pi) - np.pi)
