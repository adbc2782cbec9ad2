# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Moving from ncps: its wirings, layers and weights as ours, with the same outputs.

ncps is not needed to import this module; the functions read the objects that it made.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lnn_control.liquid.cfc import Backbone, CfC
from lnn_control.liquid.layer import LiquidLayer
from lnn_control.liquid.ltc import LTC
from lnn_control.liquid.wiring import Circuit, FullyConnectedWiring, Layer

# Its activations by the name of the module that stands in the backbone.
_ACTIVATION_NAMES = {
    'LeCun': 'lecun_tanh',
    'SiLU': 'silu',
    'ReLU': 'relu',
    'Tanh': 'tanh',
    'GELU': 'gelu',
}


def circuit_from_ncps(wiring: Any) -> Circuit:
    """Return the synapses of a built ncps wiring; neurons keep their numbers."""
    if wiring.input_dim is None:
        raise ValueError(
            'the ncps wiring must know its number of inputs: call wiring.build(num_inputs) first'
        )
    names = ('inter', 'command', 'motor') if wiring.num_layers == 3 else ()
    layers = []
    for position, name in enumerate(names):
        neurons = wiring.get_neurons_of_layer(position)
        layers.append(Layer(name, neurons[0], neurons[-1] + 1))
    return Circuit(
        wiring.sensory_adjacency_matrix, wiring.adjacency_matrix, wiring.output_dim, tuple(layers)
    )


def layer_from_ncps(module: Any) -> LiquidLayer:
    """Return our layer with the wiring, options and weights of an ncps.torch LTC or CfC.

    ncps counts one time unit for a step, so `typical_elapsed_time` and `time_unit` are one second.
    Its quirks are kept, and recorded in the config: dense gates and dense recurrence inside the
    layers of a wired CfC, reversal potentials that may change sign in an LTC.
    """
    kind = type(module).__name__
    if kind not in ('LTC', 'CfC') or not hasattr(module, 'rnn_cell'):
        raise ValueError(f'module must be an LTC or CfC of ncps.torch, got {kind}')
    layer: Any = _convert_ltc(module) if kind == 'LTC' else _convert_cfc(module)
    with torch.no_grad():
        if module.use_mixed:
            _copy_memory(layer, module.lstm, state_order(module))
        if getattr(module, 'proj_size', None) is not None:
            layer.projection.weight.copy_(module.fc.weight)
            layer.projection.bias.copy_(module.fc.bias)
    return layer


def state_order(module: Any) -> list[int]:
    """Return which of our neurons each entry of an ncps state is.

    A wired CfC of ncps keeps its state as inter, command, motor; ours is motor, command, inter:
    ``our_state[:, state_order(module)]`` is their state.
    """
    cell = module.rnn_cell
    if type(cell).__name__ == 'WiredCfCCell':
        wiring = cell._wiring
        return [n for i in range(wiring.num_layers) for n in wiring.get_neurons_of_layer(i)]
    return list(range(module.state_size))


def _shared_options(module: Any, like: Tensor) -> dict[str, Any]:
    return {
        'typical_elapsed_time': 1.0,
        'time_unit': 1.0,
        'has_memory': module.use_mixed,
        'num_projected': getattr(module, 'proj_size', None),
        'batch_first': module.batch_first,
        'device': like.device,
        'dtype': like.dtype,
    }


def _convert_ltc(module: Any) -> LTC:
    cell = module.rnn_cell
    layer = LTC(
        cell.sensory_size,
        circuit_from_ncps(cell._wiring),
        num_unfolds=cell._ode_unfolds,
        positivity='softplus' if cell._implicit_param_constraints else 'none',
        keeps_polarity=False,
        **_shared_options(module, cell.gleak),
    )
    with torch.no_grad():
        layer.leak_conductance.copy_(cell.gleak)
        layer.leak_potential.copy_(cell.vleak)
        layer.capacitance.copy_(cell.cm)
        for ours, theirs in (('sensory', 'sensory_'), ('synapse', '')):
            source, target = getattr(layer, f'{ours}_source'), getattr(layer, f'{ours}_target')
            for name, their_name in (
                ('conductance', 'w'),
                ('slope', 'sigma'),
                ('midpoint', 'mu'),
                ('reversal', 'erev'),
            ):
                values = getattr(cell, theirs + their_name)[source, target]
                getattr(layer, f'{ours}_{name}').copy_(values)
        for ours, theirs, neutral in (
            ('input_scale', 'input_w', 1.0),
            ('input_shift', 'input_b', 0.0),
            ('output_scale', 'output_w', 1.0),
            ('output_shift', 'output_b', 0.0),
        ):
            values = getattr(cell, theirs, None)
            if values is None:
                getattr(layer, ours).fill_(neutral)
            else:
                getattr(layer, ours).copy_(values)
    return layer


