# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""No drawing at all, for whoever does not look: experts and physics."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from sim.renderers.labels import Label
from sim.renderers.renderer import Layers, Renderer
from sim.worlds.world import World

if TYPE_CHECKING:
    from sim.renderers.others import BodyPose
    from sim.vehicles.looks import VehicleLook


class NoRenderer(Renderer):
    """Gives black images at no cost."""

    name = 'none'

    def load(self, world: World) -> None:
        """Do nothing."""

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Do nothing."""

    def load_vehicles(self, looks: 'Sequence[VehicleLook]') -> None:
        """Do nothing."""

    def place_vehicles(self, poses: 'Sequence[BodyPose | None]') -> None:
        """Do nothing."""

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return a black image, shape (height, width, 3)."""
        return np.zeros((self.camera.height_px, self.camera.width_px, 3), dtype=np.uint8)

    def render_layers(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> Layers:
        """Return a black sky."""
        image = self.render(position_world, rotation_world_from_body)
        shape = image.shape[:2]
        return Layers(
            image, np.full(shape, np.inf, np.float32), np.full(shape, Label.SKY, np.uint8)
        )

    def close(self) -> None:
        """Do nothing."""
