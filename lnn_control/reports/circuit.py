# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of liquid networks: circuits, activity, forecasts and how solvers converge."""

from __future__ import annotations

from collections.abc import Iterable

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
        axes.scatter(spots[:, 0], spots[:, 1], s=60, color=COLOURS.get(name, '#0072B2'), zorder=3)
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


def _place(neurons: Iterable[int], column: float) -> dict[int, tuple[float, float]]:
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


def plot_forecasts(
    times: NDArray[np.float64],
    truth: NDArray[np.float64],
    forecasts: dict[str, NDArray[np.float64]],
) -> Figure:
    """Plot what came and what each model had forecast, one panel a model; all (time,)."""
    figure = plt.figure(figsize=(9.0, 1.0 + 1.6 * len(forecasts)), layout='constrained')
    panels = figure.subplots(len(forecasts), sharex=True, squeeze=False)[:, 0]
    for axes, (name, forecast) in zip(panels, forecasts.items(), strict=True):
        axes.plot(times, truth, 'o', color='#999999', markersize=3, label='measured')
        axes.plot(times, forecast, '-', color='#0072B2', linewidth=1.0, label='forecast before')
        error = float(np.sqrt(np.mean((forecast - truth) ** 2)))
        axes.set_title(f'{name}: RMSE {error:.3f}', loc='left', fontsize='medium')
    panels[0].legend(loc='upper right', ncols=2, frameon=False)
    panels[-1].set_xlabel('time [s]')
    return figure


def plot_orders(unfolds: NDArray[np.int64], errors: dict[str, NDArray[np.float64]]) -> Figure:
    """Plot the error of each solver over its number of unfolds, with lines of order 1 and 4."""
    figure = plt.figure(figsize=(6.0, 4.5), layout='constrained')
    axes = figure.add_subplot()
    for (name, values), marker in zip(errors.items(), 'osD^v', strict=False):
        axes.loglog(unfolds, values, marker=marker, label=name)
    first = max(values[0] for values in errors.values())
    for order in (1, 4):
        guide = first * (unfolds[0] / unfolds) ** order
        axes.loglog(unfolds, guide, ':', color='#999999')
        axes.annotate(f'order {order}', (unfolds[-1], guide[-1]), ha='right', va='bottom')
    axes.set_xlabel('unfolds')
    axes.set_ylabel('largest error of a state')
    axes.legend(frameon=False)
    return figure
