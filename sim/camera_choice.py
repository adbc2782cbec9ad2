# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Another camera by the few numbers in which cameras of vehicles differ."""

from dataclasses import replace

from sim.simulation import SimulationSettings


def choose_camera(
    settings: SimulationSettings,
    fov_deg: float | None = None,
    pitch_deg: float | None = None,
    rate: float | None = None,
) -> SimulationSettings:
    """Return settings with another camera; None leaves what there is.

    :param fov_deg: field of view across the image's width.
    :param pitch_deg: by how much the camera looks further down than the vehicle has it.
    :param rate: images a second [Hz], a divisor of 1200.
    :raises ValueError: if a number is out of its range, or the nearest rates if it is none.
    """
    camera = settings.camera
    return replace(
        settings,
        camera=camera if fov_deg is None else replace(camera, horizontal_fov_deg=float(fov_deg)),
        camera_pitch_deg=settings.camera_pitch_deg if pitch_deg is None else float(pitch_deg),
        camera_rate=settings.camera_rate if rate is None else float(rate),
    )
