# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Drive a lap of a winding road in the right lane.

After the lane keeping of 'Neural circuit policies enabling auditable autonomy' (Lechner et al.,
Nature Machine Intelligence 2020).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.messages import VehicleState
from lnn_control.core.streams import stream
from sim.experts.keep_lane import KeepLaneExpert
from sim.tasks.starts import move_start
from sim.tasks.task import (
    Outcome,
    Progress,
    Situation,
    Task,
    Trial,
    find_failure,
    has_tipped,
)
from sim.vehicles import find_vehicle
from sim.worlds.road_geometry import RoadMap
from sim.worlds.world import Layout, Road, World

SIGN = (6.0, -5.5)
"""Where the sign at start and finish stands, seen from the middle of the right lane [m]."""

GAP = 10.0
"""Way from one car to the next when several start [m]."""

BAND = (0.2, 1.4)
"""Heights between which solids are in a car's way [m]."""


@dataclass(frozen=True)
class LaneProgress(Progress):
    """How far and how well the car has driven. The distance is what is left of the laps.

    :param arc: where it is along the centreline [m]. :param travelled: along the centreline in
        the direction of travel since the start, negative if it drove back [m].
    :param lane_offset: from the middle of the right lane, positive to the left [m].
    :param strayed: absolute lane offset summed up over time [m s].
    :param in_lane: time in the right lane [s]. :param driven: length of the path driven [m].
    """

    arc: float = 0.0
    travelled: float = 0.0
    lane_offset: float = 0.0
    strayed: float = 0.0
    in_lane: float = 0.0
    driven: float = 0.0


