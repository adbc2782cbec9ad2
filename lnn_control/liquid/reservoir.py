# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Reservoirs: fixed random liquid neurons whose linear readout is all that learns.

Jaeger, "The echo state approach" (2001); Maass, Natschlaeger and Markram, "Real-time computing
without stable states" (2002). The readout is fitted in one go (ridge regression) or while running
(recursive least squares).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.liquid.weighted_sums import WeightedSums
from lnn_control.liquid.wiring import Circuit, RandomWiring


class Reservoir(WeightedSums):
    """Leaky continuous-time neurons with random, fixed weights.

    ``tau dh/dt = -h + tanh(W h + W_in u + b)``, solved exactly with the drive held over a step:
    ``h' = h + (1 - exp(-elapsed / tau)) * (tanh(...) - h)``. All neurons are outputs. There are no
    parameters: weights are buffers, and no gradient is kept unless an input asks for one.

    :param num_inputs: Number of input features.
    :param num_neurons: Number of neurons.
    :param spectral_radius: Largest absolute eigenvalue of W; below one, inputs are forgotten.
    :param input_scaling: Input weights are uniform in +- this.
    :param bias_scaling: Biases are uniform in +- this.
    :param density: Share of the synapses between neurons that exist.
    :param time_constant: tau in seconds; one number, or (shortest, longest) to spread evenly in
        logarithm over the neurons. Left out: the typical time, leak 1 - 1/e a step.
    """

    kind = 'reservoir'
    hears_all_inputs = True
    weight: Tensor
    input_weight: Tensor
    bias: Tensor
    time_constant: Tensor

    def __init__(
        self,
        num_inputs: int,
        num_neurons: int,
        *,
        spectral_radius: float = 0.9,
        input_scaling: float = 1.0,
        bias_scaling: float = 0.0,
        density: float = 0.1,
        time_constant: float | tuple[float, float] | None = None,
        typical_elapsed_time: float = 0.05,
        seed: int = 0,
        batch_first: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if spectral_radius < 0 or input_scaling < 0 or bias_scaling < 0:
            raise ValueError(
                'spectral_radius, input_scaling and bias_scaling must not be negative, got '
                f'{spectral_radius}, {input_scaling} and {bias_scaling}'
            )
        if time_constant is None:
            time_constant = typical_elapsed_time
        bounds = time_constant if isinstance(time_constant, tuple) else (time_constant,) * 2
        if not (0 < bounds[0] <= bounds[1] < math.inf):
            raise ValueError(
                'time_constant must be positive seconds, or (shortest, longest), got '
                f'{time_constant}'
            )
        wiring = RandomWiring(num_neurons, sparsity=1.0 - density, seed=seed)
        super().__init__(
            num_inputs,
            wiring,
            typical_elapsed_time=typical_elapsed_time,
            time_unit=1.0,
            has_memory=False,
            num_projected=None,
            batch_first=batch_first,
        )
        self.options = {
            'spectral_radius': spectral_radius,
            'input_scaling': input_scaling,
            'bias_scaling': bias_scaling,
            'density': density,
            'time_constant': list(bounds),
            'seed': seed,
        }
        self._add_shared_parts(device, dtype)
        weights = _draw_weights(self.circuit, self.options)
        dtype = torch.get_default_dtype() if dtype is None else dtype
        for name, values in weights.items():
            self.register_buffer(name, torch.as_tensor(values, dtype=dtype, device=device))

    def to_config(self) -> dict[str, Any]:
        """Return plain data from which :func:`build_layer` makes the same reservoir."""
        return {
            'kind': self.kind,
            'num_inputs': self.num_inputs,
            'num_neurons': self.num_neurons,
            'typical_elapsed_time': self.typical_elapsed_time,
            'batch_first': self.batch_first,
            **self.options,
        }

    def _like(self) -> Tensor:
        return self.weight

    def _silence(self, neuron: int) -> None:
        others = torch.arange(self.num_neurons, device=self.weight.device) != neuron
        self.weight[others, neuron] = 0.0

    def _prepare(self) -> tuple[Tensor, Tensor, Tensor]:
        return self.input_weight, self.weight, self.time_constant

    def _advance(
        self,
        prepared: tuple[Tensor, Tensor, Tensor],
        drive: Tensor,
        state: Tensor,
        elapsed_time: float | Tensor,
    ) -> Tensor:
        _, weight, time_constant = prepared
        share = -torch.expm1(-(elapsed_time / time_constant))
        target = torch.tanh(torch.addmm(drive, state, weight.t()))
        return state + share * (target - state)


def _draw_weights(circuit: Circuit, options: dict[str, Any]) -> dict[str, NDArray[np.float64]]:
    """Return weight (target, source), input_weight, bias and time_constant."""
    random = np.random.RandomState(options['seed'] + 1)
    neurons, inputs = circuit.num_neurons, circuit.num_inputs
    exists = circuit.internal_polarity.T != 0
    weight = random.uniform(-1.0, 1.0, (neurons, neurons)) * exists
    radius = np.abs(np.linalg.eigvals(weight)).max()
    if radius > 0:
        weight *= options['spectral_radius'] / radius
    shortest, longest = np.log(options['time_constant'])
    return {
        'weight': weight,
        'input_weight': random.uniform(-1.0, 1.0, (neurons, inputs)) * options['input_scaling'],
        'bias': random.uniform(-1.0, 1.0, neurons) * options['bias_scaling'],
        'time_constant': np.exp(np.linspace(shortest, longest, neurons)),
    }
