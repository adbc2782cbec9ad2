# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every curve and every bar is that of its policy: swapping two fails here."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

pytest.importorskip('matplotlib', reason='needs matplotlib: pip install ".[report]"')

from matplotlib.figure import Figure

from lnn_control.core.flight import FlightRecord
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.reports import result_figures
from lnn_control.reports.result_figures import (
    BarRow,
    CurvePanel,
    OtherPath,
    choose_colours,
    draw_bars,
    draw_curves,
    draw_fan,
    draw_shared_map,
    name_mark,
)
from lnn_control.reports.result_views import list_bars, list_panels
from lnn_control.reports.results import read_results
from lnn_control.reports.style import ROLES, SERIES, STAND_INS
from tests.reports.made_results import make_suites, make_trial, write_file

POLICIES = ('liquid', 'gated')
RATES = {'liquid': (0.9, 0.8, 0.7), 'gated': (0.6, 0.3, 0.1)}


def make_rate(policy: str, rate: float) -> SuiteSummary:
    low, high = max(rate - 0.1, 0.0), min(rate + 0.1, 1.0)
    return SuiteSummary('s', 'w', 'x', policy, 10, round(10 * rate), rate, low, high)


def find_points(svg: str, mark: str) -> tuple[np.ndarray, str]:
    """Return the points of the path with an id, y upwards, and the colour it has."""
    group = svg[svg.index(f'id="{mark}"') :]
    path = re.search(r'<path d="([^"]+)"[^>]*style="([^"]+)"', group)
    assert path is not None
    points = np.array(re.findall(r'[ML] ([\d.-]+) ([\d.-]+)', path[1]), dtype=float)
    colour = re.search(r'var\(--([a-z-]+)\)', path[2])
    assert colour is not None
    return points * [1, -1], colour[1]


def test_each_curve_is_that_of_its_policy_in_its_colour() -> None:
    places = (0.0, 1.0, 2.0)
    curves = {
        policy: [(x, make_rate(policy, y)) for x, y in zip(places, RATES[policy], strict=True)]
        for policy in POLICIES
    }
    panel = CurvePanel('Wind', {0.0: 'clean', 1.0: 'mild', 2.0: 'medium'}, '', curves)
    svg = draw_curves([panel], POLICIES)
    drawn = {policy: find_points(svg, name_mark('Wind', policy)) for policy in POLICIES}
    roles = choose_colours(POLICIES)
    assert {policy: colour for policy, (_, colour) in drawn.items()} == roles
    assert len(set(roles.values())) == 2
    # One axis for both, so one line leads from all rates to all heights.
    rates = np.concatenate([RATES[policy] for policy in POLICIES])
    heights = np.concatenate([drawn[policy][0][:, 1] for policy in POLICIES])
    slope, offset = np.polyfit(rates, heights, 1)
    assert slope > 0
    np.testing.assert_allclose(slope * rates + offset, heights, atol=1e-3)


def test_each_bar_and_interval_is_that_of_its_policy() -> None:
    rows = [
        BarRow(f'row {index}', {name: make_rate(name, RATES[name][index]) for name in POLICIES})
        for index in range(3)
    ]
    svg = draw_bars(rows, POLICIES)
    roles, ends, rates = choose_colours(POLICIES), [], []
    for index, row in enumerate(rows):
        for policy in POLICIES:
            mark = name_mark(row.name, policy)
            bar, colour = find_points(svg, mark)
            interval, same = find_points(svg, f'{mark}-interval')
            assert colour == same == roles[policy]
            summary = row.rates[policy]
            ends += [bar[:, 0].max(), *interval[:, 0]]
            rates += [RATES[policy][index], summary.wilson_low, summary.wilson_high]
            # The interval goes through the middle of its own bar.
            assert interval[:, 1].mean() == pytest.approx((bar[:, 1].min() + bar[:, 1].max()) / 2)
    slope, offset = np.polyfit(rates, ends, 1)
    assert slope > 0
    np.testing.assert_allclose(slope * np.array(rates) + offset, ends, atol=1e-3)


