# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of the page that looks inside a policy show what they are given."""

import re

import numpy as np

from lnn_control.core.circuit import NeuronGroup
from lnn_control.reports.inside import draw_lesions, draw_stability, draw_time_constants

GROUPS = (NeuronGroup('inter', 2, 4), NeuronGroup('motor', 0, 2))


def list_heights(svg: str, line: str) -> list[float]:
    """Return how far down the page the points of a line of some colour are."""
    drawn = re.search(rf'<path d="([^"]+)"[^>]*style="fill: none; stroke: {line}', svg)
    assert drawn is not None
    return [float(y) for _, y in re.findall(r'[ML] ([\d.]+) ([\d.]+)', drawn[1])]


def test_curves_of_two_policies_are_not_swapped() -> None:
    steady, shaky = np.full((3, 5), 0.9), np.full((3, 5), 0.3)
    svg = draw_stability((10.0, 20.0, 40.0), {'steady': steady, 'shaky': shaky})
    # The first one is orange; up the page is less.
    assert max(list_heights(svg, '#f97316')) < min(list_heights(svg, '#3b9ede'))


def test_slow_neurons_are_drawn_above_fast_ones() -> None:
    constants = np.tile(np.array([2.0, 2.0, 0.1, 0.1], np.float32), (6, 1))
    svg = draw_time_constants(np.arange(6.0), constants, GROUPS)
    assert max(list_heights(svg, '#e08e0b')) < min(list_heights(svg, '#3b9ede'))


def test_lesions_stand_below_the_kind_of_their_neuron() -> None:
    changes = np.zeros((4, 4))
    changes[0, 0] = 1.0  # the first motor neuron, which is the third column
    svg = draw_lesions(changes, GROUPS)
    cells = re.findall(r'<path d="M ([\d.]+) [^"]+"[^>]*style="fill: #f97316"', svg)
    numbers = re.findall(r'translate\(([\d.]+) [\d.]+\)[^>]*>(?:<!--)?\s*(\d)\b', svg)
    assert cells, svg[:2000]
    left = {float(x) for x in cells}
    assert len(left) == 1
    text = re.findall(r'<text[^>]*x="([\d.]+)"[^>]*>(motor|inter)</text>', svg)
    places = {name: float(x) for x, name in text}
    assert places['inter'] < left.pop() < places['motor'], numbers
