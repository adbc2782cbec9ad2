# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Work shared among processes that are started once and fail loudly.

Each process makes itself a context, such as an environment with a policy, and does all its work
with it. One that is killed is started again with the work it had.
"""

import multiprocessing
import os
import reprlib
import signal
import threading
import traceback
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

MOST_DEATHS = 2
"""Processes that one piece of work may cost before it counts as the reason."""


@dataclass(frozen=True)
class Workers:
    """Processes to start.

    :param count: at least 1.
    :param start: makes the context of a process, first thing in it; picklable. What it raises, all
        work raises.
    :param arguments: of `start`; picklable.
    """

    count: int
    start: Callable[..., Any]
    arguments: tuple[Any, ...] = ()


def map_in_processes(
    work: Callable[[Any, Any], Any],
    items: Iterable[Any],
    workers: Workers,
    is_ordered: bool = True,
) -> Iterator[Any]:
    """Yield the result of every item, in their order or as they come.

    An item is taken when a process is free for it, so that items may follow from results. Whoever
    stops reading early, or presses Ctrl-C, ends the processes at once. They also end when the
    process that started them does, however that ends.

    :param work: picklable, called with the process's context and an item. It may be called again
        with an item whose process was killed.
    :raises ChildProcessError: if an item has cost several processes, as it does when there is not
        memory enough.
    """
    crew = _Crew(work, workers)
    try:
        yield from arrange_results(crew.run(items), is_ordered)
    finally:
        crew.end()


def arrange_results(results: Iterator[tuple[int, Any]], is_ordered: bool) -> Iterator[Any]:
    """Return numbered results without their numbers, in the order of these or as they come."""
    return _order(results) if is_ordered else (result for _, result in results)


def _order(results: Iterator[tuple[int, Any]]) -> Iterator[Any]:
    """Yield numbered results from 0 on, each as soon as all before it are there."""
    early: dict[int, Any] = {}
    next_number = 0
    for number, result in results:
        early[number] = result
        while next_number in early:
            yield early.pop(next_number)
            next_number += 1


@dataclass
class _Job:
    """A piece of work and how many processes have died of it."""

    number: int
    item: Any
    num_deaths: int = 0


@dataclass
class _Worker:
    """A process, the way to it and what it is doing."""

    process: BaseProcess
    connection: Connection
    job: _Job | None = None


class _Answer(NamedTuple):
    """What came of a piece of work."""

    result: Any = None
    error: Exception | None = None
    trace: str = ''


class _Crew:
    """Runs work in processes and replaces those that die."""

    def __init__(self, work: Callable[[Any, Any], Any], workers: Workers) -> None:
        self._work = work
        self._settings = workers
        self._workers: list[_Worker] = []

    def run(self, items: Iterable[Any]) -> Iterator[tuple[int, Any]]:
        """Yield the number and the result of every item as they come."""
        jobs = (_Job(number, item) for number, item in enumerate(items))
        for job in islice(jobs, self._settings.count):
            self._workers.append(self._hire())
            self._give(self._workers[-1], job)
        while busy := {one.connection: one for one in self._workers if one.job is not None}:
            # A connection whose process has died is ready as well.
            for connection in wait(list(busy)):
                worker = busy[connection]  # type: ignore[index]
                done, answer = worker.job, self._receive(worker)
                if done is not None and answer is not None:
                    # Its next work first: whoever reads may take their time.
                    self._give(worker, next(jobs, None))
                    yield done.number, answer.result

    def _hire(self) -> _Worker:
        """Start a process."""
        context = multiprocessing.get_context('spawn')
        ours, theirs = context.Pipe()
        process = context.Process(
            target=_serve, args=(theirs, self._work, self._settings), daemon=True
        )
        process.start()
        theirs.close()
        return _Worker(process, ours)

    def _give(self, worker: _Worker, job: _Job | None) -> None:
        """Send a process its work; None: it has nothing to do any more."""
        worker.job = job
        if job is None:
            return
        # One that has died is told apart when reading from it.
        with suppress(BrokenPipeError):
            worker.connection.send(job.item)

    def _receive(self, worker: _Worker) -> _Answer | None:
        """Return the answer of a process; None if it has died, and a new one has its work."""
        try:
            answer = worker.connection.recv()
        except (EOFError, ConnectionResetError):
            self._replace(worker)
            return None
        if answer.error is not None:
            raise answer.error from RuntimeError(f'in a worker process:\n{answer.trace}')
        return answer

    def _replace(self, worker: _Worker) -> None:
        job = worker.job
        if job is None:
            raise RuntimeError('a process without work must not be waited for')
        worker.process.join()
        job.num_deaths += 1
        if job.num_deaths >= MOST_DEATHS:
            raise ChildProcessError(
                f'{job.num_deaths} processes died, the last by {_name_end(worker.process)}, doing '
                f'{reprlib.repr(job.item)}: perhaps memory ran out, try fewer processes'
            )
        worker.connection.close()
        fresh = self._hire()
        worker.process, worker.connection = fresh.process, fresh.connection
        self._give(worker, job)

    def end(self) -> None:
        """End all processes: those with nothing to do by telling them, the others at once."""
        for worker in self._workers:
            worker.connection.close()
            if worker.job is not None:
                worker.process.terminate()
        for worker in self._workers:
            worker.process.join()


def _name_end(process: BaseProcess) -> str:
    code = process.exitcode or 0
    return f'signal {signal.Signals(-code).name}' if code < 0 else f'exit with {code}'


def _serve(connection: Connection, work: Callable[[Any, Any], Any], workers: Workers) -> None:
    """Do work until there is none: the life of a process."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C: end at once, without a traceback
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        context, failure = workers.start(*workers.arguments), None
    except Exception as error:  # raised where somebody hears it
        context, failure = None, error
    while True:
        try:
            item = connection.recv()
        except (EOFError, ConnectionResetError):
            # Whoever gave the work is gone, perhaps killed with an answer unread.
            return
        try:
            if failure is not None:
                raise failure
            answer = _Answer(work(context, item))
        except Exception as error:  # likewise
            answer = _Answer(error=error, trace=traceback.format_exc())
        connection.send(answer)


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
    os._exit(1)
