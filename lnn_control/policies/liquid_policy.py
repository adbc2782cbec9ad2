# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The liquid network as a policy that flies."""

from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lnn_control.core.circuit import Circuit, NeuronGroup, Synapse
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.policies.network import LiquidNetwork
from lnn_control.policies.policy import Policy


class LiquidPolicy(Policy):
    """Flies a trained network, one observation at a time.

    :param network: trained; switched to evaluation. :param domain: what it was trained for.
    """

    def __init__(
        self, name: str, network: LiquidNetwork, domain: TrainingDomain | None = None
    ) -> None:
        super().__init__(name, network.config.preprocessing, domain)
        self.network = network.eval()

    def initial_state(self) -> Tensor:
        """Return all neurons at rest, shape (1, num_neurons)."""
        return self.network.liquid.initial_state(1)

    @torch.inference_mode()
    def __call__(
        self, observation: Observation, state: Tensor, elapsed_time: float
    ) -> tuple[VelocityCommand, Tensor]:
        """Return the network's command and its next state."""
        if not (np.isfinite(elapsed_time) and elapsed_time > 0):
            raise ValueError(
                f'elapsed_time must be positive seconds, got {elapsed_time!r}: check the stamps'
            )
        pixels = np.ascontiguousarray(observation.image.transpose(2, 0, 1))
        images = torch.from_numpy(pixels)[None, None]
        imu = torch.from_numpy(observation.imu)[None, None]
        elapsed = torch.tensor([[elapsed_time]], dtype=torch.float32)
        commands, state = self.network(images, imu, elapsed, state)
        values = commands[0, 0].numpy()
        if not np.isfinite(values).all():
            raise FloatingPointError(
                f'policy {self.name} gave a command that is not finite: {values.tolist()}'
            )
        return VelocityCommand.from_array(values), state

    @cached_property
    def circuit(self) -> Circuit:  # type: ignore[override]
        """The liquid circuit, its motor neurons included."""
        wired = self.network.liquid.circuit
        return Circuit(
            num_parameters=self.network.num_parameters(),
            neuron_groups=tuple(
                NeuronGroup(layer.name, layer.start, layer.stop) for layer in wired.layers
            ),
            synapses=tuple(
                Synapse(source, target, int(wired.internal_polarity[source, target]))
                for source, target in np.argwhere(wired.internal_polarity).tolist()
            ),
        )

    def neuron_activity(self, state: Tensor) -> NDArray[np.float32]:
        """Return the state of every neuron, motor neurons as the wiring orders them."""
        return np.asarray(state[0].numpy(), dtype=np.float32)
