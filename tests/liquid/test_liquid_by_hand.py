# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Answers worked out by hand, most of them where ncps refuses or is wrong."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from lnn_control.liquid import CTRNN, LTC, CfC, Circuit, LiquidLayer, Reservoir, layer_from_ncps
from tests.liquid.liquid_cases import NUM_INPUTS, SMALL_WIRINGS

LAYERS_WITH_LEAK = {'ltc': LTC, 'ctrnn': CTRNN}


def _isolated_ltc(solver: str = 'semi_implicit', num_unfolds: int = 1) -> LTC:
    """Return two neurons without any synapse: C = 0.5, leak 2 to a potential of 0.3."""
    empty = Circuit(np.zeros((1, 2)), np.zeros((2, 2)), 2)
    layer = LTC(
        1,
        empty,
        solver=solver,
        num_unfolds=num_unfolds,
        positivity='none',
        time_unit=1.0,
        dtype=torch.float64,
    )
    with torch.no_grad():
        layer.capacitance.fill_(0.5)
        layer.leak_conductance.fill_(2.0)
        layer.leak_potential.fill_(0.3)
    return layer


def _coupled_ltc() -> LTC:
    """Return an input that excites neuron 0, which inhibits neuron 1."""
    layer = LTC(
        1,
        Circuit(np.array([[1, 0]]), np.array([[0, -1], [0, 0]]), 2),
        num_unfolds=1,
        positivity='none',
        keeps_polarity=False,
        time_unit=1.0,
        dtype=torch.float64,
    )
    with torch.no_grad():
        layer.capacitance.fill_(1.0)
        layer.leak_conductance.fill_(1.0)
        layer.leak_potential.zero_()
        layer.sensory_conductance.fill_(3.0)
        layer.synapse_conductance.fill_(2.0)
        for name in ('sensory', 'synapse'):
            getattr(layer, f'{name}_slope').fill_(4.0)
            getattr(layer, f'{name}_midpoint').fill_(0.5)
    return layer


def test_semi_implicit_step_of_a_leak_is_a_weighted_mean() -> None:
    # (C/dt * v + g * V) / (C/dt + g) with C/dt = 5: (5 * 1 + 2 * 0.3) / 7.
    _, state = _isolated_ltc()(
        torch.zeros(1, 1, 1, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64), 0.1
    )
    torch.testing.assert_close(state, torch.full((1, 2), 0.8, dtype=torch.float64))


def test_exponential_solver_is_exact_for_a_leak() -> None:
    # v = V + (v0 - V) * exp(-g t / C), whatever the number of unfolds.
    for unfolds in (1, 5):
        _, state = _isolated_ltc('exponential', unfolds)(
            torch.zeros(1, 1, 1, dtype=torch.float64), torch.ones(1, 2, dtype=torch.float64), 0.4
        )
        expected = 0.3 + 0.7 * math.exp(-2.0 * 0.4 / 0.5)
        torch.testing.assert_close(state, torch.full((1, 2), expected, dtype=torch.float64))


def test_coupled_ltc_with_a_time_for_each_sample_and_step() -> None:
    """Two steps of two samples, each with its own time, computed with plain numbers."""
    inputs = torch.tensor([[[0.5], [1.0]], [[0.0], [0.2]]], dtype=torch.float64)
    times = torch.tensor([[0.1, 0.7], [2.0, 0.0]], dtype=torch.float64)
    outputs, _ = _coupled_ltc()(inputs, None, times)
    for row in range(2):
        first = second = 0.0
        for step in range(2):
            time = times[row, step].item()
            opening = 1.0 / (1.0 + math.exp(-4.0 * (inputs[row, step].item() - 0.5)))
            inner = 1.0 / (1.0 + math.exp(-4.0 * (first - 0.5)))
            before = first
            first = (first + time * 3.0 * opening) / (1.0 + time * (1.0 + 3.0 * opening))
            second = (second - time * 2.0 * inner) / (1.0 + time * (1.0 + 2.0 * inner))
            assert outputs[row, step, 0].item() == pytest.approx(first, abs=1e-7)
            assert outputs[row, step, 1].item() == pytest.approx(second, abs=1e-7)
            assert time > 0 or first == before


def test_cfc_of_one_neuron_follows_its_formula() -> None:
    layer = CfC(1, 1, time_unit=1.0, dtype=torch.float64)
    with torch.no_grad():
        # Columns: from the input, from itself. Rows: early, late; then slope, offset of the gate.
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [-1.0, 0.5]], dtype=torch.float64))
        layer.gate_weight.copy_(torch.tensor([[0.3, 0.0], [0.0, -0.4]], dtype=torch.float64))
        layer.bias.copy_(torch.tensor([[0.1], [0.2]], dtype=torch.float64))
        layer.gate_bias.copy_(torch.tensor([[0.5], [-0.6]], dtype=torch.float64))
    times, value = (0.2, 3.0), 0.4
    for mode in ('default', 'no_gate'):
        layer.mode = mode
        outputs = torch.empty(0)
        state = torch.tensor([[value]], dtype=torch.float64)
        for time in times:
            outputs, state = layer(torch.full((1, 1, 1), 0.7, dtype=torch.float64), state, time)
        expected = value
        for time in times:
            early = math.tanh(0.7 + 2.0 * expected + 0.1)
            late = math.tanh(-0.7 + 0.5 * expected + 0.2)
            slope, offset = 0.3 * 0.7 + 0.5, -0.4 * expected - 0.6
            gate = 1.0 / (1.0 + math.exp(-(slope * time + offset)))
            if mode == 'default':
                expected = early * (1.0 - gate) + late * gate
            else:
                expected = early + late * gate
        assert outputs.item() == pytest.approx(expected, abs=1e-12)


