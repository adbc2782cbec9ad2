# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How memories that do not compute with time are told how much of it has passed."""

import math

import torch
from torch import Tensor


def append_time(features: Tensor, elapsed_time: Tensor, typical_elapsed_time: float) -> Tensor:
    """Return features with one more column: ``log((1 + time / typical) / 2)``.

    It is zero after the typical time, grows as the logarithm of a long one, and is finite after
    none.

    :param features: shape (batch, steps, features).
    :param elapsed_time: before each step [s], shape (batch, steps).
    """
    shown = torch.log1p(elapsed_time / typical_elapsed_time) - math.log(2.0)
    return torch.cat([features, shown.to(features.dtype).unsqueeze(2)], dim=2)
