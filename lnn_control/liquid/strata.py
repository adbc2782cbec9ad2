# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Sorting the neurons of a circuit by what they wait for."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray


@dataclasses.dataclass(frozen=True)
class Stratum:
    """Neurons whose sources, but for each other if `is_loop`, are all in earlier strata."""

    neurons: NDArray[np.int64]
    is_loop: bool


def sort_into_strata(adjacency: NDArray[np.bool_]) -> list[Stratum]:
    """Return strata such that at most one of them is a loop.

    Neurons on a cycle, or on a way from one cycle to another, form the loop. What feeds it and
    what it feeds is free of cycles and comes in strata by the longest way.

    :param adjacency: (neurons, neurons), True at [source, target].
    """
    reaches = _close(adjacency)
    on_cycle = reaches.diagonal()
    after_cycle = reaches[on_cycle].any(axis=0)
    before_cycle = reaches[:, on_cycle].any(axis=1)
    loop = on_cycle | (after_cycle & before_cycle)
    downstream = after_cycle & ~loop
    upstream = ~loop & ~downstream
    strata = [Stratum(part, False) for part in _sort_acyclic(adjacency, upstream)]
    if loop.any():
        strata.append(Stratum(np.flatnonzero(loop), True))
    return strata + [Stratum(part, False) for part in _sort_acyclic(adjacency, downstream)]


def _close(adjacency: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which neuron reaches which over one synapse or more."""
    reaches = adjacency.astype(bool)
    while True:
        longer = reaches | ((reaches.astype(np.float32) @ reaches.astype(np.float32)) > 0)
        if (longer == reaches).all():
            return reaches
        reaches = longer


def _sort_acyclic(
    adjacency: NDArray[np.bool_], chosen: NDArray[np.bool_]
) -> list[NDArray[np.int64]]:
    parts, left = [], chosen.copy()
    while left.any():
        ready = left & ~adjacency[left].any(axis=0)
        parts.append(np.flatnonzero(ready))
        left &= ~ready
    return parts


@dataclasses.dataclass(frozen=True)
class FanIn:
    """Synapses onto some neurons as a table (neurons, most synapses), padded.

    :param source: Which row of the sources each entry reads; padding reads row 0.
    :param synapse: Which synapse each entry is; padding is one past the last synapse.
    """

    source: NDArray[np.int64]
    synapse: NDArray[np.int64]

    @property
    def is_empty(self) -> bool:
        """Whether there is no synapse at all."""
        return self.source.shape[1] == 0


def list_fan_in(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    neurons: NDArray[np.int64],
    wanted: NDArray[np.bool_],
) -> FanIn:
    """Return the table of the synapses onto `neurons` whose source is wanted.

    :param source: Source of every synapse.
    :param target: Target of every synapse.
    :param wanted: (number of possible sources,).
    """
    lists = [np.flatnonzero((target == neuron) & wanted[source]) for neuron in neurons]
    width = max((len(entries) for entries in lists), default=0)
    synapse = np.full((len(neurons), width), len(source), dtype=np.int64)
    for row, entries in enumerate(lists):
        synapse[row, : len(entries)] = entries
    padded_source = np.append(source, 0)
    return FanIn(padded_source[synapse], synapse)
