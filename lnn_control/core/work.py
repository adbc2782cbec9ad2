# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Work on many items, in processes of this computer or by the workers of a cluster."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from lnn_control.core.cluster import Cluster, ClusterWorkers, map_on_cluster
from lnn_control.core.processes import Workers, map_in_processes

Place: TypeAlias = int | Cluster | None
"""Where work is done: in so many processes of this computer, one a core if None, or on a cluster.
What comes of it does not depend on that."""


def _keep_all(result: Any) -> Any:
    return result


@dataclass(frozen=True)
class Work:
    """What is done with every item; all of it picklable.

    :param do: called with a context and an item, in any process. It may be called again with an
        item whose process was killed.
    :param start: makes the context, once in each process. What it raises, all work raises.
    :param arguments: of `start`.
    :param keep: called with what `do` returned, on the computer of who asked, so that it can write
        files; what it returns is the result.
    """

    do: Callable[[Any, Any], Any]
    start: Callable[..., Any]
    arguments: tuple[Any, ...] = ()
    keep: Callable[[Any], Any] = _keep_all


def share_work(
    work: Work, items: Sequence[Any], place: Place = None, is_ordered: bool = True
) -> Iterator[Any]:
    """Yield the result of every item once, in their order or as they come.

    :raises ChildProcessError: if an item has cost several processes, or a cluster has no worker.
    :raises ConnectionError: if a cluster cannot be reached.
    :raises ValueError: if a cluster's worker is not as it must be.
    """
    if isinstance(place, Cluster):
        workers = ClusterWorkers(place, work.start, work.arguments)
        with closing(map_on_cluster(work.do, items, workers, is_ordered)) as results:  # type: ignore[type-var]
            for result in results:
                yield work.keep(result)
        return
    count = min(place or os.cpu_count() or 1, len(items))
    yield from map_in_processes(
        partial(_do_and_keep, work),
        items,
        Workers(count, work.start, work.arguments),
        is_ordered,
    )


def _do_and_keep(work: Work, context: Any, item: Any) -> Any:
    """Do the work and keep what comes of it in one process: its files are those of who asked."""
    return work.keep(work.do(context, item))
