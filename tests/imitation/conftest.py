# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Short made-up flights."""

from collections.abc import Callable

import numpy as np
import pytest

from lnn_control.imitation.episode import Episode

EpisodeMaker = Callable[..., Episode]


@pytest.fixture(scope='session')
def make_episode() -> EpisodeMaker:
    """Return a function that makes an episode of random values, 20 images a second."""

    def make(num_images: int = 8, seed: int = 0, size: tuple[int, int] = (8, 16)) -> Episode:
        rng = np.random.default_rng(seed)
        num_samples = 10 * num_images
        return Episode(
            images=rng.integers(0, 256, (num_images, *size, 3), dtype=np.uint8),
            image_stamps=1.0 + 0.05 * np.arange(num_images),
            imu=rng.normal(size=(num_samples, 6)).astype(np.float32),
            imu_stamps=1.0 + 0.005 * np.arange(-9, num_samples - 9),
            flown=rng.normal(size=(num_images, 4)).astype(np.float32),
            labels=rng.normal(size=(num_images, 4)).astype(np.float32),
            metadata={'seed': str(seed), 'pilot': 'expert', 'outcome': 'success'},
        )

    return make
