# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A tiny task to learn, and a process that trains on it until it is killed."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import torch

from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.augment import LEVELS, Augmentation
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.train import Keeping, fit_normalisation, train
from lnn_control.imitation.windows import WindowSettings
from lnn_control.policies.network import Network, NetworkConfig

SETTINGS = TrainSettings(
    epochs=6,
    batch_size=2,
    learning_rate=1e-2,
    windows=WindowSettings(window_length=16, warm_up=2, max_stride=2),
    augmentation=Augmentation(image_noise=0.01),
)


KILLED = TrainSettings(
    steps=24,
    batch_size=3,
    windows=WindowSettings(window_length=8, warm_up=2, carry_state=True),
    augmentation=LEVELS['strong'],
    finish=0.4,
)
"""What the process trains: every part that has a state of its own."""


def make_sequences(
    count: int = 6, length: int = 30, has_privileged: bool = False
) -> list[Sequence]:
    """Return flights in which a red post tells which way to turn."""
    rng = np.random.default_rng(0)
    sequences = []
    for i in range(count):
        columns = np.clip(16 + np.cumsum(rng.normal(0, 2, length)), 1, 30).astype(int)
        images = np.full((length, 16, 32, 3), 90, np.uint8)
        for image, column in zip(images, columns, strict=True):
            image[:, column - 1 : column + 2] = (230, 20, 20)
        labels = np.zeros((length, 4), np.float32)
        labels[:, 0], labels[:, 3] = 1.0, (16 - columns) / 16
        sequences.append(
            Sequence(
                f'{i}',
                images,
                rng.normal(size=(length, 12)).astype(np.float32),
                np.full(length, 0.05, np.float32),
                labels,
                privileged=_make_privileged(columns) if has_privileged else None,
            )
        )
    return sequences


def _make_privileged(columns) -> np.ndarray:
    """Return labels of a post that is always in sight, its bearing by its column."""
    bearing = (16 - columns) / 16
    rows = np.zeros((len(columns), 20), np.float32)
    rows[:, 0], rows[:, 1] = np.cos(bearing), np.sin(bearing)
    rows[:, 2:] = 1.0
    return rows


def make_network(sequences) -> Network:
    torch.manual_seed(0)
    network = Network(
        NetworkConfig(Preprocessing(32, 16), (4, 4, 6, 6), num_places=4, num_neurons=16)
    )
    fit_normalisation(network, sequences)
    return network


def train_killed(folder: Path) -> Network:
    """Train what can be killed, saving after every step, and return the network."""
    torch.set_num_threads(1)
    sequences = make_sequences(has_privileged=True)
    network = make_network(sequences)
    train(
        network, sequences, KILLED, lambda row: print(row.step, flush=True), Keeping(folder, 0.0)
    )
    return network


def kill_in_write(number: int) -> None:
    """Make this process kill itself in the middle of its n-th write of the state."""
    sync, calls = os.fsync, []

    def fsync(descriptor: int) -> None:
        calls.append(descriptor)
        if len(calls) == number:
            os.truncate(descriptor, 1000)
            os.kill(os.getpid(), signal.SIGKILL)
        sync(descriptor)

    os.fsync = fsync


if __name__ == '__main__':
    if len(sys.argv) > 2:
        kill_in_write(int(sys.argv[2]))
    torch.save(train_killed(Path(sys.argv[1])).state_dict(), f'{sys.argv[1]}/weights.pt')
