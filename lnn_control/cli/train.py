# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control train`: behaviour cloning from recorded episodes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tyro.conf import UseAppendAction, configure

from lnn_control.cli import options
from lnn_control.core.checks import check_number
from lnn_control.core.observation import Preprocessing
from lnn_control.core.provenance import describe_versions
from lnn_control.imitation.train import Report, TrainSettings
from lnn_control.policies.network import NetworkConfig

if TYPE_CHECKING:
    from lnn_control.policies.network import Network

_LOG_STEPS = 500


@configure(UseAppendAction)
@dataclass(frozen=True)
class Train:
    """Train a policy on the episodes of a folder and write a checkpoint."""

    data: Path
    """Folder of episode files; subfolders are read too."""
    output: Path
    """Folder of the checkpoint."""
    name: str | None = None
    """Name of the policy; that of the output folder if not given."""
    init: str | None = None
    """Checkpoint to start from instead of random weights: a folder or a shipped name."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes of the network; those of the checkpoint where --init is given."""
    max_parameters: int | None = None
    """Refuse a network that is larger."""
    settings: TrainSettings = field(default_factory=TrainSettings)
    """How to train."""
    threads: options.Threads = 1


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Train, 'train', arguments)
    if job.init is not None:
        sizes = [entry.name for kind in (NetworkConfig, Preprocessing) for entry in fields(kind)]
        options.refuse_given(arguments, sizes, f'the network is that of {job.init}')
    import torch

    from lnn_control.imitation.cache import load_sequences, read_all_metadata
    from lnn_control.imitation.domain import find_domain
    from lnn_control.imitation.train import fit_normalisation, train
    from lnn_control.policies.checkpoint import save_checkpoint

    check_number('threads', job.threads, 1, 1024)
    # Made now: hours later would be late to learn that it cannot be.
    job.output.mkdir(parents=True, exist_ok=True)
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.settings.seed)
    network = make_network(job)
    network.check_size(job.max_parameters)
    print(f'reading {job.data}', flush=True)
    sequences = load_sequences(job.data, network.config.preprocessing)
    domain = find_domain(read_all_metadata(job.data), job.settings.windows.max_stride)
    if job.init is None:
        fit_normalisation(network, sequences)
    images = sum(len(sequence) for sequence in sequences)
    print(f'{len(sequences)} episodes, {images} images, {network.num_parameters()} parameters')
    start = time.monotonic()
    with show_progress() as report:
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
    name = job.name or job.output.resolve().name
    save_checkpoint(job.output, name, network, training, domain)
    shown = ' '.join(f'{loss:.4f}' for loss in losses)
    print(f'loss by epoch: {shown}\ncheckpoint {name} in {job.output}')
    return 0


def make_network(job: Train) -> 'Network':
    """Return the network to train: of the checkpoint to start from, or a new one.

    :raises ValueError: if there is no such checkpoint or the sizes do not fit together.
    """
    from lnn_control.policies.checkpoint import load_network
    from lnn_control.policies.folders import find_checkpoint
    from lnn_control.policies.network import Network

    if job.init is not None:
        return load_network(find_checkpoint(job.init))
    return Network(job.network)


@contextmanager
def show_progress() -> Iterator[Report]:
    """Show a bar that follows what it is told, and a line now and then for log files."""
    from rich.progress import Progress

    with Progress() as progress:
        bar = progress.add_task('train')

        def report(row: dict[str, float]) -> None:
            if row['step'] % _LOG_STEPS == 0:
                # A log file shows no bar.
                progress.console.print(f'step {row["step"]} of {row["steps"]}: {row["loss"]:.4f}')
            text = f'epoch {row["epoch"] + 1}  loss {row["loss"]:.4f}'
            rate = f'{row["images_per_second"]:.0f} images/s'
            progress.update(
                bar, completed=row['step'], total=row['steps'], description=f'{text}  {rate}'
            )

        yield report


OPTIONS = Train
