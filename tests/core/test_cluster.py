# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A real scheduler with real workers; functions of the standard library or of this file work."""

import math
import os
import re
import signal
import socket
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lnn_control.core import cluster as module
from lnn_control.core import provenance
from lnn_control.core.cluster import MOST_WAITING, Cluster, ClusterWorkers, map_on_cluster
from tests.dask_cluster import DaskCluster
from tests.patience import PATIENCE

pytest.importorskip('distributed', reason='needs the extra cluster')


@pytest.fixture(scope='module')
def two_workers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    folder = tmp_path_factory.mktemp('cluster')
    with DaskCluster(folder, DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES='1') as cluster:
        cluster.add_workers(2)
        yield cluster


def hire(cluster: DaskCluster, start=math.sqrt, *arguments, patience=PATIENCE) -> ClusterWorkers:
    """Return the workers of a cluster, which work with 2.0 as the context if nothing is said."""
    return ClusterWorkers(Cluster(cluster.address, patience), start, arguments or (4.0,))


def test_results_come_in_the_order_of_the_items_and_of_the_context(two_workers):
    assert list(map_on_cluster(math.pow, [5, 3, 1, 0], hire(two_workers))) == [32, 8, 2, 1]


def test_unordered_results_are_complete(two_workers):
    results = map_on_cluster(math.pow, range(20), hire(two_workers), is_ordered=False)
    assert sorted(results) == [2**item for item in range(20)]


def test_no_items_are_no_results(two_workers):
    assert list(map_on_cluster(math.pow, [], hire(two_workers))) == []


def name_context() -> str:
    return f'{os.getpid()} {uuid.uuid4()}'


def return_context(context: str, item: int) -> str:
    time.sleep(0.01)  # so that both workers have a share
    return context


def test_each_worker_makes_one_context_and_another_for_the_next_run(two_workers):
    workers = ClusterWorkers(Cluster(two_workers.address), name_context)
    runs = [set(map_on_cluster(return_context, range(30), workers)) for _ in range(2)]
    pids = {str(worker.pid) for worker in two_workers.workers}
    assert [{context.split()[0] for context in run} for run in runs] == [pids, pids]
    assert [len(run) for run in runs] == [2, 2]
    assert not runs[0] & runs[1]


def test_items_are_taken_when_there_is_a_worker_for_them(two_workers):
    taken = []

    def take():
        for item in range(100):
            taken.append(item)
            yield item

    results = map_on_cluster(math.pow, take(), hire(two_workers), is_ordered=False)
    next(results)
    next(results)
    assert len(taken) == 2 + 2 * MOST_WAITING
    results.close()


def test_error_of_the_work_comes_back_as_it_is(two_workers):
    with pytest.raises(TypeError, match='must be real number'):
        list(map_on_cluster(math.pow, [1, 'x'], hire(two_workers)))


def time_out(context: float, item: int) -> None:
    raise TimeoutError('the work itself')


def test_time_out_of_the_work_is_not_taken_for_one_of_the_cluster(two_workers):
    with pytest.raises(TimeoutError, match='the work itself'):
        list(map_on_cluster(time_out, [1], hire(two_workers)))


def test_error_of_the_start_comes_back(two_workers):
    with pytest.raises(ValueError, match='invalid literal'):
        list(map_on_cluster(math.pow, [1, 4], hire(two_workers, int, 'x')))


def lack_module() -> None:
    raise ModuleNotFoundError("No module named 'own_task'", name='own_task')


def test_module_that_a_worker_lacks_is_named_as_one_of_the_worker(two_workers):
    workers = ClusterWorkers(Cluster(two_workers.address), lack_module)
    with pytest.raises(ChildProcessError, match="a worker lacks the Python module 'own_task'"):
        list(map_on_cluster(math.pow, [1], workers))


