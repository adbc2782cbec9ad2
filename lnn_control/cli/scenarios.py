# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Scenarios: what is asked of a policy, where, with which camera, and what makes it harder.

A suite is a list of scenarios. The verbs make them of their options; what flies them is handed the
environment that :func:`make_env` returns.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from lnn_control.core.checks import check_number
from lnn_control.core.domain import FlightSetup, check_domain
from lnn_control.core.streams import stream
from lnn_control.evaluation.stress import CLEAN, StressCell
from sim.tasks import TASKS
from sim.tasks.options import PLACE, parse_options

if TYPE_CHECKING:
    from lnn_control.policies.policy import Policy
    from sim.tasks import Task

DEFAULT_TASK = 'fly_to_target'
IMAGE_NOISE = 'image_noise'


@dataclass(frozen=True)
class Camera:
    """How the camera differs from the usual one; None where it does not.

    :param fov_deg: across the image. :param pitch_deg: positive looks down.
    :param rate: images a second [Hz]. :param latency: from exposure to delivery [s].
    """

    fov_deg: float | None = None
    pitch_deg: float | None = None
    rate: float | None = None
    latency: float | None = None

    def describe(self) -> dict[str, float]:
        """Return what differs, by the names of the options."""
        values = {
            'camera_fov_deg': self.fov_deg,
            'camera_pitch_deg': self.pitch_deg,
            'camera_rate': self.rate,
            'camera_latency': self.latency,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class Scenario:
    """One row of a table.

    :param suite: that it belongs to, for results; the name of the task outside suites.
    :param stress: a disturbance at one of its levels.
    :param renderer: what draws the camera's images.
    :param label: what sets it apart from the rest of its suite, such as {'distance': 20}.
    """

    suite: str
    task: 'Task'
    camera: Camera = field(default_factory=Camera)
    stress: StressCell = CLEAN
    renderer: str = 'tiny'
    label: tuple[tuple[str, Any], ...] = ()

    def describe(self) -> dict[str, Any]:
        """Return what names the scenario in files and tables."""
        row: dict[str, Any] = {
            'suite': self.suite,
            'task': self.task.name,
            'world': self.task.world,
            'season': self.task.season,
        }
        stress = self.stress.describe()
        has_stress = self.suite == STRESS or self.stress != CLEAN
        drawn = {'renderer': self.renderer} if self.renderer not in ('tiny', 'none') else {}
        asked = describe_changes(self.task)
        if 'distance' in dict(self.label):
            asked = {name: value for name, value in asked.items() if 'distance' not in name}
        return (
            row
            | ({'task_option': asked} if asked else {})
            | dict(self.label)
            | self.camera.describe()
            | (stress if has_stress else {})
            | drawn
        )


def describe_changes(task: 'Task') -> dict[str, Any]:
    """Return the options of a task that differ from their defaults."""
    return {
        entry.name: getattr(task, entry.name)
        for entry in fields(task)
        if entry.name not in PLACE and getattr(task, entry.name) != entry.default
    }


def describe_setup(scenario: Scenario) -> FlightSetup:
    """Return what a scenario's environment will say of itself, without making it."""
    from sim.camera_choice import choose_camera
    from sim.simulation import SimulationSettings
    from sim.vehicles import find_vehicle

    vehicle = scenario.task.vehicle
    made_by = find_vehicle(vehicle) if isinstance(vehicle, str) else vehicle
    chosen = scenario.camera
    settings = choose_camera(
        SimulationSettings(), fov_deg=chosen.fov_deg, pitch_deg=chosen.pitch_deg, rate=chosen.rate
    )
    mount = getattr(made_by, 'camera_mount', None)
    own_pitch = 0.0 if mount is None else math.degrees(mount.pitch)
    return FlightSetup(
        scenario.task.name,
        getattr(made_by, 'name', None),
        settings.camera.horizontal_fov_deg,
        own_pitch + settings.camera_pitch_deg,
        settings.camera_rate,
        settings.camera_latency,
    )


def check_trained(policy: 'Policy', scenarios: Sequence[Scenario]) -> None:
    """Check before the first flight that a policy was trained for every scenario.

    :raises DomainError: if not.
    """
    for scenario in scenarios:
        check_domain(policy.domain, describe_setup(scenario), policy.name)


def choose_task(
    name: str,
    world: str | None = None,
    season: str = 'summer',
    options: Sequence[str] = (),
    distance: float | None = None,
) -> 'Task':
    """Return a task in a world; in the task's first one if none is given.

    :param name: of TASKS, or module:Class. :param options: texts such as 'density=2'.
    :param distance: from start to target [m].
    :raises ValueError: if there is no such task, world, season or option.
    """
    from sim.tasks import make_task

    kind = TASKS.find(name)
    values = parse_options(kind, options)
    if distance is not None:
        wanted = ('min_distance', 'max_distance')
        twice = sorted(set(wanted) & set(values))
        if twice:
            raise ValueError(f'distance and {twice[0]} both say how far: give one of them')
        if not all(hasattr(kind, field_name) for field_name in wanted):
            raise ValueError(f'distance has no effect: {kind.name} draws none')
        values |= dict.fromkeys(wanted, distance)
    return make_task(name, world=world or kind.worlds[0], season=season, **values)


def vary_camera(scenario: Scenario, seed: int) -> Scenario:
    """Return the scenario of an episode with a camera of its own."""
    from sim.camera_choice import draw_camera

    return replace(scenario, camera=Camera(*draw_camera(stream(seed, 'camera'))))


def make_env(scenario: Scenario, is_blind: bool = False, labels: str = 'none') -> Any:
    """Return the environment of a scenario.

    :param is_blind: nobody looks at the images: they are black and cost nothing.
    :param labels: what of the truth comes with an image: 'privileged', 'all' or 'none'.
    """
    from sim.camera_choice import choose_camera
    from sim.environment import TaskEnv
    from sim.simulation import SimulationSettings

    camera = scenario.camera
    settings = choose_camera(
        SimulationSettings(
            renderer='none' if is_blind else scenario.renderer,
            layers=labels == 'all',
            privileged=labels in ('privileged', 'all'),
        ),
        fov_deg=camera.fov_deg,
        pitch_deg=camera.pitch_deg,
        rate=camera.rate,
        latency=camera.latency,
    )
    disturbances = [] if scenario.stress.disturbance is None else [_disturb(scenario.stress)]
    return TaskEnv(scenario.task, settings=settings, disturbances=disturbances)


def _disturb(cell: StressCell) -> Any:
    """Return the disturbance of a cell: at its level, or of its kind at its strength."""
    from sim.disturbances import make_disturbance

    kind = make_disturbance(cell.disturbance or '', cell.level or 1)
    return kind if cell.strength is None else type(kind)(cell.strength)  # type: ignore[call-arg]


def list_stress(disturbance: str | None = None, level: int | None = None) -> list[StressCell]:
    """Return the clean run and all disturbances and levels that were not ruled out.

    :raises ValueError: if there is no such disturbance or level.
    """
    from sim.disturbances import DISTURBANCES, NUM_LEVELS, make_disturbance

    names = list(DISTURBANCES) if disturbance is None else [disturbance]
    levels = range(1, NUM_LEVELS + 1) if level is None else [level]
    cells = [StressCell(name, number) for name in names for number in levels]
    for cell in cells:
        make_disturbance(cell.disturbance or '', cell.level)
    return [CLEAN, *cells]


STRESS = 'stress'


def _places(task: str, *places: tuple[str, str]) -> list[Scenario]:
    """Return a task in several worlds and seasons."""
    return [Scenario('', choose_task(task, world, season)) for world, season in places]


def _fly_to_target() -> list[Scenario]:
    return _places(DEFAULT_TASK, ('forest', 'summer'))


def _seasons() -> list[Scenario]:
    forest = [('forest', season) for season in ('autumn', 'winter', 'dusk')]
    return _places(DEFAULT_TASK, *forest, ('urban', 'summer'))


def _range() -> list[Scenario]:
    return [
        Scenario('', choose_task(DEFAULT_TASK, distance=metres), label=(('distance', metres),))
        for metres in (10.0, 20.0, 30.0, 40.0)
    ]


def _stress() -> list[Scenario]:
    return [Scenario('', choose_task(DEFAULT_TASK), stress=cell) for cell in list_stress()]


def _follow() -> list[Scenario]:
    places = (('forest', 'summer'), ('forest', 'winter'), ('urban', 'summer'))
    return _places('follow_target', *places)


def _hike() -> list[Scenario]:
    return _places('hike', ('forest', 'summer'))


def _rover() -> list[Scenario]:
    worlds = ('urban', 'forest')
    return _places('drive_to_target', *((w, s) for w in worlds for s in ('summer', 'winter')))


def _road() -> list[Scenario]:
    # Standard deviations of 255.
    cells = [CLEAN, *(StressCell(IMAGE_NOISE, strength=sd) for sd in (20.0, 40.0, 80.0))]
    return [Scenario('', choose_task('keep_lane'), stress=cell) for cell in cells]


def _cameras() -> list[Scenario]:
    cameras = (Camera(69.0), Camera(80.0), Camera(110.0), Camera(pitch_deg=10.0))
    return [Scenario('', choose_task(DEFAULT_TASK), camera) for camera in (Camera(), *cameras)]


SUITES: dict[str, Callable[[], list[Scenario]]] = {
    'fly_to_target': _fly_to_target,
    'seasons': _seasons,
    'range': _range,
    STRESS: _stress,
    'follow': _follow,
    'hike': _hike,
    'rover': _rover,
    'road': _road,
    'cameras': _cameras,
}
"""Name of a suite of trials -> its scenarios."""


ALL_SUITES = 'all'
USUAL_EPISODES = 100
_FEWER_EPISODES = {STRESS: 40, 'road': 40}


def list_scenarios(suite: str) -> list[Scenario]:
    """Return the scenarios of a suite, or of all, suite by suite.

    :raises ValueError: if there is none of that name.
    """
    if suite == ALL_SUITES:
        return [scenario for name in SUITES for scenario in list_scenarios(name)]
    if suite not in SUITES:
        raise ValueError(f'suite must be {ALL_SUITES} or one of {sorted(SUITES)}, got {suite!r}')
    return [replace(scenario, suite=suite) for scenario in SUITES[suite]()]


def count_usual_episodes(suite: str) -> int:
    """Return how many trials a row of a suite has where nobody says."""
    return _FEWER_EPISODES.get(suite, USUAL_EPISODES)


def find_same_flight(scenario: Scenario, is_blind: bool) -> Scenario:
    """Return a scenario that is equal for two whose trials are the same, seed by seed.

    Rows of several suites may ask for the same. Who does not look flies the same in all seasons
    and whatever is done to the pixels.
    """
    from sim.disturbances.disturbance import ImageDisturbance

    same = replace(scenario, suite='', label=())
    if not is_blind:
        return same
    has_other_pixels = same.stress != CLEAN and isinstance(_disturb(same.stress), ImageDisturbance)
    task = replace(same.task, season='summer')
    stress = CLEAN if has_other_pixels else same.stress
    return replace(same, task=task, stress=stress, renderer='none')


def check_trials(episodes: int, first_seed: int, processes: int = 0) -> None:
    """Check what every verb that flies trials is told.

    :raises ValueError: if a number is out of its range.
    """
    check_number('episodes', episodes, 1)
    check_number('first_seed', first_seed, 0, 2**31 - 1 - episodes)
    check_number('processes', processes, 0)
