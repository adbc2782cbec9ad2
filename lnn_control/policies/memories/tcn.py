# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A temporal convolutional network: looks back over a fixed number of steps."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from lnn_control.core.checks import check_number
from lnn_control.policies.memories.elapsed import append_time
from lnn_control.policies.memories.memory import Memory, MemoryShape
from lnn_control.policies.memories.readout import Readout


@dataclass(frozen=True)
class TcnOptions:
    """Sizes of a temporal convolutional network.

    :param num_channels: of every layer. :param kernel_size: steps that a layer looks at.
    :param num_layers: each looks back twice as far as the one before.
    """

    num_channels: int = 18
    kernel_size: int = 3
    num_layers: int = 4

    def __post_init__(self) -> None:
        check_number('num_channels', self.num_channels, 1, 4096)
        check_number('kernel_size', self.kernel_size, 2, 64)
        check_number('num_layers', self.num_layers, 1, 12)


class Tcn(Memory):
    """Dilated causal convolutions with skips (Bai et al., 2018) that are told the time.

    With the default sizes it looks at 31 steps. The state is, for each layer, the inputs that it
    still looks back on, each of shape (batch, channels, (kernel_size - 1) * dilation).
    """

    options = TcnOptions
    kind = 'temporal convolutional neural network'
    words = 'dilated causal convolutions over the last steps'

    def __init__(self, shape: MemoryShape, options: TcnOptions) -> None:
        super().__init__(shape, options)
        channels = options.num_channels
        self.entry = nn.Linear(shape.num_features + 1, channels)
        self.convolutions = nn.ModuleList(
            nn.Conv1d(channels, channels, options.kernel_size, dilation=2**layer)
            for layer in range(options.num_layers)
        )
        self.readout = Readout(channels, shape.num_outputs)
        self.num_channels = channels
        self.reaches = [
            (options.kernel_size - 1) * 2**layer for layer in range(options.num_layers)
        ]

    def initial_state(self, batch: int) -> tuple[Tensor, ...]:
        """Return zeros for what was before the first step."""
        like = self.entry.weight
        return tuple(like.new_zeros(batch, self.num_channels, reach) for reach in self.reaches)

    def forward(
        self, features: Tensor, state: tuple[Tensor, ...], elapsed_time: Tensor
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Return what steers, and what each layer still looks back on."""
        rows = append_time(features, elapsed_time, self.shape.typical_elapsed_time)
        signal = self.entry(rows).transpose(1, 2)
        kept = []
        for convolution, past, reach in zip(self.convolutions, state, self.reaches, strict=True):
            seen = torch.cat([past, signal], dim=2)
            # A copy, or the state would hold on to the whole sequence.
            kept.append(seen[:, :, -reach:].clone())
            signal = signal + torch.relu(convolution(seen))
        return self.readout(signal.transpose(1, 2)), tuple(kept)
