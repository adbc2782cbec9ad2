# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.core.circuit import Circuit, NeuronGroup


def test_neurons_are_named_by_their_group_in_the_order_of_the_activity() -> None:
    # Signals travel from inter to motor, the activity has motor first.
    circuit = Circuit(neuron_groups=(NeuronGroup('inter', 2, 4), NeuronGroup('motor', 0, 2)))
    assert circuit.name_neurons(4) == ['motor_0', 'motor_1', 'inter_0', 'inter_1']


def test_neurons_of_no_group_have_a_number() -> None:
    circuit = Circuit(neuron_groups=(NeuronGroup('motor', 1, 3),))
    assert circuit.name_neurons(2) == ['neuron_0', 'motor_0']
    assert Circuit().name_neurons(0) == []
