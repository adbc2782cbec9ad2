# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Work shared among processes that are started once and fail loudly."""

import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

_failure: Exception | None = None


@dataclass(frozen=True)
class Workers:
    """Processes to start.

    :param count: at least 1.
    :param start: runs first in every process; picklable. What it raises, all work raises.
    :param arguments: of `start`; picklable.
    """

    count: int
    start: Callable[..., None]
    arguments: tuple[Any, ...] = ()


def _begin(start: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    global _failure
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C: end at once, without a traceback
    try:
        start(*arguments)
    except Exception as error:  # raised again where somebody hears it
        _failure = error


def _work(work: Callable[[Any], Any], item: Any) -> Any:
    if _failure is not None:
        raise _failure
    return work(item)


def map_in_processes(
    work: Callable[[Any], Any], items: Iterable[Any], workers: Workers, is_ordered: bool = True
) -> Iterator[Any]:
    """Yield the result of every item, in their order or as they come.

    Whoever stops reading early, or presses Ctrl-C, ends the processes at once.

    :param work: picklable, called with one item in one of the processes.
    :raises ChildProcessError: if a process died, as it does when memory runs out.
    """
    others = set(multiprocessing.active_children())
    executor = ProcessPoolExecutor(
        workers.count,
        multiprocessing.get_context('spawn'),
        initializer=_begin,
        initargs=(workers.start, workers.arguments),
    )
    is_complete = False
    try:
        futures = [executor.submit(_work, work, item) for item in items]
        for future in futures if is_ordered else as_completed(futures):
            yield future.result()
        is_complete = True
    except BrokenProcessPool as error:
        raise ChildProcessError(
            'a worker process died, perhaps because memory ran out: try fewer processes'
        ) from error
    finally:
        executor.shutdown(wait=is_complete, cancel_futures=True)
        if not is_complete:
            for child in set(multiprocessing.active_children()) - others:
                child.terminate()
