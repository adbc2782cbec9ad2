# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Seasons are a shift of what the camera sees, far beyond that between seeds."""

from itertools import combinations

import numpy as np
import pytest

from lnn_control.core.frames import rotation_world_from_level
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.worlds import SEASONS, Layout, build_world

SEEDS = range(4)
VIEWS = ((0.0, 0.0), (4.0, 1.5), (8.0, -1.5))


def measure_colours(renderer, name: str, season: str, seed: int) -> np.ndarray:
    """Return the mean colours of the upper, middle and lower third of some views, shape (9,)."""
    layout = Layout((0.0, 0.0), (12.0, 0.0))
    renderer.load(build_world(name, season, layout, np.random.default_rng(seed)))
    views = [
        renderer.render(np.array([x, 0.0, 1.5]), rotation_world_from_level(yaw))
        for x, yaw in VIEWS
    ]
    thirds = np.stack(views).reshape(len(VIEWS), 3, -1, 3)
    return thirds.mean(axis=(0, 2)).ravel()


@pytest.mark.parametrize('name', ['forest', 'urban'])
def test_seasons_differ_by_far_more_than_seeds(name):
    renderer = make_renderer('tiny', PinholeCamera(64, 36))
    colours = {
        season: np.array([measure_colours(renderer, name, season, seed) for seed in SEEDS])
        for season in SEASONS
    }
    renderer.close()
    between_seeds = np.mean([rows.std(axis=0) for rows in colours.values()], axis=0)
    for one, other in combinations(SEASONS, 2):
        apart = np.abs(colours[one].mean(axis=0) - colours[other].mean(axis=0))
        assert (apart / between_seeds).max() > 3, (one, other)
