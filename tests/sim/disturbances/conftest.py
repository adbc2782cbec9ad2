# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Environments in a bare world whose camera sees a coloured pattern instead of the world."""

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from sim.environment import TaskEnv
from sim.renderers import Layers, Renderer
from sim.sensors.image_noise import ImageNoise
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Trial

EnvMaker = Callable[..., TaskEnv]


class PatternRenderer(Renderer):
    """Draws coloured waves that turn with the camera; the top left pixel counts the images."""

    name = 'pattern'

    def load(self, world) -> None:
        self.num_drawn = 0

    def move_target(self, x, y, yaw) -> None:
        pass

    def render(self, position_world, rotation_world_from_body):
        self.num_drawn += 1
        rows, columns = np.mgrid[: self.camera.height_px, : self.camera.width_px] / 4.0
        right, up = rotation_world_from_body[2, 1:]
        wave = np.sin(up * columns + right * rows)
        image = 120 + 60 * np.stack([wave, -wave, 0.3 * wave], axis=-1)
        image[0, 0] = self.num_drawn
        return image.astype(np.uint8)

    def render_layers(self, position_world, rotation_world_from_body):
        image = self.render(position_world, rotation_world_from_body)
        shape = image.shape[:2]
        return Layers(image, np.ones(shape, np.float32), np.zeros(shape, np.uint8))

    def close(self) -> None:
        pass


@pytest.fixture
def make_env(make_world, monkeypatch) -> Iterator[EnvMaker]:
    """Return a function that makes environments under disturbances, without other image noise."""

    def sample(task: FlyToTarget, seed: int) -> Trial:
        return Trial(
            seed, make_world(), yaw=0.0, altitude=1.5, time_limit=task.time_limit, band=(0.9, 2.1)
        )

    monkeypatch.setattr(FlyToTarget, 'sample', sample)
    made = []

    def make(*disturbances, **settings) -> TaskEnv:
        defaults = {'image_noise': ImageNoise(0, 0, 0), 'camera': PinholeCamera(32, 18)}
        chosen = SimulationSettings(renderer=f'{__name__}:PatternRenderer', **defaults | settings)
        made.append(TaskEnv(settings=chosen, disturbances=disturbances))
        return made[-1]

    yield make
    for env in made:
        env.close()
