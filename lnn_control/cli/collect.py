# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control collect`: fly simulated episodes and record them for training."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tyro

from lnn_control.core.checks import check_number
from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.core.provenance import describe_versions
from lnn_control.imitation.collect import CollectSettings


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
    """Seed of the first episode; training uses seeds below 1000000."""
    world: str = 'forest'
    """World to fly in."""
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

    :raises ValueError: if there is no such world or season, or `hold` is no duration.
    """
    from sim.tasks.fly_to_target import FlyToTarget

    return FlyToTarget(world=job.world, season=job.season, hold=job.hold)


def _start_worker(job: Collect) -> None:
    import torch

    from lnn_control.policies.checkpoint import load_policy
    from sim.environment import FlyToTargetEnv

    torch.set_num_threads(1)
    _worker['env'] = FlyToTargetEnv(task=make_task(job))
    _worker['policy'] = load_policy(job.checkpoint) if job.checkpoint is not None else None
    _worker['job'] = job


def _collect_seed(seed: int) -> tuple[int, str, int]:
    from lnn_control.imitation.collect import collect_episode
    from lnn_control.imitation.episode_file import write_episode

    job: Collect = _worker['job']
    env = _worker['env']
    episode = collect_episode(env, seed, job.settings, _worker['policy'])
    episode.metadata.update(
        world=job.world,
        season=job.season,
        renderer=env.simulation.settings.renderer,
        **describe_versions(),
    )
    write_episode(find_path(job, seed), episode)
    return seed, episode.metadata['outcome'], len(episode)


def find_path(job: Collect, seed: int) -> Path:
    """Return the file of one seed's episode."""
    return job.output / f'{job.world}_{job.season}_{seed:07d}.mcap'


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    from rich.progress import track

    from lnn_control.policies.checkpoint import load_policy

    job = tyro.cli(Collect, args=arguments, prog='lnn-control collect')
    check_number('episodes', job.episodes, 1)
    check_number('first_seed', job.first_seed, 0)
    check_number('processes', job.processes, 0)
    make_task(job)
    if job.checkpoint is not None:
        load_policy(job.checkpoint)
    job.output.mkdir(parents=True, exist_ok=True)
    seeds = range(job.first_seed, job.first_seed + job.episodes)
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
