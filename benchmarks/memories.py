# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One step of a policy with each memory on one CPU thread, and of torch's own cells for scale.

python -m benchmarks.memories [--json out.json] [--rounds 9] [--calls 60]

Every round runs each candidate in turn, a few calls each of which the first warms up and is not
counted, so all of them meet the same load of the machine. Figures are medians over the rounds.
A peer is the same encoder with torch's own layer of the same size, without the elapsed time.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.cells import time_interleaved
from benchmarks.record import find_versions, write_record
from lnn_control.core.observation import NUM_IMU_FEATURES, Observation
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network import NUM_COMMANDS, Network, NetworkConfig
from lnn_control.policies.network_policy import NetworkPolicy

PEERS: dict[str, type[nn.LSTM | nn.GRU]] = {'lstm': nn.LSTM, 'gru': nn.GRU}
ELAPSED_TIME = 0.05


class Peer(nn.Module):
    """Encoder, a layer of torch, a linear readout: what one writes without this package."""

    def __init__(self, network: Network, layer: type[nn.LSTM | nn.GRU], num_units: int) -> None:
        super().__init__()
        self.encoder = network.encoder
        num_features = network.encoder.num_features + NUM_IMU_FEATURES
        self.layer = layer(num_features, num_units, batch_first=True)
        self.readout = nn.Linear(num_units, NUM_COMMANDS)

    def forward(self, image: Tensor, imu: Tensor, state: object) -> tuple[Tensor, object]:
        """Return the command and the next state for one image."""
        seen = torch.cat([self.encoder(image.float() / 255), imu], dim=1)
        hidden, state = self.layer(seen[:, None], state)
        return self.readout(hidden), state


def make_observation(network: Network) -> Observation:
    rng = np.random.default_rng(0)
    size = network.config.preprocessing
    image = rng.integers(0, 256, (size.height_px, size.width_px, 3), dtype=np.uint8)
    return Observation(image, rng.normal(size=NUM_IMU_FEATURES).astype(np.float32))


def make_policy_step(network: Network) -> Callable[[], object]:
    """Return a step from observation to command, as it is flown."""
    policy, observation = NetworkPolicy('any', network), make_observation(network)
    state = policy.initial_state()
    return lambda: policy(observation, state, ELAPSED_TIME)


def make_memory_step(network: Network) -> Callable[[], object]:
    """Return a step of the memory alone."""
    memory, state = network.memory, network.memory.initial_state(1)
    features = torch.randn(1, 1, memory.shape.num_features)
    elapsed = torch.full((1, 1), ELAPSED_TIME)
    return lambda: memory(features, state, elapsed)


def make_peer_step(network: Network, layer: type[nn.LSTM | nn.GRU]) -> Callable[[], object]:
    """Return a step of the peer, from the same observation to its command as numbers."""
    observation = make_observation(network)
    peer = Peer(network, layer, network.config.memory_options.num_neurons).eval()

    def step() -> object:
        pixels = np.ascontiguousarray(observation.image.transpose(2, 0, 1))
        imu = torch.from_numpy(observation.imu)[None]
        command, _ = peer(torch.from_numpy(pixels)[None], imu, None)
        return command[0, 0].numpy()

    return step


def run(rounds: int, calls: int) -> dict[str, float]:
    """Return all metrics, flat."""
    metrics: dict[str, float] = {}
    candidates: dict[str, Callable[[], object]] = {}
    for name in MEMORIES:
        torch.manual_seed(0)
        network = Network(NetworkConfig(memory=name)).eval()
        metrics[f'{name}_parameters'] = network.num_parameters()
        metrics[f'{name}_recurrent_parameters'] = (
            network.num_parameters() - network.count_parts()['encoder']
        )
        candidates[f'{name}_policy'] = make_policy_step(network)
        candidates[f'{name}_memory'] = make_memory_step(network)
        if name in PEERS:
            candidates[f'{name}_peer'] = make_peer_step(network, PEERS[name])
    with torch.inference_mode():
        seconds = time_interleaved(candidates, rounds, calls)
    return metrics | {f'{name}_step_us': 1e6 * value for name, value in seconds.items()}


def print_table(metrics: dict[str, float]) -> None:
    titles = ('parameters', 'recurrent', 'policy [us]', 'memory [us]', 'torch peer [us]')
    print('one step, batch 1, 1 thread')
    print(f'{"":16}' + ''.join(f'{title:>17}' for title in titles))
    for name in MEMORIES:
        keys = ('parameters', 'recurrent_parameters', 'policy_step_us', 'memory_step_us')
        values = [f'{metrics[f"{name}_{key}"]:.0f}' for key in keys]
        peer = metrics.get(f'{name}_peer_step_us')
        values.append('' if peer is None else f'{peer:.0f}')
        print(f'{name:16}' + ''.join(f'{value:>17}' for value in values))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--calls', type=int, default=60, help='of each candidate in a round')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    metrics = run(arguments.rounds, arguments.calls)
    print_table(metrics)
    if arguments.json is not None:
        write_record(arguments.json, 'memories', metrics, find_versions(('torch', 'numpy')))


if __name__ == '__main__':
    main()
