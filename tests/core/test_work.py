# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import math
import os

import pytest

from lnn_control.core.work import Work, share_work


@pytest.mark.parametrize('is_ordered', [True, False])
def test_work_is_done_with_the_context_and_kept(is_ordered):
    work = Work(math.pow, math.sqrt, (4.0,), str)
    results = list(share_work(work, [5, 3, 4], 2, is_ordered))
    if is_ordered:
        assert results == ['32.0', '8.0', '16.0']
    assert sorted(results) == ['16.0', '32.0', '8.0']


def test_without_anything_to_keep_results_are_those_of_the_work():
    assert list(share_work(Work(math.pow, math.sqrt, (4.0,)), [3, 1])) == [8, 2]


def name_process(context: float, item: int) -> list[int]:
    return [os.getpid()]


def add_process(names: list[int]) -> list[int]:
    return [*names, os.getpid()]


def test_processes_of_this_computer_keep_what_they_did():
    work = Work(name_process, math.sqrt, (4.0,), add_process)
    [[did, kept]] = share_work(work, [0], 1)
    assert did == kept != os.getpid()
