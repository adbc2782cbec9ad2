# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How gated memories start out: each unit forgets over its own number of steps.

Chrono initialisation: Tallec and Ollivier, "Can recurrent neural networks warp time?" (2018).
"""

import math

import torch
from torch import Tensor

LEAST_STEPS, MOST_STEPS = 1.5, 30.0


def draw_keep_bias(num_units: int) -> Tensor:
    """Return biases of gates that keep ``1 - 1/steps``, with steps spread evenly in logarithm.

    ``sigmoid(log(steps - 1)) = 1 - 1/steps``.
    """
    steps = torch.empty(num_units).uniform_(math.log(LEAST_STEPS), math.log(MOST_STEPS)).exp()
    return torch.log(steps - 1.0)
