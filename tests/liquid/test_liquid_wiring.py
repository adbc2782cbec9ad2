# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Wirings: exact synapse counts, immutable, seeded, and the same after JSON."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

from lnn_control.liquid import (
    Circuit,
    FullyConnectedWiring,
    NCPWiring,
    RandomWiring,
    Wiring,
    circuit_from_ncps,
)
from lnn_control.liquid.wiring import WIRINGS, Layer

NUM_INPUTS = 12
EXAMPLES: dict[str, Wiring] = {
    'fully_connected': FullyConnectedWiring(6, 2, seed=4),
    'random': RandomWiring(7, 3, sparsity=0.7, seed=4),
    'ncp': NCPWiring(8, 6, 3, 2, 3, 7, 4, seed=4),
    'circuit': RandomWiring(7, 3, seed=2).connect(NUM_INPUTS),
}

SENSORY_OF_SEED_8 = [[0, 5, -1], [1, 4, 1], [2, 3, 1], [2, 4, -1]]
INTERNAL_OF_SEED_8 = [[1, 0, 1], [1, 1, -1], [2, 0, -1], [3, 1, 1], [4, 2, -1], [5, 1, 1]]


def test_every_kind_of_wiring_has_an_example() -> None:
    assert set(EXAMPLES) == set(WIRINGS)


@pytest.mark.parametrize('kind', EXAMPLES)
def test_json_gives_back_an_equal_wiring_and_circuit(kind: str) -> None:
    wiring = EXAMPLES[kind]
    twin = Wiring.from_json(wiring.to_json())
    assert twin == wiring and hash(twin) == hash(wiring)
    assert twin.connect(NUM_INPUTS) == wiring.connect(NUM_INPUTS)
    assert json.loads(wiring.to_json())['kind'] == kind


@pytest.mark.parametrize('kind', ['fully_connected', 'random', 'ncp'])
def test_seed_decides_the_circuit(kind: str) -> None:
    wiring = EXAMPLES[kind]
    other = dataclasses.replace(wiring, seed=5)
    assert wiring.connect(NUM_INPUTS) == wiring.connect(NUM_INPUTS)
    assert wiring.connect(NUM_INPUTS) != other.connect(NUM_INPUTS)


@pytest.mark.parametrize('kind', EXAMPLES)
def test_wirings_and_circuits_cannot_be_changed(kind: str) -> None:
    wiring = EXAMPLES[kind]
    with pytest.raises(dataclasses.FrozenInstanceError):
        wiring.num_outputs = 1
    with pytest.raises(ValueError, match='read-only'):
        wiring.connect(NUM_INPUTS).internal_polarity[0, 0] = 1


def test_ncp_has_the_synapses_that_its_fan_outs_promise() -> None:
    circuit = EXAMPLES['ncp'].connect(NUM_INPUTS)
    motor, command, inter = slice(0, 3), slice(3, 9), slice(9, 17)
    sensory, internal = circuit.sensory_polarity != 0, circuit.internal_polarity != 0
    assert (sensory[:, inter].sum(1) >= 2).all() and sensory.sum() == sensory[:, inter].sum()
    assert (internal[inter, command].sum(1) >= 3).all()
    assert internal[command, command].sum() == 7
    assert (internal[command, motor].sum(0) >= 4).all()
    # Nothing else, every neuron can be reached, and every command neuron reaches a motor neuron.
    assert internal.sum() == sum(
        internal[a, b].sum() for a, b in ((inter, command), (command, command), (command, motor))
    )
    assert sensory[:, inter].any(0).all()
    assert internal[inter, command].any(0).all()
    assert internal[command, motor].any(1).all()
    assert circuit.num_synapses == sensory.sum() + internal.sum()
    assert [circuit.neuron_kind(i) for i in (0, 3, 16)] == ['motor', 'command', 'inter']


def test_fan_out_without_forgotten_neurons_is_exact() -> None:
    # 12 inputs times 4 of 4 inter neurons, 4 times 2 of 2, 3 recurrent, 1 motor times 2.
    circuit = NCPWiring(4, 2, 1, 4, 2, 3, 2).connect(12)
    assert circuit.num_sensory_synapses == 48
    assert circuit.num_internal_synapses == 8 + 3 + 2


@pytest.mark.parametrize('sparsity', [0.1, 0.5, 0.9])
@pytest.mark.parametrize('num_neurons', [5, 19, 64])
def test_automatic_ncp_has_the_asked_size(num_neurons: int, sparsity: float) -> None:
    wiring = NCPWiring.from_num_neurons(num_neurons, 3, sparsity=sparsity)
    assert (wiring.num_neurons, wiring.num_outputs) == (num_neurons, 3)
    assert wiring.connect(7).num_neurons == num_neurons


