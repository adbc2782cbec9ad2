# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the library shows of a layer agrees with its equations."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from lnn_control.liquid import (
    CTRNN,
    LTC,
    CfC,
    LiquidLayer,
    Synapse,
    list_synapses,
    record_activity,
)
from tests.liquid.liquid_cases import FAST_CASES, NUM_INPUTS, SMALL_WIRINGS


@pytest.mark.parametrize('name', FAST_CASES)
def test_record_has_the_shapes_and_states_of_the_run(name: str) -> None:
    layer = FAST_CASES[name].make()
    inputs, times = torch.randn(2, 6, NUM_INPUTS), 0.01 + 0.05 * torch.rand(2, 6)
    activity = layer.record_activity(inputs, None, times)
    states = layer.run_states(inputs, None, times)[..., : layer.num_neurons]
    np.testing.assert_array_equal(activity.states, states.detach().numpy())
    assert activity.time_constants.shape == activity.states.shape
    assert (activity.time_constants > 0).all() and np.isfinite(activity.time_constants).all()
    assert activity.currents.shape == (2, 6, len(layer.list_synapses()))
    assert np.isfinite(activity.currents).all()


def test_ltc_currents_and_leak_give_the_slope_of_the_state() -> None:
    """C dv/dt is the leak current plus all synaptic currents: compare with a tiny step."""
    layer = LTC(NUM_INPUTS, SMALL_WIRINGS['ncp'], num_unfolds=1, dtype=torch.float64)
    inputs = torch.randn(1, 1, NUM_INPUTS, dtype=torch.float64)
    state = 0.5 * torch.randn(1, 9, dtype=torch.float64)
    seconds = 1e-7
    activity = layer.record_activity(inputs, state, seconds)
    net = np.zeros(9)
    for synapse, current in zip(layer.list_synapses(), activity.currents[0, 0], strict=True):
        net[int(synapse.target.split()[1])] += current
    membranes = layer._read_membranes()
    leak = (membranes.leak_current - membranes.leak * state[0]).detach().numpy()
    slope = (net + leak) / membranes.capacitance.detach().numpy() / layer.time_unit
    measured = (activity.states[0, 0] - state[0].numpy()) / seconds
    np.testing.assert_allclose(measured, slope, rtol=1e-4, atol=1e-5)


def test_ltc_time_constant_without_synapses_open_is_capacitance_over_leak() -> None:
    layer = LTC(1, 1, positivity='none', time_unit=2.0)
    with torch.no_grad():
        for name in ('sensory_conductance', 'synapse_conductance'):
            getattr(layer, name).zero_()
        layer.capacitance.fill_(0.6)
        layer.leak_conductance.fill_(3.0)
    activity = layer.record_activity(torch.zeros(1, 2, 1))
    np.testing.assert_allclose(activity.time_constants, 0.4, rtol=1e-5)


def test_cfc_time_constant_is_that_of_the_gate() -> None:
    layer = CfC(1, 1, time_unit=1.0)
    with torch.no_grad():
        layer.gate_weight.zero_()
        layer.gate_bias.copy_(torch.tensor([[0.0], [0.0]]))
    # The gate is half open: after 0.3 s the exponential with this constant is, too.
    activity = layer.record_activity(torch.zeros(1, 1, 1), None, 0.3)
    np.testing.assert_allclose(np.exp(-0.3 / activity.time_constants), 0.5, rtol=1e-5)


