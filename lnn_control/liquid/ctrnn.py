# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""CT-RNN: the plain continuous-time neuron, a baseline (Funahashi and Nakamura 1993)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from lnn_control.liquid.layer import MEMORY_STEPS
from lnn_control.liquid.solvers import SOLVERS
from lnn_control.liquid.weighted_sums import WeightedSums
from lnn_control.liquid.wiring import Wiring


class CTRNN(WeightedSums):
    """Leaky neurons with weighted sums: ``tau_i dh_i/dt = tanh(sum_j w_ij h_j + b_i) - h_i``.

    :param solver: One of `SOLVERS`.
    :param num_unfolds: How many equal parts the solver splits each elapsed time into.
    """

    kind = 'ctrnn'
    place: Tensor

    def __init__(
        self,
        num_inputs: int,
        wiring: Wiring | int,
        *,
        solver: str = 'semi_implicit',
        num_unfolds: int = 1,
        typical_elapsed_time: float = 0.05,
        time_unit: float | None = None,
        has_memory: bool = False,
        num_projected: int | None = None,
        batch_first: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if solver not in SOLVERS:
            raise ValueError(f'solver must be one of {sorted(SOLVERS)}, got {solver!r}')
        if num_unfolds < 1:
            raise ValueError(f'num_unfolds must be at least 1, got {num_unfolds}')
        super().__init__(
            num_inputs,
            wiring,
            typical_elapsed_time=typical_elapsed_time,
            time_unit=MEMORY_STEPS * typical_elapsed_time if time_unit is None else time_unit,
            has_memory=has_memory,
            num_projected=num_projected,
            batch_first=batch_first,
        )
        self.solver, self.num_unfolds = solver, num_unfolds
        factory = {'device': device, 'dtype': dtype}
        polarity = np.concatenate((self.circuit.sensory_polarity, self.circuit.internal_polarity))
        target, source = np.nonzero(polarity.T)
        place = target * len(polarity) + source
        self._fan_in = np.bincount(target, minlength=self.num_neurons)[target]
        self.weight = nn.Parameter(torch.empty(len(place), **factory))
        self.bias = nn.Parameter(torch.empty(self.num_neurons, **factory))
        self.time_constant = nn.Parameter(torch.empty(self.num_neurons, **factory))
        self._register_circuit_buffer('place', place, device)
        self._add_shared_parts(device, dtype)
        self.reset_parameters()

    @torch.no_grad()
    def reset_parameters(self) -> None:
        """Draw new parameters: time constants are 2 to 50 typical steps, even in logarithm."""
        spread = torch.as_tensor(np.sqrt(3.0 / self._fan_in)).to(self.weight)
        self.weight.uniform_(-1.0, 1.0).mul_(spread)
        self.bias.zero_()
        steps = torch.exp(torch.empty_like(self.bias).uniform_(math.log(2.0), math.log(50.0)))
        units = steps * self.typical_elapsed_time / self.time_unit
        self.time_constant.copy_(units + torch.log(-torch.expm1(-units)))

    def to_config(self) -> dict[str, Any]:
        """Return plain data from which :func:`build_layer` makes a layer of the same kind."""
        return {**super().to_config(), 'solver': self.solver, 'num_unfolds': self.num_unfolds}

    def _like(self) -> Tensor:
        return self.weight

    def _silence(self, neuron: int) -> None:
        num_sources = self.num_inputs + self.num_neurons
        source, target = self.place % num_sources, self.place // num_sources
        self.weight[(source == self.num_inputs + neuron) & (target != neuron)] = 0.0

    def _prepare(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the weights from inputs and from neurons (neurons, sources), and the times."""
        sources = self.num_inputs + self.num_neurons
        dense = self.weight.new_zeros(self.num_neurons * sources)
        dense = dense.scatter(0, self.place, self.weight).view(self.num_neurons, sources)
        from_inputs, from_neurons = dense.split((self.num_inputs, self.num_neurons), dim=1)
        return from_inputs, from_neurons, functional.softplus(self.time_constant)

    def _advance(
        self,
        prepared: tuple[Tensor, Tensor, Tensor],
        drive: Tensor,
        state: Tensor,
        elapsed_time: float | Tensor,
    ) -> Tensor:
        _, weight, time_constant = prepared
        ones = torch.ones_like(state)

        def membrane(activity: Tensor) -> tuple[Tensor, Tensor]:
            return torch.tanh(torch.addmm(drive, activity, weight.t())), ones

        return SOLVERS[self.solver](membrane, time_constant, state, elapsed_time, self.num_unfolds)
