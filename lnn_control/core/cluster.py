# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Work done by the workers of a Dask cluster, as :mod:`.processes` does it on this computer.

The workers share no files with who asks: what they need travels with the work, what comes of it
travels back. Dask gives the work of a worker that dies to another one.
"""

import asyncio
import math
import pickle
import queue
import re
import reprlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from lnn_control.core.checks import check_number
from lnn_control.core.processes import arrange_results
from lnn_control.core.provenance import describe_versions

if TYPE_CHECKING:
    from distributed import Client, Future

MOST_WAITING = 2
"""Items that a worker has at a time: one that it works at, one so that it need not wait."""

_ADDRESS = re.compile(r'[a-z]+://.+:\d+')
_CONNECT_SECONDS, _LEAVE_SECONDS = 30.0, 5.0
_UNKNOWN_COMMIT = 'unknown'


@dataclass(frozen=True)
class Cluster:
    """A Dask cluster that runs already: a scheduler with workers of one thread each.

    Its scheduler runs whatever anybody sends to it, so it belongs into a network that is trusted.

    :param address: of the scheduler, such as tcp://10.0.0.5:8786.
    :param patience: how long a worker is waited for when there is none [s].
    :raises ValueError: if that is no address.
    """

    address: str
    patience: float = 30.0

    def __post_init__(self) -> None:
        check_number('patience', self.patience, 0.1, 3600.0, 's')
        if not _ADDRESS.fullmatch(self.address):
            raise ValueError(
                f'cluster must be the address of a Dask scheduler, such as tcp://10.0.0.5:8786, '
                f'got {self.address!r}'
            )

    @property
    def start_workers(self) -> str:
        """The command that starts workers as they must be, one a core."""
        return f'dask worker {self.address} --nthreads 1 --nworkers -1'


@dataclass(frozen=True)
class ClusterWorkers:
    """Workers of a cluster and what each does before its first item.

    :param start: makes the context of a worker; picklable. What it raises, all work raises.
    :param arguments: of `start`; picklable.
    """

    cluster: Cluster
    start: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


def map_on_cluster(
    work: Callable[[Any, Any], Any],
    items: Iterable[Any],
    workers: ClusterWorkers,
    is_ordered: bool = True,
) -> Iterator[Any]:
    """Yield the result of every item once, in their order or as they come.

    An item is taken when there is a worker for it. Whoever stops reading early gives up what was
    handed out; the workers finish what they have begun.

    :param work: picklable, called with the worker's context and an item. It may be called again
        with an item whose worker was killed.
    :raises ConnectionError: if no scheduler answers, or no longer.
    :raises ChildProcessError: if there is no worker, or an item has cost several.
    :raises ValueError: if a worker is not as it must be, or has other versions than are here.
    """
    client = _connect(workers.cluster)
    try:
        _check_workers(client, workers.cluster)
        crew = _Crew(client, work, workers)
        yield from arrange_results(crew.run(items), is_ordered)
    finally:
        _leave(client)


def _connect(cluster: Cluster) -> 'Client':
    """Return a client of a scheduler that has a worker.

    :raises ConnectionError: if no scheduler answers.
    :raises ChildProcessError: if there is no worker.
    """
    from distributed import Client

    try:
        client = Client(cluster.address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, asyncio.TimeoutError) as error:
        raise ConnectionError(
            f'no Dask scheduler answers at {cluster.address}: start one with `dask scheduler` or '
            'give the address that it prints'
        ) from error
    try:
        client.wait_for_workers(1, timeout=cluster.patience)
    except (OSError, asyncio.TimeoutError) as error:
        _leave(client)
        raise _tell_no_worker(cluster) from error
    return client


def _leave(client: 'Client') -> None:
    """Give up what was handed out. A cluster that is gone need not be told."""
    with suppress(asyncio.TimeoutError):
        client.close(timeout=_LEAVE_SECONDS)


def _tell_no_worker(cluster: Cluster) -> ChildProcessError:
    return ChildProcessError(
        f'the Dask scheduler at {cluster.address} has had no worker for {cluster.patience:g} s: '
        f'start some with `{cluster.start_workers}`'
    )


def _check_workers(client: 'Client', cluster: Cluster) -> None:
    """Check before the first item that every worker is fit for it.

    :raises ValueError: if one has several threads, or other versions than are here.
    """
    for worker, num_threads in client.nthreads().items():
        if num_threads != 1:
            raise ValueError(
                f'worker {worker} must have one thread, as simulators need a process each, got '
                f'{num_threads}: start it with `{cluster.start_workers}`'
            )
    ours, call = describe_versions(), pickle.dumps(_Call(describe_versions))
    for worker, theirs in client.run(pickle.loads, call, on_error='return').items():
        if isinstance(theirs, ModuleNotFoundError):
            raise ValueError(f'worker {worker} {_tell_missing(theirs)}') from theirs
        # One that is gone by now, or ails, is told apart when it works.
        if not isinstance(theirs, BaseException):
            _check_versions(worker, theirs, ours)


def _check_versions(worker: str, theirs: Mapping[str, str], ours: Mapping[str, str]) -> None:
    """Check that a worker gets the same results as this computer.

    :raises ValueError: if not; it names all that differs.
    """
    differing = [
        f'{name} {theirs.get(name)} instead of {version}'
        for name, version in ours.items()
        if theirs.get(name) != version
        # Who installs from a wheel knows no commit.
        and not (name == 'commit' and _UNKNOWN_COMMIT in (version, theirs.get(name)))
    ]
    if differing:
        raise ValueError(
            f'worker {worker} has {", ".join(differing)}, so its results could differ: install '
            'there what is installed here'
        )


def _tell_missing(error: ModuleNotFoundError) -> str:
    return f'lacks the Python module {error.name!r}: install there what is installed here'


@dataclass(frozen=True)
class _Call:
    """A call that whoever unpickles it makes.

    So Dask handles bytes and a function of Python's own. A worker that lacks a module of ours says
    so; it would die of the name of a function that it cannot find.
    """

    function: Callable[..., Any]
    arguments: tuple[Any, ...] = ()

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return self.function, self.arguments


class _Order(NamedTuple):
    """An item that was handed out, and what will come of it."""

    number: int
    item: Any
    future: 'Future'


class _Crew:
    """Hands out items to the workers of a cluster and takes what comes of them."""

    def __init__(
        self, client: 'Client', work: Callable[[Any, Any], Any], workers: ClusterWorkers
    ) -> None:
        self._client = client
        self._cluster = workers.cluster
        self._run = uuid.uuid4().hex
        self._setup = pickle.dumps((describe_versions(), work, workers.start, workers.arguments))
        self._orders: dict[str, _Order] = {}
        self._done: queue.SimpleQueue[Future] = queue.SimpleQueue()
        self._num_workers, self._counted_at = 0, -math.inf

    def run(self, items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the number and the result of every item as they come."""
        numbered = enumerate(items)
        self._hand_out(numbered)
        while self._orders:
            order = self._orders.pop(str(self._wait().key))
            result = self._read(order)
            # Its next work first: whoever reads may take their time.
            self._hand_out(numbered)
            yield order.number, result

    def _hand_out(self, numbered: Iterator[tuple[int, Any]]) -> None:
        """Give the workers as many items as they may have."""
        room = MOST_WAITING * max(self._count_workers(), 1) - len(self._orders)
        for number, item in islice(numbered, max(room, 0)):
            call = _Call(_do, (self._run, self._setup, item))
            future = self._client.submit(
                pickle.loads, pickle.dumps(call), key=f'{self._run}-{number}'
            )
            self._orders[str(future.key)] = _Order(number, item, future)
            future.add_done_callback(self._done.put)

    def _count_workers(self) -> int:
        """Return how many workers there are, or were less than a second ago."""
        if time.monotonic() > self._counted_at + 1.0:
            try:
                self._num_workers = len(self._client.nthreads())
            except (OSError, asyncio.TimeoutError) as error:
                raise self._tell_lost() from error
            self._counted_at = time.monotonic()
        return self._num_workers

    def _wait(self) -> 'Future':
        """Return the next future that is done.

        :raises ChildProcessError: if there has been no worker for too long.
        """
        seen = time.monotonic()
        while True:
            try:
                return self._done.get(timeout=min(1.0, self._cluster.patience))
            except queue.Empty:
                now = time.monotonic()
            if self._count_workers() > 0:
                seen = now
            elif now > seen + self._cluster.patience:
                raise _tell_no_worker(self._cluster)

    def _read(self, order: _Order) -> Any:
        """Return what came of an item.

        :raises Exception: what its work raised.
        """
        from distributed import KilledWorker

        future = order.future
        while True:
            try:
                return future.result(timeout=self._cluster.patience)
            except KilledWorker as error:
                raise ChildProcessError(
                    f'{error.allowed_failures + 1} workers died, the last at '
                    f'{error.last_worker.address}, doing {reprlib.repr(order.item)}: perhaps '
                    'memory ran out, start fewer workers on a computer'
                ) from error
            except ModuleNotFoundError as error:
                raise ChildProcessError(f'a worker {_tell_missing(error)}') from error
            except asyncio.TimeoutError as error:
                if future.status == 'error':
                    raise
                # Its worker died before the result was fetched: it is done again, by somebody.
                if self._count_workers() == 0:
                    raise _tell_no_worker(self._cluster) from error
            except (OSError, CancelledError) as error:
                if future.status == 'error':
                    raise
                raise self._tell_lost() from error

    def _tell_lost(self) -> ConnectionError:
        return ConnectionError(
            f'the Dask scheduler at {self._cluster.address} has stopped or cannot be reached any '
            'more: start it again'
        )


class _Seat(threading.local):
    """What a thread of a worker has made for the run that it works for.

    It stays until another run takes its place: nobody tells a worker that a run is over.
    """

    run = ''
    work: Callable[[Any, Any], Any] | None = None
    context: Any = None

    def take(self, run: str, setup: bytes) -> None:
        """Make the context of a run in place of the one before."""
        from distributed import get_worker

        self.run, self.work, self.context = '', None, None
        versions, work, start, arguments = pickle.loads(setup)
        # Also of those that joined after the run began.
        _check_versions(get_worker().address, describe_versions(), versions)
        self.context = start(*arguments)
        self.run, self.work = run, work


# A worker calls functions and keeps nothing between them, so what is made once lies here.
_SEAT = _Seat()


def _do(run: str, setup: bytes, item: Any) -> Any:
    """Do an item's work: the part of all this that runs in a worker."""
    if _SEAT.run != run:
        _SEAT.take(run, setup)
    if _SEAT.work is None:
        raise RuntimeError('a context must be there before it is worked with')
    return _SEAT.work(_SEAT.context, item)
