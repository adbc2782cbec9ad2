# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What an encoder looks at."""

import numpy as np
import pytest
import torch
from torch import nn

from lnn_control.core.domain import FlightSetup, TrainingDomain
from lnn_control.policies.network import Network, NetworkConfig
from lnn_control.policies.network_policy import NetworkPolicy
from lnn_control.policies.references import HoverPolicy
from lnn_control.policies.registry import make_policy
from lnn_control.policies.runner import PolicyRunner
from lnn_control.policies.saliency import map_saliency


def make_convolution(weights: list[list[float]], **options: int) -> nn.Conv2d:
    kernel = torch.tensor(weights)
    layer = nn.Conv2d(1, 1, tuple(kernel.shape), bias=False, **options)
    layer.weight.data[:] = kernel
    return layer


def test_one_convolution_by_hand() -> None:
    # It answers 2 and 4 to the two pixels, and each answer is spread over the three it came from.
    layers = nn.Sequential(make_convolution([[0.0, 2.0, 0.0]], padding=(0, 1)))
    image = torch.tensor([[[[0.0, 1.0, 0.0, 0.0, 2.0, 0.0]]]])
    found = map_saliency(layers, image)
    assert found.tolist() == [[[0.5, 0.5, 0.5, 1.0, 1.0, 1.0]]]


def test_layers_are_multiplied_and_what_none_lets_through_counts_nothing() -> None:
    first, second = make_convolution([[1.0]]), make_convolution([[1.0, 0.0]], stride=(1, 2))
    image = torch.tensor([[[[3.0, 1.0, -5.0, 1.0]]]])
    found = map_saliency(nn.Sequential(first, nn.ReLU(), second), image)
    # The second one answers 3 and 0 to the pairs, the first one 3 and 1 within the left pair.
    assert found[0, 0].tolist() == pytest.approx([1.0, 1 / 3, 0.0, 0.0])


@pytest.mark.parametrize('size', [(72, 128), (37, 61)])
def test_maps_are_as_large_as_images_and_of_0_to_1(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(3, 4, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(4, 6, 3, stride=3), nn.ReLU()
    )
    found = map_saliency(layers, torch.rand(2, 3, *size))
    assert found.shape == (2, *size)
    assert (found >= 0).all()
    assert found.amax(dim=(1, 2)).tolist() == pytest.approx([1.0, 1.0])
    assert not found.requires_grad


def test_an_image_that_nothing_answers_to_is_dark_and_no_nan() -> None:
    layers = nn.Sequential(make_convolution([[-1.0]]))
    assert map_saliency(layers, torch.ones(1, 1, 4, 4)).abs().max() == 0.0


def test_layers_without_a_convolution_have_no_map() -> None:
    with pytest.raises(ValueError, match='needs a convolution, got none'):
        map_saliency(nn.Sequential(nn.ReLU()), torch.ones(1, 1, 4, 4))


def test_shipped_policy_looks_at_a_red_thing() -> None:
    image = np.full((72, 128, 3), (60, 90, 50), np.uint8)
    image[30:38, 90:98] = (200, 20, 20)
    found = make_policy('forest_cfc').map_saliency(image)
    assert found is not None
    row, column = np.unravel_index(found.argmax(), found.shape)
    assert 26 <= row < 42
    assert 86 <= column < 102


def test_map_lies_where_the_policy_is_shown_the_image() -> None:
    # A camera of 120 degrees, cropped to the 90 that were trained.
    domain = TrainingDomain(camera_fov_deg=(90.0, 90.0))
    runner = PolicyRunner(NetworkPolicy('any', Network(NetworkConfig()), domain))
    runner.reset(FlightSetup(camera_fov_deg=120.0))
    pixels = np.random.default_rng(0).integers(0, 256, (180, 320, 3), np.uint8)
    found = runner.read_saliency(pixels)
    assert found is not None
    assert found.shape == (180, 320)
    seen = np.tan(np.radians(45)) / np.tan(np.radians(60)) * 320
    dark = round((320 - seen) / 2) - 1
    assert found[:, :dark].max() == found[:, -dark:].max() == 0.0
    assert found.max() > 0.5


def test_policies_without_an_encoder_say_nothing() -> None:
    runner = PolicyRunner(HoverPolicy())
    assert runner.read_saliency(np.zeros((72, 128, 3), np.uint8)) is None