def _convert_cfc(module: Any) -> CfC:
    cell = module.rnn_cell
    if type(cell).__name__ == 'WiredCfCCell':
        # Whatever its wiring says, a wired CfC of ncps outputs its whole last layer.
        circuit = circuit_from_ncps(cell._wiring)
        circuit = dataclasses.replace(circuit, num_outputs=cell._layers[-1].hidden_size)
        layer = CfC(
            circuit.num_inputs,
            circuit,
            mode=cell._layers[0].mode,
            recurrence='layer',
            sparse_gates=False,
            **_shared_options(module, cell._layers[0].ff1.weight),
        )
        _copy_heads(layer, cell._layers)
        return layer
    dense: Any = CfC(
        cell.input_size,
        FullyConnectedWiring(cell.hidden_size),
        mode=cell.mode,
        backbone=_read_backbone(cell),
        **_shared_options(module, cell.ff1.weight),
    )
    _copy_heads(dense, [cell])
    if cell.backbone is not None:
        linears = [part for part in cell.backbone if isinstance(part, nn.Linear)]
        with torch.no_grad():
            for ours, theirs in zip(dense.backbone.layers, linears, strict=True):
                ours.weight.copy_(theirs.weight)
                ours.bias.copy_(theirs.bias)
    return dense


def _read_backbone(cell: Any) -> Backbone | None:
    if cell.backbone is None:
        return None
    dropout = next((part.p for part in cell.backbone if isinstance(part, nn.Dropout)), 0.0)
    return Backbone(
        num_units=cell.backbone[0].out_features,
        num_layers=cell.backbone_layers,
        activation=_ACTIVATION_NAMES[type(cell.backbone[1]).__name__],
        dropout=dropout,
    )


def _copy_heads(layer: CfC, cells: Any) -> None:
    """Copy the heads of each layer's cell to the synapses that exist here."""
    names = ['ff1'] if layer.mode == 'pure' else ['ff1', 'ff2', 'time_a', 'time_b']
    weights, biases = [], []
    for head, name in enumerate(names):
        bias = layer.bias.new_zeros(layer.num_neurons)
        for block, cell in zip(layer.blocks, cells, strict=True):
            exists = block.direct if head < 2 else block.gate
            place = torch.as_tensor(np.flatnonzero(exists), device=bias.device)
            weights.append(getattr(cell, name).weight.detach().flatten()[place])
            bias[block.start : block.stop] = getattr(cell, name).bias.detach()
        biases.append(bias)
    with torch.no_grad():
        flat, stacked = torch.cat(weights), torch.stack(biases)
        count = layer.weight.numel()
        layer.weight.copy_(flat[:count].view_as(layer.weight))
        layer.bias.copy_(stacked[: len(layer.bias)])
        if layer.mode == 'pure':
            for block, cell in zip(layer.blocks, cells, strict=True):
                layer.rate[block.start : block.stop] = cell.w_tau[0]
                layer.amplitude[block.start : block.stop] = cell.A[0]
        else:
            layer.gate_weight.copy_(flat[count:].view_as(layer.gate_weight))
            layer.gate_bias.copy_(stacked[2:])


def _copy_memory(layer: Any, lstm: Any, order: list[int]) -> None:
    """Copy an LSTM cell; the constant that theirs adds to the keep gate is in our bias."""
    size = layer.num_neurons
    # Their neuron i is our neuron order[i]: rows and columns move with it.
    place = torch.argsort(torch.as_tensor(order, device=layer.memory.bias.device))
    rows = torch.cat([place + gate * size for gate in range(4)])
    layer.memory.input_weight.copy_(lstm.input_map.weight[rows])
    layer.memory.state_weight.copy_(lstm.recurrent_map.weight[rows][:, place])
    layer.memory.bias.copy_(lstm.input_map.bias[rows])
    layer.memory.bias[2 * size : 3 * size] += 1.0
