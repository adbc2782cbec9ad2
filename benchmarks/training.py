# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How fast the flagship trains, its data is read and its flights are collected.

python -m benchmarks.training [--json out.json] [--rounds 7] [--batch-size 8] [--threads 2]

Every round takes the matrix product, the training steps and the peer in turn, so all meet the
same load of the machine; figures are medians over the rounds. Shares of the peak and the ratio are
those of one thread by the processor's clock, which counts computing alone; images a second are by
the wall's clock, on one to --threads threads, whichever is best. The peak is the best product of
square matrices, in bfloat16, or in float32 where the processor does that faster. The peer is the
same encoder with the wired CfC of ncps, in float32 as one would write it, with the same
augmentation. A GPU, where there is one, trains on 48 windows at once, with the flagship and with
an LTC in its place.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from benchmarks.record import find_versions, read_resident_mib, write_record
from lnn_control.imitation.allocator import keep_freed_memory
from lnn_control.imitation.augment import LEVELS, augment_images
from lnn_control.imitation.batches import read_ahead
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.loss import compute_loss
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.trainer import Trainer
from lnn_control.imitation.windows import WindowSettings, cut_batches
from lnn_control.policies.network import Network, NetworkConfig

IMAGE_FLOP = 28e6
"""Of a training step of the flagship, an image."""
STEPS = 64
GPU_BATCH, GPU_STEPS = 48, 40
NUM_LOADED = 200_000
NUM_ON_DISK = 20_000
EPISODE = 1000
PACKAGES = ('lnn_control', 'torch', 'numpy', 'ncps', 'pybullet')
# Metric -> what it is, its unit, and the least (or with '<' the most) that is asked of it.
ROWS = {
    'loader_images_per_second': ('loader from the cache, one core', 'images/s', '> 50000'),
    'loader_rss_mib': ('anonymous memory for 200,000 images', 'MiB', '< 1536'),
    'train_weak_images_per_second': ('training, weak augmentation', 'images/s', ''),
    'train_strong_images_per_second': ('training, strong augmentation', 'images/s', ''),
    'peak_gflops': ('best matrix product, one thread', 'GFLOP/s', ''),
    'peak_share_weak': ('share of it, weak', '', '> 0.34'),
    'peak_share_strong': ('share of it, strong', '', '> 0.26'),
    'train_ratio_to_ncps': ('time of a step with ncps over ours', 'x', '> 4'),
    'gpu_train_strong_images_per_second': ('training on a GPU, strong', 'images/s', '> 150000'),
    'gpu_ltc_over_cfc': ('time of a step there, ncp_ltc over ncp_cfc', 'x', '< 3'),
    'collect_share': ("collection, share of the simulator's rate", '', '> 0.8'),
}


def make_sequences(count: int, length: int, rng: np.random.Generator) -> list[Sequence]:
    """Return flights of made-up images in memory."""
    return [_make_sequence(rng.integers(0, 256, (length, 72, 128, 3), np.uint8), rng)] * count


def _make_sequence(images: Any, rng: np.random.Generator) -> Sequence:
    length = len(images)
    return Sequence(
        'made_up',
        images,
        rng.normal(size=(length, 12)).astype(np.float32),
        np.full(length, 0.05, np.float32),
        rng.normal(size=(length, 4)).astype(np.float32),
    )


def make_trainer(
    level: str, batch_size: int, memory: str = 'ncp_cfc', device: str = 'cpu'
) -> Trainer:
    """Return a trainer that never ends, of the flagship or another memory in its place."""
    torch.manual_seed(0)
    # Windows longer than the flights: each flight is one, of 64 images.
    windows = WindowSettings(2 * STEPS, warm_up=0, max_stride=1)
    settings = TrainSettings(
        steps=10**6, batch_size=batch_size, windows=windows, augmentation=LEVELS[level]
    )
    sequences = make_sequences(4 * batch_size, STEPS, np.random.default_rng(0))
    return Trainer(Network(NetworkConfig(memory=memory)).to(device), sequences, settings)