def test_ctrnn_currents_add_up_to_its_drive() -> None:
    layer = CTRNN(NUM_INPUTS, SMALL_WIRINGS['random'])
    inputs, state = torch.randn(1, 1, NUM_INPUTS), torch.randn(1, 5)
    activity = layer.record_activity(inputs, state)
    drive = layer.bias.detach().numpy().copy()
    for synapse, current in zip(layer.list_synapses(), activity.currents[0, 0], strict=True):
        drive[int(synapse.target.split()[1])] += current
    gain = 0.05 / layer.time_unit
    constant = torch.nn.functional.softplus(layer.time_constant).detach().numpy()
    # Semi-implicit: the state moves by gain / (constant + gain) of the way to tanh(drive).
    expected = state[0].numpy() + gain / (constant + gain) * (np.tanh(drive) - state[0].numpy())
    np.testing.assert_allclose(activity.states[0, 0], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', [LTC, CfC, CTRNN])
def test_synapse_table_lists_the_circuit(kind: type) -> None:
    layer = kind(NUM_INPUTS, SMALL_WIRINGS['ncp'])
    rows = {(row.source, row.target): row.polarity for row in layer.list_synapses()}
    circuit = layer.circuit
    for source, target in np.argwhere(circuit.internal_polarity):
        names = [f'{circuit.neuron_kind(i)} {i}' for i in (source, target)]
        assert rows.pop(tuple(names)) == circuit.internal_polarity[source, target]
    for source, target in np.argwhere(circuit.sensory_polarity):
        name = f'{circuit.neuron_kind(target)} {target}'
        assert rows.pop((f'input {source}', name)) == circuit.sensory_polarity[source, target]
    # A CfC neuron sees its own state besides.
    assert all(kind is CfC and source == target for source, target in rows)


def test_ltc_reversal_potentials_have_the_sign_of_the_wiring() -> None:
    for row in LTC(NUM_INPUTS, SMALL_WIRINGS['ncp']).list_synapses():
        assert np.sign(row.values['reversal']) == row.polarity


class Integrators(LiquidLayer):
    """Neuron i adds up input i over time: as little as a cell can be."""

    kind = 'integrators'

    def __init__(self, num_inputs: int) -> None:
        super().__init__(
            num_inputs,
            num_inputs,
            typical_elapsed_time=0.5,
            time_unit=1.0,
            has_memory=False,
            num_projected=None,
            batch_first=True,
        )
        self.gain = torch.nn.Parameter(torch.full((num_inputs,), 2.0))
        self._add_shared_parts(None, None)

    def _like(self) -> Tensor:
        return self.gain

    def _prepare(self) -> Tensor:
        return self.gain

    def _drive(self, prepared: Tensor, inputs: Tensor) -> Tensor:
        return inputs * prepared

    def _advance(
        self, prepared: Tensor, drive: Tensor, state: Tensor, elapsed_time: float | Tensor
    ) -> Tensor:
        return state + elapsed_time * drive

    def list_synapses(self) -> list[Synapse]:
        ends = range(self.num_inputs)
        return self._name_synapses(ends, ends, {'gain': self.gain.detach()})

    def _look_inside(
        self, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        return torch.full_like(after, torch.inf), inputs * self.gain

    def _silence(self, neuron: int) -> None:
        """Nobody hears anybody."""


def test_a_new_cell_is_one_class_that_needs_no_other_place() -> None:
    layer, inputs = Integrators(2), torch.tensor([[[1.0, 0.0], [1.0, 3.0]]])
    outputs, state = layer(inputs)
    assert outputs.tolist() == [[[1.0, 0.0], [2.0, 3.0]]]
    with torch.no_grad():
        assert layer.step(inputs[:, 0], state, 1.0)[1].tolist() == [[4.0, 3.0]]
    polarity = layer.circuit.sensory_polarity
    assert layer.list_synapses()[1] == Synapse('input 1', 'motor 1', polarity[1, 1], {'gain': 2.0})
    activity = layer.record_activity(inputs)
    np.testing.assert_array_equal(activity.states, outputs.detach().numpy())
    np.testing.assert_array_equal(activity.currents, 2.0 * inputs.numpy())


def test_functions_of_the_same_names_are_the_methods() -> None:
    layer, inputs = LTC(NUM_INPUTS, SMALL_WIRINGS['ncp']), torch.randn(2, 3, NUM_INPUTS)
    assert list_synapses(layer) == layer.list_synapses()
    state, times = 0.1 * torch.ones(2, layer.state_size), 0.1 * torch.rand(2, 3)
    found = record_activity(layer, inputs, state, times)
    expected = layer.record_activity(inputs, state, times)
    np.testing.assert_array_equal(found.states, expected.states)
    np.testing.assert_array_equal(found.currents, expected.currents)


def test_pictures_show_every_neuron_and_synapse() -> None:
    matplotlib = pytest.importorskip('matplotlib')
    matplotlib.use('Agg')
    from matplotlib import pyplot

    from lnn_control.reports.circuit import draw_circuit, plot_activity

    layer = LTC(NUM_INPUTS, SMALL_WIRINGS['ncp'])
    axes = draw_circuit(layer.circuit)
    lines = sum(len(collection.get_paths()) for collection in axes.collections[:2])
    dots = sum(len(collection.get_offsets()) for collection in axes.collections[2:])
    assert (lines, dots) == (layer.circuit.num_synapses, NUM_INPUTS + layer.num_neurons)
    activity = layer.record_activity(torch.randn(1, 8, NUM_INPUTS))
    figure = plot_activity(activity, layer.circuit, np.arange(8) * 0.05)
    assert len(figure.axes) == 4
    with pytest.raises(ValueError, match=r'times must be \(8,\).*got \(7,\)'):
        plot_activity(activity, layer.circuit, np.arange(7) * 0.05)
    pyplot.close('all')


def change_of_states(layer: LiquidLayer, neuron: int) -> Tensor:
    """Return how far each neuron is moved by another beginning of one of them, (neurons,)."""
    torch.manual_seed(1)
    inputs, times = torch.randn(1, 5, NUM_INPUTS), torch.full((1, 5), 0.04)
    state = torch.zeros(1, layer.num_neurons)
    other = state.clone()
    other[0, neuron] = 0.8
    with torch.no_grad():
        moved = layer.run_states(inputs, other, times) - layer.run_states(inputs, state, times)
    return moved.abs().amax(dim=(0, 1))


@pytest.mark.parametrize('name', [name for name in FAST_CASES if not name.endswith('memory')])
def test_nobody_hears_a_neuron_that_was_silenced(name: str) -> None:
    layer = FAST_CASES[name].make()
    others = torch.arange(layer.num_neurons)
    was_heard = False
    for neuron in range(layer.num_neurons):
        was_heard |= bool((change_of_states(layer, neuron)[others != neuron] > 1e-4).any())
        layer.silence(neuron)
        moved = change_of_states(layer, neuron)
        assert (moved[others != neuron] < 1e-6).all()
        assert moved[neuron] > 1e-4 or name == 'cfc-backbone'
    assert was_heard


def test_neuron_that_cannot_be_silenced_is_told() -> None:
    with pytest.raises(IndexError, match='neuron must be 0 to 8, got 9'):
        LTC(NUM_INPUTS, SMALL_WIRINGS['ncp']).silence(9)
    with pytest.raises(ValueError, match='a long memory hears all'):
        CfC(NUM_INPUTS, SMALL_WIRINGS['ncp'], has_memory=True).silence(0)
