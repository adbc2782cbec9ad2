# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The circuit as a page shows it: every neuron an element that a script can light up."""

from collections.abc import Sequence
from html import escape

from lnn_control.core.circuit import NeuronGroup, Synapse
from lnn_control.reports.style import NEURONS

WIDTH, HEIGHT = 440.0, 580.0
MOTOR_NAMES = ('forward', 'left', 'up', 'yaw')

_TOP, _BOTTOM = 36.0, 574.0
_LEFT, _RIGHT = 66.0, 368.0
_RADIUS = {'inter': 6.6, 'command': 8.0, 'motor': 10.5}

Place = tuple[float, float]


def draw_circuit_view(groups: Sequence[NeuronGroup], synapses: Sequence[Synapse]) -> str:
    """Return an <svg> of neurons in columns from input to output, with their synapses.

    Each neuron is a circle of class `neuron` with its index in `data-neuron`.

    :param groups: in the order that signals travel.
    """
    places = place_neurons(groups)
    parts = [_draw_senses(groups, places)]
    parts += [
        _draw_synapse(places[synapse.source], places[synapse.target], synapse.polarity)
        for synapse in synapses
        if synapse.source in places and synapse.target in places
    ]
    for group in groups:
        parts += _draw_group(group, places)
    inside = '\n'.join(parts)
    return (
        f'<svg class="circuit" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="circuit of the policy">\n{inside}\n</svg>'
    )


def place_neurons(groups: Sequence[NeuronGroup]) -> dict[int, Place]:
    """Return where each neuron stands: a column a group, crowded columns in zigzag."""
    places = {}
    for column, group in enumerate(groups):
        share = column / max(len(groups) - 1, 1)
        x = _LEFT + share * (_RIGHT - _LEFT)
        count = group.stop - group.start
        for row in range(count):
            zigzag = (9.0 if row % 2 else -9.0) if count > 14 else 0.0
            y = _TOP + (row + 0.5) / count * (_BOTTOM - _TOP)
            places[group.start + row] = (x + zigzag, y)
    return places


def _draw_senses(groups: Sequence[NeuronGroup], places: dict[int, Place]) -> str:
    """Draw camera and IMU as a bar that feeds the first group."""
    if not groups:
        return ''
    first = groups[0]
    lines = [
        f'<line x1="26" y1="{places[i][1]:.1f}" x2="{places[i][0]:.1f}" y2="{places[i][1]:.1f}"/>'
        for i in range(first.start, first.stop)
    ]
    middle = (_TOP + _BOTTOM) / 2
    return (
        f'<g class="senses">{"".join(lines)}'
        f'<rect x="20" y="{_TOP:g}" width="7" height="{_BOTTOM - _TOP:g}" rx="3.5"/>'
        f'<text transform="translate(13 {middle:g}) rotate(-90)">camera and IMU</text></g>'
    )


def _draw_synapse(start: Place, end: Place, polarity: int) -> str:
    """Draw a curve between columns, a loop aside within one."""
    kind = 'excitatory' if polarity > 0 else 'inhibitory'
    (x1, y1), (x2, y2) = start, end
    if abs(x1 - x2) > 30.0:
        middle = (x1 + x2) / 2
        bend = f'C {middle:.1f} {y1:.1f}, {middle:.1f} {y2:.1f}, {x2:.1f} {y2:.1f}'
    else:
        aside = max(x1, x2) + 22.0 + 0.12 * abs(y1 - y2)
        bend = f'C {aside:.1f} {y1:.1f}, {aside:.1f} {y2:.1f}, {x2:.1f} {y2:.1f}'
    return f'<path class="synapse {kind}" d="M {x1:.1f} {y1:.1f} {bend}"/>'


def _draw_group(group: NeuronGroup, places: dict[int, Place]) -> list[str]:
    count = group.stop - group.start
    colour = NEURONS.get(group.name, '#888888')
    radius = _RADIUS.get(group.name, 5.5)
    xs = [places[i][0] for i in range(group.start, group.stop)]
    middle = sum(xs) / len(xs)
    label = escape(f'{count} {group.name}')
    parts = [f'<text class="kind" x="{middle:.1f}" y="18" style="fill: {colour}">{label}</text>']
    for index in range(group.start, group.stop):
        x, y = places[index]
        parts.append(f'<circle class="back" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"/>')
        parts.append(
            f'<circle class="neuron" data-neuron="{index}" cx="{x:.1f}" cy="{y:.1f}" '
            f'r="{radius}" stroke="{colour}"/>'
        )
    if group.name == 'motor' and count == len(MOTOR_NAMES):
        for row, name in enumerate(MOTOR_NAMES):
            x, y = places[group.start + row]
            parts.append(f'<text class="motor" x="{x + 16:.1f}" y="{y + 4:.1f}">{name}</text>')
    return parts
