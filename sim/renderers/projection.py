# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How a pinhole camera maps the world: OpenGL's matrices, rays of pixels, sides of the view."""

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import ROTATION_BODY_FROM_OPTICAL
from sim.sensors.pinhole import PinholeCamera


def make_projection(camera: PinholeCamera) -> NDArray[np.float64]:
    """Return OpenGL's projection matrix, shape (4, 4)."""
    focal, near, far = camera.focal_length_px, camera.near, camera.far
    matrix = np.zeros((4, 4))
    matrix[0, 0] = 2 * focal / camera.width_px
    matrix[1, 1] = 2 * focal / camera.height_px
    matrix[2, 2] = -(far + near) / (far - near)
    matrix[2, 3] = -2 * far * near / (far - near)
    matrix[3, 2] = -1.0
    return matrix


def make_view(
    position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return OpenGL's view matrix, shape (4, 4): x right, y up, z backwards."""
    rotation = rotation_world_from_body
    axes = np.stack([-rotation[:, 1], rotation[:, 2], -rotation[:, 0]])
    matrix = np.eye(4)
    matrix[:3, :3] = axes
    matrix[:3, 3] = -axes @ position_world
    return matrix


def make_rays(camera: PinholeCamera) -> NDArray[np.float32]:
    """Return the body-frame ray of every pixel's centre, one unit deep, shape (pixels, 3)."""
    u, v = np.meshgrid(np.arange(camera.width_px) + 0.5, np.arange(camera.height_px) + 0.5)
    x = (u - camera.width_px / 2) / camera.focal_length_px
    y = (v - camera.height_px / 2) / camera.focal_length_px
    optical = np.stack([x, y, np.ones_like(x)], axis=-1).reshape(-1, 3)
    return (optical @ ROTATION_BODY_FROM_OPTICAL.T).astype(np.float32)


def make_frustum_planes(camera: PinholeCamera) -> NDArray[np.float64]:
    """Return inward unit normals of the view's four sides in the body frame, shape (4, 3)."""
    across = camera.width_px / 2 / camera.focal_length_px
    up = camera.height_px / 2 / camera.focal_length_px
    planes = np.array([[across, 1, 0], [across, -1, 0], [up, 0, 1], [up, 0, -1]])
    return planes / np.linalg.norm(planes, axis=1, keepdims=True)
