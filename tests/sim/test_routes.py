# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import numpy as np
import pytest

from sim.routes import PACE, STEP, Walk, draw_stops, draw_walk, measure_width
from sim.worlds.world import Layout


def draw_many(count: int = 50) -> list[np.ndarray]:
    return [draw_walk((4.0, 0.0), 30.0, np.random.default_rng(seed)) for seed in range(count)]


def test_walks_begin_where_they_are_told_and_last_their_time():
    for duration in (1.0, 29.9, 30.0):
        walk = draw_walk((4.0, 1.0), duration, np.random.default_rng(0))
        assert walk[0] == pytest.approx([4.0, 1.0])
        assert STEP * (len(walk) - 1) >= duration


def test_walks_keep_to_the_paces_and_use_their_range():
    paces = [np.linalg.norm(np.diff(walk, axis=0), axis=1) / STEP for walk in draw_many()]
    slowest, fastest = min(p.min() for p in paces), max(p.max() for p in paces)
    assert PACE[0] <= slowest < PACE[0] + 0.05
    assert PACE[1] - 0.05 < fastest <= PACE[1] + 1e-9
    # Nobody changes their pace by more than 0.3 m/s within a second.
    assert max(np.abs(np.diff(pace)).max() for pace in paces) < 0.3 * STEP


def test_walks_wind_without_tight_bends_and_never_turn_back():
    swings = []
    for walk in draw_many():
        steps = np.diff(walk, axis=0)
        heading = np.arctan2(steps[:, 1], steps[:, 0])
        assert np.abs(heading).max() <= 1.05
        length = np.linalg.norm(steps, axis=1)
        curvature = np.diff(heading) / (length[1:] + length[:-1]) * 2
        assert np.abs(curvature).max() < 1 / 2.2
        swings.append(np.ptp(heading))
    assert min(swings) > 0.3
    assert np.mean(swings) > 0.8


def test_stops_keep_to_distances_and_turns():
    turns = []
    for seed in range(50):
        stops = draw_stops(5, (8.0, 12.0), np.pi / 3, np.random.default_rng(seed))
        legs = np.diff(np.vstack([[0.0, 0.0], stops]), axis=0)
        length = np.linalg.norm(legs, axis=1)
        assert ((length >= 8.0) & (length <= 12.0)).all()
        heading = np.arctan2(legs[:, 1], legs[:, 0])
        assert heading[0] == 0.0
        turns.append((np.diff(heading) + np.pi) % (2 * np.pi) - np.pi)
        gaps = np.linalg.norm(stops[:, None] - stops, axis=2) + 99 * np.eye(5)
        assert gaps.min() >= 7.9
    assert np.abs(turns).max() <= np.pi / 3 + 1e-9
    assert np.abs(turns).max() > 0.95 * np.pi / 3
    assert abs(np.mean(turns)) < 0.15


def test_width_is_measured_from_the_line_to_the_farthest_place():
    # The line leads from (1, 1) to (5, 4); (3, 5) lies 3.2 - 0.6 * 2 = 2 m left of it.
    places = np.array([[1.0, 1.0], [5.0, 4.0], [3.0, 5.0]])
    places[2] = [1.0, 1.0] + 2.5 * np.array([0.8, 0.6]) + 2.0 * np.array([-0.6, 0.8])
    assert measure_width(places) == pytest.approx(2.0)
    assert measure_width(places[:2]) == pytest.approx(0.0)


def test_a_walk_tells_place_and_velocity_at_any_time():
    # 1 m/s along x for one second, then 0.8 m/s along y.
    places = [(4.0, 0.0), (4.25, 0.0), (4.5, 0.0), (4.75, 0.0), (5.0, 0.0)]
    places += [(5.0, 0.2), (5.0, 0.4), (5.0, 0.6), (5.0, 0.8)]
    walk = Walk.of(Layout((0.0, 0.0), (4.0, 0.0), walk=tuple(places)))
    place, velocity = walk.locate(0.6)
    assert place == pytest.approx([4.6, 0.0])
    assert velocity == pytest.approx([1.0, 0.0])
    place, velocity = walk.locate(1.6)
    assert place == pytest.approx([5.0, 0.48])
    assert velocity == pytest.approx([0.0, 0.8])
    assert walk.locate(99.0)[0] == pytest.approx([5.0, 0.8])
    assert walk.measure_length(0.6) == pytest.approx(0.6)
    assert walk.measure_length(1.6) == pytest.approx(1.48)
