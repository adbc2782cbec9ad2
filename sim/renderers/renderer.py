# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every renderer can do."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from sim.sensors.pinhole import PinholeCamera
from sim.worlds.world import World

if TYPE_CHECKING:
    from sim.renderers.others import BodyPose
    from sim.vehicles.looks import VehicleLook


@dataclass(frozen=True, eq=False)
class Layers:
    """Everything that a camera sees at a pose, pixel by pixel.

    :param image: uint8 RGB, shape (height, width, 3).
    :param depth: along the optical axis [m], inf for the sky, float32, shape (height, width).
    :param labels: what it is, see :class:`sim.renderers.labels.Label`, uint8, likewise.
    """

    image: NDArray[np.uint8]
    depth: NDArray[np.float32]
    labels: NDArray[np.uint8]


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

    def load_vehicles(self, looks: 'Sequence[VehicleLook]') -> None:
        """Add vehicles to the world that is loaded, not to be seen until they are placed.

        Only who flies several in one world asks for it.

        :raises ValueError: if the renderer draws no vehicles.
        """
        raise ValueError(
            f'renderer {self.name!r} draws no other vehicles: choose tiny or gl to fly several '
            'in one world'
        )

    def place_vehicles(self, poses: 'Sequence[BodyPose | None]') -> None:
        """Place every vehicle that was added; None hides it.

        :param poses: position [m] and orientation (x, y, z, w) in the world, one a vehicle.
        """
        raise NotImplementedError(f'renderer {self.name!r} draws no other vehicles')

    @abstractmethod
    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return the RGB image of a camera at a pose, shape (height, width, 3).

        The camera looks along its body's x axis, image up is body z (REP-103).

        :raises RuntimeError: if no world is loaded.
        """

    @abstractmethod
    def render_layers(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> Layers:
        """Return what :meth:`render` does and, at some cost, depth and class of every pixel.

        :raises RuntimeError: if no world is loaded.
        """

    def render_depth(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Return image and depth of :meth:`render_layers`, where that is cheaper alone.

        :raises RuntimeError: if no world is loaded.
        """
        layers = self.render_layers(position_world, rotation_world_from_body)
        return layers.image, layers.depth

    @abstractmethod
    def close(self) -> None:
        """Free everything. Closing twice is allowed."""
