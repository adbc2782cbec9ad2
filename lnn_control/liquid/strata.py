# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Sorting the neurons of a circuit by what they wait for."""

from __future__ import annotations

from typing import NamedTuple

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


class SynapseTable(NamedTuple):
    """Synapses onto some neurons, by target and by source, padded to equal length.

    Synapses 0: a -> x, 1: b -> x, 2: b -> y onto neurons x, y from sources a, b, rows 0 and 1:

        source   [[0, 1], [1, 0]]     synapse          [[0, 1], [2, 3]]    3 is padding
        fan_out  [[0, 0], [1, 2]]     fan_out_synapse  [[0, 3], [1, 2]]
        back     [[0, 2], [3, 0]]

    for x, y in rows of the left two (fan-in) and a, b in those of fan_out. Entry [1, 1] of fan_out
    is 2: of the flat fan-in table the third entry, b -> y.

    :param source: (neurons, fan_in) which row of the sources each entry reads; padding: row 0.
    :param synapse: (neurons, fan_in) which synapse each is; padding is one past the last synapse.
    :param fan_out: (sources, fan_out) positions of the entries in the flat fan-in table.
    :param fan_out_synapse: (sources, fan_out) which synapse each is, padded likewise.
    :param back: (neurons, fan_in) positions of the entries in the flat fan-out table.
    """

    source: NDArray[np.int64]
    synapse: NDArray[np.int64]
    fan_out: NDArray[np.int64]
    fan_out_synapse: NDArray[np.int64]
    back: NDArray[np.int64]


def table_synapses(
    source: NDArray[np.int64],
    target: NDArray[np.int64],
    neurons: NDArray[np.int64],
    row_of: NDArray[np.int64],
) -> SynapseTable | None:
    """Return the synapses onto `neurons` as a table, or None if there are none.

    :param source: Source of every synapse.
    :param target: Target of every synapse.
    :param row_of: For each possible source its row in what will be read; negative: leave it out.
    """
    # By target: the synapses onto each neuron from sources that will be read.
    count = len(source)
    incoming = [np.flatnonzero((target == neuron) & (row_of[source] >= 0)) for neuron in neurons]
    synapse = _pad(incoming, count)
    if synapse.size == 0:
        return None
    exists = synapse.ravel() < count
    row = np.where(exists, row_of[np.append(source, 0)[synapse.ravel()]], 0)
    # By source: where in the flat fan-in table each row of the sources is read, and the way back.
    outgoing = [np.flatnonzero(exists & (row == each)) for each in range(row_of.max() + 1)]
    fan_out = _pad(outgoing, -1)
    fan_out_synapse = np.where(fan_out < 0, count, synapse.ravel()[fan_out])
    back = np.zeros(synapse.size, dtype=np.int64)
    back[fan_out[fan_out >= 0]] = np.flatnonzero(fan_out.ravel() >= 0)
    return SynapseTable(
        row.reshape(synapse.shape),
        synapse,
        np.maximum(fan_out, 0),
        fan_out_synapse,
        back.reshape(synapse.shape),
    )


def _pad(lists: list[NDArray[np.int64]], filler: int) -> NDArray[np.int64]:
    width = max(len(entries) for entries in lists)
    table = np.full((len(lists), width), filler, dtype=np.int64)
    for row, entries in enumerate(lists):
        table[row, : len(entries)] = entries
    return table
