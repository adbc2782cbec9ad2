# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly after a person who walks away, and keep near and in sight."""

from dataclasses import dataclass

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from lnn_control.core.streams import stream
from sim.experts.flight import find_band
from sim.experts.follow_target import FollowTargetExpert
from sim.routes import MOST_ATTEMPTS, Walk, draw_walk, fits_street
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
class FollowProgress(Progress):
    """How well the vehicle has followed so far.

    :param seen: time with the target in view [s]. :param near: time within reach [s].
    :param kept: time with both [s]. :param mean_distance: to the target over all the time [m].
    """

    seen: float = 0.0
    near: float = 0.0
    kept: float = 0.0
    mean_distance: float = 0.0


@dataclass(frozen=True)
class FollowTarget(Task):
    """Follow a person in an orange jacket who walks away on a winding path, and look at them.

    | | |
    |---|---|
    | vehicle | quadrotor with camera and IMU |
    | start | `lead` behind the target, heading up to 0.45 rad aside, 1.3 to 1.7 m high |
    | target | walks at 0.5 to 1.2 m/s, slowly varying, in bends of at least 2.2 m radius |
    | success | at the end of `time_limit`, within `reach` and in view for `share` of the time |
    | failure | any contact, also with the person, leaving the area, a smaller share |
    | reward | time within reach and in view [s]; 10 for success; -10 for contact or leaving |
    | metrics | kept, seen, near: shares of the time; mean_distance [m] |

    In the city the walk keeps to the street.

    :param lead: distance from the vehicle to the target at the start [m].
    :param max_heading_error: greatest angle between heading and target at the start [rad].
    :param time_limit: how long the target walks [s].
    :param reach: distance to the target's middle within which to keep [m].
    :param share: of the time that is enough for success, 0 to 1.
    :param target: what walks: a name of sim.worlds.targets.TARGETS, the `module:Name` of a
        TargetKind or the path of a mesh, *.obj.
    """

    name = 'follow_target'
    vehicle = 'quadrotor'

    lead: float = 4.0
    max_heading_error: float = 0.45
    time_limit: float = 30.0
    reach: float = 5.0
    share: float = 0.9
    target: str = 'person'

    def __post_init__(self) -> None:
        super().__post_init__()
        check_number('reach', self.reach, 4.0, 60.0, 'm')
        check_reach(self.target, self.reach, 60.0)
        check_number('lead', self.lead, 4.0, self.reach, 'm')
        check_number('max_heading_error', self.max_heading_error, 0.0, np.pi, 'rad')
        check_number('time_limit', self.time_limit, 1.0, 120.0, 's')
        check_number('share', self.share, 0.0, 1.0)

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = stream(seed, 'world')
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        altitude = float(rng.uniform(1.3, 1.7))
        world = self.build_world(self._draw_layout(rng), rng)
        return Trial(seed, world, yaw, altitude, self.time_limit, find_band(altitude))

    def _draw_layout(self, generator: np.random.Generator) -> Layout:
        start, target = (0.0, 0.0), (self.lead, 0.0)
        walk = draw_until(
            lambda: draw_walk(target, self.time_limit, generator),
            lambda walk: self.world != 'urban' or fits_street(np.vstack([start, walk])),
            MOST_ATTEMPTS,
            f'{self.describe()} finds no walk that keeps to the street: choose a shorter '
            'time_limit or another world',
        )
        places = tuple((float(x), float(y)) for x, y in walk)
        return Layout(start, target, self.target, walk=places)

    def begin(self, trial: Trial, state: VehicleState) -> FollowProgress:
        """Return the progress at the start."""
        return FollowProgress(distance=measure_distance(trial, state))

    def judge(
        self, trial: Trial, progress: FollowProgress, situation: Situation
    ) -> FollowProgress:
        """Return the progress after seeing one more situation."""
        state = situation.state
        distance = measure_distance(trial, state, _find_pose(trial, state.stamp))
        elapsed = state.stamp - progress.time
        is_near = distance <= self.reach
        kept = progress.kept + elapsed * (is_near and situation.sees_target)
        outcome = progress.outcome or find_failure(trial, situation)
        if outcome is None and state.stamp >= trial.time_limit:
            is_enough = kept >= self.share * state.stamp - 1e-9
            outcome = Outcome.SUCCESS if is_enough else Outcome.TIME_LIMIT
        return FollowProgress(
            state.stamp,
            distance,
            outcome,
            seen=progress.seen + elapsed * situation.sees_target,
            near=progress.near + elapsed * is_near,
            kept=kept,
            mean_distance=(progress.mean_distance * progress.time + distance * elapsed)
            / max(state.stamp, 1e-9),
        )

    def make_expert(self, trial: Trial) -> FollowTargetExpert:
        """Return an expert that knows the trial's map and walk."""
        return FollowTargetExpert(trial.world, trial.time_limit)

    def place_target(self, trial: Trial, progress: FollowProgress) -> TargetPose:
        """Return where the person is on the walk, facing along it."""
        return _find_pose(trial, progress.time)

    def measure(self, trial: Trial, progress: FollowProgress) -> dict[str, float]:
        """Return shares of the time so far, and the mean distance [m]."""
        time = max(progress.time, 1e-9)
        return {
            'kept': progress.kept / time,
            'seen': progress.seen / time,
            'near': progress.near / time,
            'mean_distance': progress.mean_distance,
        }

    def reward(self, before: FollowProgress, after: FollowProgress) -> dict[str, float]:
        """Return the named terms of the reward for getting from one progress to the next."""
        return {
            'kept': after.kept - before.kept,
            'success': 10.0 if after.outcome is Outcome.SUCCESS else 0.0,
            'failure': -10.0 if after.outcome in FAILURES else 0.0,
        }


def _find_pose(trial: Trial, time: float) -> TargetPose:
    """Return where the person is at a time [s], facing along the walk."""
    place, velocity = Walk.of(trial.world.layout).locate(time)
    yaw = np.arctan2(velocity[1], velocity[0])
    return TargetPose(float(place[0]), float(place[1]), float(yaw))