def test_random_wiring_has_the_asked_share_of_synapses() -> None:
    circuit = RandomWiring(10, sparsity=0.75).connect(8)
    assert (circuit.num_internal_synapses, circuit.num_sensory_synapses) == (25, 20)
    assert circuit.num_outputs == 10


def test_polarities_come_in_the_stated_shares() -> None:
    dense = FullyConnectedWiring(60).connect(1).internal_polarity
    assert (dense > 0).mean() == pytest.approx(2 / 3, abs=0.03)
    ncp = NCPWiring(40, 40, 1, 40, 40, 0, 1).connect(40).sensory_polarity
    assert (ncp > 0).sum() / (ncp != 0).sum() == pytest.approx(0.5, abs=0.05)


def test_known_circuit_never_changes() -> None:
    """A checkpoint may store no more than the seed, so this must hold in every release."""
    circuit = NCPWiring(3, 2, 1, 1, 1, 1, 1, seed=8).connect(3)
    assert circuit.to_dict()['sensory_synapses'] == SENSORY_OF_SEED_8
    assert circuit.to_dict()['internal_synapses'] == INTERNAL_OF_SEED_8


@pytest.mark.parametrize(
    ('make', 'message'),
    [
        (lambda: NCPWiring(3, 2, 1, 4, 1, 1, 1), 'sensory_fanout must be from 1 to 3, got 4'),
        (lambda: NCPWiring(3, 2, 1, 1, 3, 1, 1), 'inter_fanout must be from 1 to 2, got 3'),
        (lambda: NCPWiring(3, 2, 1, 1, 1, 5, 1), 'command_synapses must be from 0 to 4, got 5'),
        (lambda: NCPWiring(3, 2, 1, 1, 1, 1, 3), 'motor_fanin must be from 1 to 2, got 3'),
        (lambda: NCPWiring(0, 2, 1, 1, 1, 1, 1), 'num_inter must be at least 1, got 0'),
        (lambda: NCPWiring(2.0, 2, 1, 1, 1, 1, 1), 'num_inter must be a whole number, got 2.0'),
        (lambda: NCPWiring.from_num_neurons(5, 4), 'num_neurons must be at least 6, got 5'),
        (lambda: NCPWiring.from_num_neurons(9, 2, sparsity=1.0), 'between 0.1 and 0.9, got 1.0'),
        (lambda: RandomWiring(4, sparsity=1.0), r'sparsity must be in \[0, 1\), got 1.0'),
        (lambda: RandomWiring(4, 5), 'num_outputs must be from 1 to 4, got 5'),
        (lambda: EXAMPLES['circuit'].connect(5), 'drawn for 12 inputs, not for 5'),
        (lambda: Wiring.from_dict({'kind': 'star'}), "one of .*'ncp'.*, got 'star'"),
        (
            lambda: Wiring.from_dict({'kind': 'random', 'num_neurons': 3, 'rho': 1}),
            r"got also \['rho'\]",
        ),
        (
            lambda: Circuit(np.full((1, 2), 2), np.zeros((2, 2)), 1),
            'must be a matrix of -1, 0 and 1',
        ),
        (lambda: Circuit(np.zeros((1, 3)), np.zeros((2, 2)), 1), r'got \(2, 2\) and \(1, 3\)'),
        (
            lambda: Circuit(
                np.zeros((1, 2)), np.eye(2)[::-1], 1, (Layer('a', 1, 2), Layer('b', 0, 1))
            ),
            'must lead inputs to its first layer',
        ),
    ],
)
def test_impossible_wirings_say_what_is_wrong(make: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_wiring_of_ncps_keeps_its_synapses() -> None:
    wirings = pytest.importorskip('ncps.wirings')
    wiring = wirings.NCP(5, 4, 2, 3, 2, 5, 3)
    with pytest.raises(ValueError, match='build'):
        circuit_from_ncps(wiring)
    wiring.build(6)
    circuit = circuit_from_ncps(wiring)
    assert circuit.num_internal_synapses == wiring.synapse_count
    assert circuit.num_sensory_synapses == wiring.sensory_synapse_count
    assert np.array_equal(circuit.internal_polarity, wiring.adjacency_matrix)
    assert [layer.name for layer in circuit.layers] == ['inter', 'command', 'motor']
