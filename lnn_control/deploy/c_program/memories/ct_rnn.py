# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Leaky neurons with weighted sums in C."""

import numpy as np

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    join,
    read,
    write_readout,
)
from lnn_control.deploy.c_program.memories.wiring import read_synapses
from lnn_control.deploy.c_program.source import Constants, fill, write_float
from lnn_control.deploy.program import ExportError
from lnn_control.liquid import CTRNN
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import Memory


def write_ct_rnn(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a memory of leaky neurons; its numbers are added to the constants."""
    layer = memory.liquid if isinstance(memory, LiquidMemory) else None
    if not isinstance(layer, CTRNN):
        raise TypeError(f'expected a memory of CT-RNN neurons, got {type(memory).__name__}')
    if layer.solver != 'semi_implicit' or layer.has_memory:
        raise ExportError(
            "C has CT-RNN neurons with the solver 'semi_implicit' and without an LSTM beside "
            'them: export to onnx'
        )
    from_inputs = np.zeros((layer.num_inputs, layer.num_neurons))
    from_neurons = np.zeros((layer.num_neurons, layer.num_neurons))
    for synapse in read_synapses(layer):
        matrix = from_inputs if synapse.source.kind == 'input' else from_neurons
        matrix[synapse.source.number, synapse.target] = synapse.values['weight']
    constants.add('weight_input', from_inputs, 'From each feature to each neuron.')
    constants.add('weight_neuron', from_neurons, 'From each neuron to each neuron.')
    constants.add('bias', read(layer.bias), 'Of each neuron.')
    seconds = np.logaddexp(read(layer.time_constant).astype(np.float64), 0.0)
    constants.add(
        'time_constant', seconds, f'tau of each neuron, in units of {layer.time_unit:g} s.'
    )
    text = fill(
        'ct_rnn.c',
        num_neurons=layer.num_neurons,
        num_unfolds=layer.num_unfolds,
        num_unfolds_float=write_float(layer.num_unfolds),
        time_unit_float=write_float(layer.time_unit),
    )
    parts = [fill('product.c'), write_readout(memory.get_submodule('readout'), constants), text]
    return MemoryCode(join(parts), (StatePart('neurons', (layer.num_neurons,)),), ('neurons',))
