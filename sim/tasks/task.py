# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every task says: how a trial starts, what it has come to, and who knows how to do it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any, ClassVar

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.frames import rotation_from_quaternion
from lnn_control.core.messages import VehicleState
from lnn_control.core.streams import stream
from sim.experts.expert import TARGET_ROOM, Expert
from sim.tasks.starts import draw_around_target, move_start
from sim.vehicles.vehicle import Vehicle
from sim.worlds import WORLDS, build_world, check_world
from sim.worlds.redraw import GaveUpError
from sim.worlds.targets import find_target
from sim.worlds.world import Layout, World


class Outcome(Enum):
    """How a trial ended."""

    SUCCESS = 'success'
    COLLISION = 'collision'
    OUT_OF_AREA = 'out_of_area'
    TIME_LIMIT = 'time_limit'


FAILURES = (Outcome.COLLISION, Outcome.OUT_OF_AREA)


@dataclass(frozen=True, eq=False)
class Trial:
    """One start: the world and how the vehicle begins in it.

    :param yaw: initial heading [rad]. :param altitude: initial height of the body's origin [m].
    :param time_limit: [s].
    :param band: heights between which solids are in the vehicle's way [m].
    """

    seed: int
    world: World
    yaw: float
    altitude: float
    time_limit: float
    band: tuple[float, float]


@dataclass(frozen=True)
class TargetPose:
    """Where the target stands now, in the world [m, rad]."""

    x: float
    y: float
    yaw: float


@dataclass(frozen=True, eq=False)
class Situation:
    """What a task judges by.

    :param state: of the vehicle; its stamp counts from the start of the trial.
    :param has_collided: whether it has touched anything since the start.
    :param sees_target: whether the target's middle is in the image with nothing solid before it.
    """

    state: VehicleState
    has_collided: bool = False
    sees_target: bool = True


