# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A network as a policy that flies."""

from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from lnn_control.core.circuit import Circuit
from lnn_control.core.domain import TrainingDomain
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import Observation
from lnn_control.policies.network import Network
from lnn_control.policies.policy import Policy, State
from lnn_control.policies.saliency import map_saliency


class NetworkPolicy(Policy):
    """Flies a trained network, one observation at a time.

    :param network: trained; switched to evaluation. :param domain: what it was trained for.
    """

    def __init__(self, name: str, network: Network, domain: TrainingDomain | None = None) -> None:
        super().__init__(name, network.config.preprocessing, domain)
        self.network = network.eval()

    def initial_state(self) -> State:
        """Return the memory before the first observation, a batch of one."""
        return self.network.memory.initial_state(1)

    @torch.inference_mode()
    def __call__(
        self, observation: Observation, state: State, elapsed_time: float
    ) -> tuple[VelocityCommand, State]:
        """Return the network's command and its next state."""
        if not (np.isfinite(elapsed_time) and elapsed_time > 0):
            raise ValueError(
                f'elapsed_time must be positive seconds, got {elapsed_time!r}: check the stamps'
            )
        device = self.network.gain.device
        pixels = np.ascontiguousarray(observation.image.transpose(2, 0, 1))
        images = torch.from_numpy(pixels).to(device)[None, None]
        imu = torch.from_numpy(observation.imu).to(device)[None, None]
        elapsed = torch.tensor([[elapsed_time]], dtype=torch.float32, device=device)
        commands, state = self.network(images, imu, elapsed, state)
        values = commands[0, 0].cpu().numpy()
        if not np.isfinite(values).all():
            raise FloatingPointError(
                f'policy {self.name} gave a command that is not finite: {values.tolist()}'
            )
        return VelocityCommand.from_array(values), state

    @cached_property
    def circuit(self) -> Circuit:  # type: ignore[override]
        """The memory's neurons and synapses, and the number of parameters in all."""
        memory = self.network.memory
        num_parameters = self.network.num_parameters()
        return replace(memory.circuit, num_parameters=num_parameters, kind=memory.kind)

    def map_saliency(self, image: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return what the encoder's convolutions answer to, see `policies.saliency`."""
        pixels = np.ascontiguousarray(image.transpose(2, 0, 1))
        images = torch.from_numpy(pixels).to(self.network.gain.device)[None].float() / 255
        encoder = self.network.encoder
        found = map_saliency(encoder.convolutions, encoder.scale(images))
        return np.asarray(found[0].cpu().numpy(), dtype=np.float32)

    def neuron_activity(self, state: State) -> NDArray[np.float32]:
        """Return the state of every neuron, as the memory's circuit orders them."""
        activity = self.network.memory.neuron_activity(state)
        return np.asarray(activity.flatten().cpu().numpy(), dtype=np.float32)
