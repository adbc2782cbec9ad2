# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A forest of trees, undergrowth, rocks and logs around a start and a target, in sun and shade.

The generator decides where things stand before it decides how they look: the same seed gives the
same forest in every season.
"""

from dataclasses import replace

import numpy as np

from sim.worlds.forest_meshes import make_meshes
from sim.worlds.forest_pictures import draw_atlas, draw_sky
from sim.worlds.placement import Area, distance_to_path, span_area
from sim.worlds.plants import NUM_VARIANTS, SPECIES, SPECIES_SHARE, place_plants
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.shade import GROUND_TILE, Floor, lay_floor
from sim.worlds.targets import make_target, place_target
from sim.worlds.textures import FOREST_TILES
from sim.worlds.world import Instance, Layout, Light, World

CEILING = 2.5
"""Greatest height [m] of a vehicle; crowns begin above it."""
BACKDROP_WIDTH = 22.0
NUM_TUFTS = 130


def build_forest(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a forest in a season; the same generator state gives the same forest."""
    return grow_forest(season, SEASONS[season], layout, generator)


def grow_forest(
    season: str, look: Season, layout: Layout, generator: np.random.Generator
) -> World:
    """Return a forest that looks in some way."""
    area = span_area(layout, 60.0, 40.0, 12.0)
    streams = [np.random.default_rng(seed) for seed in generator.integers(2**63, size=4)]
    high, low = place_plants(layout, area, streams[0])
    plants = (*high, *low)
    floor = lay_floor(area, BACKDROP_WIDTH + GROUND_TILE, plants, streams[1])
    shaded = [
        *(Instance(p.mesh, p.x, p.y, 0.0, p.yaw, p.scale) for p in plants),
        *_place_backdrop(area, streams[1]),
        *_place_tufts(area, layout, streams[1]),
    ]
    light = vary_light(look.light, streams[3])
    yaw = float(streams[1].uniform(-np.pi, np.pi))
    return World(
        name='forest',
        season=season,
        layout=layout,
        meshes=make_target(layout, FOREST_TILES) | make_meshes(look, streams[2]),
        instances=(*floor.place_tiles(), *(_shade(one, floor, look.shade) for one in shaded)),
        solids=tuple(plant.solid for plant in plants),
        target=place_target(layout, yaw),
        light=light,
        atlas=draw_atlas(look, layout, floor, streams[3]),
        panorama=draw_sky(look, light, streams[3]),
        area=area,
        ceiling=CEILING,
    )


def _shade(instance: Instance, floor: Floor, depth: float) -> Instance:
    """Return the instance in the light that falls where it stands.

    :param depth: of the shade, 0 none to 1 full.
    """
    light = floor.find_light(instance.x, instance.y)
    return replace(instance, brightness=1.0 - depth * (1.0 - light))


def vary_light(light: Light, generator: np.random.Generator) -> Light:
    """Return the light with the sun at a random azimuth."""
    azimuth = generator.uniform(-np.pi, np.pi)
    x, y, z = light.sun_direction_world
    flat, length = float(np.hypot(x, y)), float(np.hypot(np.hypot(x, y), z))
    x, y = flat * float(np.cos(azimuth)), flat * float(np.sin(azimuth))
    return replace(light, sun_direction_world=(x / length, y / length, z / length))


def _place_backdrop(area: Area, generator: np.random.Generator) -> list[Instance]:
    """Return trees beyond the area, which nothing reaches: coarse meshes that fill the horizon."""
    low = np.array([area[0], area[2]]) - BACKDROP_WIDTH
    high = np.array([area[1], area[3]]) + BACKDROP_WIDTH
    points = generator.uniform(low, high, (280, 2))
    inside = (points > np.add(low, BACKDROP_WIDTH - 2)) & (points < high - BACKDROP_WIDTH + 2)
    points = points[~inside.all(axis=1)]
    kinds = generator.choice(3, size=len(points), p=SPECIES_SHARE)
    variants = generator.integers(NUM_VARIANTS, size=len(points))
    scales = generator.uniform(0.9, 1.4, len(points))
    return [
        Instance(f'{SPECIES[k]}_{v}_far', float(x), float(y), 0.0, 0.0, float(s))
        for (x, y), k, v, s in zip(points, kinds, variants, scales, strict=True)
    ]


def _place_tufts(area: Area, layout: Layout, generator: np.random.Generator) -> list[Instance]:
    """Return patches of grass and ferns, most of them along the way that vehicles take."""
    points = generator.uniform((area[0], area[2]), (area[1], area[3]), (NUM_TUFTS, 2))
    keep = distance_to_path(points, layout.route) < 6.0
    keep |= generator.random(NUM_TUFTS) < 0.2
    return [
        Instance(
            f'{kind}_{int(generator.integers(NUM_VARIANTS))}',
            float(x),
            float(y),
            0.0,
            float(generator.uniform(-np.pi, np.pi)),
            float(generator.uniform(0.8, 1.2)),
        )
        for (x, y), kind in zip(
            points[keep], generator.choice(('grass', 'fern'), keep.sum()), strict=True
        )
    ]
