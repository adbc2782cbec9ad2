# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control collect`: fly simulated episodes and record them for training."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from lnn_control.cli import options
from lnn_control.cli.scenarios import (
    DEFAULT_TASK,
    Camera,
    Scenario,
    check_trials,
    choose_task,
    make_env,
    vary_camera,
)
from lnn_control.core.folder_lock import hold_folder
from lnn_control.core.provenance import describe_versions
from lnn_control.core.work import Place
from lnn_control.imitation.collect import CollectSettings
from lnn_control.imitation.collection import (
    EXPERT,
    CollectionCrew,
    EpisodeFolder,
    collect_missing,
)
from lnn_control.policies.folders import find_checkpoint, is_checkpoint
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.registry import is_blind, make_policy
from lnn_control.policies.runner import RunnerSettings
from sim.renderers import AUTO, RENDERERS

if TYPE_CHECKING:
    from sim.tasks import Task

LONGER_HOLD = 4.0
"""Time at the target that ends an episode [s]: longer than success takes, so that staying there is
learned as well."""


@dataclass(frozen=True)
class Collect:
    """Fly episodes in the simulator and write one MCAP file each.

    The expert flies, with a disturbance. With another --policy that flies and the expert labels
    what it should have done (DAgger). Episodes that exist already are kept, so that an
    interrupted collection goes on where it stopped.
    """

    output: Path
    """Folder of the episode files."""
    policy: options.PolicyName = EXPERT
    task: options.TaskName = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    episodes: options.Episodes = 200
    first_seed: options.FirstSeed = 0
    world: options.WorldName = None
    season: options.SeasonName = 'summer'
    distance: options.Distance = None
    camera_fov_deg: options.CameraFov = None
    camera_pitch_deg: options.CameraPitch = None
    camera_rate: options.CameraRate = None
    vary_cameras: bool = False
    """Every episode has a camera of its own: 65 to 110 degrees wide, mounted up to 15 degrees off,
    15 to 30 images a second that come up to 0.1 s late."""
    labels: Literal['all', 'privileged', 'none'] = 'privileged'
    """What is recorded beside the expert's commands: where the target is and how near obstacles
    are (privileged), the class of every pixel as well (all), or nothing."""
    renderer: options.RendererName = 'tiny'
    hold: float | None = None
    """Time at the target that ends an episode [s]; 4 if not given. Only of tasks that have one."""
    settings: CollectSettings = field(default_factory=CollectSettings)
    """Who flies when, and how much it is disturbed."""
    allow_untrained: options.AllowUntrained = False
    processes: options.Processes = 0
    cluster: options.ClusterAddress = None

    @cached_property
    def made_task(self) -> 'Task':
        """What is flown.

        :raises ValueError: if there is no such task, world, season or option.
        """
        task = choose_task(self.task, self.world, self.season, self.task_option, self.distance)
        has_hold = hasattr(task, 'hold')
        if self.hold is not None and not has_hold:
            raise ValueError(f'--hold has no effect: {task.name} has no hold')
        is_told = any(text.startswith('hold=') for text in self.task_option)
        if is_told and self.hold is not None:
            raise ValueError('--hold and --task-option hold both say how long: give one of them')
        if not has_hold or (is_told and self.hold is None):
            return task
        return replace(task, hold=LONGER_HOLD if self.hold is None else self.hold)  # type: ignore[call-arg]

    @property
    def scenario(self) -> Scenario:
        """The task with its camera."""
        camera = Camera(self.camera_fov_deg, self.camera_pitch_deg, self.camera_rate)
        return Scenario(self.made_task.name, self.made_task, camera, renderer=self.renderer)


def plan_folder(job: Collect, pilot: str) -> EpisodeFolder:
    """Return what the output folder is to hold.

    :param pilot: name of who flies.
    :raises ValueError: if seeds are kept for evaluation.
    """
    return EpisodeFolder(
        job.output,
        f'{job.made_task.world}_{job.season}',
        range(job.first_seed, job.first_seed + job.episodes),
        pilot,
        describe_settings(job),
    )


def choose_crew(job: Collect) -> CollectionCrew:
    """Return who flies in what."""
    scenario = job.scenario
    return CollectionCrew(
        partial(make_env, labels=job.labels),
        partial(vary_camera, scenario) if job.vary_cameras else partial(_choose_same, scenario),
        None if job.policy == EXPERT else pack_policy(job.policy),
        _describe_env,
        job.settings,
        RunnerSettings(allow_untrained=job.allow_untrained),
    )


def _choose_same(scenario: Scenario, seed: int) -> Scenario:
    return scenario


def _describe_env(env: Any) -> dict[str, str]:
    return {'renderer': env.simulation.renderer_name, **describe_versions()}


def describe_settings(job: Collect) -> dict[str, str]:
    """Return what all episodes of a folder must have in common, beside their pilot."""
    task = job.made_task
    described = {
        'task': task.name,
        'world': task.world,
        'season': job.season,
        'noise': str(float(job.settings.noise)),
        'noise_time': str(float(job.settings.noise_time)),
        'labels': job.labels,
        'symmetry': 'left-right' if task.is_symmetric else 'none',
        'cameras': 'varied' if job.vary_cameras else 'one',
    }
    if job.renderer != AUTO:
        described['renderer'] = RENDERERS.find(job.renderer).name
    if hasattr(task, 'hold'):
        described['hold'] = str(float(task.hold))
    if job.task_option:
        described['task_option'] = ' '.join(sorted(job.task_option))
    described |= {
        name: str(float(value)) for name, value in job.scenario.camera.describe().items()
    }
    if ':' in job.task:
        # By this it is found again: its name alone is in no list.
        described['task_from'] = job.task
    if job.policy != EXPERT:
        described['expert_share'] = str(float(job.settings.expert_share))
    if is_checkpoint(job.policy):
        weights = (find_checkpoint(job.policy) / 'model.safetensors').read_bytes()
        described['weights'] = hashlib.sha256(weights).hexdigest()[:12]
    return described


def name_pilot(policy: str) -> str:
    """Return the name of who flies.

    :raises ValueError: if there is no such policy or it is broken.
    """
    return policy if is_blind(policy) else make_policy(policy).name


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Collect, 'collect', arguments)
    if job.policy == EXPERT:
        options.refuse_given(arguments, ['expert_share'], 'the expert flies all the time')
    if job.vary_cameras:
        given = ['camera_fov_deg', 'camera_pitch_deg', 'camera_rate']
        options.refuse_given(arguments, given, 'every episode draws a camera')
    check_trials(job.episodes, job.first_seed, job.processes)
    place = options.choose_place(job.processes, job.cluster, job.renderer)
    folder = plan_folder(job, name_pilot(job.policy))
    with hold_folder(folder.path):
        collect(job, folder, place)
    return 0


def collect(job: Collect, folder: EpisodeFolder, place: Place) -> None:
    """Fly what a folder lacks and say what came of it.

    :param place: where it is flown.
    :raises ValueError: if the folder holds episodes of other settings.
    """
    from rich.progress import track

    folder.check()
    num_missing = len(folder.list_missing())
    outcomes: Counter[str] = Counter()
    num_images = 0
    if num_missing:
        done = collect_missing(folder, choose_crew(job), place)
        for episode in track(done, 'collect', total=num_missing):
            outcomes[episode.outcome] += 1
            num_images += episode.num_images
    counts = ', '.join(f'{name} {count}' for name, count in sorted(outcomes.items()))
    print(
        f'{num_missing} episodes, {num_images} images in {job.output} ({counts or "all existed"})'
    )


OPTIONS = Collect
