# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""No drawing at all, for whoever does not look: experts and physics."""

import numpy as np
from numpy.typing import NDArray

from sim.renderers.renderer import Renderer
from sim.worlds.world import World


class NoRenderer(Renderer):
    """Gives black images at no cost."""

    name = 'none'

    def load(self, world: World) -> None:
        """Do nothing."""

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Do nothing."""

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        """Return a black image, shape (height, width, 3)."""
        return np.zeros((self.camera.height_px, self.camera.width_px, 3), dtype=np.uint8)

    def close(self) -> None:
        """Do nothing."""
