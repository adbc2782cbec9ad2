# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest
from own_task.glare import LEVELS, Glare

from sim.disturbances import make_disturbance


def test_glare_is_white_in_its_middle_and_leaves_the_rest():
    pixels = np.full((72, 128, 3), 50, dtype=np.uint8)
    middle = np.array([0.5, 0.5])
    blinded = Glare(0.08).corrupt(pixels, middle, np.random.default_rng(0))
    assert blinded[18, 64].tolist() == [255, 255, 255]
    assert (blinded[-20:] == 50).all()
    assert (pixels == 50).all()


def test_levels_get_worse_and_are_found_by_name():
    pixels, place = np.zeros((72, 128, 3), dtype=np.uint8), np.array([0.5, 0.5])
    means = [one.corrupt(pixels, place, np.random.default_rng(0)).mean() for one in LEVELS]
    assert means == sorted(means)
    assert make_disturbance('glare', 2) == Glare(0.15)
    with pytest.raises(ValueError, match='radius must be'):
        Glare(2.0)
