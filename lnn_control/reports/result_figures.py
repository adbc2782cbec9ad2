# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of many evaluations: rates as bars and curves with intervals, and flown paths."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from lnn_control.core.flight import FlightRecord
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult
from lnn_control.reports.figures import (
    MAP_RATIO,
    Map,
    choose_extent,
    draw_flight,
    draw_scale_bar,
    measure_map,
)
from lnn_control.reports.style import SERIES, STAND_INS, colour, to_svg, use_style

MARKERS = ('o', 's', '^', 'D', 'v', 'P')
_BAR_WIDTH_IN, _BAR_HEIGHT_IN, _ROW_GAP_IN = 10.4, 0.2, 0.16
_LABEL_SHARE, _VALUE_SHARE = 0.23, 0.93
_PANEL_HEIGHT_IN = 2.1
_MAX_COLUMNS = 3
_FAN_MARGIN = 1.5  # around all paths [m]


@dataclass(frozen=True)
class BarRow:
    """A group of bars. :param rates: by policy."""

    name: str
    rates: Mapping[str, SuiteSummary]


@dataclass(frozen=True)
class CurvePanel:
    """Rates over something that gets harder.

    :param ticks: place on the axis -> what stands there. :param unit: below the axis.
    :param curves: by policy: place on the axis and rate, in the order of the places.
    """

    title: str
    ticks: Mapping[float, str]
    unit: str
    curves: Mapping[str, Sequence[tuple[float, SuiteSummary]]]


def choose_colours(policies: Sequence[str]) -> dict[str, str]:
    """Return the role of each policy's colour."""
    return {name: SERIES[place % len(SERIES)] for place, name in enumerate(policies)}


def name_mark(name: str, policy: str) -> str:
    """Return the id that the bar or the curve of a policy has in a drawing."""
    return re.sub(r'[^A-Za-z0-9]+', '-', f'{name} {policy}')


def draw_bars(rows: Sequence[BarRow], policies: Sequence[str]) -> str:
    """Draw success rates as bars from 0 to 100 % with their 95 % intervals, row by row."""
    roles = choose_colours(policies)
    step = _BAR_HEIGHT_IN
    heights = [len(row.rates) * step + _ROW_GAP_IN for row in rows]
    bottom_in, top_in = 0.32, 0.06
    total = sum(heights) + bottom_in + top_in
    with use_style():
        figure = Figure(figsize=(_BAR_WIDTH_IN, total))
        axes = figure.add_axes(
            (
                _LABEL_SHARE,
                bottom_in / total,
                _VALUE_SHARE - _LABEL_SHARE,
                1 - (bottom_in + top_in) / total,
            )
        )
        place = 0.0
        middles = []
        for row, height in zip(rows, heights, strict=True):
            middles.append(place + height / 2)
            y = place + _ROW_GAP_IN / 2 + step / 2
            for policy in (name for name in policies if name in row.rates):
                _draw_bar(axes, y, row.rates[policy], roles[policy], name_mark(row.name, policy))
                y += step
            place += height
        axes.set(xlim=(0.0, 1.0), ylim=(place, 0.0))
        axes.grid(axis='x')
        axes.grid(axis='y', visible=False)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.set_yticks(middles, [row.name for row in rows], color=colour('ink'))
        # A dot at 0 % stands half before the axis.
        axes.tick_params(axis='y', pad=9)
        axes.spines['bottom'].set_visible(False)
        return to_svg(figure)


def _draw_bar(axes: Axes, y: float, rate: SuiteSummary, role: str, name: str) -> None:
    """Draw a rate as a faint bar, its interval as a line and itself as a dot, and say it."""
    height = _BAR_HEIGHT_IN
    (bar,) = axes.barh(y, rate.success_rate, height * 0.82, color=colour(role), alpha=0.22)
    bar.set_gid(name)
    axes.plot(
        (rate.wilson_low, rate.wilson_high),
        (y, y),
        color=colour(role),
        lw=2.4,
        zorder=3,
        gid=f'{name}-interval',
    )
    axes.plot(rate.success_rate, y, 'o', ms=5.5, color=colour(role), zorder=4, clip_on=False)
    axes.annotate(
        f'{100 * rate.success_rate:.0f} %',
        (1.0, y),
        (8, 0),
        textcoords='offset points',
        va='center',
        color=colour(role),
        fontweight='bold',
    )


