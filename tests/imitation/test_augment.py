# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest
import torch

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.augment import (
    LEVELS,
    TARGET_CLASS,
    Augmentation,
    apply_looks,
    augment_images,
    draw_looks,
    mirror_signals,
)

NOTHING = Augmentation(0, 0, 0, 0, 0, 0)
YES = torch.tensor([True])


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def make_batch(batch: int = 2, steps: int = 3):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, steps, 3, 8, 16, generator=generator)
    imu = torch.randn(batch, steps, 12, generator=generator)
    labels = torch.randn(batch, steps, 4, generator=generator)
    return images, imu, labels


def augment(images, strength, seed=0):
    return augment_images(images, strength, torch.Generator().manual_seed(seed))


def test_mirror_of_a_mirror_is_the_original():
    _, imu, labels = make_batch()
    chosen = torch.tensor([True, True])
    again = mirror_signals(*mirror_signals(imu, labels, chosen), chosen)
    assert torch.equal(again[0], imu)
    assert torch.equal(again[1], labels)


def test_mirror_leaves_unmarked_windows_alone():
    _, imu, labels = make_batch()
    mirrored = mirror_signals(imu, labels, torch.tensor([False, True]))
    for before, after in zip((imu, labels), mirrored, strict=True):
        assert torch.equal(before[0], after[0])
        assert not torch.equal(before[1], after[1])


def test_mirror_swaps_left_and_right_of_the_image():
    images = torch.zeros(1, 1, 3, 8, 16)
    images[..., 2, 1] = 1.0  # at the left
    looks = draw_looks(replace(NOTHING, mirror=1.0), torch.zeros(1, 3), (8, 16), seeded())
    mirrored = apply_looks(images, looks)
    assert mirrored[..., 2, 14].all()
    assert mirrored.sum() == images.sum()


def test_mirror_turns_left_into_right_in_the_command():
    labels = torch.tensor([[[1.0, 0.5, 0.2, 0.3]]])
    _, mirrored = mirror_signals(torch.zeros(1, 1, 12), labels, YES)
    assert mirrored[0, 0].tolist() == pytest.approx([1.0, -0.5, 0.2, -0.3])


def test_mirrored_inertial_features_are_those_of_the_mirrored_flight():
    # The mirror is the xz plane: it flips y of a vector, but roll and yaw of a rotation.
    rng = np.random.default_rng(0)
    rates, forces = rng.normal(size=(10, 3)), rng.normal(size=(10, 3))
    forces[:, 2] += GRAVITY
    plane = np.diag([1.0, -1.0, 1.0])
    mirrored_rates = np.linalg.det(plane) * rates @ plane  # a pseudovector
    summarise = Preprocessing().summarise_imu
    before = torch.from_numpy(summarise(ImuSamples(rates, forces)))[None, None]
    wanted = summarise(ImuSamples(mirrored_rates, forces @ plane))
    after, _ = mirror_signals(before, torch.zeros(1, 1, 4), YES)
    assert after[0, 0].numpy() == pytest.approx(wanted, abs=1e-6)
    assert (
        after[0, 0, :6].sign().tolist()
        == (before[0, 0, :6].sign() * torch.tensor([-1, 1, -1, 1, -1, 1])).tolist()
    )


def test_no_strength_changes_nothing():
    images = make_batch()[0]
    assert torch.allclose(augment(images, NOTHING), images, atol=1e-6)


def test_changes_keep_the_range_the_shape_and_the_input():
    images = make_batch()[0]
    before = images.clone()
    changed = augment(images, Augmentation())
    assert changed.shape == images.shape
    assert changed.min() >= 0
    assert changed.max() <= 1
    assert torch.equal(images, before)
    assert (changed - images).abs().mean() > 0.02


def test_same_generator_gives_the_same_changes():
    images = make_batch()[0]
    assert torch.equal(augment(images, Augmentation()), augment(images, Augmentation()))
    assert not torch.equal(augment(images, Augmentation()), augment(images, Augmentation(), 1))


def test_a_flight_changes_consistently_and_flights_differ():
    images = torch.full((4, 3, 3, 8, 16), 0.4)
    images[:, :, 0] = 0.5
    changed = augment(images, Augmentation(image_noise=0))
    assert torch.allclose(changed[:, :1].expand_as(changed), changed, atol=1e-6)
    assert changed[:, 0, :, 0, 0].std(dim=0).min() > 0.01


def test_grey_stays_grey_under_colour_mixing():
    # Where no row's sum is near zero, which is clamped.
    images = torch.full((8, 1, 3, 8, 16), 0.4)
    changed = augment(images, Augmentation(0.1, 0, 0, 0, 0, 0))
    assert torch.allclose(changed, images, atol=1e-5)