@dataclass(frozen=True)
class KeepLane(Task):
    """Keep to the right lane of a closed, winding road with bends both ways for one lap.

    | | |
    |---|---|
    | vehicle | car with camera and IMU |
    | start | at rest in the right lane, up to `max_offset` beside its middle, heading up to \
`max_heading_error` aside |
    | success | the way along the centreline adds up to the laps; ways back count against it |
    | failure | leaving the road: the car's middle, so more than half of it, is beyond the edge, \
out_of_area; any contact but the wheels', or tipping over, a collision; the time limit |
    | reward | progress along the road [m]; lane_keeping: minus the distance to the middle of the \
right lane over time [m s]; 10 for success; -10 for contact or leaving |
    | metrics | lane_offset: from the middle of the right lane, positive to the left [m]; \
mean_lane_offset: its mean absolute value over time [m]; in_lane: share of time with the car's \
middle in the right lane; driven: length of the path [m]; speed: its mean [m/s]; laps |

    The oncoming lane is part of the road: using it costs reward, but does not end the trial.

    :param laps: how many to drive.
    :param max_offset: greatest distance from the middle of the lane at the start [m].
    :param max_heading_error: greatest angle to the lane at the start [rad].
    :param least_speed: mean speed that is just enough for the time limit [m/s].
    """

    name = 'keep_lane'
    vehicle = 'car'
    worlds = ('road',)
    # Traffic keeps to the right: a mirrored road teaches the wrong side.
    is_symmetric = False
    # The finish board is out of view for most of a lap.
    seeks_target = False

    world: str = 'road'
    laps: int = 1
    max_offset: float = 0.4
    max_heading_error: float = 0.1
    least_speed: float = 3.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.laps, int) or not 1 <= self.laps <= 100:
            raise ValueError(f'laps must be a whole number in [1, 100], got {self.laps!r}')
        check_number('max_offset', self.max_offset, 0.0, 1.0, 'm')
        check_number('max_heading_error', self.max_heading_error, 0.0, 0.5, 'rad')
        check_number('least_speed', self.least_speed, 0.5, 15.0, 'm/s')

    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed: the same seed gives the same trial."""
        rng = stream(seed, 'world')
        offset = float(rng.uniform(-self.max_offset, self.max_offset))
        yaw = float(rng.uniform(-self.max_heading_error, self.max_heading_error))
        layout = Layout(start=(0.0, 0.0), target=SIGN)
        world = self.build_world(layout, rng)
        # The road is laid for the middle of the lane, from which the car starts a little aside.
        world = move_start(world, (0.0, offset))
        limit = self.laps * map_road(world).length / self.least_speed
        return Trial(seed, world, yaw, find_vehicle(self.vehicle).rest_height, limit, BAND)

    def draw_start(self, trials: Sequence[Trial], generator: np.random.Generator) -> Trial:
        """Return the trial of one more car, in the right lane behind the others."""
        first = trials[0]
        road = map_road(first.world)
        arc = float(road.project(first.world.layout.start)[0]) - GAP * len(trials)
        offset = generator.uniform(-self.max_offset, self.max_offset) - road.lane_width / 2
        x, y = road.point_at(arc, offset).tolist()
        error = generator.uniform(-self.max_heading_error, self.max_heading_error)
        yaw = float(road.heading_at(arc)) + error
        return replace(first, world=move_start(first.world, (x, y)), yaw=yaw)

    def begin(self, trial: Trial, state: VehicleState) -> LaneProgress:
        """Return the progress at the start."""
        road = map_road(trial.world)
        arc, offset = road.project(state.position_world[:2])
        lane_offset = float(offset) + road.lane_width / 2
        length = self.laps * road.length
        return LaneProgress(distance=length, arc=float(arc), lane_offset=lane_offset)

    def judge(self, trial: Trial, progress: LaneProgress, situation: Situation) -> LaneProgress:
        """Return the progress after seeing one more situation."""
        after = self._advance(trial, progress, situation.state)
        outcome = progress.outcome or _find_failure(trial, after, situation)
        if outcome is None and after.distance <= 0.0:
            outcome = Outcome.SUCCESS
        elif outcome is None and after.time >= trial.time_limit:
            outcome = Outcome.TIME_LIMIT
        return replace(after, outcome=outcome)

    def _advance(self, trial: Trial, progress: LaneProgress, state: VehicleState) -> LaneProgress:
        road = map_road(trial.world)
        arc, offset = (float(value) for value in road.project(state.position_world[:2]))
        # The shorter way round: between two situations nobody drives half a lap.
        step = (arc - progress.arc + road.length / 2) % road.length - road.length / 2
        travelled = progress.travelled + step
        elapsed = state.stamp - progress.time
        lane_offset = offset + road.lane_width / 2
        is_in_lane = abs(lane_offset) < road.lane_width / 2
        speed = float(np.linalg.norm(state.velocity_world[:2]))
        return LaneProgress(
            time=state.stamp,
            distance=self.laps * road.length - travelled,
            arc=arc,
            travelled=travelled,
            lane_offset=lane_offset,
            strayed=progress.strayed + abs(lane_offset) * elapsed,
            in_lane=progress.in_lane + is_in_lane * elapsed,
            driven=progress.driven + speed * elapsed,
        )

    def make_expert(self, trial: Trial) -> KeepLaneExpert:
        """Return an expert that knows the trial's road."""
        return KeepLaneExpert(map_road(trial.world), laps=self.laps)

    def measure(self, trial: Trial, progress: LaneProgress) -> dict[str, float]:
        """Return how well the car has kept its lane, how far and how fast it has driven."""
        time = max(progress.time, 1e-9)
        return {
            'lane_offset': progress.lane_offset,
            'mean_lane_offset': progress.strayed / time,
            'in_lane': progress.in_lane / time,
            'driven': progress.driven,
            'speed': progress.driven / time,
            'laps': progress.travelled / map_road(trial.world).length,
        }

    def reward(self, before: LaneProgress, after: LaneProgress) -> dict[str, float]:
        """Return the named terms of the reward for getting from one progress to the next."""
        return super().reward(before, after) | {'lane_keeping': before.strayed - after.strayed}


def _find_failure(trial: Trial, progress: LaneProgress, situation: Situation) -> Outcome | None:
    has_collided = situation.has_collided or has_tipped(situation.state)
    lane_width = map_road(trial.world).lane_width
    is_on_road = abs(progress.lane_offset - lane_width / 2) <= lane_width
    if not has_collided and not is_on_road:
        return Outcome.OUT_OF_AREA
    return find_failure(trial, replace(situation, has_collided=has_collided))


def map_road(world: World) -> RoadMap:
    """Return the map of a world's road.

    :raises ValueError: if the world has none.
    """
    if world.road is None:
        raise ValueError(
            f'the world must have a road to keep to, got {world.name!r} without one: choose '
            'another world, or let its builder give it a road'
        )
    return _map(world.road)


@lru_cache(maxsize=4)
def _map(road: Road) -> RoadMap:
    return RoadMap(road)
