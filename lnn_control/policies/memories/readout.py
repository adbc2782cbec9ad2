# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What steers, read out of a memory that has no motor neurons."""

import torch
from torch import Tensor, nn


class Readout(nn.Module):
    """A linear layer, bounded to -1 to 1 as motor neurons are."""

    def __init__(self, num_hidden: int, num_outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(num_hidden, num_outputs)

    def forward(self, hidden: Tensor) -> Tensor:
        """Return what steers, shape (batch, steps, outputs)."""
        return torch.tanh(self.linear(hidden))

    @torch.no_grad()
    def silence(self, neuron: int) -> None:
        """Hear nothing of a neuron any more, in place."""
        self.linear.weight[:, neuron] = 0.0
