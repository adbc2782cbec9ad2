# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A trial's world as a map for reports: outlines, the shortest safe path, clearances."""

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.flight import Site
from lnn_control.core.messages import VehicleState
from sim.obstacles import Obstacles
from sim.tasks.task import Situation, Task, Trial
from sim.worlds.world import Box, Cylinder, Solid


def describe_site(task: Task, trial: Trial) -> Site:
    """Return the map of a trial of any task.

    It has the solids that reach into the vehicle's heights. What counts as there is the task's
    field `reach`, if it has one.
    """
    layout, road = trial.world.layout, trial.world.road
    start = np.array(layout.start, dtype=np.float64)
    expert = task.make_expert(trial)
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
        reach=float(getattr(task, 'reach', 0.0)),
        shortest_path=expert.trace_path(start),
        shortest_length=expert.shortest_path(start),
        time_limit=trial.time_limit,
        stops=np.array(layout.stops).reshape(-1, 2),
        walk=np.array(layout.walk).reshape(-1, 2),
        road=np.zeros((0, 2)) if road is None else road.centreline,
        road_width=0.0 if road is None else 2 * road.lane_width,
    )


def measure_clearances(trial: Trial, positions_world: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far the vehicle's middle was from the nearest solid [m], shape (n,).

    :param positions_world: shape (n, 3).
    """
    return Obstacles(trial.world, *trial.band).distance(positions_world[:, :2])


def measure_distances(
    task: Task,
    trial: Trial,
    positions_world: NDArray[np.float64],
    times: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Return what was left to do at each pose, as the task counts it [m], shape (n,).

    :param positions_world: shape (n, 3). :param times: since the start [s], shape (n,).
    """
    states = [
        VehicleState(place, stamp=float(time))
        for place, time in zip(positions_world, times, strict=True)
    ]
    progress = task.begin(trial, states[0])
    found = []
    for state in states:
        progress = task.judge(trial, progress, Situation(state))
        found.append(progress.distance)
    return np.array(found)


def _is_in_the_way(solid: Solid, band: tuple[float, float]) -> bool:
    return solid.bottom < band[1] and solid.bottom + solid.height > band[0]
