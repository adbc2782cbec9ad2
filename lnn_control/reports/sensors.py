# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Pictures of what sensors do."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

# Okabe and Ito's colours, which colour-blind readers tell apart.
_AXES = {'x': '#0072B2', 'y': '#E69F00', 'z': '#009E73'}
_STYLES = ('dotted', 'dashdot', (0, (6, 4)))


@dataclass(frozen=True, eq=False)
class AllanCurve:
    """The noise of one sensor over the averaging time.

    :param title: of the sensor. :param unit: of all deviations, in words.
    :param times: averaging times [s], shape (k,). :param measured: a column an axis, shape (k, 3).
    :param ideal: what the parameters ask for, shape (k,).
    :param parts: the same of each noise alone, by its name.
    """

    title: str
    unit: str
    times: NDArray[np.float64]
    measured: NDArray[np.float64]
    ideal: NDArray[np.float64]
    parts: dict[str, NDArray[np.float64]]


def plot_allan(curves: Sequence[AllanCurve]) -> Figure:
    """Plot Allan deviations side by side, measured and ideal."""
    figure = plt.figure(figsize=(4.8 * len(curves), 3.9), layout='constrained')
    for index, curve in enumerate(curves):
        _plot_one(figure.add_subplot(1, len(curves), index + 1), curve)
    return figure


def _plot_one(axes: Axes, curve: AllanCurve) -> None:
    for (name, tint), values in zip(_AXES.items(), curve.measured.T, strict=True):
        axes.loglog(curve.times, values, color=tint, label=f'measured, {name}')
    axes.loglog(curve.times, curve.ideal, '--', color='#000000', label='from the parameters')
    for (name, values), style in zip(curve.parts.items(), _STYLES, strict=True):
        axes.loglog(curve.times, values, ls=style, color='#777777', lw=1.0, label=f'{name} alone')
    axes.set_ylim(curve.ideal.min() / 6, curve.ideal.max() * 2)
    axes.set_title(curve.title, fontsize=10.5)
    axes.set_xlabel('averaging time [s]')
    axes.set_ylabel(f'Allan deviation [{curve.unit}]')
    axes.grid(which='major', color='#dddddd', linewidth=0.6)
    axes.legend(frameon=False, fontsize=8.5, loc='upper right')
