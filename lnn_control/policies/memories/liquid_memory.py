# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What memories of liquid neurons share: a liquid layer, its circuit and its wiring."""

from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lnn_control.core.circuit import Circuit, NeuronGroup, Synapse
from lnn_control.liquid import LiquidLayer, Wiring
from lnn_control.policies.memories.memory import Memory, MemoryShape
from lnn_control.policies.memories.readout import Readout


class LiquidMemory(Memory):
    """A liquid layer whose motor neurons steer, or whose neurons a readout reads.

    The state is one tensor, a number a neuron, shape (batch, neurons).
    """

    can_silence = True
    liquid: LiquidLayer
    readout: nn.Module

    def __init__(
        self,
        shape: MemoryShape,
        options: Any,
        liquid: LiquidLayer,
        readout: nn.Module | None = None,
    ) -> None:
        super().__init__(shape, options)
        self.liquid = liquid
        self.readout = readout if readout is not None else nn.Identity()

    def initial_state(self, batch: int) -> Tensor:
        """Return all neurons at rest."""
        return self.liquid.initial_state(batch)

    def forward(
        self, features: Tensor, state: Tensor, elapsed_time: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return what steers and the neurons after the last step."""
        outputs, state = self.liquid(features, state, elapsed_time=elapsed_time)
        return self.readout(outputs), state

    def neuron_activity(self, state: Tensor) -> Tensor:
        """Return the state of every neuron, as the wiring orders them."""
        return state

    def time_constants(self, features: Tensor, elapsed_time: Tensor) -> Tensor:
        """Return how slowly each neuron forgets, shape (batch, steps, neurons) [s]."""
        recorded = self.liquid.record_activity(features, elapsed_time=elapsed_time)
        return torch.from_numpy(recorded.time_constants)

    def silence(self, neuron: int) -> None:
        """Cut the synapses from a neuron to all others and to the readout, in place."""
        self.liquid.silence(neuron)
        if isinstance(self.readout, Readout):
            self.readout.silence(neuron)

    @property
    def wiring(self) -> Wiring:
        """Who listens to whom."""
        return self.liquid.wiring

    @cached_property
    def circuit(self) -> Circuit:  # type: ignore[override]
        """The layers of neurons from input to output, and every synapse between neurons."""
        wired = self.liquid.circuit
        return Circuit(
            neuron_groups=tuple(
                NeuronGroup(layer.name, layer.start, layer.stop) for layer in wired.layers
            ),
            synapses=tuple(
                Synapse(source, target, int(wired.internal_polarity[source, target]))
                for source, target in np.argwhere(wired.internal_polarity).tolist()
            ),
        )
