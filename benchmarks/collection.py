# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What recording costs: images a second of collection, beside those of the simulator alone.

Both fly the same flights one after the other: first the expert with all that is recorded and
written, then the simulator with the commands that were flown. Run on one core.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.record import find_versions, write_record
from lnn_control.cli.collect import Collect
from lnn_control.cli.scenarios import make_env
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.episode_file import write_episode

PACKAGES = ('lnn_control', 'moderngl', 'numpy', 'pybullet', 'torch')


@dataclass(frozen=True)
class CollectionSpeed:
    """Images a second of CPU time, resets included."""

    collected: float
    simulated: float

    @property
    def share(self) -> float:
        """Part of the simulator's rate that is left."""
        return self.collected / self.simulated


def measure_collection(renderer: str, labels: str, num_flights: int) -> CollectionSpeed:
    """Fly the first seeds with and without recording.

    :param labels: 'all', 'privileged' or 'none'.
    """
    scenario = Collect(Path(), renderer=renderer).scenario
    env = make_env(scenario, labels=labels)
    env.reset(seed=0)
    num_images, collecting, simulating = 0, 0.0, 0.0
    with tempfile.TemporaryDirectory(prefix='lnn_control_') as folder:
        for seed in range(num_flights):
            begun_at = time.process_time()
            episode = collect_episode(env, seed, CollectSettings())
            write_episode(Path(folder) / 'episode.mcap', episode)
            collected_at = time.process_time()
            env.reset(seed=seed)
            for command in episode.flown:
                env.step(command)
            simulating += time.process_time() - collected_at
            collecting += collected_at - begun_at
            num_images += len(episode)
    env.close()
    return CollectionSpeed(num_images / collecting, num_images / simulating)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--flights', type=int, default=6)
    parser.add_argument('--renderers', nargs='+', default=['tiny', 'gl'])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    metrics: dict[str, float] = {}
    print(f'{"renderer":10}{"labels":12}{"collected/s":>12}{"simulated/s":>12}{"share":>8}')
    for renderer in arguments.renderers:
        for labels in ('none', 'privileged', 'all'):
            speed = measure_collection(renderer, labels, arguments.flights)
            print(
                f'{renderer:10}{labels:12}{speed.collected:12.0f}{speed.simulated:12.0f}'
                f'{speed.share:8.2f}'
            )
            metrics[f'collect_{renderer}_{labels}_images_per_second'] = speed.collected
            metrics[f'collect_share_{renderer}_{labels}'] = speed.share
    if arguments.json is not None:
        write_record(arguments.json, 'collection', metrics, find_versions(PACKAGES))


if __name__ == '__main__':
    main()
