# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A temporal convolutional network in C."""

import numpy as np

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    add_linear,
    join,
    read,
    write_readout,
    write_time,
)
from lnn_control.deploy.c_program.source import Constants, fill
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.memory import Memory
from lnn_control.policies.memories.tcn import Tcn


def write_tcn(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a TCN; its numbers are added to the constants."""
    if not isinstance(memory, Tcn):
        raise TypeError(f'expected a Tcn, got {type(memory).__name__}')
    add_linear(constants, 'entry', memory.entry, 'The signal')
    kernel_size = memory.convolutions[0].get_parameter('weight').shape[2]
    calls = []
    for layer, (convolution, reach) in enumerate(
        zip(memory.convolutions, memory.reaches, strict=True)
    ):
        # Tap by tap, source by source: shape (taps, inputs, outputs).
        weight = np.ascontiguousarray(read(convolution.get_parameter('weight')).transpose(2, 1, 0))
        constants.add(f'layer_weight_{layer}', weight, f'Layer {layer}: tap by tap.')
        constants.add(
            f'layer_bias_{layer}',
            read(convolution.get_parameter('bias')),
            f'Layer {layer}: biases.',
        )
        calls.append(
            f'    look_back({reach}, {2**layer}, layer_bias_{layer}, '
            f'&layer_weight_{layer}[0][0][0],\n'
            f'              state->past_{layer}, next->past_{layer}, signal);'
        )
    parts = [
        fill('product.c'),
        write_time(memory),
        write_readout(memory.readout, constants),
        fill(
            'tcn.c',
            num_channels=memory.num_channels,
            kernel_size=kernel_size,
            layers='\n'.join(calls),
        ),
    ]
    state = tuple(
        StatePart(f'past_{layer}', (reach, memory.num_channels))
        for layer, reach in enumerate(memory.reaches)
    )
    return MemoryCode(join(parts), state, needs_log1p=True)
