# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bare worlds, a renderer that draws nothing, and one environment for all tests."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from sim.environment import TaskEnv
from sim.renderers import Label, Layers, Renderer
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.worlds.world import Instance, Layout, Light, Solid, Target, World

WorldMaker = Callable[..., World]


class BlankRenderer(Renderer):
    """Draws images whose every pixel is the number of images drawn since the world was loaded."""

    name = 'blank'

    def load(self, world: World) -> None:
        self.num_drawn = 0

    def move_target(self, x: float, y: float, yaw: float) -> None:
        pass

    def render(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.uint8]:
        self.num_drawn += 1
        shape = (self.camera.height_px, self.camera.width_px, 3)
        return np.full(shape, self.num_drawn, np.uint8)

    def render_layers(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> Layers:
        image = self.render(position_world, rotation_world_from_body)
        depth = np.full(image.shape[:2], self.num_drawn, np.float32)
        return Layers(image, depth, np.full(image.shape[:2], Label.SKY, np.uint8))

    def close(self) -> None:
        pass


@pytest.fixture
def blank_renderer() -> str:
    """Return the name of a renderer that costs no time."""
    return f'{__name__}:{BlankRenderer.__name__}'


@pytest.fixture(scope='session')
def make_world() -> WorldMaker:
    """Return a function that makes a world of the solids it is given and nothing to draw."""

    def make(
        *solids: Solid,
        target: tuple[float, float] = (10.0, 0.0),
        area: tuple[float, float, float, float] = (-20.0, 30.0, -20.0, 20.0),
    ) -> World:
        white = (1.0, 1.0, 1.0)
        return World(
            name='bare',
            season='summer',
            layout=Layout((0.0, 0.0), target),
            meshes={},
            instances=(),
            solids=solids,
            target=Target(Instance('chair', *target), radius=0.3, height=0.9),
            light=Light((0.0, 0.0, 1.0), white, 0.5, white, white, 50.0),
            atlas=np.zeros((256, 256, 3), np.uint8),
            panorama=np.zeros((4, 16, 3), np.uint8),
            area=area,
            ceiling=6.0,
        )

    return make


@pytest.fixture(scope='session')
def small_settings() -> SimulationSettings:
    """Return settings with a small camera, so that drawing is quick."""
    return SimulationSettings(camera=PinholeCamera(32, 18))


@pytest.fixture(scope='session')
def env(small_settings: SimulationSettings) -> Iterator[TaskEnv]:
    """Return one environment that tests reset as they like."""
    env = TaskEnv(settings=small_settings)
    yield env
    env.close()
