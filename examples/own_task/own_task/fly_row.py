# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A task in one file: fly down a row to the target and hover before it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.experts.expert import Expert
from sim.experts.flight import FlightParameters, compose_command, find_band
from sim.tasks.task import (
    Outcome,
    Progress,
    Situation,
    Task,
    Trial,
    find_failure,
    measure_distance,
)
from sim.worlds import build_world
from sim.worlds.targets import find_target
from sim.worlds.world import Layout

STOP = 1.7
"""Where the expert hovers, measured on the ground from the target [m]."""


@dataclass(frozen=True)
class RowProgress(Progress):
    """What has to be remembered.

    :param held: time at the target without a break [s].
    :param aside: greatest distance from the middle of the row so far [m].
    """

    held: float = 0.0
    aside: float = 0.0


@dataclass(frozen=True)
class FlyRow(Task):
    """Fly down a row to the target, never far from its middle, and hover before it.

    | | |
    |---|---|
    | vehicle | quadrotor with camera and IMU |
    | start | in the middle of a row, heading up to 0.3 rad aside, 1.5 m high |
    | success | within `reach` and slower than 0.5 m/s for `hold` seconds |
    | failure | any contact, farther than `half_width` from the middle, the time limit |
    | reward | progress towards the target [m]; 10 for success; -10 for failure |
    | metrics | aside: greatest distance from the middle of the row [m] |

    :param min_distance: least distance from start to target [m].
    :param max_distance: greatest distance from start to target [m].
    :param half_width: greatest distance of the vehicle from the middle of the row [m].
    :param reach: distance to the target at which the vehicle has arrived [m].
    :param hold: how long it has to stay there, slower than 0.5 m/s [s].
    :param time_limit: longest duration [s].
    :param target: what stands at the end of the row: one of sim.worlds.targets.TARGETS,
        `module:Name` or the path of a mesh, *.obj.
    """

    name = 'fly_row'
    vehicle = 'quadrotor'
    worlds = ('orchard', 'forest', 'urban')

    world: str = 'orchard'
    min_distance: float = 8.0
    max_distance: float = 14.0
    half_width: float = 1.2
    reach: float = 2.5
    hold: float = 1.0
    time_limit: float = 30.0
    target: str = 'chair'

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number('min_distance', self.min_distance, 5.0, 60.0, 'm')
        check_number('max_distance', self.max_distance, self.min_distance, 60.0, 'm')
        check_number('half_width', self.half_width, 0.2, 10.0, 'm')
        check_number('reach', self.reach, STOP + 0.3, 10.0, 'm')
        check_number('hold', self.hold, 0.0, 60.0, 's')
        check_number('time_limit', self.time_limit, 1.0, 600.0, 's')
        find_target(self.target)

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = np.random.default_rng([seed, 0])
        distance = float(rng.uniform(self.min_distance, self.max_distance))
        yaw = float(rng.uniform(-0.3, 0.3))
        layout = Layout((0.0, 0.0), (distance, 0.0), self.target)
        world = build_world(self.world, self.season, layout, rng)
        return Trial(seed, world, yaw, 1.5, self.time_limit, find_band(1.5))

    def begin(self, trial: Trial, state: VehicleState) -> RowProgress:
        """Return the progress at the start."""
        return RowProgress(distance=measure_distance(trial, state))

    def judge(self, trial: Trial, progress: RowProgress, situation: Situation) -> RowProgress:
        """Return the progress after one more situation."""
        state = situation.state
        distance = measure_distance(trial, state)
        aside = abs(float(state.position_world[1]))
        is_there = distance < self.reach and np.linalg.norm(state.velocity_world) < 0.5
        held = progress.held + state.stamp - progress.time if is_there else 0.0
        outcome = progress.outcome or find_failure(trial, situation)
        if outcome is None and aside > self.half_width:
            outcome = Outcome.OUT_OF_AREA
        elif outcome is None and is_there and held >= self.hold:
            outcome = Outcome.SUCCESS
        elif outcome is None and state.stamp >= trial.time_limit:
            outcome = Outcome.TIME_LIMIT
        return RowProgress(state.stamp, distance, outcome, held, max(progress.aside, aside))

    def measure(self, trial: Trial, progress: RowProgress) -> dict[str, float]:
        """Return how far from the middle of the row the vehicle has been [m]."""
        return {'aside': progress.aside}

    def make_expert(self, trial: Trial) -> 'RowExpert':
        """Return who knows where the target is."""
        return RowExpert(trial)


class RowExpert(Expert):
    """Flies along the middle of the row and slows down before the target."""

    def __init__(self, trial: Trial) -> None:
        self._target = trial.world.target.position

    def shortest_path(self, position: NDArray[np.float64]) -> float:
        """Return how far it is to where to hover [m]."""
        return max(float(np.hypot(*(self._target[:2] - position[:2]))) - STOP, 0.1)

    def __call__(self, state: VehicleState, progress: Any = None) -> VelocityCommand:
        """Return the expert's command in a state."""
        ahead, aside, _ = self._target - state.position_world
        velocity = np.array([np.clip(0.8 * (ahead - STOP), -0.3, 1.4), 0.8 * aside])
        heading = float(np.arctan2(aside, ahead))
        return compose_command(state, velocity, heading, FlightParameters())
