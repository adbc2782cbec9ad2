# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly through obstacles to a target in sight and hover before it.

After the first task of 'Robust flight navigation out of distribution with liquid neural networks'
(Chahine et al., Science Robotics 2023).
"""

from dataclasses import dataclass

from lnn_control.core.streams import stream
from sim.experts.flight import find_band
from sim.experts.fly_to_target import FlyToTargetExpert
from sim.tasks.reach_target import ReachTarget
from sim.tasks.task import Trial
from sim.worlds.world import Layout


@dataclass(frozen=True)
class FlyToTarget(ReachTarget):
    """Fly to a red camping chair in sight, trees or houses between, and hover before it.

    | | |
    |---|---|
    | vehicle | quadrotor with camera and IMU |
    | start | 8 to 14 m from the target, heading up to 0.45 rad aside, 1.3 to 1.7 m high |
    | success | within `reach` and slower than `slow` for `hold` seconds |
    | failure | any contact, leaving the area, the time limit |
    | reward | progress towards the target [m]; 10 for success; -10 for contact or leaving |
    | metrics | held: time within reach and slow, without a break [s] |
    """

    name = 'fly_to_target'
    vehicle = 'quadrotor'

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = stream(seed, 'world')
        distance = float(rng.uniform(self.min_distance, self.max_distance))
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        altitude = float(rng.uniform(1.3, 1.7))
        layout = Layout((0.0, 0.0), (distance, 0.0), self.target, density=self.density)
        world = self.build_world(layout, rng)
        limit = self.time_limit * max(1.0, distance / 14.0)
        return Trial(seed, world, yaw, altitude, limit, find_band(altitude))

    def make_expert(self, trial: Trial) -> FlyToTargetExpert:
        """Return an expert that knows the trial's map."""
        return FlyToTargetExpert(trial.world, reach=self.reach)
