# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What layers share whose synapses are weights of sums: the CT-RNN and reservoirs."""

from __future__ import annotations

import abc
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from lnn_control.liquid.inspection import Synapse
from lnn_control.liquid.layer import LiquidLayer


class WeightedSums(LiquidLayer):
    """Neurons i that see ``sum_j in_ij u_j + b_i + sum_j w_ij h_j`` of inputs u and neurons h."""

    bias: Tensor
    hears_all_inputs: ClassVar[bool] = False

    @abc.abstractmethod
    def _prepare(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return weights (neurons, inputs) and (neurons, neurons), and the time constants."""

    def _drive(self, prepared: tuple[Tensor, Tensor, Tensor], inputs: Tensor) -> Tensor:
        return functional.linear(inputs, prepared[0], self.bias)

    @torch.no_grad()
    def list_synapses(self) -> list[Synapse]:
        """Return every synapse with its weight, inputs first."""
        from_inputs, from_neurons, _ = self._prepare()
        source, target = self._list_ends()
        weight = torch.cat((from_inputs, from_neurons), dim=1)[target, source]
        return self._name_synapses(source, target, {'weight': weight})

    def _look_inside(
        self, inputs: Tensor, before: Tensor, after: Tensor, time: float | Tensor
    ) -> tuple[Tensor, Tensor]:
        from_inputs, from_neurons, time_constant = self._prepare()
        sources = torch.cat((inputs, before), dim=-1)
        terms = torch.cat((from_inputs, from_neurons), dim=1) * sources.unsqueeze(-2)
        source, target = self._list_ends()
        return time_constant.expand_as(after), terms[..., target, source]

    def _list_ends(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return sources, counted from the inputs to the neurons, and targets of all synapses."""
        hears = (self.circuit.sensory_polarity != 0) | self.hears_all_inputs
        first_target, first_source = np.nonzero(hears.T)
        target, source = np.nonzero(self.circuit.internal_polarity.T)
        return (
            np.concatenate((first_source, source + self.num_inputs)),
            np.concatenate((first_target, target)),
        )
