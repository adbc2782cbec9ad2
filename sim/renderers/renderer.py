# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every renderer can do."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.sensors.pinhole import PinholeCamera
from sim.worlds.world import World


class Renderer(ABC):
    """Draws one world at a time. Holds no physics.

    :param camera: size, field of view and clipping of the images.
    :cvar name: its key in sim.renderers.RENDERERS, recorded with what it drew.
    """

    name: ClassVar[str]

    def __init__(self, camera: PinholeCamera) -> None:
        self.camera = camera

    @abstractmethod
    def load(self, world: World) -> None:
        """Replace whatever was loaded by this world, freeing what it used."""

    @abstractmethod
    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target's mesh elsewhere on the ground [m, rad]."""

    @abstractmethod
    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the RGB image of a camera at a pose, shape (height, width, 3).

        The camera looks along its body's x axis, image up is body z (REP-103).

        :raises RuntimeError: if no world is loaded.
        """

    @abstractmethod
    def close(self) -> None:
        """Free everything. Closing twice is allowed."""
