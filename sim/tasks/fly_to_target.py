# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly through obstacles to a target in sight and hover before it.

After the first task of 'Robust flight navigation out of distribution with liquid neural networks'
(Chahine et al., Science Robotics 2023).
"""

from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from sim.experts.fly_to_target import FlyToTargetExpert
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
from sim.worlds.world import Layout

HALF_BAND = 0.6
"""Half the height of the band around the flight altitude in which solids count [m]."""


@dataclass(frozen=True)
class HoverProgress(Progress):
    """How long the vehicle has hovered at the target.

    :param held: time within reach and slow, without a break [s].
    """

    held: float = 0.0


@dataclass(frozen=True)
class FlyToTarget(Task):
    """Fly to a red camping chair in sight, trees or houses between, and hover before it.

    | | |
    |---|---|
    | vehicle | quadrotor with camera and IMU |
    | start | 8 to 14 m from the target, heading up to 0.45 rad aside, 1.3 to 1.7 m high |
    | success | within `reach` and slower than `slow` for `hold` seconds |
    | failure | any contact, leaving the area, the time limit |
    | reward | progress towards the target [m]; 10 for success; -10 for contact or leaving |
    | metrics | held: time within reach and slow, without a break [s] |

    :param min_distance: from start to target [m]. :param max_distance: likewise.
    :param max_heading_error: initial angle between heading and target [rad].
    :param time_limit: [s]; in proportion beyond 14 m.
    :param reach: [m]. :param slow: [m/s]. :param hold: [s].
    """

    name = 'fly_to_target'
    vehicle = 'quadrotor'

    min_distance: float = 8.0
    max_distance: float = 14.0
    max_heading_error: float = 0.45
    time_limit: float = 30.0
    reach: float = 2.5
    slow: float = 0.5
    hold: float = 2.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number('min_distance', self.min_distance, 5.0, 60.0, 'm')
        check_number('max_distance', self.max_distance, self.min_distance, 60.0, 'm')
        check_number('max_heading_error', self.max_heading_error, 0.0, np.pi, 'rad')
        check_number('time_limit', self.time_limit, 1.0, 600.0, 's')
        check_number('reach', self.reach, 0.1, 60.0, 'm')
        check_number('slow', self.slow, 0.01, 10.0, 'm/s')
        check_number('hold', self.hold, 0.0, 600.0, 's')

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = np.random.default_rng([seed, 0])
        distance = float(rng.uniform(self.min_distance, self.max_distance))
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        altitude = float(rng.uniform(1.3, 1.7))
        layout = Layout(start=(0.0, 0.0), target=(distance, 0.0))
        world = build_world(self.world, self.season, layout, rng)
        limit = self.time_limit * max(1.0, distance / 14.0)
        band = (altitude - HALF_BAND, altitude + HALF_BAND)
        return Trial(seed, world, yaw, altitude, limit, band)

    def begin(self, trial: Trial, state: VehicleState) -> HoverProgress:
        """Return the progress at the start."""
        return HoverProgress(distance=measure_distance(trial, state))

    def judge(self, trial: Trial, progress: HoverProgress, situation: Situation) -> HoverProgress:
        """Return the progress after seeing one more situation."""
        state = situation.state
        distance = measure_distance(trial, state)
        is_there = distance < self.reach and np.linalg.norm(state.velocity_world) < self.slow
        held = progress.held + state.stamp - progress.time if is_there else 0.0
        outcome = progress.outcome or find_failure(trial, situation)
        if outcome is None and held >= self.hold - 1e-9:
            outcome = Outcome.SUCCESS
        elif outcome is None and state.stamp >= trial.time_limit:
            outcome = Outcome.TIME_LIMIT
        return HoverProgress(state.stamp, distance, outcome, held)

    def make_expert(self, trial: Trial) -> FlyToTargetExpert:
        """Return an expert that knows the trial's map."""
        return FlyToTargetExpert(trial.world, reach=self.reach)

    def measure(self, trial: Trial, progress: HoverProgress) -> dict[str, float]:
        """Return how long the vehicle has hovered at the target [s]."""
        return {'held': progress.held}
