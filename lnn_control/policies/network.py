# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The flagship network: camera and IMU through a small encoder into a liquid circuit."""

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from lnn_control.core.checks import check_number
from lnn_control.core.observation import NUM_IMU_FEATURES, Preprocessing
from lnn_control.liquid import CfC, NCPWiring
from lnn_control.policies.encoder import SpatialEncoder

NUM_COMMANDS = 4


@dataclass(frozen=True)
class NetworkConfig:
    """Sizes of the network."""

    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    """What its image is made of."""
    channels: tuple[int, int, int, int] = (12, 18, 26, 24)
    """Of the encoder's four convolutions."""
    num_places: int = 14
    """How many of the last channels say where one thing is."""
    num_neurons: int = 36
    """Of the liquid circuit, motor neurons included."""
    sparsity: float = 0.5
    """Share of possible synapses that the circuit leaves out, 0.1 to 0.9."""
    wiring_seed: int = 1
    """Of the circuit's random wiring."""
    typical_elapsed_time: float = 0.05
    """Time between images, which sets the initial time constants [s]."""

    def __post_init__(self) -> None:
        check_number('num_neurons', self.num_neurons, NUM_COMMANDS + 3, 4096)
        check_number('sparsity', self.sparsity, 0.1, 0.9)
        check_number('typical_elapsed_time', self.typical_elapsed_time, 1e-3, 10.0, 's')


class LiquidNetwork(nn.Module):
    """Encoder, wired closed-form continuous-time cell, scaled motor outputs.

    Buffers hold the normalisation: `imu_mean`, `imu_scale` of the inertial features and
    `command_mean`, `command_scale` of the commands, taken from the training data.
    """

    imu_mean: Tensor
    imu_scale: Tensor
    command_mean: Tensor
    command_scale: Tensor

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        size = (config.preprocessing.height_px, config.preprocessing.width_px)
        self.encoder = SpatialEncoder(config.channels, config.num_places, size)
        self.wiring = NCPWiring.from_num_neurons(
            num_neurons=config.num_neurons,
            num_motor=NUM_COMMANDS,
            sparsity=config.sparsity,
            seed=config.wiring_seed,
        )
        self.liquid = CfC(
            self.encoder.num_features + NUM_IMU_FEATURES,
            self.wiring,
            typical_elapsed_time=config.typical_elapsed_time,
        )
        self.gain = nn.Parameter(torch.ones(NUM_COMMANDS))
        self.bias = nn.Parameter(torch.zeros(NUM_COMMANDS))
        for name, size_ in (('imu', NUM_IMU_FEATURES), ('command', NUM_COMMANDS)):
            self.register_buffer(f'{name}_mean', torch.zeros(size_))
            self.register_buffer(f'{name}_scale', torch.ones(size_))

    def encode_sequence(self, images: Tensor, imu: Tensor) -> Tensor:
        """Return the liquid circuit's inputs, shape (batch, steps, features).

        :param images: uint8 RGB or float 0 to 1, shape (batch, steps, 3, height, width).
        :param imu: shape (batch, steps, 12).
        """
        batch, steps = images.shape[:2]
        if not images.is_floating_point():
            images = images.float() / 255
        flat = images.flatten(0, 1).contiguous(memory_format=torch.channels_last)
        seen = self.encoder(flat).unflatten(0, (batch, steps))
        inertial = torch.tanh((imu - self.imu_mean) / self.imu_scale / 2)
        return torch.cat([seen, inertial], dim=2)

    def steer(
        self, features: Tensor, elapsed_time: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return commands [m/s, rad/s] of shape (batch, steps, 4) and the next state.

        :param features: from :meth:`encode_sequence`.
        :param elapsed_time: before each step [s], shape (batch, steps).
        """
        motor, state = self.liquid(features, state, elapsed_time=elapsed_time)
        normalised = 2 * motor * self.gain + self.bias
        return self.command_mean + self.command_scale * normalised, state

    def forward(
        self, images: Tensor, imu: Tensor, elapsed_time: Tensor, state: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return :meth:`steer` of :meth:`encode_sequence`."""
        return self.steer(self.encode_sequence(images, imu), elapsed_time, state)

    def num_parameters(self) -> int:
        """Return the number of trainable parameters."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad)
