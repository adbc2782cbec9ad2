# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of a liquid network: its circuit, and its activity over a sequence."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lnn_control.liquid import Activity, Circuit

# Okabe and Ito's colours, which colour-blind readers tell apart.
COLOURS = {
    'input': '#999999',
    'inter': '#56B4E9',
    'command': '#CC79A7',
    'motor': '#E69F00',
    'excitatory': '#009E73',
    'inhibitory': '#D55E00',
}


def draw_circuit(circuit: Circuit, axes: Axes | None = None) -> Axes:
    """Draw inputs and neurons in columns from left to right, and every synapse between them.

    Excitatory synapses are solid, inhibitory ones dashed; those inside a column are arcs.
    """
    if axes is None:
        axes = plt.figure(figsize=(8.0, 6.0), layout='constrained').add_subplot()
    columns = _arrange_columns(circuit)
    inputs = _place(range(circuit.num_inputs), 0.0)
    places: dict[int, tuple[float, float]] = {}
    for column, (_, neurons) in enumerate(columns, start=1):
        places |= _place(neurons, float(column))
    for sign, style in ((1, 'solid'), (-1, 'dashed')):
        lines = [
            _bend(inputs[source], places[target])
            for source, target in np.argwhere(circuit.sensory_polarity == sign)
        ]
        lines += [
            _bend(places[source], places[target])
            for source, target in np.argwhere(circuit.internal_polarity == sign)
        ]
        name = 'excitatory' if sign > 0 else 'inhibitory'
        axes.add_collection(
            LineCollection(
                lines,
                colors=COLOURS[name],
                linestyles=style,
                linewidths=0.6,
                alpha=0.6,
                label=name,
            )
        )
    for column, (name, neurons) in enumerate([('input', list(inputs)), *columns]):
        spots = np.array([(inputs if name == 'input' else places)[neuron] for neuron in neurons])
        axes.scatter(*spots.T, s=60, color=COLOURS.get(name, '#0072B2'), zorder=3)
        axes.text(column, 1.06, f'{len(neurons)} {name}', ha='center')
    axes.set_title(f'{circuit.num_neurons} neurons, {circuit.num_synapses} synapses', y=1.06)
    axes.set_ylim(-0.05, 1.1)
    axes.legend(loc='lower left', frameon=False)
    axes.set_axis_off()
    return axes


def _arrange_columns(circuit: Circuit) -> list[tuple[str, list[int]]]:
    if len(circuit.layers) > 1:
        return [(layer.name, list(range(layer.start, layer.stop))) for layer in circuit.layers]
    motor = list(range(circuit.num_outputs))
    inter = list(range(circuit.num_outputs, circuit.num_neurons))
    return [('inter', inter), ('motor', motor)] if inter else [('motor', motor)]


def _place(neurons: object, column: float) -> dict[int, tuple[float, float]]:
    members = list(neurons)
    heights = np.linspace(1.0, 0.0, len(members) + 2)[1:-1]
    return {member: (column, height) for member, height in zip(members, heights, strict=True)}


def _bend(start: tuple[float, float], end: tuple[float, float]) -> NDArray[np.float64]:
    """Return a line between columns, or an arc where both ends are in one column."""
    if start[0] != end[0]:
        return np.array([start, end])
    angle = np.linspace(0.0, np.pi, 16)
    middle, reach = (start[1] + end[1]) / 2, max(abs(start[1] - end[1]) / 2, 0.015)
    direction = 1.0 if start[1] >= end[1] else -1.0
    x = start[0] + direction * (0.06 + 0.2 * reach) * np.sin(angle)
    return np.stack((x, middle + reach * np.cos(angle) * direction), axis=1)


def plot_activity(
    activity: Activity, circuit: Circuit, times: NDArray[np.float64], sample: int = 0
) -> Figure:
    """Plot states, effective time constants and synaptic currents of one sample of a batch.

    :param times: (time,) seconds since the start.
    """
    steps = activity.states.shape[1]
    if times.shape != (steps,):
        raise ValueError(f'times must be ({steps},) as the activity is, got {times.shape}')
    figure = plt.figure(figsize=(9.0, 8.0), layout='constrained')
    states, constants, currents = figure.subplots(3, sharex=True)
    for neuron in range(circuit.num_neurons):
        kind = circuit.neuron_kind(neuron)
        look = {'color': COLOURS.get(kind, '#0072B2'), 'linewidth': 1.0}
        states.plot(times, activity.states[sample, :, neuron], **look)
        constants.plot(times, activity.time_constants[sample, :, neuron], **look)
    for kind in dict.fromkeys(circuit.neuron_kind(i) for i in range(circuit.num_neurons)):
        states.plot([], [], color=COLOURS.get(kind, '#0072B2'), label=kind)
    states.set_ylabel('state')
    states.legend(loc='upper right', ncols=3, frameon=False)
    constants.set_yscale('log')
    constants.set_ylabel('time constant [s]')
    reach = max(float(np.abs(activity.currents[sample]).max(initial=0.0)), 1e-9)
    picture = currents.imshow(
        activity.currents[sample].T,
        aspect='auto',
        cmap='coolwarm',
        vmin=-reach,
        vmax=reach,
        extent=(times[0], times[-1], activity.currents.shape[2], 0),
    )
    figure.colorbar(picture, ax=currents, label='current')
    currents.set_ylabel('synapse')
    currents.set_xlabel('time [s]')
    return figure
