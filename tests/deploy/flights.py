# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Small networks and flights of noise with everything that goes wrong in one."""

from dataclasses import replace

import numpy as np
import torch

from lnn_control.core.observation import Preprocessing
from lnn_control.deploy.flight import RecordedFlight
from lnn_control.policies.network import Network, NetworkConfig

SMALL = NetworkConfig(Preprocessing(40, 24), (3, 4, 5, 6), num_places=3)


def make_network(memory: str, seed: int = 0, **changes: object) -> Network:
    """Return a small network with random weights and random scales."""
    torch.manual_seed(seed)
    network = Network(replace(SMALL, memory=memory, **changes)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        network.imu_mean.normal_(0.0, 0.2)
        network.imu_scale.uniform_(0.5, 2.0)
        network.command_mean.normal_(0.0, 0.2)
        network.command_scale.uniform_(0.5, 2.0)
        network.gain.uniform_(0.5, 1.5)
        network.bias.normal_(0.0, 0.2)
        network.encoder.temperature.uniform_(-1.0, 3.0)
    return network


def make_flight(
    size: Preprocessing = SMALL.preprocessing, num_images: int = 16, seed: int = 0
) -> RecordedFlight:
    """Return a flight of blocks and noise, with a start within it, a gap and uneven times."""
    rng = np.random.default_rng(seed)
    shape = num_images, size.height_px, size.width_px, 3
    blocks = rng.integers(0, 256, (num_images, -(-shape[1] // 8), -(-shape[2] // 8), 3))
    large = blocks.repeat(8, axis=1).repeat(8, axis=2)[:, : shape[1], : shape[2]]
    images = np.clip(large + rng.integers(-20, 21, shape), 0, 255).astype(np.uint8)
    elapsed = rng.uniform(0.02, 0.2, num_images).astype(np.float32)
    elapsed[num_images // 2 + 3] = 2.0
    starts = np.zeros(num_images, dtype=bool)
    starts[[0, num_images // 2]] = True
    imu = rng.normal(size=(num_images, 12)).astype(np.float32)
    return RecordedFlight(images, imu, elapsed, starts)
