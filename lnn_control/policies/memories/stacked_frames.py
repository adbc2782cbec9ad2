# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The last few frames, seen at once."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lnn_control.core.checks import check_number
from lnn_control.policies.memories.elapsed import append_time
from lnn_control.policies.memories.memory import Memory, MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class StackedFramesOptions:
    """Sizes of a stack of frames.

    :param num_frames: seen at once, the newest included. :param num_hidden: units that see them.
    """

    num_frames: int = 4
    num_hidden: int = 12

    def __post_init__(self) -> None:
        check_number('num_frames', self.num_frames, 2, 256)
        check_number('num_hidden', self.num_hidden, 1, 4096)


class StackedFrames(Memory):
    """A hidden layer on the features of the last frames, each with the time that passed before it.

    The state is the frames before, oldest first, shape (batch, num_frames - 1, features + 1).
    """

    options = StackedFramesOptions
    kind = 'feedforward neural network'
    words = 'the last frames, one hidden layer'

    def __init__(self, shape: MemoryShape, options: StackedFramesOptions) -> None:
        super().__init__(shape, options)
        self.num_frames, self.width = options.num_frames, shape.num_features + 1
        self.units = nn.Linear(options.num_frames * self.width, options.num_hidden)
        self.readout = Readout(options.num_hidden, shape.num_outputs)

    def initial_state(self, batch: int) -> Tensor:
        """Return empty frames."""
        return self.units.weight.new_zeros(batch, self.num_frames - 1, self.width)

    def forward(
        self, features: Tensor, state: Tensor, elapsed_time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what steers, and the frames that the next step will see again."""
        rows = append_time(features, elapsed_time, self.shape.typical_elapsed_time)
        frames = torch.cat([state, rows], dim=1)
        stacks = frames.unfold(1, self.num_frames, 1).flatten(2)
        # A copy, or the state would hold on to the whole sequence.
        kept = frames[:, -(self.num_frames - 1) :].clone()
        # Bounded, as so few units with so many inputs each would fall silent for good as ReLU.
        return self.readout(torch.tanh(self.units(stacks))), kept
