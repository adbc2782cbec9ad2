# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Liquid time-constant neurons in C."""

import numpy as np

from lnn_control.deploy.c_program.memories.memory_code import MemoryCode, read
from lnn_control.deploy.c_program.memories.wiring import (
    choose_index_type,
    group_by_target,
    read_synapses,
)
from lnn_control.deploy.c_program.source import Constants, fill, write_float
from lnn_control.deploy.program import ExportError
from lnn_control.liquid import LTC
from lnn_control.liquid.ltc import LEAST_CONDUCTANCE
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.memories.liquid_memory import LiquidMemory
from lnn_control.policies.memories.memory import Memory


def write_ltc(memory: Memory, constants: Constants) -> MemoryCode:
    """Return a memory of LTC neurons; its numbers are added to the constants."""
    layer = _take_layer(memory)
    index_type = choose_index_type(max(layer.num_inputs, layer.num_neurons))
    _add_synapses(layer, constants, index_type)
    _add_membranes(layer, constants)
    text = fill(
        'ltc.c',
        num_neurons=layer.num_neurons,
        num_unfolds=layer.num_unfolds,
        num_unfolds_float=write_float(layer.num_unfolds),
        time_unit_float=write_float(layer.time_unit),
        index_type=index_type,
    )
    return MemoryCode(text, (StatePart('neurons', (layer.num_neurons,)),), ('neurons',))


def _take_layer(memory: Memory) -> LTC:
    layer = memory.liquid if isinstance(memory, LiquidMemory) else None
    if not isinstance(layer, LTC):
        raise TypeError(f'expected a memory of LTC neurons, got {type(memory).__name__}')
    if layer.solver != 'semi_implicit' or layer.has_memory or layer.num_projected is not None:
        raise ExportError(
            "C has LTC neurons with the solver 'semi_implicit', without an LSTM beside them and "
            'without a projection: export to onnx'
        )
    return layer


def _add_synapses(layer: LTC, constants: Constants, index_type: str) -> None:
    """Add the wiring and what each synapse does."""
    synapses = read_synapses(layer)
    titles = [f'neuron {index}' for index in range(layer.num_neurons)]
    for kind, words in (('input', 'features'), ('neuron', 'neurons')):
        chosen = [one for one in synapses if (one.source.kind == 'input') == (kind == 'input')]
        groups = group_by_target(chosen, range(layer.num_neurons))
        constants.add_indices(
            f'source_{kind}',
            [[one.source.number for one in group] for group in groups],
            f'Wiring: which {words} each neuron listens to.',
            titles,
            index_type,
        )
        rows = []
        for values in (one.values for group in groups for one in group):
            slope, strength = np.float32(values['slope']), np.float32(values['conductance'])
            threshold = slope * np.float32(values['midpoint'])
            current = strength * np.float32(values['reversal'])
            rows.append([slope, threshold, current, strength])
        constants.add(
            f'synapse_{kind}',
            np.array(rows, dtype=np.float32),
            'Of each of these synapses: slope, threshold, current, conductance.',
        )


def _add_membranes(layer: LTC, constants: Constants) -> None:
    """Add what belongs to single neurons, inputs and outputs."""

    def positive(values: np.ndarray) -> np.ndarray:
        exact = values.astype(np.float64)
        return np.logaddexp(exact, 0.0) if layer.positivity == 'softplus' else exact

    leak = positive(read(layer.leak_conductance))
    arrays = {
        'capacitance': (positive(read(layer.capacitance)), 'C of each neuron.'),
        'leak': (leak + LEAST_CONDUCTANCE, 'g of each neuron.'),
        'leak_current': (leak * read(layer.leak_potential), 'g V of each neuron.'),
        'input_scale': (read(layer.input_scale), 'What each feature is multiplied with.'),
        'input_shift': (read(layer.input_shift), 'What is added then.'),
        'output_scale': (read(layer.output_scale), 'What each motor neuron is multiplied with.'),
        'output_shift': (read(layer.output_shift), 'What is added then.'),
    }
    for name, (values, words) in arrays.items():
        constants.add(name, values, words)
