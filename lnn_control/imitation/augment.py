# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Image augmentation that makes a policy look at shapes and contrasts instead of one season."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lnn_control.core.checks import check_number

# Signs of what a mirror image turns around: vy and yaw rate; IMU y, roll and yaw axes.
MIRROR_COMMAND = torch.tensor([1.0, -1.0, 1.0, -1.0])
MIRROR_IMU_MEAN = torch.tensor([-1.0, 1.0, -1.0, 1.0, -1.0, 1.0])


@dataclass(frozen=True)
class Augmentation:
    """Strength of each change, drawn once a window so that a flight stays consistent."""

    colour_mixing: float = 0.25
    """How far the three colour channels are mixed into each other."""
    brightness: float = 0.25
    """Standard deviation of the logarithm of a factor on all pixels."""
    contrast: float = 0.25
    """Standard deviation of the logarithm of a factor about the mean."""
    tint: float = 0.15
    """Standard deviation of the logarithm of a factor on each colour channel."""
    image_noise: float = 0.03
    """Largest standard deviation of pixel noise, of pixels from 0 to 1."""
    mirror: float = 0.5
    """Probability of a mirror image with mirrored labels, 0 to 1."""

    def __post_init__(self) -> None:
        for name in ('colour_mixing', 'brightness', 'contrast', 'tint', 'image_noise'):
            check_number(name, getattr(self, name), 0.0, 2.0)
        check_number('mirror', self.mirror, 0.0, 1.0)


def augment_images(images: Tensor, strength: Augmentation, generator: torch.Generator) -> Tensor:
    """Return images with colours, brightness and contrast changed, window by window.

    :param images: float 0 to 1, shape (batch, steps, 3, height, width).
    """
    batch = images.shape[0]

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator)

    mixing = torch.eye(3) + strength.colour_mixing * normal(batch, 3, 3)
    # Rows sum to the tint, so that grey stays near grey and only colours move.
    tint = torch.exp(strength.tint * normal(batch, 3, 1))
    mixing = mixing / mixing.sum(dim=2, keepdim=True).clamp(min=0.4) * tint
    brightness = torch.exp(strength.brightness * normal(batch, 1, 1, 1, 1))
    contrast = torch.exp(strength.contrast * normal(batch, 1, 1, 1, 1))
    mean = images.mean(dim=(1, 2, 3, 4), keepdim=True)
    # One matrix product for mixing, brightness and contrast together.
    matrix = mixing * (brightness * contrast)[:, :, 0, 0]
    offset = (brightness * mean * (1 - contrast))[:, :, :, :, 0]
    mixed = torch.einsum('bij,btjhw->btihw', matrix, images) + offset[..., None]
    level = strength.image_noise * torch.rand(batch, 1, 1, 1, 1, generator=generator)
    # One pattern serves all windows, each at its own level: drawing noise is slow.
    noise = torch.randn((1, *images.shape[1:]), generator=generator)
    return mixed.addcmul_(level, noise).clamp_(0, 1)


def mirror(
    images: Tensor, imu: Tensor, labels: Tensor, is_mirrored: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Return a batch with the marked windows seen in a mirror: left and right swapped.

    :param is_mirrored: bool, shape (batch,).
    """
    chosen = is_mirrored[:, None, None]
    images = torch.where(chosen[..., None, None], images.flip(-1), images)
    signs = torch.cat([MIRROR_IMU_MEAN, torch.ones(6)])
    imu = torch.where(chosen, imu * signs, imu)
    return images, imu, torch.where(chosen, labels * MIRROR_COMMAND, labels)
