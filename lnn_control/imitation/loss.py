# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a network is trained to make small."""

from collections.abc import Sequence

import torch
from torch import Tensor


def scale_columns(values: Tensor, factors: Sequence[float]) -> Tensor:
    """Return values with each column of the last dimension times its factor.

    The factors stay numbers: as a tensor they would have to be copied to the device.
    """
    columns = values.unbind(-1)
    return torch.stack([column * f for column, f in zip(columns, factors, strict=True)], dim=-1)


def compute_loss(
    commands: Tensor,
    labels: Tensor,
    weight: Tensor,
    scale: Tensor,
    axis_weights: tuple[float, float, float, float] = (1.0, 1.0, 1.0, 1.0),
    emphasis: Tensor | None = None,
) -> Tensor:
    """Return the Huber loss of normalised commands over the steps that bear loss.

    :param commands: shape (batch, steps, 4). :param weight: shape (batch, steps).
    :param axis_weights: how much vx, vy, vz and yaw rate count; their mean is what four ones do.
    :param emphasis: how much more than 1 steps count, shape (batch, steps); none does if None.
    """
    error = (commands - labels) / scale
    loss = torch.nn.functional.smooth_l1_loss(
        error, torch.zeros_like(error), reduction='none', beta=1.0
    )
    loss = scale_columns(loss, axis_weights).mean(dim=2)
    loss = loss if emphasis is None else loss * emphasis
    return (loss * weight).sum() / weight.sum().clamp(min=1)


# Nearness 1 / (1 + depth / 2 m) from which on images count more, and at which they count most: at
# about 2.5 m and 1 m.
_FARTHEST, _NEAREST = 0.44, 0.66
# A target that is nearer than 3 m is what is near, and no obstacle: nearness 1 / (1 + 3 m / 4 m).
_TARGET = 0.57
# Where that stands, and the middle six of sixteen sectors, which begin at 4: 48 degrees of 100.
# A mirrored image has the same ones.
_TARGET_NEARNESS, _AHEAD = 2, slice(9, 15)


def weigh_obstacles(privileged: Tensor, greatest: float) -> Tensor:
    """Return how much images count for what stands ahead: 1, up to 1 + greatest within a metre.

    :param privileged: shape (batch, steps, 20), see `imitation.heads`; zeros where nobody knows.
    :param greatest: what an obstacle straight ahead adds.
    :return: shape (batch, steps).
    """
    ahead = privileged[..., _AHEAD].amax(-1)
    share = ((ahead - _FARTHEST) / (_NEAREST - _FARTHEST)).clamp(0.0, 1.0)
    return 1.0 + greatest * share * (privileged[..., _TARGET_NEARNESS] < _TARGET)


def compute_head_loss(guess: Tensor, privileged: Tensor, is_known: Tensor) -> Tensor:
    """Return the squared error of privileged labels, a quarter of their sum an image.

    Bearing and nearness of a target out of sight are not asked for: nobody could see them.

    :param guess, privileged: shape (batch, steps, 20), see `imitation.heads`.
    :param is_known: where there are labels, shape (batch, steps).
    """
    in_sight = privileged[..., 3:4].expand(*privileged.shape[:2], 3)
    weight = torch.cat([in_sight, torch.ones_like(privileged[..., 3:])], dim=2)
    weight = weight * is_known[..., None]
    return ((guess - privileged) ** 2 * weight).sum() / is_known.sum().clamp(min=1) / 4
