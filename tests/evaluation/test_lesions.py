# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Lesions of small networks, where it is known what each neuron does."""

import copy

import numpy as np
import pytest
import torch

from lnn_control.evaluation.lesions import encode_flight, measure_lesions
from lnn_control.evaluation.observed import ObservedFlight, observe_flight
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.network import Network, NetworkConfig
from tests.evaluation.test_trial import LineEnv, ScriptedPolicy

LENGTH = 9


def make_flight(seed: int = 0) -> ObservedFlight:
    rng = np.random.default_rng(seed)
    return ObservedFlight(
        None,  # type: ignore[arg-type]
        rng.integers(0, 256, (LENGTH, 72, 128, 3), np.uint8),
        rng.normal(size=(LENGTH, 12)).astype(np.float32),
        rng.uniform(0.03, 0.07, LENGTH).astype(np.float32),
        np.zeros((LENGTH, 4), np.float32),
    )


def make_network(memory: str) -> Network:
    torch.manual_seed(0)
    return Network(NetworkConfig(memory=memory)).eval()


@pytest.mark.parametrize('memory', ['ncp_cfc', 'ncp_ltc', 'cfc', 'ct_rnn'])
def test_lesion_moves_the_commands_as_the_cut_network_does(memory: str) -> None:
    network, flight = make_network(memory), make_flight()
    lesions = measure_lesions(network, [flight])
    count = network.memory.circuit.num_neurons
    assert lesions.changes.shape == (count, 4)
    assert (lesions.changes > 0).any()
    neuron = int(lesions.changes.sum(axis=1).argmax())
    cut = copy.deepcopy(network)
    cut.memory.silence(neuron)
    with torch.no_grad():
        before, _ = network.steer(*encode_flight(network, flight))
        after, _ = cut.steer(*encode_flight(network, flight))
    expected = ((after - before)[0].double() ** 2).mean(dim=0).sqrt().numpy()
    np.testing.assert_allclose(lesions.changes[neuron], expected, rtol=1e-5)
    # The network itself is as it was.
    again = measure_lesions(network, [flight])
    np.testing.assert_array_equal(lesions.changes, again.changes)


@pytest.mark.parametrize('memory', ['cfc', 'ct_rnn'])
def test_readout_hears_nothing_of_neurons_that_are_all_cut_off(memory: str) -> None:
    network = make_network(memory)
    features, elapsed_time = encode_flight(network, make_flight())
    for neuron in range(network.memory.circuit.num_neurons):
        network.memory.silence(neuron)
    with torch.no_grad():
        commands, _ = network.steer(features, elapsed_time)
    torch.testing.assert_close(commands, commands[:, :1].expand_as(commands))


def test_neuron_that_nobody_hears_changes_nothing() -> None:
    network = make_network('ncp_cfc')
    circuit = network.memory.circuit
    heard = {synapse.source for synapse in circuit.synapses if synapse.source != synapse.target}
    unheard = sorted(set(range(circuit.num_neurons)) - heard)
    assert unheard
    lesions = measure_lesions(network, [make_flight(), make_flight(1)])
    assert not lesions.changes[unheard].any()


@pytest.mark.parametrize('memory', ['one_frame', 'tcn', 'lstm'])
def test_memory_whose_neurons_cannot_be_cut_has_no_lesions(memory: str) -> None:
    assert measure_lesions(make_network(memory), [make_flight()]).changes.shape == (0, 4)


def test_every_memory_tells_time_constants_or_none() -> None:
    for name in MEMORIES:
        network = make_network(name)
        constants = network.memory.time_constants(*encode_flight(network, make_flight()))
        if constants.numel():
            assert constants.shape == (1, LENGTH, network.memory.circuit.num_neurons)
            assert (constants > 0).all()
        assert bool(constants.numel()) == isinstance(network.memory, LiquidMemory)


def test_flight_is_kept_as_the_policy_was_given_it() -> None:
    flight = observe_flight(LineEnv(), ScriptedPolicy([1.0] * 10), seed=0)
    assert flight.result.is_success
    assert flight.images[:, 0, 0, 0].tolist() == list(range(10))
    np.testing.assert_allclose(flight.times, 0.1 * np.arange(10), atol=1e-6)
    np.testing.assert_allclose(flight.commands[:, 0], 1.0)
    assert flight.imu.shape == (10, 12)
