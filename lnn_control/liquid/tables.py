# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A circuit's neurons and synapses sorted into strata, as buffers that move with the weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lnn_control.liquid.wiring import Circuit


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

    source: Tensor
    synapse: Tensor
    fan_out: Tensor
    fan_out_synapse: Tensor
    back: Tensor


class Stratum(NamedTuple):
    """Some neurons, and their synapses from inputs, earlier strata and each other, if any."""

    neurons: Tensor
    from_inputs: SynapseTable | None
    from_earlier: SynapseTable | None
    from_loop: SynapseTable | None


class CircuitTables(nn.Module):
    """What :func:`run_membranes` looks up, ready on the device of the weights.

    Nothing has to be copied there when a sequence comes. The tables follow from the circuit, so
    they are not saved: :meth:`fill` makes them again.

    :param device: where they lie at first.
    """

    order: Tensor

    def __init__(self, circuit: Circuit, device: Any) -> None:
        super().__init__()
        self._strata = plan_strata(circuit)
        self.fill(device)

    def fill(self, device: Any) -> None:
        """Write the tables anew, on a device."""
        # Where each neuron stands among those sorted by stratum.
        order = torch.cat([stratum.neurons for stratum in self._strata]).argsort()
        for name, values in (('order', order), *_list_tensors(self._strata)):
            self.register_buffer(name, torch.as_tensor(values, device=device), persistent=False)

    @property
    def strata(self) -> list[Stratum]:
        """The strata from the inputs on."""
        found = iter([getattr(self, name) for name, _ in _list_tensors(self._strata)])
        return [
            Stratum(
                next(found),
                *(
                    None if table is None else SynapseTable(*(next(found) for _ in table))
                    for table in stratum[1:]
                ),
            )
            for stratum in self._strata
        ]


def _list_tensors(strata: Iterable[Stratum]) -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor in order, with a name for it."""
    for number, (neurons, *tables) in enumerate(strata):
        yield f'neurons_{number}', neurons
        for kind, table in zip(Stratum._fields[1:], tables, strict=True):
            for field, values in zip(
                SynapseTable._fields, () if table is None else table, strict=False
            ):
                yield f'{kind}_{field}_{number}', values


def plan_strata(circuit: Circuit) -> list[Stratum]:
    """Return the strata of a circuit from the inputs on, with the synapses onto each."""
    adjacency = circuit.internal_polarity != 0
    input_target, input_source = np.nonzero(circuit.sensory_polarity.T)
    target, source = np.nonzero(adjacency.T)
    input_rows = np.arange(circuit.num_inputs)
    row_of = np.full(circuit.num_neurons, -1, dtype=np.int64)
    strata = []
    for neurons in sort_into_strata(adjacency):
        mates = np.full(circuit.num_neurons, -1, dtype=np.int64)
        mates[neurons] = np.arange(len(neurons))
        strata.append(
            Stratum(
                torch.from_numpy(neurons),
                table_synapses(input_source, input_target, neurons, input_rows),
                table_synapses(source, target, neurons, row_of),
                table_synapses(source, target, neurons, mates),
            )
        )
        row_of[neurons] = np.arange(len(neurons)) + row_of.max() + 1
    return strata


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
    arrays = (
        row.reshape(synapse.shape),
        synapse,
        np.maximum(fan_out, 0),
        fan_out_synapse,
        back.reshape(synapse.shape),
    )
    return SynapseTable(*(torch.from_numpy(array) for array in arrays))


def _pad(lists: list[NDArray[np.int64]], filler: int) -> NDArray[np.int64]:
    width = max(len(entries) for entries in lists)
    table = np.full((len(lists), width), filler, dtype=np.int64)
    for row, entries in enumerate(lists):
        table[row, : len(entries)] = entries
    return table