def draw_curves(panels: Sequence[CurvePanel], policies: Sequence[str]) -> str:
    """Draw success rates as curves in bands of their 95 % intervals, a panel each."""
    columns = min(len(panels), _MAX_COLUMNS)
    rows = -(-len(panels) // columns)
    # Fewer panels are wider ones: the drawing is as wide in any case.
    height = _PANEL_HEIGHT_IN * rows if rows > 1 else 2.8
    edges = {'left': 0.055, 'right': 0.975, 'top': 1 - 0.3 / height, 'bottom': 0.44 / height}
    with use_style():
        figure = Figure(figsize=(_BAR_WIDTH_IN, height))
        grid = figure.subplots(rows, columns, squeeze=False)
        figure.subplots_adjust(**edges, hspace=0.58, wspace=0.24)
        for axes in grid.flat[len(panels) :]:
            axes.set_visible(False)
        for axes, panel in zip(grid.flat, panels, strict=False):
            _draw_panel(axes, panel, policies)
        return to_svg(figure)


def _draw_panel(axes: Axes, panel: CurvePanel, policies: Sequence[str]) -> None:
    roles = choose_colours(policies)
    for number, policy in enumerate(policies):
        if policy not in panel.curves:
            continue
        places = [place for place, _ in panel.curves[policy]]
        rates = [rate for _, rate in panel.curves[policy]]
        look: dict[str, Any] = {'color': colour(roles[policy])}
        # The interval behind, the rate itself before it.
        axes.fill_between(
            places,
            [rate.wilson_low for rate in rates],
            [rate.wilson_high for rate in rates],
            alpha=0.14,
            lw=0,
            **look,
        )
        axes.plot(
            places,
            [rate.success_rate for rate in rates],
            marker=MARKERS[number % len(MARKERS)],
            ms=4.5,
            lw=1.9,
            clip_on=False,
            zorder=3,
            gid=name_mark(panel.title, policy),
            **look,
        )
    # All panels have the same height, so that their rates can be compared across.
    span = max(panel.ticks) - min(panel.ticks) or 1.0
    axes.set_xlim(min(panel.ticks) - 0.04 * span, max(panel.ticks) + 0.04 * span)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
    axes.yaxis.set_major_formatter(PercentFormatter(1.0))
    axes.set_xticks(list(panel.ticks), list(panel.ticks.values()))
    axes.set_title(panel.title, loc='left', fontsize=10.5, fontweight='bold', color=colour('ink'))
    if panel.unit:
        axes.set_xlabel(panel.unit, fontsize=9)


def draw_fan(trials: Sequence[TrialResult], size_in: float = 3.5) -> str:
    """Draw all paths of a row over each other, from above, with a cross where one failed.

    x of the world, which leads from the start towards the target, points to the right.
    """
    shown = [trial for trial in trials if len(trial.path) > 1]
    points = np.concatenate([np.array(trial.path) for trial in shown])
    low, high = fit_extent(points.min(axis=0), points.max(axis=0), _FAN_MARGIN)
    with use_style():
        figure = Figure(figsize=(size_in, size_in / MAP_RATIO))
        axes = _open_map(figure, low, high)
        for is_success, role, alpha in ((True, 'good', 0.5), (False, 'bad', 0.75)):
            lines = [np.array(t.path) for t in shown if t.is_success == is_success]
            name = 'succeeded' if is_success else 'failed'
            axes.add_collection(
                LineCollection(lines, colors=colour(role), linewidths=1.1, alpha=alpha, gid=name)
            )
        ends = np.array([t.path[-1] for t in shown if not t.is_success]).reshape(-1, 2)
        axes.plot(*ends.T, 'X', ms=6.5, color=colour('bad'), mec='white', mew=0.5, zorder=4)
        axes.plot(*shown[0].path[0], 'o', ms=6, mfc='none', mec=colour('ink'), mew=1.3, zorder=5)
        draw_scale_bar(axes, (float(low[0]), float(low[1])), float(high[0] - low[0]), STAND_INS)
        return to_svg(figure)


@dataclass(frozen=True)
class OtherPath:
    """What another policy flew from the same seed. :param role: of its colour."""

    role: str
    trial: TrialResult


def draw_shared_map(
    record: FlightRecord, others: Sequence[OtherPath], size_in: float = 5.2
) -> Map:
    """Draw a recorded flight on its map, and what others flew on the same one."""
    low, high = choose_extent(record.flight, record.site)
    for other in others:
        path = np.array(other.trial.path)
        low, high = np.minimum(low, path.min(axis=0)), np.maximum(high, path.max(axis=0))
    low, high = fit_extent(low, high, 0.0)
    with use_style():
        figure = Figure(figsize=(size_in, size_in / MAP_RATIO))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        for other in others:
            x, y = np.array(other.trial.path).T
            line: dict[str, Any] = {'color': colour(other.role), 'lw': 2.0, 'zorder': 3}
            axes.plot(x, y, ls=(0, (4, 1.6)), gid=f'path-{other.role}', **line)
            if not other.trial.is_success:
                axes.plot(x[-1], y[-1], 'X', ms=8, color=colour(other.role), mec='white', zorder=6)
        draw_flight(axes, record, (low, high))
        return measure_map(to_svg(figure), size_in, (low, high))


def fit_extent(
    low: NDArray[np.float64], high: NDArray[np.float64], margin: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the corners of the smallest map in the right ratio that holds a rectangle [m]."""
    low, high = low - margin, high + margin
    width, height = high - low
    grow = np.maximum([height * MAP_RATIO - width, width / MAP_RATIO - height], 0.0) / 2
    return low - grow, high + grow


def _open_map(figure: Figure, low: NDArray[np.float64], high: NDArray[np.float64]) -> Axes:
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set(xlim=(low[0], high[0]), ylim=(low[1], high[1]), aspect='equal')
    axes.set_axis_off()
    return axes
