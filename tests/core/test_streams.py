# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from lnn_control.core.streams import STREAMS, stream


def test_no_two_streams_draw_the_same_numbers():
    ids = [(seed, name) for seed in (0, 1, 999_999) for name in STREAMS]
    draws = {stream(seed, name).integers(2**63) for seed, name in ids}
    indexed = {stream(0, 'disturbance', index).integers(2**63) for index in range(1, 6)}
    assert len(draws | indexed) == len(ids) + 5


def test_streams_are_those_that_worlds_were_always_drawn_from():
    for name, number in (('world', 0), ('simulation', 1), ('training', 3)):
        assert stream(7, name).random() == np.random.default_rng([7, number]).random()
    assert stream(7, 'disturbance', 1).random() == np.random.default_rng([7, 2, 1]).random()


def test_disturbance_of_a_collected_flight_is_not_that_of_its_first_disturbance():
    assert stream(7, 'collection').random() != stream(7, 'disturbance', 0).random()


def test_unknown_stream_is_an_error():
    with pytest.raises(KeyError):
        stream(0, 'weather')