def lie_about_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process, but no worker, have other versions than are installed."""
    true = provenance.version
    monkeypatch.setattr(
        provenance, 'version', lambda name: '0.0' if name == 'torch' else true(name)
    )


def test_worker_with_another_version_is_refused_before_the_first_item(two_workers, monkeypatch):
    lie_about_versions(monkeypatch)
    taken = []
    results = map_on_cluster(math.pow, (taken.append(1) for _ in range(3)), hire(two_workers))
    with pytest.raises(ValueError, match=r'worker tcp://\S+ has torch 2\S+ instead of 0.0, so'):
        next(results)
    assert not taken


def test_worker_with_another_version_that_joins_later_works_at_nothing(two_workers, monkeypatch):
    lie_about_versions(monkeypatch)
    monkeypatch.setattr(module, '_check_workers', lambda client, cluster: None)
    with pytest.raises(ValueError, match=r'has torch 2\S+ instead of 0.0'):
        list(map_on_cluster(math.pow, [1], hire(two_workers)))


def die_at_first(folder: str, item: int) -> int:
    """Die once with one item, as if somebody had killed the process."""
    mark = Path(folder) / 'died'
    if item == 3 and not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return item


@pytest.mark.parametrize('is_ordered', [True, False])
def test_work_of_a_killed_worker_is_done_by_another_and_nothing_twice(
    two_workers, tmp_path, is_ordered
):
    two_workers.add_workers(2 - len(two_workers.list_living()))
    workers = hire(two_workers, str, str(tmp_path))
    results = list(map_on_cluster(die_at_first, range(12), workers, is_ordered))
    assert (results if is_ordered else sorted(results)) == list(range(12))
    assert len(two_workers.list_living()) == 1


def die(context: float, item: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(context: float, item: float) -> None:
    time.sleep(item)


def test_without_any_worker_left_is_an_error_that_says_how_to_start_some(two_workers):
    two_workers.add_workers(1 - len(two_workers.list_living()))
    results = map_on_cluster(sleep, [0, 600], hire(two_workers, patience=1.0))
    next(results)
    for worker in two_workers.list_living():
        worker.kill()
        worker.wait(PATIENCE)
    began = time.monotonic()
    told = f'has had no worker for 1 s: start some with `dask worker {two_workers.address} --nthr'
    with pytest.raises(ChildProcessError, match=re.escape(told)):
        next(results)
    assert time.monotonic() - began < PATIENCE / 10


def test_work_that_kills_its_workers_is_an_error_instead_of_killing_them_all(two_workers):
    two_workers.add_workers(3 - len(two_workers.list_living()))
    with pytest.raises(ChildProcessError, match=r'2 workers died, the last at tcp://.* doing 3: '):
        list(map_on_cluster(die, [3], hire(two_workers)))
    assert list(map_on_cluster(math.pow, [1], hire(two_workers))) == [2]


def test_worker_of_several_threads_is_refused(tmp_path):
    with DaskCluster(tmp_path) as cluster:
        cluster.add_workers(1, num_threads=2)
        told = f'must have one thread, .* got 2: start it with `dask worker {cluster.address} '
        with pytest.raises(ValueError, match=told):
            list(map_on_cluster(math.pow, [1], hire(cluster)))


def test_worker_that_lacks_the_package_is_refused_and_lives_on(tmp_path, monkeypatch):
    # The worker stands beside this file and finds it first.
    lacking = "raise ModuleNotFoundError('none', name='lnn_control')\n"
    (tmp_path / 'lnn_control.py').write_text(lacking)
    with DaskCluster(tmp_path) as cluster:
        cluster.add_workers(1)
        told = r"worker tcp://\S+ lacks the Python module 'lnn_control': install there"
        with pytest.raises(ValueError, match=told):
            list(map_on_cluster(math.pow, [1], hire(cluster)))
        # One that joins later is not asked before.
        monkeypatch.setattr(module, '_check_workers', lambda client, cluster: None)
        with pytest.raises(ChildProcessError, match="a worker lacks the Python module 'lnn_con"):
            list(map_on_cluster(math.pow, [1], hire(cluster)))
        assert cluster.list_living()


def test_lost_scheduler_is_an_error(tmp_path):
    with DaskCluster(tmp_path) as cluster:
        cluster.add_workers(1)
        results = map_on_cluster(sleep, [0, 600], hire(cluster))
        next(results)
        cluster.scheduler.kill()
        with pytest.raises(ConnectionError, match='has stopped or cannot be reached any more'):
            next(results)


def test_scheduler_without_workers_is_an_error(tmp_path):
    with DaskCluster(tmp_path) as cluster:
        results = map_on_cluster(math.pow, [1], hire(cluster, patience=0.5))
        with pytest.raises(ChildProcessError, match=r'has had no worker for 0\.5 s: start some'):
            next(results)


def test_address_without_a_scheduler_is_an_error_within_the_time_given(monkeypatch):
    monkeypatch.setattr(module, '_CONNECT_SECONDS', 0.5)
    with socket.socket() as nobody:
        nobody.bind(('127.0.0.1', 0))  # bound, but nobody listens
        address = f'tcp://127.0.0.1:{nobody.getsockname()[1]}'
        began = time.monotonic()
        workers = ClusterWorkers(Cluster(address), math.sqrt, (4.0,))
        with pytest.raises(ConnectionError, match=f'no Dask scheduler answers at {address}: star'):
            list(map_on_cluster(math.pow, [1], workers))
        assert time.monotonic() - began < PATIENCE / 10


@pytest.mark.parametrize('address', ['', 'host', 'host:8786', 'tcp://host', 'tcp://host:port'])
def test_what_is_no_address_is_an_error_at_once(address):
    with pytest.raises(ValueError, match=r'such as tcp://10\.0\.0\.5:8786, got'):
        Cluster(address)
