# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Looking inside a layer: states, effective time constants and what each synapse contributes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.liquid.cfc import CfC
from lnn_control.liquid.ctrnn import CTRNN
from lnn_control.liquid.layer import LiquidLayer
from lnn_control.liquid.ltc import LTC
from lnn_control.liquid.reservoir import Reservoir


@dataclasses.dataclass(frozen=True)
class Synapse:
    """One row of a synapse table.

    :param source: 'input 3', or the kind and number of a neuron such as 'command 7'.
    :param target: Kind and number of a neuron.
    :param polarity: +1 excitatory, -1 inhibitory, as the wiring drew it; 0: own state.
    :param values: The learned numbers by name, in physical units.
    """

    source: str
    target: str
    polarity: int
    values: dict[str, float]


@dataclasses.dataclass(frozen=True)
class Activity:
    """What happened in a layer over a sequence, all (batch, time, …).

    :param states: (…, neurons) after each step.
    :param time_constants: (…, neurons) in seconds: how slowly each neuron forgets, right then. For
        a CfC with a gate, that of the exponential which would have forgotten as much in this step.
    :param currents: (…, synapses) what each synapse contributes, in the order of
        :func:`list_synapses`. LTC: the current at the new state, positive if it raises it. Others:
        the term in the affine map of the target; where two heads are mixed, mixed likewise.
    """

    states: NDArray[np.float32]
    time_constants: NDArray[np.float32]
    currents: NDArray[np.float32]


@torch.no_grad()
def record_activity(
    layer: LiquidLayer,
    inputs: Tensor,
    state: Tensor | None = None,
    elapsed_time: float | Tensor | None = None,
) -> Activity:
    """Run a layer over (batch, time, features) and return what happened inside it."""
    inputs, state, time, _ = layer._read(inputs, state, elapsed_time, None)
    after = layer._run(inputs, state, time, None)
    before = torch.cat((state.unsqueeze(1), after[:, :-1]), dim=1)
    after = after[..., : layer.num_neurons]
    if layer.memory is not None:
        # The liquid neurons start each step from what the memory hands them.
        liquid, cell = before.chunk(2, dim=-1)
        before = layer.memory(inputs.flatten(0, 1), liquid.flatten(0, 1), cell.flatten(0, 1))[0]
        before = before.view_as(after)
    if isinstance(time, Tensor):
        time = time.unsqueeze(-1)
    look = _LOOKS[type(layer)]
    time_constants, currents = look(layer, inputs, before, after, time)
    time_constants = (time_constants * layer.time_unit).expand_as(after)
    return Activity(*(part.cpu().numpy() for part in (after, time_constants, currents)))


def list_synapses(layer: LiquidLayer) -> list[Synapse]:
    """Return every synapse of a layer, inputs first."""
    return _LISTS[type(layer)](layer)


def _look_at_ltc(
    layer: LTC, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
) -> tuple[Tensor, Tensor]:
    membranes = layer._read_membranes()
    total = membranes.leak.expand_as(after).clone()
    currents = []
    for parameters, sources, prefix in (
        (membranes.sensory[:, :-1], inputs, 'sensory'),
        (membranes.synapses[:, :-1], after, 'synapse'),
    ):
        slope, threshold, current, conductance = parameters
        source, target = getattr(layer, f'{prefix}_source'), getattr(layer, f'{prefix}_target')
        opening = torch.sigmoid(sources[..., source] * slope - threshold)
        currents.append(opening * (current - conductance * after[..., target]))
        total.index_add_(-1, target, opening * conductance)
    return membranes.capacitance / total, torch.cat(currents, dim=-1)


def _look_at_cfc(
    layer: CfC, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
) -> tuple[Tensor, Tensor]:
    time_constants, currents = torch.empty_like(after), []
    signal = inputs
    for block, (weight, bias) in zip(layer.blocks, layer._prepare(), strict=True):
        now = slice(block.start, block.stop)
        sources = torch.cat((signal, before[..., now]), dim=-1)
        if layer.backbone_options is not None:
            sources = layer.backbone(sources)
        heads = torch.nn.functional.linear(sources, weight, bias)
        size = block.stop - block.start
        weights = weight.view(-1, size, weight.shape[1])
        if layer.mode == 'pure':
            time_constants[..., now] = 1.0 / (layer.rate[now].abs() + heads.abs())
            mixed = weights[0]
        else:
            _, _, slope, offset = heads.chunk(4, dim=-1)
            opening = slope * time + offset
            # The share that stays is sigmoid(-opening): as an exponential, exp(-time / constant).
            time_constants[..., now] = time / torch.nn.functional.softplus(opening)
            gate = torch.sigmoid(opening).unsqueeze(-1)
            early = weights[0] * (1.0 - gate) if layer.mode == 'default' else weights[0]
            mixed = early + weights[1] * gate
        exists = torch.as_tensor(block.direct, device=after.device)
        if layer.backbone_options is None:
            currents.append((mixed * sources.unsqueeze(-2))[..., exists])
        signal = after[..., now]
    if not currents:
        return time_constants, after.new_zeros(*after.shape[:2], 0)
    return time_constants, torch.cat(currents, dim=-1)


