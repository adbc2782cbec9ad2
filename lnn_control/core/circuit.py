# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What there is to draw and to count of a policy: its neurons, synapses and parameters."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class NeuronGroup:
    """Neurons of one kind: those from `start` up to `stop` in the recorded activity."""

    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class Synapse:
    """A connection between two neurons; polarity is +1 (excitatory) or -1 (inhibitory)."""

    source: int
    target: int
    polarity: int


@dataclass(frozen=True)
class Circuit:
    """The inside of a policy; nothing of one that has none.

    :param num_parameters: trainable numbers in all, encoder included.
    :param neuron_groups: in the order that signals travel.
    :param kind: what it is called, such as 'liquid neural network'.
    """

    num_parameters: int = 0
    neuron_groups: tuple[NeuronGroup, ...] = ()
    synapses: tuple[Synapse, ...] = ()
    kind: str = 'neural network'

    @property
    def num_neurons(self) -> int:
        """Neurons of all groups together."""
        return sum(group.stop - group.start for group in self.neuron_groups)

    def to_text(self, policy: str) -> str:
        """Return the circuit as JSON, with the name of the policy that it is the inside of."""
        return json.dumps({'policy': policy, **asdict(self)})

    def name_neurons(self, count: int) -> list[str]:
        """Return a name for each of the recorded neurons, such as motor_0, in their order.

        :param count: how many were recorded; those of no group are called neuron_0 and so on.
        """
        names = [f'neuron_{index}' for index in range(count)]
        for group in self.neuron_groups:
            for index in range(group.start, min(group.stop, count)):
                names[index] = f'{group.name}_{index - group.start}'
        return names


def parse_circuit(values: Mapping[str, Any]) -> Circuit:
    """Return the circuit of values as JSON has them.

    :raises KeyError: if one is missing. :raises TypeError: if one is of another kind.
    """
    return Circuit(
        values['num_parameters'],
        tuple(NeuronGroup(**group) for group in values['neuron_groups']),
        tuple(Synapse(**synapse) for synapse in values['synapses']),
        values['kind'],
    )
