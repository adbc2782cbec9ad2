# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Disposable heads: they make the encoder see what only a simulator knows, then go.

Privileged labels of an image: cosine and sine of the target's bearing; its nearness
1/(1 + d/4 m); whether it is in sight, 0 or 1; nearness 1/(1 + d/2 m) of obstacles in 16 sectors
from left to right.
"""

import torch
from torch import Tensor, nn

from lnn_control.imitation.batches import NUM_PRIVILEGED

_NUM_HIDDEN = 64
_FIRST_SECTOR = 4
_SINE = 1


class PrivilegedHeads(nn.Module):
    """Guesses privileged labels from the encoder's features.

    :param num_features: of the encoder, inertial ones not counted.
    """

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features
        self.layers = nn.Sequential(
            nn.Linear(num_features, _NUM_HIDDEN),
            nn.ReLU(),
            nn.Linear(_NUM_HIDDEN, NUM_PRIVILEGED),
        )

    def forward(self, features: Tensor) -> Tensor:
        """Return guesses of shape (batch, steps, 20).

        :param features: the encoder's first, shape (batch, steps, at least num_features).
        """
        guess: Tensor = self.layers(features[..., : self.num_features])
        return guess


def mirror_privileged(privileged: Tensor, is_mirrored: Tensor) -> Tensor:
    """Return privileged labels with left and right swapped in marked windows.

    :param privileged: shape (batch, steps, 20). :param is_mirrored: shape (batch,).
    """
    before, sine, after, sectors = privileged.split(
        [_SINE, 1, _FIRST_SECTOR - _SINE - 1, NUM_PRIVILEGED - _FIRST_SECTOR], dim=2
    )
    mirrored = torch.cat([before, -sine, after, sectors.flip(-1)], dim=2)
    return torch.where(is_mirrored[:, None, None], mirrored, privileged)
