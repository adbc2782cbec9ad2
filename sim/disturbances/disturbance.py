# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a disturbance can be: each kind acts at one place of the simulation."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import CameraImage
from sim.vehicles.vehicle import Condition


@dataclass(frozen=True)
class Disturbance:
    """Something that makes a flight harder: a frozen set of numbers that checks itself."""


@dataclass(frozen=True)
class ImageDisturbance(Disturbance, ABC):
    """Changes the pixels of every image."""

    @abstractmethod
    def corrupt(
        self, pixels: NDArray[np.uint8], draws: NDArray[np.float64], rng: np.random.Generator
    ) -> NDArray[np.uint8]:
        """Return a changed copy of an RGB image, shape (height, width, 3).

        :param draws: two numbers in [0, 1) that stay the same for an episode.
        :param rng: source of what is new in every image.
        """


@dataclass(frozen=True)
class FrameDisturbance(Disturbance, ABC):
    """Changes which images arrive. The first one of an episode always does."""

    @abstractmethod
    def alter(
        self, image: CameraImage, previous: CameraImage, rng: np.random.Generator
    ) -> CameraImage | None:
        """Return what arrives in place of an image, None if nothing does.

        :param previous: the image that arrived last.
        """


@dataclass(frozen=True)
class LatencyDisturbance(Disturbance, ABC):
    """Delays every image."""

    @property
    @abstractmethod
    def extra_latency(self) -> float:
        """Time from exposure to delivery beyond the camera's own [s]."""


@dataclass(frozen=True)
class MountDisturbance(Disturbance, ABC):
    """Turns the camera on the vehicle."""

    @property
    @abstractmethod
    def rotation_body_from_mount(self) -> NDArray[np.float64]:
        """Rotation that is put between vehicle and camera, shape (3, 3)."""


@dataclass(frozen=True)
class VehicleDisturbance(Disturbance, ABC):
    """Makes the vehicle another one than its autopilot was tuned for."""

    @property
    @abstractmethod
    def condition(self) -> Condition:
        """How mass and thrust differ from the airframe's own."""


@dataclass(frozen=True)
class WindDisturbance(Disturbance, ABC):
    """Moves the air about the vehicle."""

    @abstractmethod
    def draw_mean(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return one episode's mean wind in the world frame [m/s], shape (3,)."""

    @abstractmethod
    def start_gust(self, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return the gust that an episode begins with, world frame [m/s], shape (3,)."""

    @abstractmethod
    def advance_gust(
        self, gust_world: NDArray[np.float64], elapsed_time: float, rng: np.random.Generator
    ) -> NDArray[np.float64]:
        """Return the gust a little later, world frame [m/s], shape (3,).

        :param elapsed_time: [s].
        """
