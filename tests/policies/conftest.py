# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A network small enough to be quick, and observations for it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnn_control.core.observation import Observation, Preprocessing
from lnn_control.policies.network import Network, NetworkConfig

SMALL = NetworkConfig(Preprocessing(32, 16), (4, 4, 6, 8), num_places=5, num_neurons=16)


@pytest.fixture
def make_network() -> Callable[..., Network]:
    """Return a function that makes a small network from a seed."""

    def make(seed: int = 0, **changes) -> Network:
        torch.manual_seed(seed)
        if changes.get('memory', SMALL.memory) not in ('ncp_cfc', 'ncp_ltc'):
            changes = {'num_neurons': None, **changes}  # its own size
        return Network(replace(SMALL, **changes)).eval()

    return make


@pytest.fixture
def make_observation() -> Callable[[int], Observation]:
    """Return a function that makes a random observation for the small network."""

    def make(seed: int) -> Observation:
        rng = np.random.default_rng(seed)
        image = rng.integers(0, 256, (16, 32, 3), dtype=np.uint8)
        return Observation(image, rng.normal(size=12).astype(np.float32))

    return make
