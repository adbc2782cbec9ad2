# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Weights averaged over training: what is flown and saved."""

import torch
from torch import Tensor, nn


class WeightAverage:
    """Exponential moving average of a network's weights.

    Removes most of the swing between checkpoints. The first steps, whose weights are random, are
    forgotten sooner.

    :param decay: share that remains of the average in a step; 0 follows the weights themselves.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self.decay = decay
        self.weights = {name: value.detach().clone() for name, value in network.named_parameters()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Take the weights after a step into the average.

        :param step: number of steps done, this one included.
        """
        decay = min(self.decay, step / (10 + step))
        weights = dict(network.named_parameters())
        torch._foreach_lerp_(
            list(self.weights.values()),
            [weights[name].detach() for name in self.weights],
            1 - decay,
        )

    def state_dict(self) -> dict[str, Tensor]:
        """Return copies of the averaged weights by their names."""
        return {name: value.clone() for name, value in self.weights.items()}

    def load_state_dict(self, weights: dict[str, Tensor]) -> None:
        """Take over averaged weights."""
        for name, value in self.weights.items():
            value.copy_(weights[name])
