# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import re
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip('matplotlib', reason='needs matplotlib: pip install ".[report]"')

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lnn_control.core.flight import FlightRecord
from lnn_control.reports import figures
from lnn_control.reports.circuit_view import draw_circuit_view, place_neurons
from lnn_control.reports.run_folder import RecordedRun
from lnn_control.reports.style import ROLES, STAND_INS


def test_map_places_the_world_in_its_drawing(record: FlightRecord) -> None:
    drawing = figures.draw_map(record)
    low, high = figures.choose_extent(record.flight, record.site)
    assert (high[0] - low[0]) / (high[1] - low[1]) == pytest.approx(figures.MAP_RATIO)
    corners = drawing.place(np.array([[low[0], high[1]], [high[0], low[1]]]))
    np.testing.assert_allclose(corners, [[0.0, 0.0], [drawing.width, drawing.height]], atol=1e-6)
    ahead, left = drawing.place(np.array([[1.0, 0.0], [0.0, 1.0]])) - drawing.origin
    assert ahead[0] > 0 == pytest.approx(ahead[1])
    assert left[1] < 0 == pytest.approx(left[0])


def test_map_holds_start_target_and_path(record: FlightRecord) -> None:
    low, high = figures.choose_extent(record.flight, record.site)
    points = np.vstack([record.site.start, record.site.target[:2]])
    points = np.vstack([points, record.flight.positions_world[:, :2]])
    assert (points > low).all()
    assert (points < high).all()


def test_figures_are_svg_in_the_colours_of_the_page(run: RecordedRun) -> None:
    record, groups = run.flights[0].record, run.description.neuron_groups
    drawings = [
        figures.draw_map(record).svg,
        figures.draw_commands(record.flight).svg,
        figures.draw_neurons(record.flight, groups).svg,
        figures.draw_heights(record).svg,
    ]
    for svg in drawings:
        assert svg.startswith('<svg ')
        ElementTree.fromstring(svg)
        assert not any(stand_in in svg for stand_in in STAND_INS.values())
        assert 'http' not in svg
        assert set(re.findall(r'var\(--([a-z-]+)\)', svg)) <= set(ROLES)


