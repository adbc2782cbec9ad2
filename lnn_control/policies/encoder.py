# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A small convolutional encoder that says what is seen, how strongly and where."""

import torch
from torch import Tensor, nn


class SpatialEncoder(nn.Module):
    """Four convolutions, then for each channel its strongest response and where it lies.

    Where: the expected position under a softmax over the image (spatial softmax, Levine et al.,
    JMLR 2016). One channel thus says 'something red, left of the middle, near'.

    :param channels: of the four convolutions; the first three halve the image.
    :param size_px: (height, width) of the images.
    """

    def __init__(self, channels: tuple[int, int, int, int], size_px: tuple[int, int]) -> None:
        super().__init__()
        c1, c2, c3, c4 = channels
        self.size_px = size_px
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, c1, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(c1, c2, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(c2, c3, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(c3, c4, 3, padding=1),
        )
        self.temperature = nn.Parameter(torch.ones(c4))
        height, width = [-(-side // 8) for side in size_px]
        down, right = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing='ij'
        )
        grid = torch.stack([torch.ones(height * width), right.flatten(), down.flatten()], 1)
        self.register_buffer('grid', grid, persistent=False)

    @property
    def num_features(self) -> int:
        """Three a channel: horizontal place, vertical place, strength."""
        return 3 * self.temperature.shape[0]

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of RGB images.

        :param images: float, 0 to 1, shape (n, 3, height, width).
        :return: shape (n, num_features): all x, all y in -1 to 1, then strengths.
        """
        if tuple(images.shape[-2:]) != self.size_px or images.shape[-3] != 3:
            raise ValueError(
                f'images must have shape (n, 3, {self.size_px[0]}, {self.size_px[1]}), '
                f'got {tuple(images.shape)}'
            )
        maps = self.convolutions(images * 4 - 2).flatten(2).float()
        weights = torch.softmax(maps * self.temperature[:, None], dim=2)
        places = weights @ self.grid[:, 1:]
        strengths = maps.amax(dim=2)
        return torch.cat([places[..., 0], places[..., 1], torch.tanh(strengths / 4)], dim=1)
