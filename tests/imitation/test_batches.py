# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace

import numpy as np
import pytest

from lnn_control.imitation.batches import load_batch, merge_imu, read_ahead
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.windows import Window


def make_sequence(length: int) -> Sequence:
    """Return a sequence whose every value is the number of its image."""
    count = np.arange(length, dtype=np.float32)
    return Sequence(
        'numbers',
        images=np.tile(count.astype(np.uint8)[:, None, None, None], (1, 2, 2, 3)),
        imu=np.tile(count[:, None], (1, 12)),
        elapsed_time=0.05 + 0.001 * count,
        labels=np.tile(count[:, None], (1, 4)),
    )


def test_padding_bears_no_loss_and_repeats_the_last_image():
    windows = [Window(0, start=3, length=4, warm_up=1), Window(0, start=10, length=6, warm_up=2)]
    batch = load_batch([make_sequence(30)], windows)
    assert batch.weight.tolist() == [[0, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1]]
    assert batch.labels[0, :, 0].tolist() == [3, 4, 5, 6, 6, 6]
    assert batch.images[1, :, 0, 0, 0].tolist() == [10, 11, 12, 13, 14, 15]
    assert batch.imu[1, :, 3].tolist() == [10, 11, 12, 13, 14, 15]
    assert batch.elapsed_time[1] == pytest.approx(0.05 + 0.001 * np.arange(10, 16))
    assert np.isfinite(batch.imu).all()


def test_strides_add_up_the_time_since_the_image_taken_before():
    batch = load_batch([make_sequence(30)], [Window(0, 6, length=3, warm_up=0, stride=3)])
    assert batch.images[0, :, 0, 0, 0].tolist() == [6, 9, 12]
    assert batch.labels[0, :, 0].tolist() == [6, 9, 12]
    wanted = [sum(0.05 + 0.001 * i for i in (n - 2, n - 1, n)) for n in (6, 9, 12)]
    assert batch.elapsed_time[0] == pytest.approx(wanted)


def test_joined_inertial_features_are_those_of_all_samples_together():
    samples = np.random.default_rng(0).normal(size=(3, 10, 6)).astype(np.float32)
    parts = np.concatenate([samples.mean(axis=1), samples.std(axis=1)], axis=1)
    together = samples.reshape(30, 6)
    wanted = np.concatenate([together.mean(axis=0), together.std(axis=0)])
    assert merge_imu(parts[None])[0] == pytest.approx(wanted, abs=1e-6)


def test_reading_ahead_yields_every_batch_in_order():
    groups = [[Window(0, start, length=2, warm_up=0)] for start in range(7)]
    batches = list(read_ahead([make_sequence(30)], groups))
    assert [batch.labels[0, 0, 0] for batch in batches] == list(range(7))


def test_privileged_labels_are_zeros_where_there_are_none_and_that_is_said():
    plain, rich = make_sequence(9), make_sequence(9)
    rich = replace(rich, privileged=np.full((9, 20), 0.5, np.float32))
    windows = [Window(0, 2, length=3, warm_up=0), Window(1, 2, length=3, warm_up=0)]
    batch = load_batch([plain, rich], windows)
    assert batch.has_privileged.tolist() == [False, True]
    assert (batch.privileged[0] == 0).all()
    assert (batch.privileged[1] == 0.5).all()
    assert load_batch([plain, plain], windows).privileged is None


def test_segmentation_is_read_where_every_window_has_it():
    plain = make_sequence(9)
    rich = replace(plain, segmentation=np.arange(9, dtype=np.uint8)[:, None, None].repeat(2, 1))
    windows = [Window(0, 2, length=3, warm_up=0), Window(1, 4, length=2, warm_up=0)]
    batch = load_batch([rich, rich], windows, with_segmentation=True)
    assert batch.segmentation[:, :, 0, 0].tolist() == [[2, 3, 4], [4, 5, 5]]
    assert load_batch([plain, rich], windows, with_segmentation=True).segmentation is None
    assert load_batch([rich, rich], windows).segmentation is None