def test_reservoir_neuron_follows_its_exponential() -> None:
    layer = Reservoir(1, 1, density=1.0, time_constant=0.5, dtype=torch.float64)
    layer.weight.fill_(0.9)
    layer.input_weight.fill_(0.8)
    _, state = layer(
        torch.ones(1, 1, 1, dtype=torch.float64),
        torch.full((1, 1), 0.2, dtype=torch.float64),
        torch.tensor([0.25], dtype=torch.float64),
    )
    expected = 0.2 + (1.0 - math.exp(-0.5)) * (math.tanh(0.9 * 0.2 + 0.8) - 0.2)
    assert state.item() == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize('wiring', SMALL_WIRINGS)
@pytest.mark.parametrize('kind', LAYERS_WITH_LEAK)
@pytest.mark.parametrize('steps', [1, 4])
def test_no_time_keeps_the_state_bit_for_bit(kind: str, wiring: str, steps: int) -> None:
    layer = LAYERS_WITH_LEAK[kind](NUM_INPUTS, SMALL_WIRINGS[wiring])
    state = torch.randn(2, layer.state_size)
    inputs = torch.randn(2, steps, NUM_INPUTS)
    for time in (0.0, torch.zeros(2), torch.zeros(2, steps)):
        outputs, kept = layer(inputs, state, time)
        assert torch.equal(kept, state)
        outputs.sum().backward()
        assert all(torch.isfinite(parameter.grad).all() for parameter in layer.parameters())
        with torch.no_grad():
            assert torch.equal(layer(inputs, state, time)[1], state)


@pytest.mark.parametrize('wiring', SMALL_WIRINGS)
@pytest.mark.parametrize('kind', [LTC, CfC, CTRNN])
def test_a_batch_of_times_equals_each_sample_alone(kind: type[LiquidLayer], wiring: str) -> None:
    layer = kind(NUM_INPUTS, SMALL_WIRINGS[wiring])
    # As many samples as neurons: the case in which ncps broadcasts times over neurons.
    batch = layer.num_neurons
    inputs, times = torch.randn(batch, 3, NUM_INPUTS), 0.01 + torch.rand(batch)
    outputs, _ = layer(inputs, None, times)
    for row in range(batch):
        alone, _ = layer(inputs[row : row + 1], None, times[row].item())
        torch.testing.assert_close(outputs[row], alone[0], rtol=1e-5, atol=1e-6)


def test_more_time_moves_an_ltc_closer_to_rest() -> None:
    layer = _isolated_ltc(num_unfolds=6)
    inputs = torch.zeros(1, 1, 1, dtype=torch.float64)
    distances = [
        (layer(inputs, torch.ones(1, 2, dtype=torch.float64), time)[1] - 0.3).abs().max().item()
        for time in (0.001, 0.05, 0.3, 2.0, 10.0)
    ]
    assert distances == sorted(distances, reverse=True) and distances[-1] < 1e-4


@pytest.mark.parametrize('typical', [0.005, 0.05, 1.0])
@pytest.mark.parametrize('kind', [LTC, CfC, CTRNN])
def test_untrained_layer_remembers_over_ten_typical_steps(
    kind: type[LiquidLayer], typical: float
) -> None:
    layer = kind(NUM_INPUTS, SMALL_WIRINGS['ncp'], typical_elapsed_time=typical)
    inputs = torch.zeros(1, 10, NUM_INPUTS)
    ends = [layer(inputs, torch.full((1, 9), start))[1] for start in (-0.5, 0.5)]
    left = (ends[1] - ends[0]).abs().max().item()
    assert 0.2 < left < 1.2
    ends = [layer(inputs, torch.full((1, 9), start), 200 * typical)[1] for start in (-0.5, 0.5)]
    assert (ends[1] - ends[0]).abs().max().item() < left


def test_a_wiring_used_twice_is_the_same_wiring() -> None:
    wiring = SMALL_WIRINGS['ncp']
    before = wiring.to_json()
    first, second = CfC(3, wiring), CfC(8, wiring)
    assert wiring.to_json() == before
    assert (first.circuit.num_inputs, second.circuit.num_inputs) == (3, 8)
    assert CfC(3, wiring).circuit == first.circuit


def test_ncps_changes_a_wiring_that_it_uses_and_ours_does_not_mind() -> None:
    ncps_torch = pytest.importorskip('ncps.torch')
    wirings = pytest.importorskip('ncps.wirings')
    wiring = wirings.NCP(4, 3, 2, 2, 2, 4, 2)
    module = ncps_torch.CfC(3, wiring)
    layer = layer_from_ncps(module)
    before = layer.circuit.to_json()
    wiring.adjacency_matrix[:] = 0
    assert layer.circuit.to_json() == before


def test_clipping_outputs_in_place_leaves_the_state() -> None:
    for kind in (LTC, CfC, CTRNN):
        layer = kind(NUM_INPUTS, 4)
        for steps in (1, 3):
            with torch.no_grad():
                outputs, state = layer(torch.randn(2, steps, NUM_INPUTS))
                kept = state.clone()
                outputs.fill_(9.0)
            assert torch.equal(state, kept)
