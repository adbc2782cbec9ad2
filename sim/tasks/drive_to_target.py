# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drive around obstacles to a target in sight and stop before it."""

from dataclasses import dataclass, replace

from lnn_control.core.streams import stream
from sim.experts.drive_to_target import BAND, DriveToTargetExpert
from sim.tasks.reach_target import ReachProgress, ReachTarget
from sim.tasks.task import Situation, Trial, has_tipped
from sim.vehicles import find_vehicle
from sim.worlds.placement import is_reachable
from sim.worlds.redraw import draw_until
from sim.worlds.world import Layout

CLEARANCE = 0.5
"""Radius [m] of a disc that gets from start to target; one of 0.33 m encloses the rover."""
MOST_ATTEMPTS = 50
"""Worlds that are drawn until there is a way."""


@dataclass(frozen=True)
class DriveToTarget(ReachTarget):
    """Drive to a red camping chair in sight, trees or parked cars between, and stop before it.

    | | |
    |---|---|
    | vehicle | differential-drive rover with camera and IMU |
    | start | 8 to 14 m from the target, heading up to 0.45 rad aside, at rest |
    | success | within `reach` and slower than `slow` for `hold` seconds |
    | failure | any contact but the wheels', also with a kerb; tipping over, which counts as one; \
leaving the area; the time limit |
    | reward | progress towards the target [m]; 10 for success; -10 for contact or leaving |
    | metrics | held: time within reach and slow, without a break [s] |

    The rover turns before it drives, at most 2 m/s: it has half as long again as a quadrotor.
    Parked cars and kerbs, which stop it, may leave it no way: such streets are drawn again.
    """

    name = 'drive_to_target'
    vehicle = 'rover'

    time_limit: float = 45.0

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = stream(seed, 'world')
        distance = float(rng.uniform(self.min_distance, self.max_distance))
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        layout = Layout((0.0, 0.0), (distance, 0.0), self.target, density=self.density)
        world = draw_until(
            lambda: self.build_world(layout, rng),
            lambda world: is_reachable(world.solids, layout, world.area, CLEARANCE, BAND[0]),
            MOST_ATTEMPTS,
            f'{self.describe()} finds no world with a way {2 * CLEARANCE} m wide between kerbs '
            'and parked cars to the target: choose another world or distance',
        )
        limit = self.time_limit * max(1.0, distance / 14.0)
        return Trial(seed, world, yaw, find_vehicle(self.vehicle).rest_height, limit, BAND)

    def judge(self, trial: Trial, progress: ReachProgress, situation: Situation) -> ReachProgress:
        """Return the progress after seeing one more situation."""
        has_collided = situation.has_collided or has_tipped(situation.state)
        return super().judge(trial, progress, replace(situation, has_collided=has_collided))

    def make_expert(self, trial: Trial) -> DriveToTargetExpert:
        """Return an expert that knows the trial's map."""
        return DriveToTargetExpert(trial.world, reach=self.reach)
