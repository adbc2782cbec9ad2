# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Fly through obstacles to a target in sight and hover before it.

After the first task of 'Robust flight navigation out of distribution with liquid neural networks'
(Chahine et al., Science Robotics 2023).
"""

from dataclasses import dataclass
from enum import Enum

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from sim.worlds import build_world, check_world
from sim.worlds.world import Layout, World


class Outcome(Enum):
    """How a trial ended."""

    SUCCESS = 'success'
    COLLISION = 'collision'
    OUT_OF_AREA = 'out_of_area'
    TIME_LIMIT = 'time_limit'


@dataclass(frozen=True, eq=False)
class Trial:
    """One start: the world and how the vehicle begins in it.

    :param yaw: initial heading [rad]. :param altitude: initial height [m].
    :param time_limit: [s].
    """

    seed: int
    world: World
    yaw: float
    altitude: float
    time_limit: float


@dataclass(frozen=True)
class Progress:
    """How long the vehicle has hovered at the target, and whether the trial is over.

    :param held: time within reach and slow, without a break [s]. :param time: last time seen [s].
    """

    held: float = 0.0
    time: float = 0.0
    outcome: Outcome | None = None


@dataclass(frozen=True)
class FlyToTarget:
    """Reach the target, hover within `reach` slower than `slow` for `hold` seconds, no contact.

    :param world: one of sim.worlds.WORLDS. :param season: one of its seasons.
    :param min_distance: from start to target [m]. :param max_distance: likewise.
    :param max_heading_error: initial angle between heading and target [rad].
    :param time_limit: [s]; in proportion beyond 14 m.
    :param reach: [m]. :param slow: [m/s]. :param hold: [s].
    """

    world: str = 'forest'
    season: str = 'summer'
    min_distance: float = 8.0
    max_distance: float = 14.0
    max_heading_error: float = 0.45
    time_limit: float = 30.0
    reach: float = 2.5
    slow: float = 0.5
    hold: float = 2.0

    def __post_init__(self) -> None:
        check_world(self.world, self.season)
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
        return Trial(seed, world, yaw, altitude, limit)

    def judge(
        self, trial: Trial, progress: Progress, state: VehicleState, has_collided: bool
    ) -> Progress:
        """Return the progress after seeing one more state. Call at least ten times a second."""
        elapsed = state.stamp - progress.time
        x, y, z = state.position_world
        x_min, x_max, y_min, y_max = trial.world.area
        distance = float(np.linalg.norm(state.position_world - trial.world.target.position))
        is_there = distance < self.reach and np.linalg.norm(state.velocity_world) < self.slow
        held = progress.held + elapsed if is_there else 0.0
        outcome = progress.outcome
        if outcome is None:
            if has_collided:
                outcome = Outcome.COLLISION
            elif not (x_min < x < x_max and y_min < y < y_max and z < trial.world.ceiling):
                outcome = Outcome.OUT_OF_AREA
            elif held >= self.hold - 1e-9:
                outcome = Outcome.SUCCESS
            elif state.stamp >= trial.time_limit:
                outcome = Outcome.TIME_LIMIT
        return Progress(held, state.stamp, outcome)
