# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Memories in C that look at one frame or at the last few."""

from lnn_control.deploy.c_program.memories.memory_code import (
    MemoryCode,
    add_linear,
    fill_hidden_layer,
    join,
    read,
    write_readout,
    write_time,
)
from lnn_control.deploy.c_program.source import Constants, fill
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.memory import Memory
from lnn_control.policies.memories.one_frame import OneFrame
from lnn_control.policies.memories.stacked_frames import StackedFrames


def write_one_frame(memory: Memory, constants: Constants) -> MemoryCode:
    """Return what remembers nothing; its numbers are added to the constants."""
    if not isinstance(memory, OneFrame):
        raise TypeError(f'expected a OneFrame, got {type(memory).__name__}')
    add_linear(constants, 'hidden', memory.hidden, 'Hidden units')
    parts = [
        fill('product.c'),
        write_time(memory),
        fill_hidden_layer(memory.hidden, 'relu'),
        write_readout(memory.readout, constants),
        fill('one_frame.c', num_hidden=memory.hidden.out_features),
    ]
    # C has no empty structures.
    return MemoryCode(join(parts), (StatePart('nothing', (1,)),), needs_log1p=True)


def write_stacked_frames(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a stack of frames; its numbers are added to the constants."""
    if not isinstance(memory, StackedFrames):
        raise TypeError(f'expected StackedFrames, got {type(memory).__name__}')
    count, width, hidden = memory.num_frames, memory.width, memory.units
    # torch sees feature by feature, in each the frames; C sees frame by frame.
    weight = read(hidden.weight).reshape(-1, width, count).transpose(2, 1, 0)
    constants.add(
        'hidden_weight',
        weight.reshape(count * width, -1),
        'Hidden units: weights of each feature of each frame.',
    )
    constants.add('hidden_bias', read(hidden.bias), 'Hidden units: biases.')
    parts = [
        fill('product.c'),
        write_time(memory),
        fill_hidden_layer(hidden, 'tanh'),
        write_readout(memory.readout, constants),
        fill('stacked_frames.c', num_frames=count, num_hidden=hidden.out_features),
    ]
    state = (StatePart('frames', (count - 1, width)),)
    return MemoryCode(join(parts), state, needs_log1p=True)