def test_brightness_scales_and_contrast_keeps_the_mean():
    images = 0.3 + 0.1 * make_batch(64)[0]
    bright = augment(images, Augmentation(0, 0.2, 0, 0, 0, 0))
    factors = (bright / images).flatten(1)
    assert (factors.std(dim=1) < 1e-3).all()
    assert factors.mean(dim=1).log().std() == pytest.approx(0.2, rel=0.3)
    contrast = augment(images, Augmentation(0, 0, 0.2, 0, 0, 0))
    assert torch.allclose(
        contrast.mean(dim=(1, 2, 3, 4)), images.mean(dim=(1, 2, 3, 4)), atol=1e-4
    )


def test_noise_is_as_strong_as_asked_for():
    images = torch.full((200, 1, 3, 8, 16), 0.5)
    levels = (augment(images, Augmentation(0, 0, 0, 0, 0.1, 0)) - images).flatten(1).std(dim=1)
    assert levels.max() < 0.115
    assert levels.mean() == pytest.approx(0.05, rel=0.15)


@pytest.mark.parametrize(
    'change', [{'mirror': 1.5}, {'image_noise': -0.1}, {'brightness': float('nan')}]
)
def test_impossible_strengths_are_errors(change):
    with pytest.raises(ValueError, match=f'{next(iter(change))} must be'):
        Augmentation(**change)


def draw(strength, batch=200, size=(8, 16), has_classes=False):
    return draw_looks(strength, torch.full((batch, 3), 0.4), size, seeded(), has_classes)


def test_levels_grow_from_nothing_to_strong():
    images = 0.2 + 0.6 * make_batch(32)[0]
    change = {
        name: (augment(images, level) - images).abs().mean() for name, level in LEVELS.items()
    }
    assert change['none'] < 1e-6
    assert change['none'] < change['weak'] < change['strong']


def test_random_convolution_takes_its_share_of_windows_and_looks_at_neighbours():
    looks = draw(replace(NOTHING, random_convolution=0.35), 1000)
    assert looks.is_convolved.float().mean() == pytest.approx(0.35, abs=0.05)
    sides = looks.kernel.clone()
    sides[:, :, :, 1, 1] = 0.0
    assert (sides[~looks.is_convolved] == 0).all()
    assert (sides[looks.is_convolved].abs().amax(dim=(1, 2, 3, 4)) > 0).all()


def test_random_convolution_blends_its_mean_to_a_middling_grey():
    # y = x (no mixing): (1 - a) x + a (K * x - sum(K) mean + 0.45); of a grey image K * x is
    # sum(K) mean, away from the border.
    strength = replace(NOTHING, random_convolution=1.0)
    images = torch.full((50, 1, 3, 8, 16), 0.4)
    middle = augment(images, strength)[..., 3:5, 4:12]
    assert middle.min() > 0.4
    assert middle.max() < 0.4 + 0.7 * 0.05 + 1e-5


def test_gamma_keeps_black_and_white_and_bends_between():
    strength = replace(NOTHING, gamma=0.3)
    looks = draw(strength)
    assert looks.gamma.log().std() == pytest.approx(0.3, rel=0.2)
    images = torch.tensor([0.0, 0.5, 1.0]).view(1, 1, 1, 3).expand(200, 1, 3, 1, 3)
    bent = apply_looks(images, draw(strength, size=(1, 3)))
    assert bent[..., 0].max() < 0.2
    assert (bent[..., 2] == 1).all()
    assert torch.allclose(bent[:, 0, 0, 0, 1], 0.5 ** draw(strength, size=(1, 3)).gamma)


def test_uneven_light_is_smooth_over_the_image_and_haze_takes_its_share():
    gain = draw(replace(NOTHING, uneven_light=0.25), size=(72, 128)).gain
    assert gain.log().std() == pytest.approx(0.25, rel=0.5)
    assert (gain[:, :, 1:] / gain[:, :, :-1]).log().abs().max() < 0.1
    looks = draw(replace(NOTHING, haze=0.3), 1000)
    is_hazy = looks.haze > 0
    assert is_hazy.float().mean() == pytest.approx(0.3, abs=0.05)
    depth = 1 - looks.gain[:, 0, 0]
    assert depth.max() <= 0.5
    assert ((looks.haze / depth)[is_hazy] >= 0.5).all()


def test_classes_but_the_target_get_colours_of_their_own():
    classes = torch.tensor([1, 4, TARGET_CLASS]).view(1, 1, 1, 3).expand(20, 2, 8, 3)
    images = torch.full((20, 2, 3, 8, 3), 0.4)
    looks = draw(replace(NOTHING, recolouring=1.0), 20, (8, 3), has_classes=True)
    changed = apply_looks(images, looks, classes=classes)
    assert torch.allclose(changed[..., 2], images[..., 2], atol=1e-6)
    assert ((changed[..., 0] - changed[..., 1]).abs().amax(dim=(1, 2, 3)) > 1e-3).all()
    assert torch.equal(changed[:, 0], changed[:, 1])


def test_target_class_is_that_of_the_simulator():
    from sim.worlds.labels import Label

    assert TARGET_CLASS == Label.TARGET
