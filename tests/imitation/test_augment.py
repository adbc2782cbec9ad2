# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
import torch

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import ImuSamples
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.augment import Augmentation, augment_images, mirror

NOTHING = Augmentation(0, 0, 0, 0, 0, 0)
YES, NO = torch.tensor([True]), torch.tensor([False])


def make_batch(batch: int = 2, steps: int = 3):
    generator = torch.Generator().manual_seed(0)
    images = torch.rand(batch, steps, 3, 8, 16, generator=generator)
    imu = torch.randn(batch, steps, 12, generator=generator)
    labels = torch.randn(batch, steps, 4, generator=generator)
    return images, imu, labels


def augment(images, strength, seed=0):
    return augment_images(images, strength, torch.Generator().manual_seed(seed))


def test_mirror_of_a_mirror_is_the_original():
    batch = make_batch()
    chosen = torch.tensor([True, True])
    for once, twice in zip(batch, mirror(*mirror(*batch, chosen), chosen), strict=True):
        assert torch.equal(once, twice)


def test_mirror_leaves_unmarked_windows_alone():
    batch = make_batch()
    mirrored = mirror(*batch, torch.tensor([False, True]))
    for before, after in zip(batch, mirrored, strict=True):
        assert torch.equal(before[0], after[0])
        assert not torch.equal(before[1], after[1])


def test_mirror_swaps_left_and_right_of_the_image():
    images = torch.zeros(1, 1, 3, 8, 16)
    images[..., 2, 1] = 1.0  # at the left
    mirrored, _, _ = mirror(images, torch.zeros(1, 1, 12), torch.zeros(1, 1, 4), YES)
    assert mirrored[..., 2, 14].all()
    assert mirrored.sum() == images.sum()


def test_mirror_turns_left_into_right_in_the_command():
    labels = torch.tensor([[[1.0, 0.5, 0.2, 0.3]]])
    _, _, mirrored = mirror(torch.zeros(1, 1, 3, 8, 16), torch.zeros(1, 1, 12), labels, YES)
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
    _, after, _ = mirror(torch.zeros(1, 1, 3, 8, 16), before, torch.zeros(1, 1, 4), YES)
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
