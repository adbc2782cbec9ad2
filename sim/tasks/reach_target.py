# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What tasks that end at a target have in common: get there, slow down and stay."""

from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from sim.tasks.task import (
    Outcome,
    Progress,
    Situation,
    Task,
    Trial,
    check_reach,
    find_failure,
    measure_distance,
)
from sim.worlds import check_density


@dataclass(frozen=True)
class ReachProgress(Progress):
    """How long the vehicle has been at the target.

    :param held: time within reach and slow, without a break [s].
    """

    held: float = 0.0


@dataclass(frozen=True)
class ReachTarget(Task):
    """Get within `reach` of the target and stay slower than `slow` for `hold` seconds.

    :param min_distance: least distance from start to target [m].
    :param max_distance: greatest distance from start to target [m].
    :param max_heading_error: greatest angle between heading and target at the start [rad].
    :param time_limit: time after which the trial has failed [s]; in proportion beyond 14 m.
    :param reach: distance to the target's middle within which to stay [m].
    :param slow: speed below which to stay [m/s].
    :param hold: how long to stay there [s].
    :param density: of a forest's plants, as a factor of the usual one.
    :param target: what to find: a name of sim.worlds.targets.TARGETS, the `module:Name` of a
        TargetKind or the path of a mesh, *.obj.
    """

    min_distance: float = 8.0
    max_distance: float = 14.0
    max_heading_error: float = 0.45
    time_limit: float = 30.0
    reach: float = 2.5
    slow: float = 0.5
    hold: float = 2.0
    density: float = 1.0
    target: str = 'chair'

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number('min_distance', self.min_distance, 5.0, 60.0, 'm')
        check_number('max_distance', self.max_distance, self.min_distance, 60.0, 'm')
        check_number('max_heading_error', self.max_heading_error, 0.0, np.pi, 'rad')
        check_number('time_limit', self.time_limit, 1.0, 600.0, 's')
        check_reach(self.target, self.reach, 60.0)
        check_number('slow', self.slow, 0.01, 10.0, 'm/s')
        check_number('hold', self.hold, 0.0, 600.0, 's')
        check_density(self.world, self.density)

    def begin(self, trial: Trial, state: VehicleState) -> ReachProgress:
        """Return the progress at the start."""
        return ReachProgress(distance=measure_distance(trial, state))

    def judge(self, trial: Trial, progress: ReachProgress, situation: Situation) -> ReachProgress:
        """Return the progress after seeing one more situation."""
        state = situation.state
        distance = measure_distance(trial, state)
        is_there = distance < self.reach and np.linalg.norm(state.velocity_world) < self.slow
        held = progress.held + state.stamp - progress.time if is_there else 0.0
        outcome = progress.outcome or find_failure(trial, situation)
        if outcome is None and is_there and held >= self.hold - 1e-9:
            outcome = Outcome.SUCCESS
        elif outcome is None and state.stamp >= trial.time_limit:
            outcome = Outcome.TIME_LIMIT
        return ReachProgress(state.stamp, distance, outcome, held)

    def measure(self, trial: Trial, progress: ReachProgress) -> dict[str, float]:
        """Return how long the vehicle has been at the target [s]."""
        return {'held': progress.held}
