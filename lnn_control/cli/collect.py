# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control collect`: fly simulated episodes and record them for training."""

import hashlib
import os
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import tyro

from lnn_control.cli.trials import choose_task
from lnn_control.core.checks import check_number
from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.core.provenance import describe_versions
from lnn_control.imitation.collect import CollectSettings

NUM_TRAINING_SEEDS = 1_000_000
"""Validation and test use the seeds from here on."""


@dataclass(frozen=True)
class Collect:
    """Fly episodes in the simulator and write one MCAP file each.

    The expert flies, with a disturbance. With --checkpoint the policy flies and the expert labels
    what it should have done (DAgger). Episodes that exist already are kept, so that an
    interrupted collection goes on where it stopped.
    """

    output: Path
    """Folder of the episode files."""
    episodes: int = 200
    """Number of episodes."""
    first_seed: int = 0
    """Seed of the first episode; all must be below 1000000, the others are for evaluation."""
    task: str = 'fly_to_target'
    """What the expert shows."""
    world: str | None = None
    """World of the episodes; the task's first one if not given."""
    season: str = 'summer'
    """Season of the world."""
    checkpoint: str | None = None
    """Policy that flies: a folder or the name of a shipped checkpoint. None: the expert."""
    settings: CollectSettings = field(default_factory=CollectSettings)
    """Who flies when, and how much it is disturbed."""
    hold: float = 4.0
    """Seconds of hovering at the target that end an episode."""
    processes: int = 0
    """Simulators side by side; 0 is one a core."""


_worker: dict[str, Any] = {}


def make_task(job: Collect) -> Any:
    """Return what is flown.

    :raises ValueError: if there is no such task, world or season, or `hold` is no duration.
    """
    task = choose_task(job.task, job.world, job.season)
    # Longer at the target than success takes, so that staying there is learned as well.
    if not hasattr(task, 'hold'):
        return task
    return replace(task, hold=job.hold)  # type: ignore[call-arg]


def _start_worker(job: Collect) -> None:
    import torch

    from lnn_control.policies.checkpoint import load_policy
    from sim.environment import TaskEnv

    torch.set_num_threads(1)
    _worker['env'] = TaskEnv(make_task(job))
    _worker['policy'] = load_policy(job.checkpoint) if job.checkpoint is not None else None
    _worker['job'] = job
    _worker['metadata'] = describe_settings(job) | {
        'renderer': _worker['env'].simulation.settings.renderer,
        **describe_versions(),
    }


def _collect_seed(seed: int) -> tuple[int, str, int]:
    from lnn_control.imitation.collect import collect_episode
    from lnn_control.imitation.episode_file import write_episode

    job: Collect = _worker['job']
    env = _worker['env']
    episode = collect_episode(env, seed, job.settings, _worker['policy'])
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
    return job.output / f'{make_task(job).world}_{job.season}_{seed:07d}.mcap'


def describe_settings(job: Collect) -> dict[str, str]:
    """Return what all episodes of a folder must have in common, beside their pilot."""
    described = {
        'task': job.task,
        'world': make_task(job).world,
        'season': job.season,
        'hold': str(float(job.hold)),
        'noise': str(float(job.settings.noise)),
        'noise_time': str(float(job.settings.noise_time)),
    }
    if job.checkpoint is not None:
        from lnn_control.policies.checkpoint import find_checkpoint

        weights = (find_checkpoint(job.checkpoint) / 'model.safetensors').read_bytes()
        described['expert_share'] = str(float(job.settings.expert_share))
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


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    from rich.progress import track

    from lnn_control.policies.checkpoint import load_policy

    job = tyro.cli(Collect, args=arguments, prog='lnn-control collect')
    check_number('episodes', job.episodes, 1)
    check_number('first_seed', job.first_seed, 0)
    check_number('processes', job.processes, 0)
    seeds = list_seeds(job)
    make_task(job)
    pilot = 'expert' if job.checkpoint is None else load_policy(job.checkpoint).name
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