@dataclass(frozen=True)
class Progress:
    """What a trial has come to so far. Tasks add what they have to remember.

    :param time: of the last situation seen [s]. :param distance: to the target then [m].
    :param outcome: None while the trial goes on.
    """

    time: float = 0.0
    distance: float = float('inf')
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Task(ABC):
    """What is asked of a vehicle. The same seed gives the same trial.

    A new task is one subclass: its docstring is its data sheet, its entry in sim.tasks.TASKS
    makes it an environment, a suite and an argument of the commands.

    :cvar name: its key in sim.tasks.TASKS.
    :cvar vehicle: what has to do it: one of sim.vehicles.VEHICLES, `module:Class` or a class.
    :cvar is_symmetric: whether left and right are alike: a flight seen in a mirror is one, too.
    :cvar seeks_target: whether the target is what to look for, so that it can be lost from view.
    :cvar worlds: those of sim.worlds.WORLDS that it is made for, the usual one first.
    :param world: one of them, or one of another package. :param season: one of sim.worlds.SEASONS.
    """

    name: ClassVar[str]
    vehicle: ClassVar[str | type[Vehicle]]
    is_symmetric: ClassVar[bool] = True
    seeks_target: ClassVar[bool] = True
    worlds: ClassVar[tuple[str, ...]] = ('forest', 'urban', 'varied_forest')

    world: str = 'forest'
    season: str = 'summer'

    def __post_init__(self) -> None:
        check_world(self.world, self.season)
        if WORLDS.is_own(self.world) and self.world not in self.worlds:
            raise ValueError(
                f'world of {self.name} must be one of {sorted(self.worlds)}, got {self.world!r}'
            )

    def build_world(self, layout: Layout, generator: np.random.Generator) -> World:
        """Return a world of the task's name and season.

        :raises GaveUpError: if no world turns out as asked; the message names the options.
        """
        try:
            return build_world(self.world, self.season, layout, generator)
        except GaveUpError as error:
            raise GaveUpError(f'{self.describe()} {error}') from error

    def describe(self) -> str:
        """Return the task's name, its world and all options that are not the usual ones."""
        options = {
            field.name: getattr(self, field.name)
            for field in fields(self)
            if field.name in ('world', 'season') or getattr(self, field.name) != field.default
        }
        text = ', '.join(f'{name}={value!r}' for name, value in options.items())
        return f'{self.name} with {text}'

    @abstractmethod
    def sample(self, seed: int) -> Trial:
        """Build the trial of a seed."""

    def sample_several(self, seed: int, number: int) -> tuple[Trial, ...]:
        """Build the world of a seed once and return a trial in it for each of several vehicles.

        The first is that of :meth:`sample`, and more vehicles move no start of the others.

        :raises GaveUpError: if there is no room for so many.
        """
        trials = [self.sample(seed)]
        generator = stream(seed, 'starts')
        while len(trials) < number:
            try:
                trials.append(self.draw_start(trials, generator))
            except GaveUpError as error:
                raise GaveUpError(f'{self.describe()} {error}') from error
        return tuple(trials)

    def draw_start(self, trials: Sequence[Trial], generator: np.random.Generator) -> Trial:
        """Return the trial of one more vehicle in the world of others.

        It starts about as far from the target as the first, anywhere around it, heading for it up
        to the task's field `max_heading_error` aside.

        :raises GaveUpError: if there is no room for it.
        """
        first = trials[0]
        taken = [trial.world.layout.start for trial in trials]
        place = draw_around_target(first.world, taken, first.band, generator)
        x, y = np.subtract(first.world.layout.target, place)
        error = float(getattr(self, 'max_heading_error', 0.0))
        yaw = float(np.arctan2(y, x) + generator.uniform(-error, error))
        return replace(first, world=move_start(first.world, place), yaw=yaw)

    @abstractmethod
    def begin(self, trial: Trial, state: VehicleState) -> Any:
        """Return the progress at the start of a trial."""

    @abstractmethod
    def judge(self, trial: Trial, progress: Any, situation: Situation) -> Any:
        """Return the progress after one more situation. Call at least ten times a second."""

    @abstractmethod
    def make_expert(self, trial: Trial) -> Expert:
        """Return who knows the map of a trial and does the task well."""

    def place_target(self, trial: Trial, progress: Any) -> TargetPose | None:
        """Return where the target stands now, None where the world has put it."""
        return None

    def measure(self, trial: Trial, progress: Any) -> dict[str, float]:
        """Return this task's own metrics so far, for `info` and results."""
        return {}

    def reward(self, before: Any, after: Any) -> dict[str, float]:
        """Return the named terms of the reward for getting from one progress to the next."""
        return {
            'progress': before.distance - after.distance,
            'success': 10.0 if after.outcome is Outcome.SUCCESS else 0.0,
            'failure': -10.0 if after.outcome in FAILURES else 0.0,
        }


def find_failure(trial: Trial, situation: Situation) -> Outcome | None:
    """Return how a situation ends every trial: a collision, or leaving the area."""
    if situation.has_collided:
        return Outcome.COLLISION
    x, y, z = situation.state.position_world
    x_min, x_max, y_min, y_max = trial.world.area
    is_inside = x_min < x < x_max and y_min < y < y_max and z < trial.world.ceiling
    return None if is_inside else Outcome.OUT_OF_AREA


def measure_distance(trial: Trial, state: VehicleState, pose: TargetPose | None = None) -> float:
    """Return how far the vehicle is from the target's middle [m].

    :param pose: of the target, None where the world has put it.
    """
    middle = trial.world.target.position
    if pose is not None:
        middle[:2] = pose.x, pose.y
    return float(np.linalg.norm(state.position_world - middle))


def check_reach(target: str, reach: float, farthest: float) -> None:
    """Check that a vehicle can be within reach of a target's middle without touching it.

    :param target: its name, see :func:`sim.worlds.targets.find_target`.
    :param reach: [m]. :param farthest: that is allowed [m].
    :raises ValueError: if not, or if there is no such target.
    """
    kind = find_target(target)
    rise = max(kind.height / 2, 1.5 - kind.height / 2)
    nearest = float(np.hypot(kind.radius + TARGET_ROOM + 0.2, rise))
    try:
        check_number('reach', reach, nearest, farthest, 'm')
    except ValueError as error:
        raise ValueError(
            f'{error}; target {target!r} has a radius of {kind.radius:.2f} m'
        ) from None


def has_tipped(state: VehicleState) -> bool:
    """Return whether a ground vehicle leans by more than 60 degrees: it will not get up again."""
    return bool(rotation_from_quaternion(state.orientation_world)[2, 2] < 0.5)
