# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Closed-form continuous-time neurons in C, wired or fully connected."""

import re
from collections.abc import Sequence

import numpy as np

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    join,
    read,
    write_readout,
)
from lnn_control.deploy.c_program.memories.wiring import (
    WiredSynapse,
    choose_index_type,
    group_by_target,
    read_synapses,
)
from lnn_control.deploy.c_program.source import Constants, fill, write_float
from lnn_control.deploy.program import ExportError
from lnn_control.liquid import CfC
from lnn_control.liquid.wiring import Layer
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import Memory
from lnn_control.policies.memories.readout import Readout

_HEADS = ('early', 'late', 'gate_slope', 'gate_offset')


def write_cfc(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a memory of CfC neurons; its numbers are added to the constants."""
    layer = _take_layer(memory)
    synapses, layers = read_synapses(layer), layer.circuit.layers
    most = layer.num_inputs + layer.num_neurons
    index_type = choose_index_type(most)
    codes, updates, signals, width = [], [], 'features', layer.num_inputs
    for position, each in enumerate(layers):
        sources = 'the features' if position == 0 else f'the {layers[position - 1].name} neurons'
        codes.append(_write_layer(layer, each, synapses, (sources, width), constants, index_type))
        name, neurons = _name(each), f'neurons[{each.start}]'
        updates.append(f'    update_{name}({signals}, &state->{neurons}, time, &next->{neurons});')
        signals, width = f'&next->{neurons}', each.stop - each.start
    head = fill(
        'cfc.c',
        time_unit=f'{layer.time_unit:g}',
        time_unit_float=write_float(layer.time_unit),
        layer_names=' and '.join(f'the {each.name} neurons' for each in layers),
        index_type=index_type,
        layers=join(codes),
        updates='\n'.join(updates),
        steer=_write_steering(memory),
    )
    parts = [head]
    if isinstance(memory.readout, Readout):
        parts = [fill('product.c'), write_readout(memory.readout, constants), head]
    state = (StatePart('neurons', (layer.num_neurons,)),)
    return MemoryCode(join(parts), state, ('neurons',))


def _take_layer(memory: Memory) -> CfC:
    """Return the layer of a memory, if it is of the kind that C can do."""
    layer = memory.liquid if isinstance(memory, LiquidMemory) else None
    if not isinstance(layer, CfC):
        raise TypeError(f'expected a memory of CfC neurons, got {type(memory).__name__}')
    if layer.mode != 'default' or layer.backbone_options is not None or layer.has_memory:
        raise ExportError(
            "C has CfC neurons of mode 'default' without a backbone and without an LSTM beside "
            'them: export to onnx'
        )
    return layer


def _write_layer(
    layer: CfC,
    part: Layer,
    synapses: Sequence[WiredSynapse],
    signals: tuple[str, int],
    constants: Constants,
    index_type: str,
) -> str:
    """Return the function that updates one layer of the circuit.

    :param signals: what it listens to beside itself, in words, and how many they are.
    """
    name, count, (words, num_signals) = _name(part), part.stop - part.start, signals
    groups = group_by_target(synapses, range(part.start, part.stop))
    titles = [f'{part.name} {index}' for index in range(part.start, part.stop)]

    def place(synapse: WiredSynapse) -> int:
        index = synapse.source.number
        if synapse.source.kind == 'input':
            return index
        is_own = part.start <= index < part.stop
        return num_signals + index - part.start if is_own else index - _find_start(layer, index)

    groups = [sorted(group, key=place) for group in groups]
    constants.add_indices(
        f'source_{name}',
        [[place(synapse) for synapse in group] for group in groups],
        f'Wiring: what each {part.name} neuron listens to; below {num_signals} {words}, from '
        f'there on the {part.name} neurons themselves.',
        titles,
        index_type,
    )
    weights = [[one.values[head] for head in _HEADS] for group in groups for one in group]
    constants.add(
        f'weight_{name}', weights, 'Of each of these synapses: early, late, slope, offset.'
    )
    biases = np.concatenate([read(layer.bias), read(layer.gate_bias)]).T
    constants.add(
        f'bias_{name}',
        biases[part.start : part.stop],
        f'Of each {part.name} neuron: early, late, slope, offset.',
    )
    return fill(
        'cfc_layer.c',
        name=name,
        count=count,
        start=part.start,
        last=part.stop - 1,
        sources=words,
        num_signals=num_signals,
    )


def _find_start(layer: CfC, neuron: int) -> int:
    """Return where the layer of a neuron begins."""
    return next(each.start for each in layer.circuit.layers if each.start <= neuron < each.stop)


def _name(part: Layer) -> str:
    """Return a layer's name as C takes it."""
    return re.sub(r'\W', '_', part.name)


def _write_steering(memory: Memory) -> str:
    """Return the lines after the neurons' updates."""
    if isinstance(memory.readout, Readout):
        return '    read_out(next->neurons, steering);'
    comment = '    /* The motor neurons are the first ones. */'
    return f'{comment}\n    copy(LNN_NUM_COMMANDS, next->neurons, steering);'
