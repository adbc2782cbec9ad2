# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""No memory: what is seen now decides."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lnn_control.core.checks import check_number
from lnn_control.policies.memories.elapsed import append_time
from lnn_control.policies.memories.memory import Memory, MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class OneFrameOptions:
    """Sizes of a hidden layer."""

    num_hidden: int = 45

    def __post_init__(self) -> None:
        check_number('num_hidden', self.num_hidden, 1, 4096)


class OneFrame(Memory):
    """A hidden layer on the features of one image and the inertial samples since the last one.

    The state is the empty tuple.
    """

    options = OneFrameOptions
    kind = 'feedforward neural network'
    words = 'none, one hidden layer'

    def __init__(self, shape: MemoryShape, options: OneFrameOptions) -> None:
        super().__init__(shape, options)
        self.hidden = nn.Linear(shape.num_features + 1, options.num_hidden)
        self.readout = Readout(options.num_hidden, shape.num_outputs)

    def initial_state(self, batch: int) -> tuple[()]:
        """Return nothing."""
        return ()

    def forward(
        self, features: Tensor, state: tuple[()], elapsed_time: Tensor
    ) -> tuple[Tensor, tuple[()]]:
        """Return what steers, each step for itself."""
        rows = append_time(features, elapsed_time, self.shape.typical_elapsed_time)
        return self.readout(torch.relu(self.hidden(rows))), state
