# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A world of another package: one function, which any task can be set in."""

from dataclasses import replace

import numpy as np
import pytest

from sim.environment import TaskEnv
from sim.renderers import Label, make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks import make_task
from sim.worlds import Layout, World, build_world
from sim.worlds.meshes import label_mesh, make_box, make_quad
from sim.worlds.placement import Ground, span_area
from sim.worlds.seasons import SEASONS
from sim.worlds.targets import draw_target, make_target, place_target
from sim.worlds.textures import Atlas, Tile, draw_panorama
from sim.worlds.world import Box, Instance

TILES = {
    'floor': Tile(0, 0, 64, 64),
    'stone': Tile(64, 0, 64, 64),
    'target': Tile(128, 0, 32, 32),
    'metal': Tile(160, 0, 32, 32),
}
HALL = f'{__name__}:build_hall'


def build_hall(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a floor with a pillar between start and target, where there is room for it."""
    atlas = Atlas(TILES)
    for name, grey in (('floor', 0.5), ('stone', 0.8), ('metal', 0.2)):
        atlas.fill(name, np.full((*atlas.size(name), 3), grey))
    draw_target(layout, atlas)
    look = SEASONS[season]
    x, y = layout.target[0] / 2, float(generator.uniform(-0.3, 0.3))
    instances, solids = [Instance('floor', 0.0, 0.0)], []
    if Ground(layout, gap=1.0).take(x, y, 0.45):
        instances.append(Instance('pillar', x, y))
        solids.append(Box(x, y, 0.6, 0.6, 4.0))
    floor = make_quad([[-50, -50, 0], [50, -50, 0], [50, 50, 0], [-50, 50, 0]], TILES['floor'])
    pillar = make_box((0.6, 0.6, 4.0), TILES['stone'], TILES['stone'])
    return World(
        name='hall',
        season=season,
        layout=layout,
        meshes={
            'floor': label_mesh(floor, Label.GROUND),
            'pillar': label_mesh(pillar, Label.BUILDING),
            **make_target(layout, TILES),
        },
        instances=tuple(instances),
        solids=tuple(solids),
        target=place_target(layout, np.pi),
        light=look.light,
        atlas=atlas.finish(),
        panorama=draw_panorama(generator, look.light, 0.3, np.full(512, 0.05), look.skyline),
        area=span_area(layout, 30.0, 20.0, 8.0),
        ceiling=3.0,
    )


def build_nothing(season: str, layout: Layout, generator: np.random.Generator) -> None:
    """Return nothing."""


@pytest.mark.parametrize('task', ['fly_to_target', 'hike', 'follow_target', 'drive_to_target'])
def test_every_task_that_needs_no_road_can_be_set_in_it(task):
    settings = SimulationSettings(renderer='none', camera=PinholeCamera(32, 18))
    env = TaskEnv(task, settings=settings, world=HALL, season='dusk')
    env.reset(seed=2)
    assert env.trial.world.name == 'hall'
    terminated = truncated = False
    while not (terminated or truncated):
        *_, terminated, truncated, info = env.step(env.expert_command())
    env.close()
    assert info['outcome'] == 'success'


def test_its_meshes_have_the_classes_that_it_gave_them():
    trial = make_task('fly_to_target', world=HALL, target='person').sample(0)
    renderer = make_renderer('tiny', PinholeCamera())
    renderer.load(trial.world)
    labels = renderer.render_layers(np.array([-1.0, 1.5, 1.5]), np.eye(3)).labels
    renderer.close()
    assert set(np.unique(labels)) == {Label.SKY, Label.GROUND, Label.BUILDING, Label.TARGET}


def test_task_that_needs_a_road_says_that_there_is_none():
    with pytest.raises(ValueError, match="must have a road to keep to, got 'hall' without one"):
        make_task('keep_lane', world=HALL).sample(0)


def test_layout_brings_it_the_density_that_was_asked_for():
    assert make_task('fly_to_target', world=HALL, density=3.0).sample(0).world.layout.density == 3
    with pytest.raises(ValueError, match='density must be'):
        make_task('fly_to_target', world=HALL, density=-1.0)


def test_names_of_our_worlds_stay_with_the_tasks_that_they_are_made_for():
    with pytest.raises(
        ValueError, match=r"world of hike must be one of .*'varied_forest'\], got 'road'"
    ):
        make_task('hike', world='road')


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        (f'{__name__}:build_nothing', 'must build a sim.worlds.World, got None'),
        (f'{__name__}:TILES', r'expected a function \(season, layout, generator\) -> World'),
        (f'{__name__}:build_cave', "no attribute 'build_cave'"),
    ],
)
def test_what_builds_no_world_is_refused(name, message):
    with pytest.raises(ValueError, match=message):
        build_world(name, 'summer', Layout((0.0, 0.0), (9.0, 0.0)), np.random.default_rng(0))


def test_world_can_be_changed_after_it_was_built():
    world = build_world(HALL, 'summer', Layout((0.0, 0.0), (9.0, 0.0)), np.random.default_rng(0))
    assert replace(world, solids=()).solids == ()
