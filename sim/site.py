# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A trial's world as a map for reports: outlines, the shortest safe path, clearances."""

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.flight import Site
from sim.obstacles import Obstacles
from sim.tasks.fly_to_target import FlyToTarget
from sim.tasks.task import Trial
from sim.worlds.world import Box, Cylinder, Solid


def describe_site(task: FlyToTarget, trial: Trial) -> Site:
    """Return the map of a trial, with the solids that reach into the vehicle's heights."""
    start = np.array(trial.world.layout.start, dtype=np.float64)
    expert = task.make_expert(trial)
    planner = expert.cost_to_go
    path = np.vstack([planner.trace(start, 500.0), trial.world.layout.target])
    solids = [solid for solid in trial.world.solids if _is_in_the_way(solid, trial.band)]
    return Site(
        circles=np.array(
            [(s.x, s.y, s.radius) for s in solids if isinstance(s, Cylinder)]
        ).reshape(-1, 3),
        boxes=np.array(
            [(s.x, s.y, s.length, s.width, s.yaw) for s in solids if isinstance(s, Box)]
        ).reshape(-1, 5),
        start=start,
        target=trial.world.target.position,
        reach=task.reach,
        shortest_path=path,
        shortest_length=expert.shortest_path(start),
        time_limit=trial.time_limit,
    )


def measure_clearances(trial: Trial, positions_world: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the vehicle's middle was from the nearest solid [m], shape (n,).

    :param positions_world: shape (n, 3).
    """
    return Obstacles(trial.world, *trial.band).distance(positions_world[:, :2])


def _is_in_the_way(solid: Solid, band: tuple[float, float]) -> bool:
    return solid.bottom < band[1] and solid.bottom + solid.height > band[0]
