# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of what vehicles do."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's colours, which colour-blind readers tell apart.
_TINTS = ('#0072B2', '#E69F00', '#009E73', '#CC79A7')
_COLUMNS = 2


@dataclass(frozen=True, eq=False)
class StepCurve:
    """A response to a command that jumps from 0 at time 0.

    :param title: of the panel that it shares with others of its kind. :param unit: of `values`.
    :param label: one line on what was measured. :param size: of the jump.
    :param times: [s], shape (n,). :param values: shape (n,).
    """

    title: str
    unit: str
    label: str
    size: float
    times: NDArray[np.float64]
    values: NDArray[np.float64]


def plot_steps(curves: Sequence[StepCurve]) -> Figure:
    """Plot step responses, a panel for each title."""
    titles = list(dict.fromkeys(curve.title for curve in curves))
    columns = min(_COLUMNS, len(titles))
    rows = -(-len(titles) // columns)
    figure = Figure(figsize=(5.0 * columns, 3.0 * rows), layout='constrained')
    for index, title in enumerate(titles):
        axes = figure.add_subplot(rows, columns, index + 1)
        _plot_panel(axes, [curve for curve in curves if curve.title == title])
    return figure


def _plot_panel(axes: Axes, curves: Sequence[StepCurve]) -> None:
    end = max(float(curve.times[-1]) for curve in curves)
    start = -end / 12
    for index, curve in enumerate(curves):
        tint = _TINTS[index % len(_TINTS)]
        wanted = [0.0, 0.0, curve.size, curve.size]
        axes.plot([start, 0.0, 0.0, end], wanted, '--', color=tint, lw=0.9)
        axes.plot(curve.times, curve.values, color=tint, lw=1.8, label=curve.label)
    axes.set_xlim(start, end)
    axes.set_title(curves[0].title, fontsize=10.5)
    axes.set_xlabel('time [s]')
    axes.set_ylabel(f'[{curves[0].unit}]')
    axes.grid(color='#dddddd', linewidth=0.6)
    axes.legend(frameon=False, fontsize=8.5, loc='best')
