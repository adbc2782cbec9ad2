# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Encoder, memory and scaled outputs: camera and IMU in, velocity commands out."""

import torch
from torch import Tensor, nn

from lnn_control.core.observation import NUM_IMU_FEATURES
from lnn_control.liquid import Wiring
from lnn_control.policies.encoder import SpatialEncoder
from lnn_control.policies.memories.memory import MemoryShape, State
from lnn_control.policies.network_config import NetworkConfig

NUM_COMMANDS = 4


class Network(nn.Module):
    """A small encoder, a memory of any kind, scaled outputs.

    Buffers hold the normalisation: `imu_mean`, `imu_scale` of the inertial features and
    `command_mean`, `command_scale` of the commands, taken from the training data.

    :ivar config: with every option of the memory written out.
    """

    imu_mean: Tensor
    imu_scale: Tensor
    command_mean: Tensor
    command_scale: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config.fill()
        size = (config.preprocessing.height_px, config.preprocessing.width_px)
        self.encoder = SpatialEncoder(config.channels, config.num_places, size)
        shape = MemoryShape(
            self.encoder.num_features + NUM_IMU_FEATURES,
            NUM_COMMANDS,
            config.typical_elapsed_time,
        )
        self.memory = config.memory_class(shape, config.memory_options)
        self.gain = nn.Parameter(torch.ones(NUM_COMMANDS))
        self.bias = nn.Parameter(torch.zeros(NUM_COMMANDS))
        for name, size_ in (('imu', NUM_IMU_FEATURES), ('command', NUM_COMMANDS)):
            self.register_buffer(f'{name}_mean', torch.zeros(size_))
            self.register_buffer(f'{name}_scale', torch.ones(size_))

    @property
    def wiring(self) -> Wiring | None:
        """Who listens to whom in the memory, None where that is no choice."""
        return self.memory.wiring

    def encode_sequence(self, images: Tensor, imu: Tensor) -> Tensor:
        """Return the memory's inputs, shape (batch, steps, features).

        :param images: uint8 RGB or float 0 to 1, shape (batch, steps, 3, height, width).
        :param imu: shape (batch, steps, 12).
        """
        batch, steps = images.shape[:2]
        if not images.is_floating_point():
            images = images.float() / 255
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        seen = self.encoder(flat).unflatten(0, (batch, steps))
        return self.join(seen, imu)

    def join(self, seen: Tensor, imu: Tensor) -> Tensor:
        """Return the encoder's features with the inertial ones behind them."""
        inertial = torch.tanh((imu - self.imu_mean) / self.imu_scale / 2)
        return torch.cat([seen, inertial], dim=2)

    def steer(
        self, features: Tensor, elapsed_time: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return commands [m/s, rad/s] of shape (batch, steps, 4) and the next state.

        :param features: from :meth:`encode_sequence`.
        :param elapsed_time: before each step [s], shape (batch, steps).
        :param state: after the step before; None starts afresh.
        """
        if state is None:
            state = self.memory.initial_state(len(features))
        steering, state = self.memory(features, state, elapsed_time)
        normalised = 2 * steering * self.gain + self.bias
        return self.command_mean + self.command_scale * normalised, state

    def forward(
        self, images: Tensor, imu: Tensor, elapsed_time: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Return :meth:`steer` of :meth:`encode_sequence`."""
        return self.steer(self.encode_sequence(images, imu), elapsed_time, state)

    def num_parameters(self) -> int:
        """Return the number of trainable parameters."""
        return _count(self)

    def count_parts(self) -> dict[str, int]:
        """Return the number of trainable parameters of the encoder, the memory and the head."""
        encoder, memory = _count(self.encoder), _count(self.memory)
        return {'encoder': encoder, 'memory': memory, 'head': _count(self) - encoder - memory}

    def check_size(self, max_parameters: int | None) -> None:
        """Check that the network is not larger than allowed; None allows any size.

        :raises ValueError: if it is; the message says how large each part is.
        """
        if max_parameters is not None and self.num_parameters() > max_parameters:
            parts = ', '.join(f'{name} {count}' for name, count in self.count_parts().items())
            raise ValueError(
                f'the network must have at most {max_parameters} parameters, got '
                f'{self.num_parameters()} ({parts}): choose smaller sizes'
            )


def _count(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters() if p.requires_grad)


__all__ = ['NUM_COMMANDS', 'Network', 'NetworkConfig']
