# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A small convolutional encoder that says what is seen and where."""

import torch
from torch import Tensor, nn


class SpatialEncoder(nn.Module):
    """Four convolutions, read out in two ways.

    The first maps say where one thing is: the expected position under a softmax over the image
    (spatial softmax, Levine et al., JMLR 2016) and the strongest response. One map thus says
    'something red, left of the middle, near'. The other maps say what stands in which direction:
    the strongest response in each of eight sectors from left to right, as a coarse scanner would.

    :param channels: of the four convolutions; the first three halve the image.
    :param num_places: how many of the last convolution's maps are read as places.
    :param size_px: (height, width) of the images.
    """

    NUM_SECTORS = 8
    grid: Tensor

    def __init__(
        self, channels: tuple[int, int, int, int], num_places: int, size_px: tuple[int, int]
    ) -> None:
        super().__init__()
        c1, c2, c3, c4 = channels
        if not 0 <= num_places <= c4:
            raise ValueError(f'num_places must be 0 to {c4}, the last channels, got {num_places}')
        self.size_px = size_px
        self.num_places, self.num_scans = num_places, c4 - num_places
        self.convolutions = nn.Sequential(
            nn.Conv2d(3, c1, 5, stride=2, padding=2),
            nn.ReLU(),
            nn.Conv2d(c1, c2, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(c2, c3, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(c3, c4, 3, padding=1),
        )
        self.temperature = nn.Parameter(torch.ones(num_places))
        height, width = [-(-side // 8) for side in size_px]
        down, right = torch.meshgrid(
            torch.linspace(-1, 1, height), torch.linspace(-1, 1, width), indexing='ij'
        )
        self.register_buffer(
            'grid', torch.stack([right.flatten(), down.flatten()], 1), persistent=False
        )

    @property
    def num_features(self) -> int:
        """Three a place map, one a sector of each scan map."""
        return 3 * self.num_places + self.NUM_SECTORS * self.num_scans

    def forward(self, images: Tensor) -> Tensor:
        """Return the features of RGB images.

        :param images: float, 0 to 1, shape (n, 3, height, width).
        :return: shape (n, num_features), each in -1 to 1: horizontal places, vertical places,
            strengths, then the sectors of each scan map from left to right.
        """
        if tuple(images.shape[-2:]) != self.size_px or images.shape[-3] != 3:
            raise ValueError(
                f'images must have shape (n, 3, {self.size_px[0]}, {self.size_px[1]}), '
                f'got {tuple(images.shape)}'
            )
        return self.read(self.convolutions(self.scale(images)))

    @staticmethod
    def scale(images: Tensor) -> Tensor:
        """Return images of 0 to 1 as the first convolution reads them, -2 to 2."""
        return images * 4 - 2

    def read(self, maps: Tensor) -> Tensor:
        """Return the features of the last convolution's maps, see :meth:`forward`."""
        # Channel by channel, where softmax and maxima run along the memory.
        maps = maps.float().contiguous()
        spots, sectors = maps.split([self.num_places, self.num_scans], dim=1)
        spots = spots.flatten(2)
        places = torch.softmax(spots * self.temperature[:, None], dim=2) @ self.grid
        if self.num_scans > 0:  # pooling knows no empty tensors
            sectors = find_strongest(sectors, self.NUM_SECTORS)
        strengths = torch.cat([spots.max(dim=2).values, sectors.flatten(1)], dim=1)
        return torch.cat([places.transpose(1, 2).flatten(1), torch.tanh(strengths / 4)], dim=1)


def find_strongest(maps: Tensor, num_sectors: int) -> Tensor:
    """Return the strongest response of each map in sectors from left to right.

    :param maps: shape (n, maps, height, width).
    :return: shape (n, maps, 1, num_sectors). Sectors overlap where the width is not a multiple.
    """
    width = maps.shape[3]
    if width % num_sectors == 0 or not torch.compiler.is_compiling():
        return nn.functional.adaptive_max_pool2d(maps, (1, num_sectors))
    # The same in operations that every exporter knows.
    edges = [
        (i * width // num_sectors, -(-(i + 1) * width // num_sectors)) for i in range(num_sectors)
    ]
    strongest = [maps[..., first:last].amax(dim=(2, 3)) for first, last in edges]
    return torch.stack(strongest, dim=2).unsqueeze(2)