class Peer(nn.Module):
    """The same encoder, ncps's wired CfC, and the same outputs."""

    def __init__(self, network: Network) -> None:
        from ncps.torch import CfC
        from ncps.wirings import AutoNCP

        super().__init__()
        self.network = network
        options = network.config.memory_options
        self.memory = CfC(
            network.memory.shape.num_features, AutoNCP(options.num_neurons, 4, options.sparsity)
        )

    def forward(self, images: torch.Tensor, imu: torch.Tensor) -> torch.Tensor:
        """Return commands, shape (batch, steps, 4)."""
        network = self.network
        seen = network.encoder(images.flatten(0, 1)).unflatten(0, images.shape[:2])
        motor, _ = self.memory(network.join(seen, imu))
        return network.command_mean + network.command_scale * (2 * motor * network.gain)


def make_peer_step(batch_size: int) -> Callable[[], int]:
    """Return a training step of the peer; it returns the number of its images."""
    torch.manual_seed(0)
    peer = Peer(Network(NetworkConfig()))
    optimiser = torch.optim.AdamW(peer.parameters(), 1e-3)
    generator = torch.Generator().manual_seed(0)
    rng = np.random.default_rng(0)
    shape = (batch_size, STEPS)
    pixels = torch.from_numpy(rng.integers(0, 256, (*shape, 72, 128, 3), np.uint8))
    imu = torch.randn(*shape, 12)
    labels, weight = torch.randn(*shape, 4), torch.ones(*shape)

    def step() -> int:
        images = pixels.permute(0, 1, 4, 2, 3).float() / 255
        images = augment_images(images, LEVELS['weak'], generator)
        commands = peer(images, imu)
        loss = compute_loss(commands, labels, weight, peer.network.command_scale)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(peer.parameters(), 1.0)
        optimiser.step()
        return weight.numel()

    return step


def measure_peak() -> float:
    """Return the best rate of a matrix product on one thread, of two types [FLOP/s]."""
    rates = []
    for size, dtype in product((1024, 2048, 4096), (torch.bfloat16, torch.float32)):
        left, right = torch.randn(2, size, size).to(dtype)
        for _ in range(3):
            start = time.process_time()
            left @ right
            rates.append(2 * size**3 / (time.process_time() - start))
    return max(rates)


def measure(call: Callable[[], int], clock: Callable[[], float], count: int = 3) -> float:
    """Return how many images a second a call does, of which the first one is not counted."""
    call()
    start = clock()
    images = sum(call() for _ in range(count))
    return images / (clock() - start)


def measure_training(rounds: int, batch_size: int, threads: int) -> dict[str, float]:
    """Return the rates of training steps, beside the peak and the peer in every round."""
    trainers = {level: make_trainer(level, batch_size) for level in ('weak', 'strong')}
    peer = make_peer_step(min(batch_size, 4))
    columns: dict[str, list[float]] = {}

    def note(name: str, value: float) -> None:
        columns.setdefault(name, []).append(value)

    for _ in range(rounds):
        torch.set_num_threads(1)
        peak = measure_peak()
        note('peak_gflops', peak / 1e9)
        rates = {}
        for level, trainer in trainers.items():

            def step(trainer: Trainer = trainer) -> int:
                trainer.step()
                return batch_size * STEPS

            rates[level] = measure(step, time.process_time)
            note(f'peak_share_{level}', rates[level] * IMAGE_FLOP / peak)
            for count in range(1, threads + 1):
                torch.set_num_threads(count)
                note(f'{level}_{count}', measure(step, time.perf_counter))
            torch.set_num_threads(1)
        note('train_ratio_to_ncps', rates['weak'] / measure(peer, time.process_time, 1))
    medians = {name: statistics.median(values) for name, values in columns.items()}
    for level in trainers:
        # More threads are no gain where others want the cores too.
        rates = [medians.pop(f'{level}_{count}') for count in range(1, threads + 1)]
        medians[f'train_{level}_images_per_second'] = max(rates)
    return medians


def measure_gpu(rounds: int) -> dict[str, float]:
    """Return the rates of training steps on a GPU, nothing where there is none."""
    if not torch.cuda.is_available():
        return {}
    names = ('ncp_cfc', 'ncp_ltc')
    trainers = {name: make_trainer('strong', GPU_BATCH, name, 'cuda') for name in names}
    rates: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds + 1):
        for name, trainer in trainers.items():
            rates[name].append(_measure_steps(trainer, GPU_STEPS))
    # The first round chooses, compiles and captures.
    cfc, ltc = (statistics.median(rates[name][1:]) for name in names)
    return {'gpu_train_strong_images_per_second': cfc, 'gpu_ltc_over_cfc': cfc / ltc}


