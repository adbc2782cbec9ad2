# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Behaviour cloning: a network learns to command what the expert would have commanded."""

import math
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from lnn_control.core.checks import check_number
from lnn_control.imitation.augment import Augmentation, augment_images, mirror
from lnn_control.imitation.batches import Batch, load_batch
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.windows import Window, WindowSettings, cut_windows
from lnn_control.policies.network import Network


@dataclass(frozen=True)
class TrainSettings:
    """How to train."""

    epochs: int = 8
    """Passes over the data."""
    batch_size: int = 4
    """Windows a step."""
    learning_rate: float = 6e-3
    """Peak of a one-cycle cosine schedule."""
    weight_decay: float = 1e-4
    """Of AdamW."""
    max_gradient_norm: float = 1.0
    """Longer gradients are shortened to this."""
    seed: int = 0
    """Of initial weights, order and augmentation."""
    windows: WindowSettings = field(default_factory=WindowSettings)
    """How flights are cut into windows."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    """How images are changed, drawn once a window."""

    def __post_init__(self) -> None:
        check_number('epochs', self.epochs, 1, 10000)
        check_number('batch_size', self.batch_size, 1, 4096)
        check_number('learning_rate', self.learning_rate, 1e-7, 1.0)
        check_number('weight_decay', self.weight_decay, 0.0, 1.0)
        check_number('max_gradient_norm', self.max_gradient_norm, 1e-6, 1e6)


Report = Callable[[dict[str, float]], None]
"""Receives epoch, step, steps, loss, images_per_second after every step."""


def fit_normalisation(network: Network, sequences: list[Sequence]) -> None:
    """Set the network's normalisation from the training data."""
    for name, rows in (
        ('imu', np.concatenate([sequence.imu for sequence in sequences])),
        ('command', np.concatenate([sequence.labels for sequence in sequences])),
    ):
        mean, scale = rows.mean(axis=0), rows.std(axis=0)
        floor = 0.05
        if name == 'command':
            # Left and right, up and down are alike: only forward speed has a mean. The floor
            # keeps small corrections of height from weighing as much as a turn.
            mean[1:], floor = 0.0, 0.15
        getattr(network, f'{name}_mean').copy_(torch.from_numpy(mean))
        getattr(network, f'{name}_scale').copy_(torch.from_numpy(np.maximum(scale, floor)))


def compute_loss(commands: Tensor, labels: Tensor, weight: Tensor, scale: Tensor) -> Tensor:
    """Return the Huber loss of normalised commands over the steps that bear loss.

    :param commands: shape (batch, steps, 4). :param weight: shape (batch, steps).
    """
    error = (commands - labels) / scale
    loss = torch.nn.functional.smooth_l1_loss(
        error, torch.zeros_like(error), reduction='none', beta=1.0
    ).mean(dim=2)
    return (loss * weight).sum() / weight.sum().clamp(min=1)


def schedule_rate(peak: float, share: float) -> float:
    """Return the learning rate: a short rise, then half a cosine down to a hundredth.

    :param share: of the training that is done, 0 to 1.
    """
    rate = peak * min(1.0, share / 0.05 + 0.05)
    return rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))


def _batches(sequences: list[Sequence], windows: list[Window], batch_size: int) -> Iterator[Batch]:
    """Yield batches, reading the next one while the last one is used."""
    groups = [windows[i : i + batch_size] for i in range(0, len(windows), batch_size)]
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(load_batch, sequences, groups[0])
        for group in [*groups[1:], None]:
            batch = pending.result()
            if group is not None:
                pending = pool.submit(load_batch, sequences, group)
            yield batch


def _prepare(
    batch: Batch, settings: Augmentation, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return augmented images, inertial features, times, labels and weights."""
    images = torch.from_numpy(batch.images).permute(0, 1, 4, 2, 3).float().div_(255)
    images = augment_images(images, settings, generator)
    is_mirrored = torch.rand(len(images), generator=generator) < settings.mirror
    images, imu, labels = mirror(
        images, torch.from_numpy(batch.imu), torch.from_numpy(batch.labels), is_mirrored
    )
    elapsed, weight = torch.from_numpy(batch.elapsed_time), torch.from_numpy(batch.weight)
    return images, imu, elapsed, labels, weight


def train(
    network: Network,
    sequences: list[Sequence],
    settings: TrainSettings,
    report: Report | None = None,
) -> list[float]:
    """Train a network in place and return the mean loss of every epoch.

    :raises FloatingPointError: if the loss is not finite.
    """
    generator = torch.Generator().manual_seed(settings.seed)
    rng = np.random.default_rng([settings.seed, 3])
    optimiser = torch.optim.AdamW(
        network.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
    )
    network.train()
    losses: list[float] = []
    num_windows = len(cut_windows(sequences, settings.windows, rng))
    total = settings.epochs * math.ceil(num_windows / settings.batch_size)
    step = 0
    for epoch in range(settings.epochs):
        windows = cut_windows(sequences, settings.windows, rng)
        sums = []
        for batch in _batches(sequences, windows, settings.batch_size):
            start = time.perf_counter()
            for group in optimiser.param_groups:
                group['lr'] = schedule_rate(settings.learning_rate, min(step / total, 1.0))
            images, imu, elapsed, labels, weight = _prepare(
                batch, settings.augmentation, generator
            )
            with torch.autocast('cpu', torch.bfloat16):
                features = network.encode_sequence(images, imu)
            commands, _ = network.steer(features.float(), elapsed)
            loss = compute_loss(commands, labels, weight, network.command_scale)
            if not torch.isfinite(loss):
                raise FloatingPointError(
                    f'loss is {loss.item()} in epoch {epoch}, step {step}: lower learning_rate'
                )
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.max_gradient_norm)
            optimiser.step()
            step += 1
            sums.append((loss.item(), float(weight.sum())))
            if report is not None:
                seconds = time.perf_counter() - start
                report(
                    {
                        'epoch': epoch,
                        'step': step,
                        'steps': max(total, step),
                        'loss': loss.item(),
                        'images_per_second': weight.numel() / seconds,
                    }
                )
        losses.append(sum(v * w for v, w in sums) / sum(w for _, w in sums))
    network.eval()
    return losses