def _look_at_sums(
    layer: CTRNN | Reservoir, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
) -> tuple[Tensor, Tensor]:
    from_inputs, from_neurons, time_constant = _read_sums(layer)
    sources = torch.cat((inputs, before), dim=-1)
    terms = torch.cat((from_inputs, from_neurons), dim=1) * sources.unsqueeze(-2)
    target, source = _list_ends(layer)
    return time_constant.expand_as(after), terms[..., target, source]


def _read_sums(layer: CTRNN | Reservoir) -> tuple[Tensor, Tensor, Tensor]:
    if isinstance(layer, CTRNN):
        return layer._prepare()
    return layer.input_weight, layer.weight, layer.time_constant


def _list_ends(layer: LiquidLayer) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return targets and sources of all synapses; sources count the inputs, then the neurons."""
    sensory = layer.circuit.sensory_polarity != 0
    if isinstance(layer, Reservoir):
        sensory = np.ones_like(sensory)
    first_target, first_source = np.nonzero(sensory.T)
    target, source = np.nonzero(layer.circuit.internal_polarity.T)
    return (
        np.concatenate((first_target, target)),
        np.concatenate((first_source, source + layer.num_inputs)),
    )


@torch.no_grad()
def _list_ltc(layer: LTC) -> list[Synapse]:
    rows = []
    # Whatever the parameters are, what counts are slope, midpoint, conductance and reversal.
    for prefix, name_source in (('sensory', _name_input), ('synapse', _name_neuron)):
        slope, threshold, current, conductance = layer._read_synapses(prefix)[:, :-1]
        columns = {
            'conductance': conductance,
            'reversal': current / conductance,
            'slope': slope,
            'midpoint': threshold / slope,
        }
        ends = (getattr(layer, f'{prefix}_{name}') for name in ('source', 'target', 'polarity'))
        for index, (source, target, polarity) in enumerate(zip(*ends, strict=True)):
            values = {name: column[index].item() for name, column in columns.items()}
            rows.append(
                Synapse(
                    name_source(layer, int(source)),
                    _name_neuron(layer, int(target)),
                    int(polarity),
                    values,
                )
            )
    return rows


@torch.no_grad()
def _list_cfc(layer: CfC) -> list[Synapse]:
    if layer.backbone_options is not None:
        return []
    names = ['early', 'late', 'gate_slope', 'gate_offset'][: 1 if layer.mode == 'pure' else 4]
    rows, signal = [], None
    circuit = layer.circuit
    for block, (weight, _) in zip(layer.blocks, layer._prepare(), strict=True):
        size = block.stop - block.start
        weights = weight.view(-1, size, weight.shape[1])
        num_signals = weight.shape[1] - size
        for row, column in np.argwhere(block.direct):
            target = block.start + row
            if column >= num_signals:
                source = block.start + column - num_signals
                name, polarity = (
                    _name_neuron(layer, source),
                    circuit.internal_polarity[source, target],
                )
            elif signal is None:
                name, polarity = (
                    _name_input(layer, column),
                    circuit.sensory_polarity[column, target],
                )
            else:
                source = signal + column
                name, polarity = (
                    _name_neuron(layer, source),
                    circuit.internal_polarity[source, target],
                )
            values = {head: weights[i, row, column].item() for i, head in enumerate(names)}
            rows.append(Synapse(name, _name_neuron(layer, target), int(polarity), values))
        signal = block.start
    return rows


@torch.no_grad()
def _list_sums(layer: CTRNN | Reservoir) -> list[Synapse]:
    from_inputs, from_neurons, _ = _read_sums(layer)
    weight = torch.cat((from_inputs, from_neurons), dim=1)
    polarity = np.concatenate((layer.circuit.sensory_polarity, layer.circuit.internal_polarity))
    rows = []
    for target, source in zip(*_list_ends(layer), strict=True):
        if source < layer.num_inputs:
            name = _name_input(layer, source)
        else:
            name = _name_neuron(layer, source - layer.num_inputs)
        values = {'weight': weight[target, source].item()}
        rows.append(
            Synapse(name, _name_neuron(layer, target), int(polarity[source, target]), values)
        )
    return rows


def _name_input(layer: LiquidLayer, index: int) -> str:
    return f'input {index}'


def _name_neuron(layer: LiquidLayer, index: int) -> str:
    return f'{layer.circuit.neuron_kind(index)} {index}'


_LOOKS: dict[type[LiquidLayer], Callable[..., tuple[Tensor, Tensor]]] = {
    LTC: _look_at_ltc,
    CfC: _look_at_cfc,
    CTRNN: _look_at_sums,
    Reservoir: _look_at_sums,
}
_LISTS: dict[type[LiquidLayer], Callable[..., list[Synapse]]] = {
    LTC: _list_ltc,
    CfC: _list_cfc,
    CTRNN: _list_sums,
    Reservoir: _list_sums,
}
