# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The shape and range of an environment's observation, whatever happens on the way."""

from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from sim.renderers import Label
from sim.simulation import SimulationSettings

IMU_LIMITS = np.array([35.0, 35.0, 35.0, 160.0, 160.0, 160.0], dtype=np.float32)
"""Measuring range: 2000 deg/s and 16 g."""

LONGEST_GAP = 10.0
"""Longest time between two images that an observation can tell of [s]."""


def make_observation_space(settings: SimulationSettings, num_imu: int) -> spaces.Dict:
    """Return the space of what an environment lets a policy see.

    :param num_imu: inertial samples between two images.
    """
    camera = settings.camera
    size = (camera.height_px, camera.width_px)
    imu_high = np.tile(IMU_LIMITS, (num_imu, 1))
    parts: dict[str, spaces.Space[Any]] = {
        'image': spaces.Box(0, 255, (*size, 3), np.uint8),
        'imu': spaces.Box(-imu_high, imu_high, dtype=np.float32),
        'elapsed_time': spaces.Box(0.0, LONGEST_GAP, (1,), np.float32),
    }
    if settings.layers:
        parts['depth'] = spaces.Box(0.0, np.inf, size, np.float32)
        parts['segmentation'] = spaces.Box(0, max(Label), size, np.uint8)
    return spaces.Dict(parts)


def resample(rows: NDArray[np.float32], num_rows: int) -> NDArray[np.float32]:
    """Return another number of rows with the same mean and standard deviation in every column.

    Evenly spaced rows are taken, shifted and scaled. A policy is given the mean and the standard
    deviation of the time since its last image: with the last rows alone it would not learn how far
    the vehicle turned meanwhile, and means of groups would hide how much it shook.

    :param rows: oldest first, shape (n, m) with n at least 1. :return: (num_rows, m).
    """
    wide = np.asarray(rows, dtype=np.float64)
    picked = wide[np.linspace(0, len(wide) - 1, num_rows).round().astype(int)]
    centred = picked - picked.mean(axis=0)
    spread = centred.std(axis=0)
    scale = np.divide(wide.std(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    return np.asarray(wide.mean(axis=0) + centred * scale, dtype=np.float32)


def spread_stamps(stamps: NDArray[np.float64], num_rows: int) -> NDArray[np.float64]:
    """Return the stamps of resampled rows: evenly spread from the first to the last [s].

    :param stamps: of the rows that were resampled, ascending, shape (n,). :return: (num_rows,).
    """
    places = np.linspace(0, len(stamps) - 1, num_rows)
    return np.interp(places, np.arange(len(stamps)), stamps)
