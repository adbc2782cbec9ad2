# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Sorting the neurons of a circuit by what they wait for."""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray


def sort_into_strata(adjacency: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Return the neurons without sources, those in between, and those without targets.

    Only the ones in between may listen to each other. In an NCP these are the inter, command and
    motor neurons.

    :param adjacency: (neurons, neurons), True at [source, target].
    """
    is_root = ~adjacency.any(axis=0)
    is_leaf = ~adjacency.any(axis=1) & ~is_root
    strata = (is_root, ~is_root & ~is_leaf, is_leaf)
    return [np.flatnonzero(chosen) for chosen in strata if chosen.any()]


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


def list_fan_out(fan_in: FanIn, num_sources: int, num_synapses: int) -> FanIn:
    """Return the same synapses by source: (sources, most synapses).

    :return: `source` is the position in the flat fan-in table, `synapse` the synapse; padding
        reads position 0 and is one past the last synapse.
    """
    position = np.arange(fan_in.source.size)
    exists = fan_in.synapse.ravel() < num_synapses
    lists = [position[exists & (fan_in.source.ravel() == source)] for source in range(num_sources)]
    width = max((len(entries) for entries in lists), default=0)
    place = np.zeros((num_sources, width), dtype=np.int64)
    synapse = np.full((num_sources, width), num_synapses, dtype=np.int64)
    for row, entries in enumerate(lists):
        place[row, : len(entries)] = entries
        synapse[row, : len(entries)] = fan_in.synapse.ravel()[entries]
    return FanIn(place, synapse)
