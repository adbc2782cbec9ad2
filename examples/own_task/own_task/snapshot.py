# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Draw what the camera sees at the start of a trial."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from lnn_control.cli import options
from lnn_control.cli.scenarios import choose_task
from lnn_control.core.frames import rotation_world_from_level
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera


@dataclass(frozen=True)
class Snapshot:
    """Draw what the camera sees at the start of a trial."""

    output: Path
    """Picture to write, such as start.png."""
    task: options.TaskName = 'fly_row'
    world: options.WorldName = None
    season: options.SeasonName = 'summer'
    first_seed: options.FirstSeed = options.FIRST_TEST_SEED


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Snapshot, 'snapshot', arguments)
    trial = choose_task(job.task, job.world, job.season).sample(job.first_seed)
    renderer = make_renderer('tiny', PinholeCamera(640, 360))
    renderer.load(trial.world)
    eye = np.array([*trial.world.layout.start, trial.altitude])
    pixels = renderer.render(eye, rotation_world_from_level(trial.yaw))
    renderer.close()
    if not cv2.imwrite(str(job.output), pixels[:, :, ::-1]):
        raise OSError(f'cannot write {job.output}')
    print(job.output.resolve())
    return 0


OPTIONS = Snapshot