def test_panels_and_bars_hold_what_the_files_say(tmp_path: Path) -> None:
    records = [*make_suites('liquid', '1110', '1100'), *make_suites('gated', '1000', '0000')]
    seasons, distance, stress = read_results([write_file(tmp_path / 'r.json', *records)]).suites

    def read(panel: CurvePanel) -> dict[str, list[tuple[float, float]]]:
        return {
            policy: [(x, rate.success_rate) for x, rate in curve]
            for policy, curve in panel.curves.items()
        }

    assert list_panels(seasons) == []
    assert [bar.name for bar in list_bars(seasons)] == ['forest autumn', 'forest winter']
    assert list_bars(seasons)[1].rates['liquid'].success_rate == 0.5
    (panel,) = list_panels(distance)
    assert read(panel) == {
        'liquid': [(10.0, 0.75), (20.0, 0.5)],
        'gated': [(10.0, 0.25), (20.0, 0.0)],
    }
    (panel,) = list_panels(stress)
    assert panel.ticks == {0.0: 'clean', 1.0: 'mild', 2.0: 'medium'}
    assert read(panel) == {
        'liquid': [(0.0, 0.75), (1.0, 0.75), (2.0, 0.5)],
        'gated': [(0.0, 0.25), (1.0, 0.25), (2.0, 0.0)],
    }


def test_paths_are_drawn_in_the_colours_of_the_page(record: FlightRecord) -> None:
    fan = draw_fan([make_trial(1, True), make_trial(2, False)])
    assert find_points(fan, 'succeeded')[1] == 'good'
    assert find_points(fan, 'failed')[1] == 'bad'
    drawing = draw_shared_map(record, [OtherPath(SERIES[1], make_trial(7, False))])
    shared = drawing.svg
    points, colour = find_points(shared, f'path-{SERIES[1]}')
    assert colour == SERIES[1]
    assert len(points) == 3
    for svg in (fan, shared):
        ElementTree.fromstring(svg)
        assert not any(stand_in in svg for stand_in in STAND_INS.values())
        assert set(re.findall(r'var\(--([a-z-]+)\)', svg)) <= set(ROLES)
    # What moves on the map lies on the flown path, wherever the other one leads.
    start = drawing.place(np.zeros((1, 3)))[0]
    assert (start > 0).all() and (start < [drawing.width, drawing.height]).all()
    ahead = drawing.place(np.array([[1.0, 0.0, 0.0]]))[0] - start
    assert ahead == pytest.approx([drawing.scale, 0.0])


def test_figures_hold_the_numbers_that_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Figure] = []

    def keep(figure: Figure) -> str:
        kept.append(figure)
        return '<svg></svg>'

    monkeypatch.setattr(result_figures, 'to_svg', keep)
    roles = choose_colours(POLICIES)
    curves = {
        policy: [(float(x), make_rate(policy, y)) for x, y in enumerate(RATES[policy])]
        for policy in POLICIES
    }
    ticks = {0.0: 'clean', 1.0: 'mild', 2.0: 'medium'}
    draw_curves([CurvePanel('Wind', ticks, '', curves)], POLICIES)
    rows = [BarRow(f'row {i}', {p: make_rate(p, RATES[p][i]) for p in POLICIES}) for i in range(3)]
    draw_bars(rows, POLICIES)
    (curved,), (barred,) = (figure.axes for figure in kept)
    lines = {line.get_gid(): line for line in (*curved.lines, *barred.lines)}
    bars = {bar.get_gid(): bar for bar in barred.patches}
    for policy in POLICIES:
        line = lines[name_mark('Wind', policy)]
        assert list(line.get_ydata()) == list(RATES[policy])
        assert line.get_color() == STAND_INS[roles[policy]]
        for index, row in enumerate(rows):
            mark = name_mark(row.name, policy)
            rate = row.rates[policy]
            assert bars[mark].get_width() == RATES[policy][index]
            interval = lines[f'{mark}-interval']
            assert list(interval.get_xdata()) == [rate.wilson_low, rate.wilson_high]
            assert interval.get_color() == STAND_INS[roles[policy]]
