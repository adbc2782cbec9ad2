# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Gated recurrent units in C."""

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    join,
    read,
    write_readout,
    write_time,
)
from lnn_control.deploy.c_program.source import Constants, fill
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.gru import Gru
from lnn_control.policies.memories.memory import Memory

_GATES = 'reset, keep, candidate'


def write_gru(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a GRU; its numbers are added to the constants."""
    if not isinstance(memory, Gru):
        raise TypeError(f'expected a Gru, got {type(memory).__name__}')
    gru, count = memory.gru, memory.num_neurons
    constants.add(
        'weight_input', read(gru.get_parameter('weight_ih_l0')).T, f'From each feature: {_GATES}.'
    )
    constants.add(
        'weight_hidden', read(gru.get_parameter('weight_hh_l0')).T, f'From each unit: {_GATES}.'
    )
    for name, short in (('input', 'ih'), ('hidden', 'hh')):
        bias = read(gru.get_parameter(f'bias_{short}_l0')).reshape(3, count)
        constants.add(f'bias_{name}', bias, f'{_GATES} of each unit.')
    parts = [
        fill('product.c'),
        write_time(memory),
        write_readout(memory.readout, constants),
        fill('gru.c', num_neurons=count),
    ]
    state = (StatePart('hidden', (count,)),)
    return MemoryCode(join(parts), state, ('hidden',), needs_log1p=True)
