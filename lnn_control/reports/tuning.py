# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The picture of a search: how often each training's policy succeeded, over what was varied."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from lnn_control.core.whole_file import write_whole
from lnn_control.reports.style import DARK, use_style

_PANEL_IN = (3.4, 2.9)
_MAX_COLUMNS = 3
_DOT, _BEST = '#3b9ede', '#fb8b24'
_MARGIN = 0.06  # beside the ends of a range, of its width
_SPREAD = 0.5  # of the trainings that have one value of a list, of the way to the next value


@dataclass(frozen=True)
class Axis:
    """An option that was varied.

    :param labels: of its list, empty where it is a range.
    :param ends: of its range. :param is_log: of the range.
    """

    name: str
    labels: tuple[str, ...] = ()
    ends: tuple[float, float] = (0.0, 1.0)
    is_log: bool = False


@dataclass(frozen=True)
class TuningRow:
    """A training.

    :param values: one for each axis: a label of its list, or a number.
    :param rate: share of trials that succeeded. :param interval: its 95 % interval.
    """

    values: tuple[str | int | float, ...]
    rate: float
    interval: tuple[float, float]


def write_picture(
    path: Path, axes: Sequence[Axis], rows: Sequence[TuningRow], best: int, note: str
) -> None:
    """Write the picture of a search as PNG.

    :param rows: in the order in which they were trained. :param best: index of the best.
    :param note: what the intervals rest on.
    """
    columns = min(len(axes), _MAX_COLUMNS)
    lines = math.ceil(len(axes) / columns)
    size = (columns * _PANEL_IN[0] + 0.6, lines * _PANEL_IN[1] + 0.7)
    look: dict[Any, Any] = {
        'axes.edgecolor': DARK['muted'],
        'axes.labelcolor': DARK['muted'],
        'xtick.color': DARK['muted'],
        'ytick.color': DARK['muted'],
        'text.color': DARK['ink'],
        'grid.color': DARK['solid'],
    }
    with use_style(), mpl.rc_context(look):
        figure = Figure(figsize=size, facecolor=DARK['page'], layout='constrained')
        FigureCanvasAgg(figure)
        for number, axis in enumerate(axes):
            panel = figure.add_subplot(lines, columns, number + 1)
            _draw_panel(panel, axis, number, rows, best)
            panel.set_ylabel('success' if number % columns == 0 else '')
        title = f'{len(rows)} trainings, {note}\nbar: 95 % Wilson interval, orange: the best'
        figure.suptitle(title, fontsize=9.5)
        with write_whole(path) as stream:
            figure.savefig(stream, format='png', dpi=130, facecolor=DARK['page'])


def _draw_panel(
    panel: Axes, axis: Axis, number: int, rows: Sequence[TuningRow], best: int
) -> None:
    """Draw every training over one option."""
    places = _find_places(axis, [row.values[number] for row in rows])
    for index, (x, row) in enumerate(zip(places, rows, strict=True)):
        is_best = index == best
        look: dict[str, Any] = {
            'color': _BEST if is_best else _DOT,
            'zorder': 4 if is_best else 3,
        }
        panel.plot((x, x), row.interval, lw=1.2, alpha=1.0 if is_best else 0.55, **look)
        panel.plot(x, row.rate, 'o', ms=6.5 if is_best else 4.5, **look)
    panel.set_ylim(-0.03, 1.03)
    panel.yaxis.set_major_formatter(lambda share, _: f'{share:.0%}')
    panel.set_xlabel(axis.name)
    if axis.labels:
        panel.set_xticks(range(len(axis.labels)), axis.labels)
        panel.set_xlim(-0.5, len(axis.labels) - 0.5)
        return
    low, high = axis.ends
    if axis.is_log:
        panel.set_xscale('log')
        # Few, as those that matplotlib chooses run into each other within a decade.
        panel.set_xticks([low, math.sqrt(low * high), high])
        panel.xaxis.set_major_formatter(lambda x, _: f'{x:.0f}' if x >= 100 else f'{x:.2g}')
        panel.xaxis.set_minor_locator(NullLocator())
        aside = (high / low) ** _MARGIN
        panel.set_xlim(low / aside, high * aside)
    else:
        aside = (high - low) * _MARGIN
        panel.set_xlim(low - aside, high + aside)


def _find_places(axis: Axis, values: Sequence[str | int | float]) -> list[float]:
    """Return where on an axis each training is; those of one label stand side by side."""
    if not axis.labels:
        return [float(value) for value in values]
    places = []
    for index, value in enumerate(values):
        rank, count = values[:index].count(value), values.count(value)
        aside = (rank + 0.5) / count - 0.5
        places.append(axis.labels.index(str(value)) + _SPREAD * aside)
    return places
