# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import pytest
import torch

from lnn_control.imitation.augment import LEVELS, apply_looks, draw_looks, measure_colour
from lnn_control.imitation.pixels import NoiseBank, PixelRenderer, fold_kernel, fold_matrix

SILENT = {name: replace(level, image_noise=0.0) for name, level in LEVELS.items()}


def make_images(size=(8, 32), batch=6, steps=40):
    shape = (batch, steps, *size, 3)
    return torch.randint(0, 256, shape, dtype=torch.uint8, generator=seeded())


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def render(images, looks, dtype=torch.float32, classes=None):
    renderer = PixelRenderer(tuple(images.shape[2:4]), images.shape[1], seeded(), dtype)
    lengths = [images.shape[1]] * len(images)
    places = torch.full((len(images),), 0.5)
    chunks = list(renderer.render(images, lengths, looks, places, classes))
    return torch.cat(chunks).view(images.shape)


@pytest.mark.parametrize('name', SILENT)
@pytest.mark.parametrize('size', [(8, 32), (6, 12), (5, 7)])
def test_pixels_are_those_of_the_plain_formula(name, size):
    images = make_images(size)
    classes = (images[..., 0] % 9).contiguous()
    looks = draw_looks(SILENT[name], measure_colour(images), size, seeded(), has_classes=True)
    if name == 'strong':
        assert 0 < looks.is_mirrored.sum() < 6
        assert 0 < looks.is_convolved.sum() < 6
    planes = images.permute(0, 1, 4, 2, 3).float() / 255
    wanted = apply_looks(planes, looks, classes=classes).permute(0, 1, 3, 4, 2) * 4 - 2
    assert torch.allclose(render(images, looks, classes=classes), wanted, atol=2e-5)
    coarse = render(images, looks, torch.bfloat16, classes).float()
    assert (coarse - wanted).abs().mean() < 0.01


def test_untouched_pixels_are_rounded_once_as_in_flight():
    images = make_images()
    looks = draw_looks(LEVELS['none'], measure_colour(images), (8, 32), seeded())
    wanted = (images.float() / 255 * 4 - 2).to(torch.bfloat16)
    assert torch.equal(render(images, looks, torch.bfloat16), wanted)


def test_noise_is_as_strong_as_drawn_in_every_image_and_no_two_are_alike():
    images = torch.full((3, 40, 8, 32, 3), 128, dtype=torch.uint8)
    strength = replace(LEVELS['none'], image_noise=0.05)
    looks = draw_looks(strength, measure_colour(images), (8, 32), seeded())
    noise = (render(images, looks) - (128 / 255 * 4 - 2)).flatten(2) / 4
    spread = noise.std(dim=2)
    assert torch.allclose(spread, looks.noise[:, None].expand_as(spread), rtol=0.15)
    assert (noise[:, 1:] != noise[:, :-1]).float().mean() > 0.99


def test_noise_bank_gives_the_same_for_the_same_place():
    bank = NoiseBank(30, 4, seeded(), torch.float32)
    assert torch.equal(bank.take(4, 1.0, 0.0, 0.3), bank.take(4, 1.0, 0.0, 0.3))
    assert not torch.equal(bank.take(4, 1.0, 0.0, 0.3), bank.take(4, 1.0, 0.0, 0.6))
    assert bank.take(4, 0.0, 0.5, 0.999).tolist() == [[0.5] * 30] * 4


def test_folded_matrix_and_kernel_do_what_they_fold():
    pixels = torch.randn(5, 6, 12, 3, generator=seeded())
    matrix = torch.randn(3, 3, generator=seeded(1))
    folded = pixels.view(-1, 12) @ fold_matrix(matrix, 4)
    assert torch.allclose(folded.view_as(pixels), pixels @ matrix.T, atol=1e-5)
    kernel = torch.randn(3, 3, 3, 3, generator=seeded(2))
    wanted = torch.nn.functional.conv2d(pixels.permute(0, 3, 1, 2), kernel, padding=1)
    blocks = pixels.view(5, 6, 3, 12).permute(0, 3, 1, 2)
    found = torch.nn.functional.conv2d(blocks, fold_kernel(kernel, 4), padding=1)
    found = found.permute(0, 2, 3, 1).reshape(5, 6, 12, 3).permute(0, 3, 1, 2)
    assert torch.allclose(found, wanted, atol=1e-5)


def test_padding_is_left_out():
    images = make_images(batch=2, steps=40)
    looks = draw_looks(LEVELS['weak'], measure_colour(images), (8, 32), seeded())
    renderer = PixelRenderer((8, 32), 40, seeded(), torch.float32)
    places = torch.full((2,), 0.5)
    whole = torch.cat(list(renderer.render(images, [40, 40], looks, places)))
    part = torch.cat(list(renderer.render(images, [7, 40], looks, places)))
    assert len(part) == 47
    assert torch.equal(part[7:], whole[40:])
