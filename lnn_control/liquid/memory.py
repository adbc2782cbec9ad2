# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Long memory beside a liquid state: the LSTM cell of mixed-memory networks.

Lechner and Hasani, "Learning long-term dependencies in irregularly-sampled time series" (2020):
the liquid neurons alone lose the gradient over long spans, a gated cell beside them does not.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


class LongMemory(nn.Module):
    """An LSTM cell that reads the inputs u and the liquid state h, and starts out remembering.

    With the affine maps a, w, k, r of (u, h): ``c' = c sigmoid(k) + tanh(a) sigmoid(w)``, and the
    liquid neurons start from ``tanh(c') sigmoid(r)``.

    Rows of the weights are, in this order: candidate, write gate, keep gate, read gate.
    """

    def __init__(
        self, num_inputs: int, num_neurons: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        factory = {'device': device, 'dtype': dtype}
        self.input_weight = nn.Parameter(torch.empty(4 * num_neurons, num_inputs, **factory))
        self.state_weight = nn.Parameter(torch.empty(4 * num_neurons, num_neurons, **factory))
        self.bias = nn.Parameter(torch.empty(4 * num_neurons, **factory))
        nn.init.xavier_uniform_(self.input_weight)
        nn.init.orthogonal_(self.state_weight)
        nn.init.zeros_(self.bias)
        with torch.no_grad():
            self.bias[2 * num_neurons : 3 * num_neurons] += 1.0

    def forward(self, inputs: Tensor, liquid: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
        """Return the state for the liquid neurons and the new memory, each (batch, neurons)."""
        drive = functional.linear(inputs, self.input_weight, self.bias)
        drive = drive + functional.linear(liquid, self.state_weight)
        candidate, write, keep, read = drive.chunk(4, dim=1)
        cell = cell * torch.sigmoid(keep) + torch.tanh(candidate) * torch.sigmoid(write)
        return torch.tanh(cell) * torch.sigmoid(read), cell
