# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Loops wind, close and keep their distance; the map of a road agrees with a circle's formulas."""

import numpy as np
import pytest

from sim.worlds.road_geometry import (
    LANE_WIDTH,
    LENGTH_RANGE,
    MIN_RADIUS,
    MIN_SEPARATION,
    SPACING,
    RoadMap,
    draw_road,
    measure_separation,
)
from sim.worlds.world import Road

RADIUS = 20.0
START = (3.0, -2.0)


@pytest.fixture(scope='module')
def circle():
    """Return the map of a circle to the left, which begins at its lowest point."""
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    points = RADIUS * np.stack([np.sin(angle), 1 - np.cos(angle)], axis=1)
    return RoadMap(Road(points, LANE_WIDTH))


@pytest.fixture(scope='module')
def roads():
    return [draw_road(START, np.random.default_rng(seed)) for seed in range(60)]


def test_circle_has_the_length_heading_and_curvature_of_a_circle(circle):
    arc = np.linspace(0, circle.length, 51, endpoint=False)
    assert circle.length == pytest.approx(2 * np.pi * RADIUS, rel=1e-3)
    assert circle.curvature_at(arc) == pytest.approx(1 / RADIUS, rel=1e-3)
    expected = (arc / circle.length * 2 * np.pi + np.pi) % (2 * np.pi) - np.pi
    assert circle.heading_at(arc) == pytest.approx(expected, abs=1e-6)


def test_offset_of_a_point_beside_a_circle_is_its_distance_left_of_the_line(circle):
    angle = np.linspace(0.1, 6.0, 40)
    reach = np.linspace(12.0, 26.0, 40)
    points = np.stack([reach * np.sin(angle), RADIUS - reach * np.cos(angle)], axis=1)
    arc, offset = circle.project(points)
    assert offset == pytest.approx(RADIUS - reach, abs=5e-3)
    assert arc == pytest.approx(angle * RADIUS, abs=0.2)


def test_map_turned_round_bends_right():
    angle = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    points = RADIUS * np.stack([np.sin(angle), np.cos(angle) - 1], axis=1)
    road = RoadMap(Road(points, LANE_WIDTH))
    assert road.curvature_at(7.0) == pytest.approx(-1 / RADIUS, rel=1e-3)
    assert road.project((0.0, 1.0))[1] == pytest.approx(1.0, abs=1e-2)


def test_arc_length_wraps_around(circle):
    assert circle.point_at(-1.0) == pytest.approx(circle.point_at(circle.length - 1.0))
    assert circle.heading_at(circle.length + 2.0) == pytest.approx(circle.heading_at(2.0))


def test_heading_error_is_positive_to_the_left_and_wraps(circle):
    assert circle.heading_error(0.0, 0.3) == pytest.approx(0.3, abs=1e-6)
    half = circle.length / 2
    assert circle.heading_error(half, -np.pi + 0.1) == pytest.approx(0.1, abs=1e-6)


def test_projection_undoes_point_at_on_every_road(roads):
    generator = np.random.default_rng(0)
    for road in roads[:10]:
        chart = RoadMap(road)
        arc, offset = generator.uniform((0, -6), (chart.length, 6), (200, 2)).T
        found_arc, found_offset = chart.project(chart.point_at(arc, offset))
        around = np.abs(found_arc - arc)
        assert np.minimum(around, chart.length - around).max() < 0.25
        assert found_offset == pytest.approx(offset, abs=0.02)
        assert ((found_arc >= 0) & (found_arc < chart.length)).all()


def test_projection_keeps_the_shape_of_its_points(circle):
    assert [one.shape for one in circle.project(np.zeros(2))] == [(), ()]
    assert [one.shape for one in circle.project(np.zeros((3, 4, 2)))] == [(3, 4), (3, 4)]


def test_start_is_in_the_middle_of_the_right_lane_of_a_straight(roads):
    for road in roads:
        chart = RoadMap(road)
        assert road.centreline[0] == pytest.approx((START[0], START[1] + LANE_WIDTH / 2))
        arc = np.arange(-9.0, 9.5, 1.0)
        straight = np.stack([START[0] + arc, np.full_like(arc, START[1])], axis=1)
        assert chart.point_at(arc, -LANE_WIDTH / 2) == pytest.approx(straight, abs=0.02)
        assert chart.heading_at(arc) == pytest.approx(0.0, abs=1e-3)


