# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A circuit's neurons and synapses sorted into strata, as buffers that move with the weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lnn_control.liquid.membranes import StratumTables, Table
from lnn_control.liquid.strata import SynapseTable, sort_into_strata, table_synapses
from lnn_control.liquid.wiring import Circuit


class _StratumPlan(NamedTuple):
    """A stratum: its neurons, and their synapses from inputs, earlier strata and each other."""

    neurons: NDArray[np.int64]
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
        self._plans = _plan_strata(circuit)
        self.fill(device)

    def fill(self, device: Any) -> None:
        """Write the tables anew, on a device."""
        for name, values in self._list_arrays():
            self.register_buffer(name, torch.as_tensor(values, device=device), persistent=False)

    def _list_arrays(self) -> Iterator[tuple[str, NDArray[np.int64]]]:
        """Yield the name and the values of every buffer."""
        # Where each neuron stands among those sorted by stratum.
        yield 'order', np.argsort(np.concatenate([plan.neurons for plan in self._plans]))
        for number, plan in enumerate(self._plans):
            yield f'neurons_{number}', plan.neurons
            for kind, table in _list_tables(plan):
                for field, values in table._asdict().items():
                    yield f'{kind}_{field}_{number}', values

    @property
    def strata(self) -> list[StratumTables]:
        """The strata from the inputs on."""
        return [self._read_stratum(number, plan) for number, plan in enumerate(self._plans)]

    def _read_stratum(self, number: int, plan: _StratumPlan) -> StratumTables:
        found: dict[str, Table] = {
            kind: Table(**{field: getattr(self, f'{kind}_{field}_{number}') for field in fields})
            for kind, fields in ((kind, table._fields) for kind, table in _list_tables(plan))
        }
        return StratumTables(
            getattr(self, f'neurons_{number}'),
            found.get('from_inputs'),
            found.get('from_earlier'),
            found.get('from_loop'),
        )


def _list_tables(plan: _StratumPlan) -> Iterator[tuple[str, SynapseTable]]:
    """Yield the tables that are not empty, by what their sources are."""
    for kind in ('from_inputs', 'from_earlier', 'from_loop'):
        table = getattr(plan, kind)
        if table is not None:
            yield kind, table


def _plan_strata(circuit: Circuit) -> list[_StratumPlan]:
    adjacency = circuit.internal_polarity != 0
    input_target, input_source = np.nonzero(circuit.sensory_polarity.T)
    target, source = np.nonzero(adjacency.T)
    input_rows = np.arange(circuit.num_inputs)
    row_of = np.full(circuit.num_neurons, -1, dtype=np.int64)
    plans = []
    for neurons in sort_into_strata(adjacency):
        mates = np.full(circuit.num_neurons, -1, dtype=np.int64)
        mates[neurons] = np.arange(len(neurons))
        plans.append(
            _StratumPlan(
                neurons,
                table_synapses(input_source, input_target, neurons, input_rows),
                table_synapses(source, target, neurons, row_of),
                table_synapses(source, target, neurons, mates),
            )
        )
        row_of[neurons] = np.arange(len(neurons)) + row_of.max() + 1
    return plans
