# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Similarity of maps by hand, and the attention of the shipped policy under noise."""

import numpy as np
import pytest

from lnn_control.evaluation.attention import add_noise, measure_similarity, measure_stability
from lnn_control.policies.checkpoint import load_policy
from lnn_control.policies.folders import DEFAULT_POLICY
from lnn_control.policies.references import HoverPolicy


def test_same_maps_are_alike_and_inverted_ones_are_opposite() -> None:
    stripes = np.tile(np.arange(24) % 2, (24, 1)).astype(float)
    assert measure_similarity(stripes, stripes) == pytest.approx(1.0)
    # Means of one half each; the covariance is minus the variance.
    assert measure_similarity(stripes, 1 - stripes) == pytest.approx(-0.993, abs=0.005)


def test_flat_maps_differ_by_their_luminance_alone() -> None:
    low, high = np.full((16, 20), 0.2), np.full((16, 20), 0.8)
    expected = (2 * 0.2 * 0.8 + 1e-4) / (0.2**2 + 0.8**2 + 1e-4)
    assert measure_similarity(low, high) == pytest.approx(expected)


@pytest.mark.parametrize('shapes', [((20, 20), (20, 21)), ((10, 30), (10, 30))])
def test_maps_that_cannot_be_compared_are_refused(
    shapes: tuple[tuple[int, int], tuple[int, int]],
) -> None:
    with pytest.raises(ValueError, match='maps must be of one shape, at least 11 px each way'):
        measure_similarity(np.zeros(shapes[0]), np.zeros(shapes[1]))


def test_noise_has_the_deviation_that_was_asked_for() -> None:
    noisy = add_noise(np.full((72, 128, 3), 128, np.uint8), 20.0, np.random.default_rng(0))
    assert noisy.dtype == np.uint8
    assert noisy.astype(float).std() == pytest.approx(20.0, rel=0.02)


def test_attention_wanders_the_more_the_stronger_the_noise() -> None:
    policy = load_policy(DEFAULT_POLICY)
    rng = np.random.default_rng(1)
    images = []
    for _ in range(3):
        image = np.full((72, 128, 3), 90, np.uint8)
        row, column = rng.integers(0, 50), rng.integers(0, 100)
        image[row : row + 20, column : column + 24] = (200, 30, 20)
        images.append(image)
    found = measure_stability(policy, images, rng, (1.0, 10.0, 60.0))
    assert found.shape == (3, 3)
    weak, medium, strong = found.mean(axis=1)
    assert 1.0 > weak > medium > strong
    same = measure_stability(policy, images, rng, (0.0,))
    assert same == pytest.approx(np.ones((1, 3)))


def test_policy_that_looks_at_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match='policy hover cannot tell what it looks at'):
        measure_stability(
            HoverPolicy(), [np.zeros((72, 128, 3), np.uint8)], np.random.default_rng(0)
        )