def test_what_was_asked_is_a_thinner_line_than_what_was_flown(record: FlightRecord) -> None:
    assert '-asked' not in figures.draw_commands(record.flight).svg
    asked = record.flight.commands + np.array([0.5, 0.0, 0.0, 0.0])
    svg = figures.draw_commands(replace(record.flight, asked=asked)).svg
    heights = {}
    for name in ('forward-flown', 'forward-asked', 'left-flown', 'left-asked'):
        path = re.search(r' d="M [\d.]+ ([\d.]+)', svg[svg.index(f'id="{name}"') :])
        assert path is not None
        heights[name] = float(path[1])
    # Half a metre a second more is higher up: a smaller y.
    assert heights['forward-asked'] < heights['forward-flown'] - 1
    assert heights['left-asked'] == heights['left-flown']


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Return the figures that are drawn from now on, as objects."""
    figures_kept: list[Figure] = []

    def keep(figure: Figure) -> str:
        figures_kept.append(figure)
        return '<svg></svg>'

    monkeypatch.setattr(figures, 'to_svg', keep)
    return figures_kept


def find_lines(figure: Figure) -> dict[str, Line2D]:
    lines = [line for axes in figure.axes for line in axes.lines if line.get_gid()]
    found = {str(line.get_gid()): line for line in lines}
    assert len(found) == len(lines)
    return found


def test_every_command_is_drawn_under_its_name_raw_and_safe(
    record: FlightRecord, kept: list[Figure]
) -> None:
    rng = np.random.default_rng(5)
    commands, asked = rng.normal(size=(2, *record.flight.commands.shape))
    figures.draw_commands(replace(record.flight, commands=commands, asked=asked))
    lines = find_lines(kept[0])
    assert len(lines) == 8
    for column, name in enumerate(('forward', 'left', 'up', 'yaw')):
        for rows, suffix in ((commands, 'flown'), (asked, 'asked')):
            line = lines[f'{name}-{suffix}']
            np.testing.assert_array_equal(line.get_ydata(), rows[:, column])
            np.testing.assert_array_equal(line.get_xdata(), record.flight.command_times)
            assert line.get_color() == STAND_INS[name]
        # Safe beside raw: who asked is the thinner one.
        assert lines[f'{name}-asked'].get_linewidth() < lines[f'{name}-flown'].get_linewidth()
    velocity, yaw = kept[0].axes
    assert lines['yaw-flown'].axes is yaw
    assert lines['up-flown'].axes is velocity


def test_distances_are_drawn_under_their_names(record: FlightRecord, kept: list[Figure]) -> None:
    clearances = np.linspace(0.5, 2.0, len(record.clearances))
    figures.draw_heights(replace(record, clearances=clearances))
    lines = find_lines(kept[0])
    wanted = {
        'distance': (record.distances, 'target'),
        'clearance': (clearances, 'up'),
        'altitude': (record.flight.positions_world[:, 2], 'forward'),
    }
    assert set(lines) == set(wanted)
    for name, (values, role) in wanted.items():
        np.testing.assert_array_equal(lines[name].get_ydata(), values)
        assert lines[name].get_color() == STAND_INS[role]


def test_neurons_of_each_kind_are_drawn_in_their_own_panel(
    run: RecordedRun, kept: list[Figure]
) -> None:
    flight, groups = run.flights[0].record.flight, run.description.neuron_groups
    figures.draw_neurons(flight, groups)
    assert [axes.get_ylabel() for axes in kept[0].axes] == [group.name for group in groups]
    for axes, group in zip(kept[0].axes, groups, strict=True):
        activity = flight.neurons[:, group.start : group.stop].T
        (picture,) = axes.images
        np.testing.assert_array_equal(picture.get_array(), figures.colour_activity(activity))
        left, right, bottom, top = picture.get_extent()
        assert (left, bottom, top) == (flight.neuron_times[0], len(activity), 0)
        assert right == pytest.approx(flight.neuron_times[-1] + 0.05)


def test_drawing_leaves_the_style_of_others_alone(record: FlightRecord) -> None:
    before = dict(mpl.rcParams)
    figures.draw_map(record)
    assert dict(mpl.rcParams) == before


def test_same_flight_gives_the_same_drawing(record: FlightRecord) -> None:
    assert figures.draw_commands(record.flight) == figures.draw_commands(record.flight)


def test_time_axes_of_all_charts_coincide(run: RecordedRun) -> None:
    record = run.flights[0].record
    charts = [
        figures.draw_commands(record.flight),
        figures.draw_neurons(record.flight, run.description.neuron_groups),
        figures.draw_heights(record),
    ]
    assert len({(chart.left, chart.right, chart.duration) for chart in charts}) == 1
    assert charts[0].duration == 1.5


def test_activity_gives_hue_by_sign_and_opacity_by_size() -> None:
    rgba = figures.colour_activity(np.array([[0.5, -0.5, 0.0, 3.0]], dtype=np.float32))[0]
    assert rgba[:, 3].tolist() == [0.5, 0.5, 0.0, 1.0]
    assert rgba[0, 0] > rgba[0, 2], 'above zero is warm'
    assert rgba[1, 2] > rgba[1, 0], 'below zero is cold'


@pytest.mark.parametrize(('speed', 'top'), [(0.0, 0.5), (1.2, 1.5), (1.5, 1.5)])
def test_top_speed_is_round(record: FlightRecord, speed: float, top: float) -> None:
    velocities = np.zeros_like(record.flight.velocities)
    velocities[:, 0] = speed
    assert figures.top_speed(replace(record.flight, velocities=velocities)) == top


def test_circuit_shows_every_neuron_and_synapse(run: RecordedRun) -> None:
    description = run.description
    svg = draw_circuit_view(description.neuron_groups, description.synapses)
    ElementTree.fromstring(svg)
    assert sorted(map(int, re.findall(r'data-neuron="(\d+)"', svg))) == list(range(7))
    assert svg.count('class="synapse excitatory"') == 2
    assert svg.count('class="synapse inhibitory"') == 1
    places = place_neurons(description.neuron_groups)
    assert places[4][0] < places[2][0] < places[0][0], 'signals travel to the right'


def draw_circle(radius: float) -> np.ndarray:
    angle = np.linspace(0.0, 2 * np.pi, 60, endpoint=False)
    return radius * np.column_stack([np.cos(angle), np.sin(angle)])


def test_map_holds_stops_walk_and_the_edges_of_a_road(record: FlightRecord) -> None:
    for changes in (
        {'stops': np.array([[9.0, 12.0], [-7.0, 3.0]])},
        {'walk': np.array([[9.0, 0.0], [30.0, 4.0]])},
        {'road': draw_circle(50.0), 'road_width': 7.0},
    ):
        site = replace(record.site, **changes)
        low, high = figures.choose_extent(record.flight, site)
        points = np.vstack([site.stops, site.walk, *site.road_edges])
        assert (points > low).all()
        assert (points < high).all()
        ElementTree.fromstring(figures.draw_map(replace(record, site=site)).svg)


def test_stops_are_numbered_and_a_road_has_no_target(record: FlightRecord) -> None:
    hike = replace(record.site, stops=np.array([[9.0, 12.0], [-7.0, 3.0]]))
    assert [name for name, _ in figures.name_places(hike)] == ['start', '1', '2', '3']
    lap = replace(record.site, road=draw_circle(50.0), road_width=7.0)
    assert [name for name, _ in figures.name_places(lap)] == ['start and finish']
    assert [name for name, _ in figures.name_places(record.site)] == ['start', 'target']


@pytest.mark.parametrize(('width', 'length'), [(8.0, 2.0), (35.0, 5.0), (160.0, 20.0)])
def test_scale_bar_suits_the_map(width: float, length: float) -> None:
    assert figures.choose_scale_bar(width) == length


def test_distances_are_drawn_as_the_task_counted_them(record: FlightRecord) -> None:
    counted = np.linspace(90.0, 80.0, len(record.flight.pose_times))
    flight = replace(record.flight, distances=counted)
    drawn = figures.draw_heights(replace(record, flight=flight)).svg
    assert drawn != figures.draw_heights(record).svg
