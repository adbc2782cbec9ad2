# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The figures of a flight: its map, and what happened over time."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PatchCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Circle, Polygon
from numpy.typing import NDArray

from lnn_control.core.circuit import NeuronGroup
from lnn_control.core.flight import Flight, FlightRecord, Site
from lnn_control.reports.style import (
    NEGATIVE,
    NEURONS,
    POSITIVE,
    SPEED,
    STAND_INS,
    colour,
    to_svg,
    use_style,
)

MAP_RATIO = 1.27
"""Width of a map over its height."""

_CHART_WIDTH_IN = 7.4
# Room for axis labels left of a chart and right of it, as parts of its width.
_CHART_LEFT, _CHART_RIGHT = 0.085, 0.985
_PT_PER_IN = 72.0
_MAX_SEGMENTS = 250


@dataclass(frozen=True)
class Map:
    """A map and how to place something on it.

    :param svg: the drawing, `width` x `height` in its own units.
    :param origin: where x = y = 0 lies in it. :param scale: its units a metre.
    """

    svg: str
    width: float
    height: float
    origin: tuple[float, float]
    scale: float

    def place(self, positions: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return x, y in the drawing of positions in the world [m], shape (n, 2)."""
        flipped = positions[:, :2] * [self.scale, -self.scale]
        return np.asarray(flipped + np.array(self.origin))


@dataclass(frozen=True)
class Chart:
    """A chart over time and where its time axis lies.

    :param left: of the time axis' beginning, in the drawing's units. :param right: of its end.
    :param bottom: of the axes, counted downwards. :param duration: of the time axis [s].
    """

    svg: str
    left: float
    right: float
    bottom: float
    duration: float


def draw_map(record: FlightRecord, size_in: float = 6.0) -> Map:
    """Draw solids, start, target, the shortest safe path and the flown one, seen from above."""
    flight, site = record.flight, record.site
    low, high = choose_extent(flight, site)
    width, height = size_in, size_in / MAP_RATIO
    with use_style():
        figure = Figure(figsize=(width, height))
        axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
        draw_flight(axes, record, (low, high))
        return measure_map(to_svg(figure), width, (low, high))


def measure_map(
    svg: str, size_in: float, extent: tuple[NDArray[np.float64], NDArray[np.float64]]
) -> Map:
    """Return a map whose axes fill it, with where the world lies in it.

    :param size_in: width of the drawing. :param extent: lower and upper corner [m].
    """
    low, high = extent
    width = size_in * _PT_PER_IN
    scale = width / float(high[0] - low[0])
    origin = (float(-low[0] * scale), float(high[1] * scale))
    return Map(svg, width, width / MAP_RATIO, origin, scale)


def choose_extent(flight: Flight, site: Site) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lower and the upper corner of a map in the right ratio [m]."""
    flown = flight.positions_world[:, :2]
    points = np.vstack([site.start[None], site.target[None, :2], site.stops, site.walk, flown])
    points = np.vstack([points, *site.road_edges])
    low, high = points.min(axis=0), points.max(axis=0)
    margin = max(2.0, 0.04 * float((high - low).max()))
    low = low - margin
    high = high + np.array([max(site.reach + 0.7, margin), margin])
    width, height = high - low
    grow = np.maximum([height * MAP_RATIO - width, width / MAP_RATIO - height], 0.0) / 2
    return low - grow, high + grow


def draw_flight(
    axes: Axes,
    record: FlightRecord,
    extent: tuple[NDArray[np.float64], NDArray[np.float64]],
    palette: Mapping[str, str] = STAND_INS,
) -> None:
    """Draw a map into axes, which fill their figure.

    :param extent: lower and upper corner [m]. :param palette: role -> colour.
    """
    flight, site = record.flight, record.site
    (x_min, y_min), (x_max, y_max) = extent
    axes.set(xlim=(x_min, x_max), ylim=(y_min, y_max), aspect='equal')
    axes.set_axis_off()
    _draw_road(axes, site, palette)
    _draw_solids(axes, site, palette)
    axes.plot(*site.walk.T, ls=(0, (4, 3)), lw=1.2, color=palette['target'], zorder=2)
    axes.plot(*site.shortest_path.T, ls=(0, (2, 3)), lw=1.2, color=palette['muted'], zorder=2)
    # A road leads past its target, a board at the finish, which is a solid like any other.
    for x, y in () if len(site.road) else (site.target[:2], *site.stops):
        look: dict[str, Any] = {'ls': (0, (4, 3)), 'lw': 1.1, 'ec': palette['target']}
        # Around somebody who walks away a ring would say nothing.
        if not len(site.walk):
            axes.add_patch(Circle((x, y), site.reach, fc='none', **look))
        axes.plot(x, y, 'o', ms=7, color=palette['target'], zorder=5)
    path = _draw_path(axes, flight)
    axes.plot(*site.start, 'o', ms=6, mfc='none', mec=palette['ink'], mew=1.4, zorder=5)
    for name, place in name_places(site):
        label: dict[str, Any] = {'ha': 'center', 'va': 'top', 'color': palette['muted']}
        label |= {'fontsize': 11, 'zorder': 5, 'xytext': (0, -8), 'textcoords': 'offset points'}
        axes.annotate(name, (place[0], place[1]), **label)
    if flight.outcome != 'success':
        axes.plot(*path[-1], 'X', ms=10, color=palette['bad'], mec='white', mew=0.8, zorder=6)
    draw_scale_bar(axes, (x_min, y_min), x_max - x_min, palette)


def name_places(site: Site) -> list[tuple[str, NDArray[np.float64]]]:
    """Return the names that a map bears and where: x, y [m]."""
    target = site.target[:2]
    if len(site.road):
        return [('start and finish', site.start)]
    if len(site.stops):
        places = [target, *site.stops]
        targets = [(f'{number}', place) for number, place in enumerate(places, start=1)]
        return [('start', site.start), *targets]
    return [('start', site.start), ('target', target)]


def _draw_road(axes: Axes, site: Site, palette: Mapping[str, str]) -> None:
    """Draw both edges of a road and its centreline."""
    if not len(site.road):
        return
    for line, style in ((site.road, (0, (4, 4))), *((edge, '-') for edge in site.road_edges)):
        x, y = np.vstack([line, line[:1]]).T
        axes.plot(x, y, ls=style, lw=0.9, color=palette['muted'], zorder=1)


def _draw_solids(axes: Axes, site: Site, palette: Mapping[str, str]) -> None:
    patches: list[Circle | Polygon] = [Circle((x, y), r) for x, y, r in site.circles]
    corners = np.array([(1, 1), (-1, 1), (-1, -1), (1, -1)]) / 2
    for x, y, length, width, yaw in site.boxes:
        c, s = np.cos(yaw), np.sin(yaw)
        turned = corners * [length, width] @ np.array([[c, s], [-s, c]])
        patches.append(Polygon(turned + np.array([x, y])))
    look: dict[str, Any] = {
        'facecolor': palette['solid'],
        'edgecolor': palette['solid-edge'],
        'linewidth': 0.8,
    }
    axes.add_collection(PatchCollection(patches, **look))


def _draw_path(axes: Axes, flight: Flight) -> NDArray[np.float64]:
    """Draw the flown path coloured by speed and return the points drawn, shape (n, 2)."""
    step = max(1, len(flight.pose_times) // _MAX_SEGMENTS)
    chosen = np.unique(np.append(np.arange(0, len(flight.pose_times), step), -1))
    chosen = chosen[chosen >= 0]
    path = np.vstack([flight.positions_world[chosen, :2], flight.positions_world[-1:, :2]])
    shares = np.clip(flight.speeds[chosen] / max(top_speed(flight), 1e-6), 0.0, 1.0)
    segments = np.stack([path[:-1], path[1:]], axis=1)
    lines = LineCollection(
        list(segments), colors=SPEED(shares), linewidths=3.2, capstyle='round', zorder=4
    )
    axes.add_collection(lines)
    return path


def top_speed(flight: Flight) -> float:
    """Return the speed at the fast end of the map's colours [m/s], a multiple of 0.5."""
    return float(max(np.ceil(flight.speeds.max(initial=0.0) * 2) / 2, 0.5))


def draw_scale_bar(
    axes: Axes, corner: tuple[float, float], width: float, palette: Mapping[str, str]
) -> None:
    """Draw a bar of a round length [m] into the lower left corner of a map.

    :param corner: of the map [m]. :param width: of the map [m]. :param palette: role -> colour.
    """
    x, y = corner[0] + 0.04 * width, corner[1] + 0.045 * width
    length = choose_scale_bar(width)
    axes.plot([x, x + length], [y, y], color=palette['ink'], lw=1.6, solid_capstyle='butt')
    axes.text(
        x + length / 2,
        y + 0.012 * width,
        f'{length:g} m',
        ha='center',
        va='bottom',
        fontsize=11,
        color=palette['ink'],
    )


def choose_scale_bar(width: float) -> float:
    """Return a round length [m], an eighth or so of a map's width [m]; at least 2 m."""
    lengths = [2.0, 5.0, 10.0, 20.0, 50.0, 100.0]
    return max([length for length in lengths if length <= width / 6], default=lengths[0])


def draw_commands(flight: Flight) -> Chart:
    """Draw the velocity command, and below it the yaw rate, over time.

    Thin lines are what the policy asked for before the limits, where that was recorded.
    """

    def draw(panels: Sequence[Axes]) -> None:
        velocity, yaw = panels
        names = ('forward', 'left', 'up')
        for column, name in enumerate(names):
            _step(velocity, flight, column, name)
        _step(yaw, flight, 3, 'yaw')
        velocity.set_ylabel('m/s')
        yaw.set_ylabel('rad/s')
        for axes, least in ((velocity, 0.5), (yaw, 0.3)):
            axes.axhline(0.0, color=colour('muted'), lw=0.7, zorder=1)
            low, high = axes.get_ylim()
            axes.set_ylim(min(low, -least), max(high, least))

    return draw_chart(flight.duration, draw, heights=(2.0, 1.0), height_in=2.5)


def _step(axes: Axes, flight: Flight, column: int, name: str) -> None:
    line: dict[str, Any] = {'drawstyle': 'steps-post', 'color': colour(name)}
    axes.plot(flight.command_times, flight.commands[:, column], gid=f'{name}-flown', **line)
    if len(flight.asked):
        line |= {'lw': 0.8, 'alpha': 0.6, 'gid': f'{name}-asked'}
        axes.plot(flight.command_times, flight.asked[:, column], **line)


def draw_neurons(flight: Flight, groups: Sequence[NeuronGroup]) -> Chart:
    """Draw the activity of every neuron over time, one row each, kind by kind."""
    heights = [max(group.stop - group.start, 1) for group in groups]

    def draw(panels: Sequence[Axes]) -> None:
        edges = _find_edges(flight.neuron_times, flight.duration)
        for axes, group in zip(panels, groups, strict=True):
            activity = flight.neurons[:, group.start : group.stop].T
            axes.grid(False)
            axes.set_ylim(activity.shape[0], 0)
            # One picture of equal columns: neurons are read at the steady pace of the camera.
            axes.imshow(
                colour_activity(activity),
                extent=(edges[0], edges[1], activity.shape[0], 0),
                aspect='auto',
                interpolation='nearest',
            )
            axes.set_yticks([])
            axes.set_ylabel(group.name, color=NEURONS.get(group.name, colour('muted')))

    rows = sum(heights)
    return draw_chart(flight.duration, draw, heights=heights, height_in=0.5 + 0.08 * rows)


def _find_edges(times: NDArray[np.float64], duration: float) -> tuple[float, float]:
    """Return where the first column begins and the last one ends [s]."""
    if len(times) < 2:
        return 0.0, max(duration, 1e-3)
    period = float(np.median(np.diff(times)))
    return float(times[0]), float(times[-1]) + period


def colour_activity(activity: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return RGBA of activities: the sign gives the hue, the size the opacity.

    :param activity: shape (n, m); 1 and above is full strength. :return: shape (n, m, 4).
    """
    rgba = np.empty((*activity.shape, 4))
    rgba[..., :3] = np.where(activity[..., None] >= 0, to_rgb(POSITIVE), to_rgb(NEGATIVE))
    rgba[..., 3] = np.clip(np.abs(activity), 0.0, 1.0)
    return rgba


def draw_heights(record: FlightRecord) -> Chart:
    """Draw distance to the target, clearance to the nearest solid and altitude over time."""
    flight = record.flight

    def draw(panels: Sequence[Axes]) -> None:
        distance, near = panels
        times = flight.pose_times
        distance.plot(times, record.distances, color=colour('target'), gid='distance')
        if record.site.reach > 0.0:
            distance.axhline(record.site.reach, color=colour('target'), lw=0.9, ls=(0, (4, 3)))
        distance.set_ylim(0.0, None)
        clearances = np.minimum(record.clearances, 5.0)
        near.plot(times, clearances, color=colour('up'), gid='clearance')
        near.plot(times, flight.positions_world[:, 2], color=colour('forward'), gid='altitude')
        near.set_ylim(0.0, None)
        for axes in panels:
            axes.set_ylabel('m', rotation=0, va='center')

    return draw_chart(flight.duration, draw, heights=(1.0, 1.0), height_in=2.3)


def draw_chart(
    duration: float,
    draw: Callable[[Sequence[Axes]], None],
    heights: Sequence[float],
    height_in: float,
) -> Chart:
    """Draw panels one above the other over one time axis; all charts share its place.

    :param duration: of the time axis [s]. :param draw: fills the panels.
    :param heights: of the panels, as shares. :param height_in: of all together.
    """
    duration = max(duration, 0.1)
    with use_style():
        figure = Figure(figsize=(_CHART_WIDTH_IN, height_in))
        bottom_in, top_in = 0.32, 0.09
        grid = figure.add_gridspec(
            len(heights),
            1,
            height_ratios=heights,
            left=_CHART_LEFT,
            right=_CHART_RIGHT,
            bottom=bottom_in / height_in,
            top=1.0 - top_in / height_in,
            hspace=0.16,
        )
        panels = [figure.add_subplot(grid[row]) for row in range(len(heights))]
        draw(panels)
        for axes in panels:
            axes.set_xlim(0.0, duration)
            axes.tick_params(labelbottom=axes is panels[-1])
            axes.yaxis.set_label_coords(-0.066, 0.5)
            axes.spines['bottom'].set_visible(axes is panels[-1])
        panels[-1].xaxis.set_major_formatter('{x:g} s')
        svg = to_svg(figure)
    width = _CHART_WIDTH_IN * _PT_PER_IN
    bottom = (height_in - bottom_in) * _PT_PER_IN
    return Chart(svg, _CHART_LEFT * width, _CHART_RIGHT * width, bottom, duration)
