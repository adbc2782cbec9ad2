# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Functions of the standard library stand in for work: processes can import them."""

import math
import multiprocessing
import os
import time

import pytest

from lnn_control.core.processes import Workers, map_in_processes
from tests.patience import PATIENCE

IDLE = Workers(2, math.sqrt, (4.0,))


def test_results_come_in_the_order_of_the_items():
    assert list(map_in_processes(math.sqrt, [9, 4, 1, 0], IDLE)) == [3, 2, 1, 0]


def test_unordered_results_are_complete():
    results = map_in_processes(math.sqrt, [9, 4, 1, 0], IDLE, is_ordered=False)
    assert sorted(results) == [0, 1, 2, 3]


def test_error_of_the_work_comes_back_as_it_is():
    with pytest.raises(ValueError, match=r'math domain|nonnegative'):
        list(map_in_processes(math.sqrt, [1, -1], Workers(1, math.sqrt, (4.0,))))


def test_error_of_the_start_comes_back_instead_of_starting_for_ever():
    with pytest.raises(ValueError, match='invalid literal'):
        list(map_in_processes(math.sqrt, [1, 4], Workers(1, int, ('x',))))


def test_dead_process_is_an_error_instead_of_waiting_for_ever():
    with pytest.raises(ChildProcessError, match='a worker process died'):
        list(map_in_processes(os._exit, [3], Workers(1, math.sqrt, (4.0,))))


def test_who_stops_reading_ends_the_processes():
    results = map_in_processes(time.sleep, [0, 600], Workers(1, math.sqrt, (4.0,)))
    next(results)
    children = multiprocessing.active_children()
    assert children
    results.close()
    for child in children:
        child.join(timeout=PATIENCE)
        assert not child.is_alive()
