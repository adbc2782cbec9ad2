# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control train`: behaviour cloning from recorded episodes."""

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import tyro

from lnn_control.core.checks import check_number
from lnn_control.core.provenance import describe_versions
from lnn_control.imitation.train import TrainSettings
from lnn_control.policies.network import NetworkConfig


@dataclass(frozen=True)
class Train:
    """Train a liquid policy on the episodes of a folder and write a checkpoint."""

    data: Path
    """Folder of episode files; subfolders are read too."""
    output: Path
    """Folder of the checkpoint."""
    name: str = 'forest_cfc'
    """Name of the policy."""
    init: str | None = None
    """Checkpoint to start from instead of random weights."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes of the network; those of the checkpoint where --init is given."""
    settings: TrainSettings = field(default_factory=TrainSettings)
    """How to train."""
    threads: int = 1
    """Threads; a second one gains a fifth on an idle machine and loses much on a busy one."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = tyro.cli(Train, args=arguments, prog='lnn-control train')
    import torch
    from rich.progress import Progress

    from lnn_control.imitation.dataset import load_sequences
    from lnn_control.imitation.train import fit_normalisation, train
    from lnn_control.policies.checkpoint import find_checkpoint, load_network, save_checkpoint
    from lnn_control.policies.network import LiquidNetwork

    check_number('threads', job.threads, 0)
    # Made now: hours later would be late to learn that it cannot be.
    job.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.settings.seed)
    if job.init is not None:
        network = load_network(find_checkpoint(job.init))
    else:
        network = LiquidNetwork(job.network)
    print(f'reading {job.data}', flush=True)
    sequences = load_sequences(job.data, network.config.preprocessing)
    if job.init is None:
        fit_normalisation(network, sequences)
    images = sum(len(sequence) for sequence in sequences)
    print(f'{len(sequences)} episodes, {images} images, {network.num_parameters()} parameters')
    start = time.monotonic()
    with Progress() as progress:
        bar = progress.add_task('train')

        def report(row: dict[str, float]) -> None:
            if row['step'] % 500 == 0:
                # A log file shows no bar.
                progress.console.print(f'step {row["step"]} of {row["steps"]}: {row["loss"]:.4f}')
            text = f'epoch {row["epoch"] + 1}  loss {row["loss"]:.4f}'
            rate = f'{row["images_per_second"]:.0f} images/s'
            progress.update(
                bar, completed=row['step'], total=row['steps'], description=f'{text}  {rate}'
            )

        try:
            losses = train(network, sequences, job.settings, report)
        except FloatingPointError as error:
            raise ValueError(f'training failed: {error}') from error
    training: dict[str, Any] = {
        'data': {'episodes': len(sequences), 'images': images},
        'init': job.init,
        'settings': asdict(job.settings),
        'losses': losses,
        'seconds': round(time.monotonic() - start, 1),
        'versions': describe_versions(),
    }
    save_checkpoint(job.output, job.name, network, training)
    shown = ' '.join(f'{loss:.4f}' for loss in losses)
    print(f'loss by epoch: {shown}\ncheckpoint in {job.output}')
    return 0
