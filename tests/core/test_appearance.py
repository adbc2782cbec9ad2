# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.appearance import (
    LOOK_EVERY,
    NUM_PROPERTIES,
    Appearance,
    AppearanceWatch,
    describe_image,
    fit_appearance,
)

MOST = 255


def make_flight(seed: int, num_images: int = 40, light: float = 1.0) -> np.ndarray:
    """Return images of trunks before a meadow under a sky, shape (num_images, 72, 128, 3)."""
    rng = np.random.default_rng(seed)
    images = np.zeros((num_images, 72, 128, 3))
    images[:, :30] = 150, 180, 220
    images[:, 30:] = 90, 130, 60
    for image in images:
        for left in rng.integers(0, 120, 6):
            image[15:60, left : left + 6] = rng.uniform(0.7, 1.3) * np.array([90, 70, 50])
        image += rng.normal(0, 6, image.shape)
    return (images * rng.uniform(0.9, 1.1) * light).clip(0, MOST).astype(np.uint8)


@pytest.fixture(scope='module')
def appearance() -> Appearance:
    found = fit_appearance([make_flight(seed) for seed in range(8)])
    assert found is not None
    return found


def follow(appearance: Appearance | None, images: np.ndarray) -> float | None:
    watch = AppearanceWatch(appearance)
    for image in images:
        watch.add(image)
    return watch.novelty


def test_image_of_one_colour_is_described_by_hand() -> None:
    pixels = np.zeros((72, 128, 3), np.uint8)
    pixels[:] = 200, 100, 0
    described = describe_image(pixels).reshape(3, 7)
    wanted = [100 / 255, 0.0, 1.0, 0.0, 0.0, np.log(205 / 105), np.log(105 / 105)]
    assert described == pytest.approx(np.tile(wanted, (3, 1)), abs=1e-6)


def test_another_flight_of_the_same_place_is_usual(appearance: Appearance) -> None:
    novelty = follow(appearance, make_flight(100))
    assert novelty is not None and novelty < 1.0


@pytest.mark.parametrize(
    'make',
    [
        lambda images: images // 12,
        lambda images: (images * 0.15 + 0.85 * 200).astype(np.uint8),
        np.zeros_like,
        lambda images: np.random.default_rng(0).integers(0, 256, images.shape, np.uint8),
    ],
    ids=['night', 'fog', 'black', 'noise'],
)
def test_night_fog_black_and_noise_are_far_off(make, appearance: Appearance) -> None:
    novelty = follow(appearance, make(make_flight(100)))
    assert novelty is not None and novelty > 10.0


def test_a_second_is_looked_at_before_anything_is_said(appearance: Appearance) -> None:
    images = make_flight(100)
    assert follow(appearance, images[: 4 * LOOK_EVERY]) is None
    assert follow(appearance, images[: 4 * LOOK_EVERY + 1]) is not None
    assert follow(None, images) is None


def test_nothing_is_known_of_flights_that_are_too_short() -> None:
    assert fit_appearance([make_flight(0, 4 * LOOK_EVERY)]) is None
    assert fit_appearance([]) is None


def test_training_that_never_changes_is_still_something_to_compare_with() -> None:
    still = np.full((40, 72, 128, 3), 90, np.uint8)
    appearance = fit_appearance([still])
    assert follow(appearance, still) == pytest.approx(0.0)
    assert follow(appearance, still // 2) > 10.0


def test_appearance_checks_itself() -> None:
    good = (0.0,) * NUM_PROPERTIES
    with pytest.raises(ValueError, match='21 means and variances, got 3 and 21'):
        Appearance((1.0,) * 3, (1.0,) * NUM_PROPERTIES, 1.0)
    for variance, usual in ((0.0, 1.0), (1.0, 0.0), (np.nan, 1.0)):
        with pytest.raises(ValueError, match='must be finite, with variances and usual above 0'):
            Appearance(good, (variance,) * NUM_PROPERTIES, usual)
