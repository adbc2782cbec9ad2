# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Functions of the standard library or of this file stand in for work."""

import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from lnn_control.core import processes
from lnn_control.core.processes import Workers, _serve, map_in_processes
from tests.patience import PATIENCE

# Work is math.pow(context, item), with 2.0 as the context.
TWO = Workers(2, math.sqrt, (4.0,))
ONE = replace(TWO, count=1)


@pytest.fixture(autouse=True, scope='module')
def workers_of_users() -> Iterator[None]:
    """Start processes as users do, which other tests don't."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, 'multiprocessing', multiprocessing)
        yield


def test_results_come_in_the_order_of_the_items_and_of_the_context():
    assert list(map_in_processes(math.pow, [5, 3, 1, 0], TWO)) == [32, 8, 2, 1]


def test_unordered_results_are_complete():
    results = map_in_processes(math.pow, [5, 3, 1, 0], TWO, is_ordered=False)
    assert sorted(results) == [1, 2, 8, 32]


def test_items_are_taken_when_somebody_is_free_for_them():
    taken = []

    def take():
        for item in range(100):
            taken.append(item)
            yield item

    results = map_in_processes(math.pow, take(), ONE)
    assert [next(results), next(results)] == [1, 2]
    assert len(taken) <= 3
    results.close()


def test_a_process_ends_in_peace_when_nobody_reads_its_answer():
    context = multiprocessing.get_context('spawn')
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, math.pow, ONE))
    process.start()
    theirs.close()
    ours.send(3)
    assert ours.poll(PATIENCE)
    # Closing with the answer unread is what a kill does: the other side is told of a reset.
    ours.close()
    process.join(PATIENCE)
    assert process.exitcode == 0


def test_no_items_are_no_results():
    assert list(map_in_processes(math.pow, [], TWO)) == []


def test_error_of_the_work_comes_back_as_it_is():
    with pytest.raises(TypeError, match='must be real number') as error:
        list(map_in_processes(math.pow, [1, 'x'], ONE))
    assert 'work(context, item)' in str(error.value.__cause__)


def test_error_of_the_start_comes_back_instead_of_starting_for_ever():
    with pytest.raises(ValueError, match='invalid literal'):
        list(map_in_processes(math.pow, [1, 4], Workers(1, int, ('x',))))


def die(context: float, item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_work_that_kills_its_processes_is_an_error_instead_of_waiting_for_ever():
    with pytest.raises(
        ChildProcessError, match='2 processes died, the last by signal SIGKILL, do'
    ):
        list(map_in_processes(die, [3], ONE))


def die_at_first(folder: str, item: int) -> int:
    """Die once with each odd item, as if somebody had killed the process."""
    mark = Path(folder) / f'{item}'
    if item % 2 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.parametrize('is_ordered', [True, False])
def test_work_of_a_killed_process_is_done_by_another_and_nothing_twice(tmp_path, is_ordered):
    workers = Workers(2, str, (str(tmp_path),))
    results = list(map_in_processes(die_at_first, range(6), workers, is_ordered))
    assert (results if is_ordered else sorted(results)) == list(range(6))
    assert sorted(path.name for path in tmp_path.iterdir()) == ['1', '3', '5']


def sleep(context: float, item: float) -> None:
    time.sleep(item)


def test_who_stops_reading_ends_the_processes():
    results = map_in_processes(sleep, [0, 600], ONE)
    next(results)
    children = multiprocessing.active_children()
    assert children
    results.close()
    for child in children:
        child.join(timeout=PATIENCE)
        assert not child.is_alive()


START_AND_WAIT = (
    'import multiprocessing, sys, tests.core.test_processes as tests\n'
    'if __name__ == "__main__":\n'
    '    results = tests.map_in_processes(tests.sleep, [0, 600], tests.ONE)\n'
    '    next(results)\n'
    '    print(multiprocessing.active_children()[0].pid, flush=True)\n'
    '    next(results)\n'
)


def test_processes_end_with_who_started_them_even_if_that_is_killed(tmp_path):
    script = tmp_path / 'start.py'
    script.write_text(START_AND_WAIT)
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get('PYTHONPATH')]))
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        env=os.environ | {'PYTHONPATH': path},
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.wait(PATIENCE)
    deadline = time.monotonic() + PATIENCE
    while Path(f'/proc/{child}').exists() and not is_zombie(child):
        assert time.monotonic() < deadline, 'the process lives on'
        time.sleep(0.05)


def is_zombie(pid: int) -> bool:
    try:
        return Path(f'/proc/{pid}/stat').read_text().rpartition(')')[2].split()[0] == 'Z'
    except FileNotFoundError:
        return True
