# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Another camera by the few numbers in which cameras of vehicles differ."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sim.simulation import SimulationSettings

FOV_DEG = (65.0, 110.0)
"""Fields of view of cameras that people fly, across the image."""
PITCH_DEG = (-15.0, 15.0)
"""How far off they are mounted."""
RATES = (15.0, 16.0, 20.0, 24.0, 25.0, 30.0)
"""Images a second [Hz]: the whole numbers from 15 to 30 that divide 1200."""
LATENCY = (0.0, 0.1)
"""From exposure to delivery [s]."""


class DrawnCamera(NamedTuple):
    """The arguments of :func:`choose_camera`."""

    fov_deg: float
    pitch_deg: float
    rate: float
    latency: float


def draw_camera(rng: np.random.Generator) -> DrawnCamera:
    """Return a camera such as other people might have, each number evenly from its range."""
    return DrawnCamera(
        fov_deg=round(float(rng.uniform(*FOV_DEG)), 1),
        pitch_deg=round(float(rng.uniform(*PITCH_DEG)), 1),
        rate=float(rng.choice(RATES)),
        latency=round(float(rng.uniform(*LATENCY)), 3),
    )


def choose_camera(
    settings: SimulationSettings,
    fov_deg: float | None = None,
    pitch_deg: float | None = None,
    rate: float | None = None,
    latency: float | None = None,
) -> SimulationSettings:
    """Return settings with another camera; None leaves what there is.

    :param fov_deg: field of view across the image's width.
    :param pitch_deg: by how much the camera looks further down than the vehicle has it.
    :param rate: images a second [Hz], a divisor of 1200.
    :param latency: from exposure to delivery [s].
    :raises ValueError: if a number is out of its range, or the nearest rates if it is none.
    """
    camera = settings.camera
    return replace(
        settings,
        camera=camera if fov_deg is None else replace(camera, horizontal_fov_deg=float(fov_deg)),
        camera_pitch_deg=settings.camera_pitch_deg if pitch_deg is None else float(pitch_deg),
        camera_rate=settings.camera_rate if rate is None else float(rate),
        camera_latency=settings.camera_latency if latency is None else float(latency),
    )
