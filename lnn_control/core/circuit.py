# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What there is to draw and to count of a policy: its neurons, synapses and parameters."""

from dataclasses import dataclass


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
