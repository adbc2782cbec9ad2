# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly to one target after the other: when one is reached, it appears at the next place.

After the hiking task of 'Robust flight navigation out of distribution with liquid neural networks'
(Chahine et al., Science Robotics 2023).
"""

from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from lnn_control.core.streams import stream
from sim.experts.flight import find_band
from sim.experts.hike import HikeExpert
from sim.routes import MOST_ATTEMPTS, draw_stops, fits_street
from sim.tasks.task import (
    FAILURES,
    Outcome,
    Progress,
    Situation,
    TargetPose,
    Task,
    Trial,
    check_reach,
    find_failure,
    measure_distance,
)
from sim.worlds.redraw import draw_until
from sim.worlds.world import Layout


@dataclass(frozen=True)
class HikeProgress(Progress):
    """How far the vehicle has come.

    :param reached: number of targets reached.
    :param held: time within reach of the next one and slow, without a break [s].
    :param found: whether the next one has been in view since it appeared.
    """

    reached: int = 0
    held: float = 0.0
    found: bool = False


@dataclass(frozen=True)
class Hike(Task):
    """Fly to a red camping chair; once it is reached, it appears somewhere farther on.

    | | |
    |---|---|
    | vehicle | quadrotor with camera and IMU |
    | start | 8 to 12 m from the first target, heading up to 0.45 rad aside, 1.3 to 1.7 m high |
    | target | 8 to 12 m from the one before, up to 60 degrees aside of the leg before |
    | reached | within `reach` and slower than `slow` for `hold` seconds, as in FlyToTarget |
    | success | `num_targets` reached |
    | failure | any contact, leaving the area, the time limit |
    | reward | progress towards the target [m]; 10 for each one; -10 for contact or leaving |
    | metrics | targets_reached |

    The hold is short: it tells a stop from a passage, and the next target shows where to go. In
    the city all targets stand in one street.

    :param num_targets: how many to reach one after the other.
    :param min_distance: least distance from one to the next [m].
    :param max_distance: greatest distance from one to the next [m].
    :param max_turn: greatest angle from one leg to the next [rad].
    :param max_heading_error: greatest angle between heading and first target at the start [rad].
    :param time_limit: time after which the trial has failed, for all targets [s].
    :param reach: distance to a target's middle within which to stay [m].
    :param slow: speed below which to stay [m/s].
    :param hold: how long to stay there [s].
    :param target: what to find: a name of sim.worlds.targets.TARGETS, the `module:Name` of a
        TargetKind or the path of a mesh, *.obj.
    """

    name = 'hike'
    vehicle = 'quadrotor'

    num_targets: int = 5
    min_distance: float = 8.0
    max_distance: float = 12.0
    max_turn: float = np.pi / 3
    max_heading_error: float = 0.45
    time_limit: float = 150.0
    reach: float = 2.5
    slow: float = 0.5
    hold: float = 0.5
    target: str = 'chair'

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number('num_targets', self.num_targets, 1, 10)
        check_number('min_distance', self.min_distance, 5.0, 20.0, 'm')
        check_number('max_distance', self.max_distance, self.min_distance, 20.0, 'm')
        # Beyond, the way may lead back to where it began.
        check_number('max_turn', self.max_turn, 0.0, np.pi / 2, 'rad')
        check_number('max_heading_error', self.max_heading_error, 0.0, np.pi, 'rad')
        check_number('time_limit', self.time_limit, 1.0, 600.0, 's')
        check_reach(self.target, self.reach, 5.0)
        check_number('slow', self.slow, 0.01, 10.0, 'm/s')
        check_number('hold', self.hold, 0.0, 600.0, 's')

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = stream(seed, 'world')
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        altitude = float(rng.uniform(1.3, 1.7))
        world = self.build_world(self._draw_layout(rng), rng)
        return Trial(seed, world, yaw, altitude, self.time_limit, find_band(altitude))

    def _draw_layout(self, generator: np.random.Generator) -> Layout:
        start = (0.0, 0.0)
        arguments = (self.num_targets, (self.min_distance, self.max_distance), self.max_turn)
        stops = draw_until(
            lambda: draw_stops(*arguments, generator),
            lambda stops: self.world != 'urban' or fits_street(np.vstack([start, stops])),
            MOST_ATTEMPTS,
            f'{self.describe()} finds no targets that all stand in one street: choose fewer '
            'num_targets, a smaller max_turn or max_distance, or another world',
        )
        first, *others = ((float(x), float(y)) for x, y in stops)
        return Layout(start, first, self.target, stops=tuple(others))

    def begin(self, trial: Trial, state: VehicleState) -> HikeProgress:
        """Return the progress at the start."""
        return HikeProgress(distance=measure_distance(trial, state))

    def judge(self, trial: Trial, progress: HikeProgress, situation: Situation) -> HikeProgress:
        """Return the progress after seeing one more situation."""
        state, reached = situation.state, progress.reached
        distance = measure_distance(trial, state, _find_pose(trial, reached))
        is_there = distance < self.reach and np.linalg.norm(state.velocity_world) < self.slow
        held = progress.held + state.stamp - progress.time if is_there else 0.0
        found = progress.found or situation.sees_target
        outcome = progress.outcome or find_failure(trial, situation)
        if outcome is None and is_there and held >= self.hold - 1e-9:
            reached, held, found = reached + 1, 0.0, False
            if reached == _count_targets(trial):
                outcome = Outcome.SUCCESS
            else:
                distance = measure_distance(trial, state, _find_pose(trial, reached))
        elif outcome is None and state.stamp >= trial.time_limit:
            outcome = Outcome.TIME_LIMIT
        return HikeProgress(state.stamp, distance, outcome, reached, held, found)

    def make_expert(self, trial: Trial) -> HikeExpert:
        """Return an expert that knows the trial's map and all targets."""
        return HikeExpert(trial.world, reach=self.reach)

    def place_target(self, trial: Trial, progress: HikeProgress) -> TargetPose:
        """Return where the target stands that is to be reached next."""
        return _find_pose(trial, progress.reached)

    def measure(self, trial: Trial, progress: HikeProgress) -> dict[str, float]:
        """Return how many targets have been reached."""
        return {'targets_reached': float(progress.reached)}

    def reward(self, before: HikeProgress, after: HikeProgress) -> dict[str, float]:
        """Return the named terms of the reward for getting from one progress to the next."""
        num_reached = after.reached - before.reached
        return {
            'progress': before.distance - after.distance if num_reached == 0 else 0.0,
            'target': 10.0 * num_reached,
            'failure': -10.0 if after.outcome in FAILURES else 0.0,
        }


def _count_targets(trial: Trial) -> int:
    return len(trial.world.layout.route) - 1


def _find_pose(trial: Trial, reached: int) -> TargetPose:
    """Return where the target stands after so many have been reached; the last one stays."""
    x, y = trial.world.layout.route[1:][min(reached, _count_targets(trial) - 1)]
    return TargetPose(x, y, trial.world.target.instance.yaw)