def _measure_steps(trainer: Trainer, count: int) -> float:
    """Return how many images a second some steps do, until the device is done with them."""
    trainer.settle()
    start = time.perf_counter()
    for _ in range(count):
        trainer.step()
    trainer.settle()
    return count * trainer.settings.batch_size * STEPS / (time.perf_counter() - start)


def write_images(folder: Path, rng: np.random.Generator) -> list[Path]:
    """Write files of images as the cache has them."""
    paths = []
    for number in range(NUM_ON_DISK // EPISODE):
        paths.append(folder / f'{number}.images.npy')
        np.save(paths[-1], rng.integers(0, 256, (EPISODE, 72, 128, 3), np.uint8))
    return paths


def measure_loader(rounds: int, batch_size: int) -> dict[str, float]:
    """Return the rate of reading batches and the memory it takes for 200,000 images.

    The files repeat, so that the disk holds a tenth: mapped memory does not tell them apart.
    """
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as name:
        paths = write_images(Path(name), rng)
        sequences = [
            _make_sequence(np.load(paths[i % len(paths)], mmap_mode='r'), rng)
            for i in range(NUM_LOADED // EPISODE)
        ]
        rates = []
        for _ in range(rounds):
            groups = cut_batches(sequences, WindowSettings(), batch_size, rng)
            start = time.process_time()
            count = sum(batch.weight.size for batch in _take(sequences, groups))
            rates.append(count / (time.process_time() - start))
        resident = read_resident_mib('RssAnon')
    return {'loader_images_per_second': max(rates), 'loader_rss_mib': resident}


def _take(sequences: list[Sequence], groups: Any) -> Iterator[Any]:
    yield from read_ahead(sequences, groups)


def measure_collection(rounds: int, renderer: str) -> dict[str, float]:
    """Return the rate of collecting over that of stepping the same environment."""
    from lnn_control.imitation.collect import CollectSettings, collect_episode
    from lnn_control.imitation.episode_file import write_episode
    from sim.environment import TaskEnv
    from sim.simulation import SimulationSettings
    from sim.tasks import make_task

    settings = SimulationSettings(renderer=renderer, layers=True)
    env = TaskEnv(make_task('fly_to_target', world='forest', season='summer'), settings=settings)
    shares = []
    with tempfile.TemporaryDirectory() as name:
        for seed in range(rounds):
            start = time.process_time()
            episode = collect_episode(env, seed, CollectSettings())
            write_episode(Path(name) / 'flight.mcap', episode)
            collecting = len(episode) / (time.process_time() - start)
            # The same flight again, flown from what was recorded.
            start = time.process_time()
            env.reset(seed=seed)
            for action in episode.flown:
                env.step(action)
            shares.append(collecting * (time.process_time() - start) / len(episode))
    env.close()
    return {'collect_share': statistics.median(shares)}


def print_table(metrics: dict[str, float]) -> None:
    """Print what was measured beside what is asked for."""
    for name, (title, unit, wanted) in ROWS.items():
        if name in metrics:
            print(f'{title:45}{metrics[name]:>12.4g} {unit:9} {wanted}')


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--batch-size', type=int, default=8, help='windows of 64 images')
    parser.add_argument('--threads', type=int, default=2, help='at most, of the images a second')
    parser.add_argument('--renderer', default='auto')
    arguments = parser.parse_args()
    keep_freed_memory()
    torch.set_num_threads(1)
    # The loader first: what it holds is measured before anything else takes memory.
    metrics = measure_loader(min(arguments.rounds, 3), arguments.batch_size)
    metrics |= measure_training(arguments.rounds, arguments.batch_size, arguments.threads)
    metrics |= measure_gpu(arguments.rounds)
    metrics |= measure_collection(arguments.rounds, arguments.renderer)
    print_table(metrics)
    if arguments.json is not None:
        write_record(arguments.json, 'training', metrics, find_versions(PACKAGES))


if __name__ == '__main__':
    main()
