# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import pytest
import torch
from torch import Tensor, nn

from lnn_control.policies.encoder import SpatialEncoder, find_strongest

ROWS, COLUMNS = 9, 16  # of the maps of a 128x72 image


class GivenMaps(nn.Module):
    """Stands in for the convolutions."""

    def __init__(self, maps: Tensor) -> None:
        super().__init__()
        self.maps = maps

    def forward(self, images: Tensor) -> Tensor:
        return self.maps


def read_out(maps: Tensor, num_places: int) -> Tensor:
    """Return the features that an encoder reads out of maps, shape (channels, rows, columns)."""
    encoder = SpatialEncoder((1, 1, 1, len(maps)), num_places, (72, 128))
    encoder.convolutions = GivenMaps(maps[None])
    return encoder(torch.zeros(1, 3, 72, 128))[0]


@pytest.mark.parametrize(
    ('row', 'column', 'right', 'down'), [(0, 0, -1, -1), (8, 15, 1, 1), (4, 5, -1 / 3, 0)]
)
def test_place_map_says_where_its_peak_is_and_how_strong(row, column, right, down):
    maps = torch.zeros(1, ROWS, COLUMNS)
    maps[0, row, column] = 40.0
    assert read_out(maps, num_places=1).tolist() == pytest.approx([right, down, 1.0], abs=1e-4)


def test_flat_place_map_points_at_the_middle_with_no_strength():
    features = read_out(torch.zeros(1, ROWS, COLUMNS), num_places=1)
    assert features.tolist() == pytest.approx([0, 0, 0], abs=1e-6)


@pytest.mark.parametrize(('column', 'sector'), [(0, 0), (1, 0), (2, 1), (9, 4), (15, 7)])
def test_scan_map_says_in_which_sector_something_stands(column, sector):
    maps = torch.zeros(1, ROWS, COLUMNS)
    maps[0, 3, column] = 2.0
    wanted = [0.0] * 8
    wanted[sector] = float(torch.tanh(torch.tensor(0.5)))
    assert read_out(maps, num_places=0).tolist() == pytest.approx(wanted)


def test_features_are_grouped_as_documented():
    maps = torch.zeros(3, ROWS, COLUMNS)
    maps[0, 0, 15] = 40.0  # a place: top right
    maps[1, 8, 0] = 40.0  # a place: bottom left
    maps[2, 5, 15] = 40.0  # a scan: rightmost sector
    features = read_out(maps, num_places=2)
    wanted = [1, -1, -1, 1, 1, 1, *[0] * 7, 1]
    assert features.tolist() == pytest.approx(wanted, abs=1e-4)


def test_features_of_real_images_are_bounded_and_independent_of_the_batch():
    torch.manual_seed(0)
    encoder = SpatialEncoder((12, 18, 26, 24), 14, (72, 128))
    images = torch.rand(3, 3, 72, 128)
    features = encoder(images)
    assert features.shape == (3, encoder.num_features) == (3, 3 * 14 + 8 * 10)
    assert features.abs().max() <= 1
    assert torch.allclose(features[1], encoder(images[1:2])[0], atol=1e-5)


@pytest.mark.parametrize('size', [(72, 128), (16, 32), (70, 122), (144, 256)])
def test_any_image_size_fits_its_grid(size):
    encoder = SpatialEncoder((2, 2, 2, 3), 2, size)
    assert encoder(torch.zeros(1, 3, *size)).shape == (1, encoder.num_features)


@pytest.mark.parametrize('shape', [(1, 3, 72, 120), (1, 3, 128, 72), (1, 1, 72, 128)])
def test_images_of_another_shape_are_errors(shape):
    with pytest.raises(ValueError, match=r'images must have shape \(n, 3, 72, 128\), got'):
        SpatialEncoder((2, 2, 2, 3), 2, (72, 128))(torch.zeros(shape))


def test_more_places_than_channels_are_an_error():
    with pytest.raises(ValueError, match=r'num_places must be 0 to 3, .* got 4'):
        SpatialEncoder((2, 2, 2, 3), 4, (72, 128))


@pytest.mark.parametrize('width', [5, 8, 13, 16])
def test_sectors_are_the_same_for_an_exporter(width, monkeypatch):
    maps = torch.randn(2, 3, 4, width)
    expected = find_strongest(maps, 8)
    monkeypatch.setattr(torch.compiler, 'is_compiling', lambda: True)
    assert torch.equal(find_strongest(maps, 8), expected)
