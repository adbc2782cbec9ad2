# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Long short-term memory in C."""

import torch

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    join,
    read,
    write_readout,
    write_time,
)
from lnn_control.deploy.c_program.source import Constants, fill
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.lstm import Lstm
from lnn_control.policies.memories.memory import Memory

_GATES = 'write, keep, candidate, read'


def write_lstm(memory: Memory, constants: Constants) -> MemoryCode:
    """Return an LSTM; its numbers are added to the constants."""
    if not isinstance(memory, Lstm):
        raise TypeError(f'expected an Lstm, got {type(memory).__name__}')
    lstm, count = memory.lstm, memory.num_neurons
    constants.add(
        'weight_input', read(lstm.get_parameter('weight_ih_l0')).T, f'From each feature: {_GATES}.'
    )
    constants.add(
        'weight_hidden', read(lstm.get_parameter('weight_hh_l0')).T, f'From each unit: {_GATES}.'
    )
    biases = (lstm.get_parameter(f'bias_{short}_l0') for short in ('ih', 'hh'))
    bias = read(sum(biases, torch.zeros(4 * count))).reshape(4, count)
    constants.add('gate_bias', bias, f'{_GATES} of each unit.')
    parts = [
        fill('product.c'),
        write_time(memory),
        write_readout(memory.readout, constants),
        fill('lstm.c', num_neurons=count),
    ]
    state = StatePart('hidden', (count,)), StatePart('cell', (count,))
    return MemoryCode(join(parts), state, ('cell', 'hidden'), needs_log1p=True)
