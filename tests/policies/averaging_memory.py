# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A memory as another package writes one: remembers a running mean of what it has seen."""

from dataclasses import dataclass

import torch
from torch import nn

from lnn_control.policies.memories.memory import Memory


@dataclass(frozen=True)
class AveragingOptions:
    """How fast the mean forgets [s]."""

    seconds: float = 0.5


class Averaging(Memory):
    """A running mean of the features beside those of now."""

    options = AveragingOptions
    kind = 'averaging neural network'
    words = 'a running mean'

    def __init__(self, shape, options):
        super().__init__(shape, options)
        self.seconds = options.seconds
        self.linear = nn.Linear(2 * shape.num_features, shape.num_outputs)

    def initial_state(self, batch):
        return {'mean': self.linear.weight.new_zeros(batch, self.shape.num_features)}

    def forward(self, features, state, elapsed_time):
        mean, outputs = state['mean'], []
        keep = torch.exp(-elapsed_time / self.seconds).unsqueeze(2)
        for now, share in zip(features.unbind(1), keep.unbind(1), strict=True):
            mean = share * mean + (1 - share) * now
            outputs.append(torch.tanh(self.linear(torch.cat([mean, now], dim=1))))
        return torch.stack(outputs, dim=1), {'mean': mean}
