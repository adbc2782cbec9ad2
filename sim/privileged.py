# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What an image shows but does not say: the way to the target, and how near things are."""

import numpy as np
from numpy.typing import NDArray

NUM_SECTORS = 16
NUM_PRIVILEGED = 4 + NUM_SECTORS
TARGET_SCALE = 4.0
"""Distance of a target whose nearness is a half [m]."""
OBSTACLE_SCALE = 2.0
"""Depth of a sector whose nearness is a half [m]."""

_NEAR_SHARE = 0.05
# Whatever is farther is free space, as the sky is [m].
_FREE = 50.0


def measure_privileged(
    depth: NDArray[np.float32], sight: NDArray[np.float64], yaw: float, is_in_sight: bool
) -> NDArray[np.float32]:
    """Return what a network can learn to read from an image, float32 of shape (20,).

    Cosine and sine of the target's bearing from the vehicle's heading, its nearness, whether it is
    in sight (1 or 0), and the nearness of what is in each sector, from left to right. Nearness is
    1 at a distance of 0 and goes to 0 with it: 1 / (1 + distance / scale).

    :param depth: of the image, along the optical axis [m], shape (height, width).
    :param sight: from the vehicle to the target in the world [m], shape (3,).
    :param yaw: of the vehicle [rad].
    """
    bearing = np.arctan2(sight[1], sight[0]) - yaw
    nearness = 1.0 / (1.0 + np.hypot(sight[0], sight[1]) / TARGET_SCALE)
    target = [np.cos(bearing), np.sin(bearing), nearness, float(is_in_sight)]
    return np.concatenate([target, measure_sectors(depth)]).astype(np.float32)


def measure_sectors(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how near things are in columns of the middle band, left to right, shape (16,).

    What counts is the 5th percentile of a column's depth: a few pixels of a twig do not.

    :param depth: along the optical axis [m], inf for the sky, shape (height, width).
    """
    height, width = depth.shape
    band = np.minimum(depth[height // 4 : height - height // 4], _FREE)
    # Widths that 16 does not divide show some columns of pixels twice.
    sector_px = -(-width // NUM_SECTORS)
    if sector_px * NUM_SECTORS != width:
        band = band[:, np.linspace(0, width - 1, sector_px * NUM_SECTORS).round().astype(int)]
    sectors = band.reshape(-1, NUM_SECTORS, sector_px).swapaxes(0, 1).reshape(NUM_SECTORS, -1)
    # The value below which 5 % of the pixels are, one that is among them.
    rank = int(_NEAR_SHARE * (sectors.shape[1] - 1))
    nearest = np.partition(sectors, rank, axis=1)[:, rank]
    return np.asarray(1.0 / (1.0 + nearest / OBSTACLE_SCALE), dtype=np.float32)
