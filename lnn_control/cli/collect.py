# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control collect`: fly simulated episodes and record them for training."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnn_control.cli import options
from lnn_control.cli.scenarios import DEFAULT_TASK, Camera, Scenario, check_trials, choose_task
from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.core.provenance import describe_versions
from lnn_control.imitation.collect import CollectSettings
from lnn_control.policies.folders import find_checkpoint, is_checkpoint
from lnn_control.policies.registry import is_blind, make_policy

if TYPE_CHECKING:
    from sim.tasks import Task

NUM_TRAINING_SEEDS = 1_000_000
"""Validation and test use the seeds from here on."""

EXPERT = 'expert'
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
    renderer: options.RendererName = 'tiny'
    hold: float | None = None
    """Time at the target that ends an episode [s]; 4 if not given. Only of tasks that have one."""
    settings: CollectSettings = field(default_factory=CollectSettings)
    """Who flies when, and how much it is disturbed."""
    allow_untrained: options.AllowUntrained = False
    processes: options.Processes = 0

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
        if not has_hold or (is_told and self.hold is None):
            return task
        return replace(task, hold=LONGER_HOLD if self.hold is None else self.hold)  # type: ignore[call-arg]

    @property
    def scenario(self) -> Scenario:
        """The task with its camera."""
        camera = Camera(self.camera_fov_deg, self.camera_pitch_deg, self.camera_rate)
        return Scenario(self.made_task.name, self.made_task, camera, renderer=self.renderer)


_worker: dict[str, Any] = {}


def _start_worker(job: Collect) -> None:
    import torch

    from lnn_control.cli.scenarios import make_env
    from lnn_control.policies.runner import PolicyRunner, RunnerSettings

    torch.set_num_threads(1)
    env = _worker['env'] = make_env(job.scenario)
    settings = RunnerSettings(allow_untrained=job.allow_untrained)
    is_expert = job.policy == EXPERT
    _worker['runner'] = None if is_expert else PolicyRunner(make_policy(job.policy, env), settings)
    _worker['job'] = job
    _worker['metadata'] = describe_settings(job) | {
        'renderer': env.simulation.renderer_name,
        **describe_versions(),
    }


def _collect_seed(seed: int) -> tuple[int, str, int]:
    from lnn_control.imitation.collect import collect_episode
    from lnn_control.imitation.episode_file import write_episode

    job: Collect = _worker['job']
    episode = collect_episode(_worker['env'], seed, job.settings, _worker['runner'])
    episode.metadata.update(_worker['metadata'])
    write_episode(find_path(job, seed), episode)
    return seed, episode.metadata['outcome'], len(episode)


def list_seeds(job: Collect) -> range:
    """Return the seeds to fly.

    :raises ValueError: if some are kept for evaluation.
    """
    seeds = range(job.first_seed, job.first_seed + job.episodes)
    if seeds.stop > NUM_TRAINING_SEEDS:
        raise ValueError(
            f'seeds must be below {NUM_TRAINING_SEEDS}, those above are for evaluation, '
            f'got {seeds[0]} to {seeds[-1]}: choose a lower --first-seed or fewer --episodes'
        )
    return seeds


def find_path(job: Collect, seed: int) -> Path:
    """Return the file of one seed's episode."""
    return job.output / f'{job.made_task.world}_{job.season}_{seed:07d}.mcap'


def describe_settings(job: Collect) -> dict[str, str]:
    """Return what all episodes of a folder must have in common, beside their pilot."""
    task = job.made_task
    described = {
        'task': task.name,
        'world': task.world,
        'season': job.season,
        'noise': str(float(job.settings.noise)),
        'noise_time': str(float(job.settings.noise_time)),
    }
    if hasattr(task, 'hold'):
        described['hold'] = str(float(task.hold))
    if job.task_option:
        described['task_option'] = ' '.join(sorted(job.task_option))
    described |= {
        name: str(float(value)) for name, value in job.scenario.camera.describe().items()
    }
    if job.policy != EXPERT:
        described['expert_share'] = str(float(job.settings.expert_share))
    if is_checkpoint(job.policy):
        weights = (find_checkpoint(job.policy) / 'model.safetensors').read_bytes()
        described['weights'] = hashlib.sha256(weights).hexdigest()[:12]
    return described


def check_folder(job: Collect, pilot: str) -> None:
    """Check that the episodes in the output folder were collected with the job's settings.

    What an episode does not say, as older ones and recordings of robots do, may be anything.

    :param pilot: name of who flies.
    :raises ValueError: if one was not; the message names the file and the setting.
    :raises EpisodeFileError: if a file is damaged.
    """
    from lnn_control.imitation.episode_file import read_metadata

    settings = describe_settings(job) | {'pilot': pilot}
    seeds = {find_path(job, seed): str(seed) for seed in list_seeds(job)}
    for path in sorted(job.output.glob('*.mcap')):
        found = read_metadata(path)
        wanted = settings | ({'seed': seeds[path]} if path in seeds else {})
        for name, value in wanted.items():
            if found.get(name, value) != value:
                raise ValueError(
                    f'{path} has {name} {found[name]!r}, not {value!r} as asked for now: '
                    'collect into another folder with --output'
                )


def name_pilot(policy: str) -> str:
    """Return the name of who flies.

    :raises ValueError: if there is no such policy or it is broken.
    """
    return policy if is_blind(policy) else make_policy(policy).name


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    from rich.progress import track

    job = options.read_options(Collect, 'collect', arguments)
    if job.policy == EXPERT:
        options.refuse_given(arguments, ['expert_share'], 'the expert flies all the time')
    check_trials(job.episodes, job.first_seed, job.processes)
    seeds = list_seeds(job)
    _ = job.made_task
    pilot = name_pilot(job.policy)
    job.output.mkdir(parents=True, exist_ok=True)
    check_folder(job, pilot)
    missing = [seed for seed in seeds if not find_path(job, seed).exists()]
    outcomes: dict[str, int] = {}
    images = 0
    if missing:
        processes = min(job.processes or os.cpu_count() or 1, len(missing))
        workers = Workers(processes, _start_worker, (job,))
        done = map_in_processes(_collect_seed, missing, workers, is_ordered=False)
        for _, outcome, count in track(done, 'collect', total=len(missing)):
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
            images += count
    counts = ', '.join(f'{name} {count}' for name, count in sorted(outcomes.items()))
    print(f'{len(missing)} episodes, {images} images in {job.output} ({counts or "all existed"})')
    return 0


OPTIONS = Collect
