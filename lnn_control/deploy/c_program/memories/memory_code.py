# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a memory is in C, and what several memories have in common there."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from lnn_control.deploy.c_program.source import Constants, fill, write_float
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.memory import Memory
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class MemoryCode:
    """The recurrent part of a program.

    :param text: C with a function `remember`. :param state: fields of the state.
    :param neurons: names of the fields that are shown, in this order.
    :param needs_log1p: whether the logarithm is called.
    """

    text: str
    state: tuple[StatePart, ...]
    neurons: tuple[str, ...] = ()
    needs_log1p: bool = False


def read(values: Tensor) -> NDArray[np.float32]:
    """Return a tensor's numbers."""
    return values.detach().cpu().numpy()


def join(parts: Sequence[str]) -> str:
    """Return pieces of code with an empty line between them."""
    return '\n\n'.join(part.strip('\n') for part in parts)


def write_time(memory: Memory) -> str:
    """Return the function that appends the elapsed time to the features."""
    typical = memory.shape.typical_elapsed_time
    return fill(
        'time_column.c',
        typical_elapsed_time=f'{typical:g}',
        typical=write_float(typical),
        log_two=write_float(math.log(2.0)),
    )


def write_readout(readout: nn.Module, constants: Constants) -> str:
    """Return the function that turns hidden units into what steers."""
    if not isinstance(readout, Readout):
        raise TypeError(f'expected a Readout, got {type(readout).__name__}')
    add_linear(constants, 'readout', readout.linear, 'What steers')
    return fill('readout.c', num_hidden=readout.linear.in_features)


def fill_hidden_layer(linear: nn.Linear, activation: str) -> str:
    """Return the function of a hidden layer, whose constants are added elsewhere.

    :param activation: 'relu' or 'tanh'.
    """
    activated = {'relu': 'hidden[i] > 0.0f ? hidden[i] : 0.0f', 'tanh': 'lnn_tanh(hidden[i])'}
    return fill(
        'hidden_layer.c',
        num_sources=linear.in_features,
        num_hidden=linear.out_features,
        activation=activation,
        activated=activated[activation],
    )


def add_linear(constants: Constants, name: str, linear: nn.Linear, words: str) -> None:
    """Add the weights of a linear layer, source by source, and its biases."""
    constants.add(f'{name}_weight', read(linear.weight).T, f'{words}: weights of each source.')
    constants.add(f'{name}_bias', read(linear.bias), f'{words}: biases.')
