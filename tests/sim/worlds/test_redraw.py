# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What cannot be built as asked is an error that says what to change, not a loop without end."""

import numpy as np
import pytest

from sim.tasks import make_task
from sim.worlds import Layout, World, build_world, road
from sim.worlds.redraw import GaveUpError, draw_until
from sim.worlds.world import Box


def test_first_good_draw_is_returned_and_no_more_are_drawn():
    draws = iter(range(10))
    assert draw_until(lambda: next(draws), lambda number: number == 3, 4, '') == 3
    assert next(draws) == 4


def test_giving_up_tells_how_often_it_was_tried_and_what_to_change():
    draws = iter(range(10))
    with pytest.raises(GaveUpError, match=r'gave up after 4 draws: ask for less'):
        draw_until(lambda: next(draws), lambda number: number == 4, 4, 'ask for less')
    assert next(draws) == 4


def build_closed(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a forest behind a kerb, which stops a rover alone."""
    world = build_world('forest', season, layout, generator)
    kerb = Box(layout.target[0] / 2, 0.0, 0.3, 100.0, height=0.12)
    return World(**{**vars(world), 'solids': (*world.solids, kerb)})


@pytest.mark.parametrize(
    ('task', 'options', 'message'),
    [
        (
            'hike',
            {'world': 'urban', 'num_targets': 10, 'max_turn': 1.57, 'max_distance': 20.0},
            r"hike with world='urban', .*num_targets=10, .*max_turn=1.57.* choose fewer",
        ),
        (
            'fly_to_target',
            {'density': 8.0, 'min_distance': 60.0, 'max_distance': 60.0},
            r'fly_to_target with .*density=8.0.* leaves no way 1.5 m wide .*choose a lower one',
        ),
        (
            'drive_to_target',
            {'world': f'{__name__}:build_closed'},
            r"drive_to_target with world='.*build_closed'.* choose another world",
        ),
    ],
)
def test_impossible_options_end_with_advice(task, options, message):
    with pytest.raises(GaveUpError, match=message):
        make_task(task, **options).sample(0)


def test_walk_that_fits_no_street_ends_with_advice(monkeypatch):
    monkeypatch.setattr('sim.routes.HALF_STREET', 0.01)
    with pytest.raises(
        GaveUpError, match=r"follow_target with world='urban'.* shorter time_limit"
    ):
        make_task('follow_target', world='urban').sample(0)


def test_street_whose_houses_make_no_way_ends_with_advice(monkeypatch):
    monkeypatch.setattr('sim.worlds.blocks.HOUSE_CLEARANCE', -100.0)
    monkeypatch.setattr('sim.worlds.blocks.SIDE_STREETS', 0.0)
    layout = Layout((0.0, 0.0), (10.0, 0.0), stops=((10.0, 12.0), (40.0, 0.0)))
    with pytest.raises(GaveUpError, match=r"no street .* the target 'chair' .*, 2 more stops: "):
        build_world('urban', 'summer', layout, np.random.default_rng(0))


def test_roadside_without_a_gap_ends_with_advice(monkeypatch):
    # A row of trees without gaps between them stands before the target.
    def fence(verge, generator) -> None:
        verge.solids.append(Box(5.0, -20.0, 0.3, 60.0, height=2.0, yaw=np.pi / 2))

    monkeypatch.setattr(road, '_put_fences', fence)
    layout = Layout((0.0, 0.0), (5.0, -25.0))
    with pytest.raises(GaveUpError, match=r'no roadside leaves a way .* nearer to the road'):
        build_world('road', 'summer', layout, np.random.default_rng(0))


def test_road_that_runs_through_the_target_ends_with_advice():
    layout = Layout((0.0, 0.0), (5.0, 0.0))
    with pytest.raises(GaveUpError, match=r'must keep .* m from \(5.0, 0.0\).* move that point'):
        build_world('road', 'summer', layout, np.random.default_rng(0))
