# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bags through the importer, without writing a data set."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

from lnn_control.data.bags import find_bags
from lnn_control.data.contract import OUR_CONTRACT, Contract
from lnn_control.data.importer import open_episodes
from lnn_control.data.problems import Findings
from lnn_control.imitation.episode import Episode


class Read(NamedTuple):
    episodes: list[Episode]
    findings: Findings

    @property
    def only(self) -> Episode:
        assert len(self.episodes) == 1
        return self.episodes[0]


ReadBag = Callable[..., Read]


@pytest.fixture
def read_bag(tmp_path: Path) -> ReadBag:
    """Return a function that gives the episodes of a bag by a contract, that of our nodes."""

    def read(place: Path, contract: Contract = OUR_CONTRACT) -> Read:
        (bag,), _ = find_bags(place)
        with open_episodes(bag, contract, tmp_path) as (episodes, findings):
            return Read([episode.load() for episode in episodes], findings)

    return read


@pytest.fixture
def make_flight() -> Callable[[int], Episode]:
    """Return a function that makes an episode of so many images as the simulator records it."""

    def make(num_images: int) -> Episode:
        rng = np.random.default_rng(0)
        stamps = 1.0 + 0.05 * np.arange(num_images)
        samples = 1.0 + 0.005 * np.arange(-9, 10 * (num_images - 1) + 1)
        imu = rng.normal(0.0, 0.2, (len(samples), 6)) + np.array([0, 0, 0, 0, 0, 9.81])
        commands = rng.normal(size=(num_images, 4)).astype(np.float32)
        return Episode(
            images=rng.integers(0, 256, (num_images, 18, 32, 3), dtype=np.uint8),
            image_stamps=stamps,
            imu=imu.astype(np.float32),
            imu_stamps=samples,
            flown=commands,
            labels=commands,
            metadata={'seed': '7', 'pilot': 'expert', 'outcome': 'success'},
        )

    return make
