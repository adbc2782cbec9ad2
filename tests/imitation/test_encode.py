# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import platform

import pytest
import torch
from torch import nn

from lnn_control.imitation.encode import (
    choose_dtype,
    convolve,
    fold_weight,
    plan_layers,
    unfold_weight,
)
from lnn_control.policies.encoder import SpatialEncoder

CHANNELS = (4, 5, 6, 8)


def make_encoder(size) -> SpatialEncoder:
    torch.manual_seed(0)
    return SpatialEncoder(CHANNELS, 3, size)


@pytest.mark.parametrize('size', [(16, 32), (9, 21), (15, 30)])
def test_maps_and_gradients_are_those_of_the_encoder(size):
    encoder = make_encoder(size)
    pixels = torch.randn(10, *size, 3)
    found = convolve(encoder.convolutions, pixels.split([4, 4, 2]), size)
    wanted = encoder.convolutions(pixels.permute(0, 3, 1, 2))
    assert torch.allclose(found, wanted, atol=1e-5)
    weights = list(encoder.convolutions.parameters())
    flow = torch.randn_like(wanted)
    pairs = zip(
        torch.autograd.grad(found, weights, flow),
        torch.autograd.grad(wanted, weights, flow),
        strict=True,
    )
    for here, there in pairs:
        assert here.dtype == torch.float32
        assert torch.allclose(here, there, atol=1e-4 * float(there.abs().max()))


def test_half_precision_comes_close():
    encoder = make_encoder((16, 32))
    pixels = torch.randn(8, 16, 32, 3)
    found = convolve(encoder.convolutions, [pixels.to(torch.bfloat16)], (16, 32)).float()
    wanted = encoder.convolutions(pixels.permute(0, 3, 1, 2))
    assert (found - wanted).abs().max() < 0.05 * wanted.abs().max()


def test_folded_weights_unfold_to_themselves():
    weight = torch.randn(4, 3, 5, 5)
    folded = fold_weight(weight, 2)
    assert folded.shape == (4, 6, 5, 3)
    assert torch.equal(unfold_weight(folded, 2, 5), weight)
    # The first column of the left pixel, the second of the right one.
    assert torch.equal(folded[:, :3, :, 0], weight[..., 0])
    assert torch.equal(folded[:, 3:, :, 0], weight[..., 1])


def test_other_layers_are_an_error():
    with pytest.raises(ValueError, match='encoder must be of Conv2d and ReLU, got BatchNorm2d'):
        plan_layers(nn.Sequential(nn.BatchNorm2d(3)), (16, 32))


@pytest.mark.parametrize(
    ('known', 'dtype'),
    [
        ((), torch.float32),
        (('_is_avx512_bf16_supported',), torch.bfloat16),
        (('_is_amx_tile_supported',), torch.bfloat16),
    ],
)
def test_type_is_one_that_the_processor_computes_by_itself(monkeypatch, known, dtype):
    monkeypatch.setattr(platform, 'machine', lambda: 'x86_64')
    for name in ('_is_avx512_bf16_supported', '_is_amx_tile_supported'):
        monkeypatch.setattr(torch.cpu, name, lambda name=name: name in known)
    # What oneDNN takes is more than that.
    assert choose_dtype(torch.device('cpu')) is dtype
