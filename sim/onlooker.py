# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a camera would see with more pixels, for people who look at a flight."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sim.renderers import make_renderer
from sim.simulation import Simulation
from sim.worlds.world import World


class Onlooker:
    """Draws what a simulation's camera sees now, larger, and without noise or disturbed pixels.

    The simulation does not notice. Close it when done.

    :param width_px: of the pictures, which are as high for their width as the camera's images.
    """

    def __init__(self, simulation: Simulation, width_px: int = 512) -> None:
        camera = simulation.settings.camera
        height_px = 2 * round(width_px * camera.height_px / camera.width_px / 2)
        name = simulation.renderer_name
        self._simulation = simulation
        self._renderer = make_renderer(
            'tiny' if name == 'none' else name,
            replace(camera, width_px=width_px, height_px=height_px),
        )
        self._world: World | None = None
        self._has_moved = False

    def look(self) -> NDArray[np.uint8]:
        """Return an RGB picture, shape (height, width, 3).

        :raises RuntimeError: before the simulation's first reset.
        """
        world, moved = self._simulation.world, self._simulation.moved_target
        if world is not self._world or (self._has_moved and moved is None):
            self._renderer.load(world)
        if moved is not None:
            self._renderer.move_target(*moved)
        self._world, self._has_moved = world, moved is not None
        return self._renderer.render(*self._simulation.turned_camera_pose)

    def close(self) -> None:
        """Free the renderer. Closing twice is allowed."""
        self._renderer.close()
