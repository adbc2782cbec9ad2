# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What each neuron does: commands along a flight with and without it.

A lesion silences the synapses from one neuron to all others. The flight itself stays: every image
is that of the intact policy, so that what differs is the answer alone.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.evaluation.observed import ObservedFlight
from lnn_control.policies.network import Network

_BATCH = 64  # images that are encoded at once


@dataclass(frozen=True, eq=False)
class Lesions:
    """How far commands move when a neuron falls silent.

    :param changes: root mean square [m/s, rad/s], shape (neurons, 4); neurons as the memory's
        circuit orders them.
    :param usual: standard deviation of the intact commands, shape (4,).
    """

    changes: NDArray[np.float64]
    usual: NDArray[np.float64]


@torch.no_grad()
def encode_flight(network: Network, flight: ObservedFlight) -> tuple[Tensor, Tensor]:
    """Return what a memory is given on a flight: features (1, n, m) and elapsed times (1, n)."""
    device = network.gain.device
    pieces = []
    for start in range(0, len(flight.images), _BATCH):
        part = slice(start, start + _BATCH)
        pixels = torch.from_numpy(flight.images[part].transpose(0, 3, 1, 2).copy())
        imu = torch.from_numpy(flight.imu[part])
        pieces.append(network.encode_sequence(pixels[None].to(device), imu[None].to(device)))
    elapsed_time = torch.from_numpy(flight.elapsed_time)[None].to(device)
    return torch.cat(pieces, dim=1), elapsed_time


@torch.no_grad()
def measure_lesions(network: Network, flights: Sequence[ObservedFlight]) -> Lesions:
    """Silence every neuron in turn and return how far that moves each command.

    Of a memory whose neurons cannot be silenced there are no rows.
    """
    given = [encode_flight(network, flight) for flight in flights]
    intact = np.concatenate([_answer(network, *each) for each in given])
    rows = []
    memory = network.memory
    for neuron in range(memory.circuit.num_neurons if memory.can_silence else 0):
        lesioned = copy.deepcopy(network)
        lesioned.memory.silence(neuron)
        answers = np.concatenate([_answer(lesioned, *each) for each in given])
        rows.append(np.sqrt(np.mean((answers - intact) ** 2, axis=0)))
    return Lesions(np.reshape(rows, (-1, intact.shape[1])), intact.std(axis=0))


def _answer(network: Network, features: Tensor, elapsed_time: Tensor) -> NDArray[np.float64]:
    commands, _ = network.steer(features, elapsed_time)
    return commands[0].double().cpu().numpy()
