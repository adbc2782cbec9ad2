# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest


def test_length_is_the_number_of_images(make_episode):
    assert len(make_episode(5)) == 5


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        ({'images': np.zeros((8, 8, 16, 3), np.float32)}, 'images must be uint8'),
        ({'images': np.zeros((7, 8, 16, 3), np.uint8)}, r'images must be uint8 of shape \(8,'),
        ({'images': np.zeros((8, 8, 16, 4), np.uint8)}, 'images must be uint8'),
        ({'flown': np.zeros((8, 3), np.float32)}, r'flown must have shape \(8, 4\)'),
        ({'labels': np.full((8, 4), np.nan, np.float32)}, 'labels must be finite'),
        ({'imu': np.zeros((79, 6), np.float32)}, r'imu must have shape \(80, 6\)'),
        ({'image_stamps': np.array([0, 1, 2, 3, 4, 5, 6, 6.0])}, 'image_stamps must increase'),
        ({'image_stamps': np.arange(8.0)[::-1]}, 'image_stamps must increase'),
        ({'privileged': np.zeros((7, 20), np.float32)}, r'privileged must have shape \(8, 20\)'),
        ({'privileged': np.full((8, 20), np.nan, np.float32)}, 'privileged must be finite'),
        ({'privileged': np.full((8, 20), 2.0, np.float32)}, 'privileged must be within .* got 2'),
        ({'segmentation': np.zeros((8, 8, 16), np.int64)}, 'segmentation must be uint8'),
        ({'segmentation': np.zeros((8, 9, 16), np.uint8)}, r'of shape \(8, 8, 16\), got'),
    ],
)
def test_flights_that_contradict_themselves_are_errors(make_episode, change, message):
    with pytest.raises(ValueError, match=message):
        replace(make_episode(), **change)


def test_a_flight_without_images_is_an_error(make_episode):
    episode = make_episode(2)
    with pytest.raises(ValueError, match='at least one image'):
        replace(
            episode,
            images=episode.images[:0],
            image_stamps=episode.image_stamps[:0],
            flown=episode.flown[:0],
            labels=episode.labels[:0],
        )
