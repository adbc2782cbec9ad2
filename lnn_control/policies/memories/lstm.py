# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Long short-term memory."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lnn_control.core.checks import check_number
from lnn_control.core.circuit import Circuit, NeuronGroup
from lnn_control.policies.memories.elapsed import append_time
from lnn_control.policies.memories.gates import draw_keep_bias
from lnn_control.policies.memories.memory import Memory, MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class LstmOptions:
    """Sizes of an LSTM."""

    num_neurons: int = 11

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, 1, 4096)


class Lstm(Memory):
    """An LSTM (Hochreiter and Schmidhuber, Neural Computation 1997) that is told the time.

    The state is (hidden, cell), each of shape (batch, neurons).
    """

    options = LstmOptions
    kind = 'recurrent neural network'
    words = 'long short-term memory'

    def __init__(self, shape: MemoryShape, options: LstmOptions) -> None:
        super().__init__(shape, options)
        self.num_neurons = options.num_neurons
        self.lstm = nn.LSTM(shape.num_features + 1, options.num_neurons, batch_first=True)
        self.readout = Readout(options.num_neurons, shape.num_outputs)
        self._spread_gates()

    @torch.no_grad()
    def _spread_gates(self) -> None:
        """Let each unit keep over its own number of steps, and write as much as it forgets."""
        keep = draw_keep_bias(self.num_neurons)
        # torch orders the gates: write, keep, candidate, read; the two biases are added.
        for name in ('bias_ih_l0', 'bias_hh_l0'):
            write_bias, keep_bias, _, _ = self.lstm.get_parameter(name).chunk(4)
            write_bias.copy_(-keep / 2)
            keep_bias.copy_(keep / 2)

    def initial_state(self, batch: int) -> tuple[Tensor, Tensor]:
        """Return hidden and cell of zeros."""
        zeros = self.readout.linear.weight.new_zeros(batch, self.num_neurons)
        return zeros, zeros

    def forward(
        self, features: Tensor, state: tuple[Tensor, Tensor], elapsed_time: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return what steers, and hidden and cell after the last step."""
        rows = append_time(features, elapsed_time, self.shape.typical_elapsed_time)
        hidden, cell = (part.unsqueeze(0) for part in state)
        outputs, (hidden, cell) = self.lstm(rows, (hidden, cell))
        return self.readout(outputs), (hidden.squeeze(0), cell.squeeze(0))

    def neuron_activity(self, state: tuple[Tensor, Tensor]) -> Tensor:
        """Return the cells, then the hidden units."""
        hidden, cell = state
        return torch.cat([cell, hidden], dim=1)

    @property
    def circuit(self) -> Circuit:
        """Cells and hidden units."""
        count = self.num_neurons
        groups = NeuronGroup('cell', 0, count), NeuronGroup('hidden', count, 2 * count)
        return Circuit(neuron_groups=groups)