def test_loops_are_closed_and_evenly_spaced(roads):
    for road in roads:
        steps = np.hypot(*(np.roll(road.centreline, -1, axis=0) - road.centreline).T)
        assert steps.max() <= SPACING
        assert np.ptp(steps) < 1e-3
        assert LENGTH_RANGE[0] - 1 < steps.sum() <= LENGTH_RANGE[1]


def test_loops_turn_once_and_bend_both_ways_without_kinks(roads):
    for road in roads:
        chart = RoadMap(road)
        curvature = chart.curvature_at(np.arange(0.0, chart.length))
        assert abs(curvature.sum()) == pytest.approx(2 * np.pi, rel=0.02)
        assert np.abs(curvature).max() < 1.02 / MIN_RADIUS
        assert (curvature > 1 / 60).mean() > 0.05 and (curvature < -1 / 60).mean() > 0.05
        assert np.abs(np.diff(curvature)).max() < 0.015


def test_loops_keep_away_from_themselves(roads):
    for road in roads:
        assert measure_separation(road.centreline, SPACING) >= MIN_SEPARATION - 0.2
        points = road.centreline
        crossings = sum(_cross(points, index) for index in range(len(points)))
        assert crossings == 0


def _cross(points, index):
    """Return how many other steps of the loop cross one of its steps."""
    a, b = points[index], points[(index + 1) % len(points)]
    others = np.roll(points, -index - 2, axis=0)[: len(points) - 2]
    c, d = others[:-1], others[1:]

    def side(p, q, r):
        return np.sign((q - p)[..., 0] * (r - p)[..., 1] - (q - p)[..., 1] * (r - p)[..., 0])

    return int(((side(a, b, c) * side(a, b, d) < 0) & (side(c, d, a) * side(c, d, b) < 0)).sum())


def test_crossing_lines_are_found():
    eight = np.array([[0, 0], [1, 1], [2, 1], [2, 0], [1, 0.2], [0, 1]], dtype=float)
    assert _cross(eight, 0) == 1


def test_seed_decides_the_road():
    first, second, other = (draw_road(START, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first.centreline, second.centreline)
    assert first.centreline.shape != other.centreline.shape


def test_loops_close_to_either_side(roads):
    turns = {np.sign(RoadMap(road).curvature_at(np.arange(300)).sum()) for road in roads}
    assert turns == {-1.0, 1.0}


def test_road_keeps_away_from_a_point():
    for seed in range(10):
        road = draw_road(START, np.random.default_rng(seed), avoid=(40.0, 0.0), distance=6.0)
        assert np.hypot(*(road.centreline - (40.0, 0.0)).T).min() >= 6.0


def test_point_on_the_straight_cannot_be_avoided():
    with pytest.raises(ValueError, match=r'must keep 5.0 m from \(8.0, 0.0\), but none does'):
        draw_road((0.0, 0.0), np.random.default_rng(0), avoid=(8.0, 0.0), distance=5.0)


@pytest.mark.parametrize(
    'centreline, complaint',
    [
        (np.zeros((4, 2)), r'shape \(at least 8, 2\), got \(4, 2\)'),
        (np.zeros((20, 3)), r'shape \(at least 8, 2\), got \(20, 3\)'),
        (np.zeros((20, 2)), 'no two alike, got steps of 0.000'),
        (np.stack([np.arange(20.0), np.zeros(20)], axis=1), 'to 19.000 m'),
        (np.full((20, 2), np.nan), 'got steps of nan'),
    ],
)
def test_map_refuses_what_is_no_loop(centreline, complaint):
    with pytest.raises(ValueError, match=complaint):
        RoadMap(Road(centreline, LANE_WIDTH))


@pytest.mark.parametrize('points', [np.zeros(3), [np.nan, 0.0], 1.0])
def test_projection_refuses_what_are_no_points(circle, points):
    with pytest.raises(ValueError, match=r'finite and of shape \(\.\.\., 2\)'):
        circle.project(points)
