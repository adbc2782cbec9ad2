# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from lnn_control.core.observation import Observation
from lnn_control.policies.memories import MEMORIES
from lnn_control.policies.network_policy import NetworkPolicy


@pytest.fixture
def policy(make_network) -> NetworkPolicy:
    return NetworkPolicy('small', make_network())


@pytest.mark.parametrize('memory', list(MEMORIES))
def test_flies_what_the_network_computes_over_the_whole_sequence(
    make_network, make_observation, memory
):
    policy = NetworkPolicy('any', make_network(memory=memory))
    observations = [make_observation(seed) for seed in range(4)]
    elapsed = [0.05, 0.05, 0.15, 0.02]
    state, commands = policy.initial_state(), []
    for observation, seconds in zip(observations, elapsed, strict=True):
        command, state = policy(observation, state, seconds)
        commands.append(command.to_array())
    images = np.stack([observation.image for observation in observations]).transpose(0, 3, 1, 2)
    imu = np.stack([observation.imu for observation in observations])
    with torch.no_grad():
        wanted, _ = policy.network(
            torch.from_numpy(images.copy())[None],
            torch.from_numpy(imu)[None],
            torch.tensor([elapsed]),
        )
    assert np.stack(commands) == pytest.approx(wanted[0].numpy(), abs=1e-5)


def test_state_is_handed_over_and_never_changed_in_place(policy, make_observation):
    state = policy.initial_state()
    before = state.clone()
    first, after = policy(make_observation(0), state, 0.05)
    assert torch.equal(state, before)
    assert not torch.equal(after, before)
    assert policy(make_observation(0), state, 0.05)[0] == first


def test_neuron_activity_names_every_neuron(policy, make_observation):
    _, state = policy(make_observation(0), policy.initial_state(), 0.05)
    activity = policy.neuron_activity(state)
    assert activity.shape == (16,)
    assert activity.dtype == np.float32
    assert np.isfinite(activity).all()
    assert not policy.neuron_activity(policy.initial_state()).any()


@pytest.mark.parametrize('elapsed', [0.0, -0.05, float('nan'), float('inf')])
def test_elapsed_time_that_is_none_is_an_error(policy, make_observation, elapsed):
    with pytest.raises(ValueError, match='elapsed_time must be positive seconds, got'):
        policy(make_observation(0), policy.initial_state(), elapsed)


def test_image_of_another_size_is_an_error(policy):
    observation = Observation(np.zeros((16, 30, 3), np.uint8), np.zeros(12, np.float32))
    with pytest.raises(ValueError, match=r'images must have shape \(n, 3, 16, 32\)'):
        policy(observation, policy.initial_state(), 0.05)


def test_command_that_is_not_finite_is_an_error_and_no_command(policy, make_observation):
    with torch.no_grad():
        policy.network.bias[2] = float('nan')
    with pytest.raises(FloatingPointError, match='small gave a command that is not finite'):
        policy(make_observation(0), policy.initial_state(), 0.05)


def test_flying_needs_no_gradients(policy, make_observation):
    _, state = policy(make_observation(0), policy.initial_state(), 0.05)
    assert not state.requires_grad
    assert not policy.network.training


def test_circuit_names_every_neuron_and_synapse_of_the_wiring(policy):
    circuit = policy.circuit
    wired = policy.network.memory.liquid.circuit
    assert circuit.num_neurons == 16
    assert [group.name for group in circuit.neuron_groups] == ['inter', 'command', 'motor']
    assert len(circuit.synapses) == np.count_nonzero(wired.internal_polarity)
    first = circuit.synapses[0]
    assert first.polarity == wired.internal_polarity[first.source, first.target]
    assert circuit.num_parameters == policy.network.num_parameters()


@pytest.mark.parametrize('memory', list(MEMORIES))
def test_activity_fits_the_circuit_of_any_memory(make_network, make_observation, memory):
    policy = NetworkPolicy('any', make_network(memory=memory))
    assert policy.circuit.num_parameters == policy.network.num_parameters()
    state = policy.initial_state()
    for seed in range(2):
        activity = policy.neuron_activity(state)
        assert activity.shape == (policy.circuit.num_neurons,)
        assert activity.dtype == np.float32
        _, state = policy(make_observation(seed), state, 0.05)
