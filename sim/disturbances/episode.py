# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""All disturbances of one episode together, with the randomness that belongs to them alone."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import CameraImage
from lnn_control.core.streams import stream
from sim.disturbances.disturbance import (
    Disturbance,
    FrameDisturbance,
    ImageDisturbance,
    LatencyDisturbance,
    MountDisturbance,
    VehicleDisturbance,
    WindDisturbance,
)
from sim.vehicles.vehicle import Condition


class DisturbedEpisode:
    """Applies disturbances in the order given; none leaves everything as it was, bit for bit.

    Every disturbance draws from a stream of its own that follows from the episode's seed, its
    place in the order and the vehicle. The simulation's own noise is not touched, so that the same
    seed with and without a disturbance, or with a stronger one, makes a pair.

    :param seed: of the episode. :param vehicle: its number in the world, from 0.
    """

    def __init__(self, disturbances: Sequence[Disturbance], seed: int, vehicle: int = 0) -> None:
        streams = [
            (d, stream(seed, 'disturbance', i, vehicle)) for i, d in enumerate(disturbances)
        ]
        self._images = [(d, r.random(2), r) for d, r in streams if isinstance(d, ImageDisturbance)]
        self._frames = [(d, r) for d, r in streams if isinstance(d, FrameDisturbance)]
        self._mounts = [d for d in disturbances if isinstance(d, MountDisturbance)]
        self._winds = [(d, r) for d, r in streams if isinstance(d, WindDisturbance)]
        self._means = [d.draw_mean(r) for d, r in self._winds]
        self._gusts = [d.start_gust(r) for d, r in self._winds]
        self._previous: CameraImage | None = None

    def turn_camera(self, rotation: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the camera's rotation in the world from the vehicle's, shape (3, 3)."""
        for mount in self._mounts:
            rotation = rotation @ mount.rotation_body_from_mount
        return rotation

    def corrupt(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return an image as the camera gives it, shape (height, width, 3)."""
        for disturbance, draws, rng in self._images:
            pixels = disturbance.corrupt(pixels, draws, rng)
        return pixels

    def transmit(self, image: CameraImage) -> CameraImage | None:
        """Return what arrives in place of the next image, None if nothing does."""
        arrived: CameraImage | None = image
        if self._previous is not None:
            for disturbance, rng in self._frames:
                if arrived is not None:
                    arrived = disturbance.alter(arrived, self._previous, rng)
        self._previous = arrived if arrived is not None else self._previous
        return arrived

    def blow(self, elapsed_time: float) -> tuple[float, float, float]:
        """Return the wind over the next moment in the world frame [m/s].

        :param elapsed_time: since the last call [s].
        """
        if not self._winds:
            return 0.0, 0.0, 0.0
        for i, (wind, rng) in enumerate(self._winds):
            self._gusts[i] = wind.advance_gust(self._gusts[i], elapsed_time, rng)
        x, y, z = np.sum([*self._means, *self._gusts], axis=0).tolist()
        return x, y, z


def sum_latency(disturbances: Sequence[Disturbance]) -> float:
    """Return the latency that disturbances add [s]."""
    return sum(d.extra_latency for d in disturbances if isinstance(d, LatencyDisturbance))


def join_conditions(disturbances: Sequence[Disturbance]) -> Condition:
    """Return the vehicle's condition under all disturbances: factors multiply."""
    condition = Condition()
    for disturbance in disturbances:
        if isinstance(disturbance, VehicleDisturbance):
            condition = condition.join(disturbance.condition)
    return condition
