# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Gated recurrent units."""

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
class GruOptions:
    """Sizes of a GRU."""

    num_neurons: int = 14

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, 1, 4096)


class Gru(Memory):
    """Gated recurrent units (Cho et al., EMNLP 2014) that are told the time.

    The state is one tensor of shape (batch, neurons).
    """

    options = GruOptions
    kind = 'recurrent neural network'
    words = 'gated recurrent units'

    def __init__(self, shape: MemoryShape, options: GruOptions) -> None:
        super().__init__(shape, options)
        self.num_neurons = options.num_neurons
        self.gru = nn.GRU(shape.num_features + 1, options.num_neurons, batch_first=True)
        self.readout = Readout(options.num_neurons, shape.num_outputs)
        self._spread_gates()

    @torch.no_grad()
    def _spread_gates(self) -> None:
        """Let each unit keep its state over its own number of steps."""
        keep = draw_keep_bias(self.num_neurons)
        # torch orders the gates: reset, keep, candidate; the two biases are added.
        for name in ('bias_ih_l0', 'bias_hh_l0'):
            self.gru.get_parameter(name).chunk(3)[1].copy_(keep / 2)

    def initial_state(self, batch: int) -> Tensor:
        """Return zeros."""
        return self.readout.linear.weight.new_zeros(batch, self.num_neurons)

    def forward(
        self, features: Tensor, state: Tensor, elapsed_time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what steers, and the units after the last step."""
        rows = append_time(features, elapsed_time, self.shape.typical_elapsed_time)
        outputs, last = self.gru(rows, state.unsqueeze(0))
        return self.readout(outputs), last.squeeze(0)

    def neuron_activity(self, state: Tensor) -> Tensor:
        """Return the units."""
        return state

    @property
    def circuit(self) -> Circuit:
        """The units."""
        return Circuit(neuron_groups=(NeuronGroup('hidden', 0, self.num_neurons),))
