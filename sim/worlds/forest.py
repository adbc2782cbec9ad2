# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A forest of trees, bushes and rocks around a start and a target.

The generator decides where things stand before it decides how they look: the same seed gives the
same forest in every season.
"""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sim.worlds.meshes import (
    chain_levels,
    make_blob,
    make_disc,
    make_quad,
    merge_meshes,
)
from sim.worlds.placement import Area, Ground, distance_to_path, is_reachable, span_area
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.targets import draw_target, make_target, place_target
from sim.worlds.textures import (
    FOREST_TILES,
    Atlas,
    Colour,
    Picture,
    draw_bark,
    draw_birch,
    draw_blotches,
    draw_leaves,
    draw_noise,
    draw_panorama,
    draw_shade,
    mix,
)
from sim.worlds.trees import (
    CROWN_BOTTOM,
    TREE_HEIGHT,
    make_bare,
    make_broadleaf,
    make_tiers,
    make_trunk,
)
from sim.worlds.world import Cylinder, Instance, Layout, Light, Mesh, World

CEILING = 2.5
"""Greatest height [m] of a vehicle; crowns begin above it."""
TREES_PER_SQUARE_METRE = 0.062
GAP = 1.7
"""Free space [m] between any two solids."""
GROUND_TILE = 8.0
BACKDROP_WIDTH = 22.0
NUM_VARIANTS = 3
SPECIES = ('oak', 'birch', 'pine')
SPECIES_SHARE = (0.4, 0.35, 0.25)
TRUNK_RADII = {'oak': (0.16, 0.22, 0.27), 'birch': (0.1, 0.13, 0.16), 'pine': (0.14, 0.18, 0.22)}
TREE_SCALE = (0.86, 1.25)
SNOW: Colour = (0.92, 0.95, 1.0)
SHADE_RADII = {'oak': 1.5, 'birch': 1.2, 'pine': 1.4, 'sapling': 0.9, 'bush': 0.75, 'rock': 0.75}


@dataclass(frozen=True)
class Plant:
    """Something that stands in the forest before it is known how it looks."""

    kind: str
    variant: int
    x: float
    y: float
    yaw: float
    scale: float

    @property
    def mesh(self) -> str:
        """Key of its mesh."""
        return f'{self.kind}_{self.variant}'

    @property
    def radius(self) -> float:
        """Radius of what is solid [m]."""
        return _solid_size(self.kind, self.variant)[0] * self.scale

    @property
    def solid(self) -> Cylinder:
        """What a vehicle can hit."""
        return Cylinder(
            self.x, self.y, self.radius, _solid_size(self.kind, self.variant)[1] * self.scale
        )


def _solid_size(kind: str, variant: int) -> tuple[float, float]:
    """Return radius and height [m] at scale 1."""
    if kind in TRUNK_RADII:
        return TRUNK_RADII[kind][variant], TREE_HEIGHT
    return {'sapling': (0.6, 2.3), 'bush': (0.5, 0.85), 'rock': (0.55, 0.6)}[kind]


def build_forest(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a forest in a season; the same generator state gives the same forest."""
    look = SEASONS[season]
    area = span_area(layout, 60.0, 40.0, 12.0)
    streams = [np.random.default_rng(seed) for seed in generator.integers(2**63, size=4)]
    plants = _place_plants(layout, area, streams[0])
    solids = tuple(plant.solid for plant in plants)
    instances = [
        *_place_ground(area, streams[1]),
        *(Instance(p.mesh, p.x, p.y, 0.0, p.yaw, p.scale) for p in plants),
        *_place_backdrop(area, streams[1]),
        *_place_grass(area, layout, streams[1]),
    ]
    light = vary_light(look.light, streams[3])
    yaw = float(streams[1].uniform(-np.pi, np.pi))
    return World(
        name='forest',
        season=season,
        layout=layout,
        meshes=make_target(layout, FOREST_TILES) | _make_meshes(look, streams[2]),
        instances=tuple(instances),
        solids=solids,
        target=place_target(layout, yaw),
        light=light,
        atlas=_draw_atlas(look, layout, streams[3]),
        panorama=_draw_sky(look, light, streams[3]),
        area=area,
        ceiling=CEILING,
    )


def vary_light(light: Light, generator: np.random.Generator) -> Light:
    """Return the light with the sun at a random azimuth."""
    azimuth = generator.uniform(-np.pi, np.pi)
    x, y, z = light.sun_direction_world
    flat, length = float(np.hypot(x, y)), float(np.hypot(np.hypot(x, y), z))
    x, y = flat * float(np.cos(azimuth)), flat * float(np.sin(azimuth))
    return replace(light, sun_direction_world=(x / length, y / length, z / length))


def _place_plants(layout: Layout, area: Area, generator: np.random.Generator) -> list[Plant]:
    while True:
        plants = _draw_plants(layout, area, generator)
        if is_reachable([plant.solid for plant in plants], layout, area):
            return plants


def _draw_plants(layout: Layout, area: Area, generator: np.random.Generator) -> list[Plant]:
    ground = Ground(layout, GAP)
    size = (area[1] - area[0]) * (area[3] - area[2])
    num_trees = min(round(size * TREES_PER_SQUARE_METRE * generator.uniform(0.85, 1.15)), 200)
    line = _draw_points_in_the_way(layout, generator)
    anywhere = generator.uniform((area[0], area[2]), (area[1], area[3]), (3 * num_trees, 2))
    plants: list[Plant] = []
    for x, y in np.concatenate([line, anywhere]):
        plant = _draw_plant(float(x), float(y), generator)
        if len(plants) < num_trees and ground.take(plant.x, plant.y, plant.radius):
            plants.append(plant)
    return plants


def _draw_points_in_the_way(layout: Layout, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return points in the ways from start to target and stops, one every 2.5 m."""
    return np.concatenate(
        [
            _draw_points_near_line(np.array(begin), np.array(end), generator)
            for begin, end in pairwise(layout.route)
        ]
    )


def _draw_points_near_line(
    begin: NDArray[np.float64], end: NDArray[np.float64], generator: np.random.Generator
) -> NDArray[np.float64]:
    length = float(np.linalg.norm(end - begin))
    along = (end - begin) / length
    count = max(1, int((length - 4.5) / 2.5))
    share = generator.uniform(2.2, max(length - 2.7, 2.2), count)
    aside = generator.normal(0, 0.6, count)
    return begin + share[:, None] * along + aside[:, None] * np.array([-along[1], along[0]])


def _draw_plant(x: float, y: float, generator: np.random.Generator) -> Plant:
    kinds = (*SPECIES, 'sapling', 'bush', 'rock')
    share = (*(0.84 * s for s in SPECIES_SHARE), 0.06, 0.06, 0.04)
    kind = kinds[int(generator.choice(len(kinds), p=share))]
    variant = int(generator.integers(NUM_VARIANTS))
    low, high = TREE_SCALE if kind in SPECIES else (0.8, 1.2)
    scale = float(generator.uniform(low, high))
    return Plant(kind, variant, x, y, float(generator.uniform(-np.pi, np.pi)), scale)


def _place_ground(area: Area, generator: np.random.Generator) -> list[Instance]:
    margin = BACKDROP_WIDTH + GROUND_TILE
    tiles = []
    for x in np.arange(area[0] - margin, area[1] + margin, GROUND_TILE):
        for y in np.arange(area[2] - margin, area[3] + margin, GROUND_TILE):
            yaw = float(generator.integers(4)) * np.pi / 2
            name = f'ground_{int(generator.integers(2))}'
            centre = (float(x) + GROUND_TILE / 2, float(y) + GROUND_TILE / 2)
            tiles.append(Instance(name, *centre, 0.0, yaw))
    return tiles


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


def _place_grass(area: Area, layout: Layout, generator: np.random.Generator) -> list[Instance]:
    """Return patches of tufts, most of them along the way that vehicles take."""
    points = generator.uniform((area[0], area[2]), (area[1], area[3]), (130, 2))
    keep = (distance_to_path(points, layout.route) < 6.0) | (generator.random(130) < 0.2)
    return [
        Instance(
            f'grass_{int(generator.integers(NUM_VARIANTS))}',
            float(x),
            float(y),
            0.0,
            float(generator.uniform(-np.pi, np.pi)),
            float(generator.uniform(0.8, 1.2)),
        )
        for x, y in points[keep]
    ]


def _make_meshes(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    meshes = {}
    half = GROUND_TILE / 2
    corners = [[-half, -half, 0], [half, -half, 0], [half, half, 0], [-half, half, 0]]
    for index, tile in enumerate(('ground', 'ground_b')):
        meshes[f'ground_{index}'] = make_quad(corners, FOREST_TILES[tile])
    makers = {
        'oak': _make_oak,
        'birch': _make_birch,
        'pine': _make_pine,
        'sapling': _make_sapling,
        'bush': _make_bush,
        'rock': _make_rock,
        'grass': _make_grass,
    }
    for kind, maker in makers.items():
        for variant in range(NUM_VARIANTS):
            mesh = maker(variant, look, generator)
            if kind in SHADE_RADII:
                mesh = _add_shade(mesh, SHADE_RADII[kind])
            meshes[f'{kind}_{variant}'] = mesh
            if kind in SPECIES:
                meshes[f'{kind}_{variant}_far'] = _find_coarsest(mesh)
    return meshes


def _find_coarsest(mesh: Mesh) -> Mesh:
    return mesh if mesh.coarse is None else _find_coarsest(mesh.coarse)


def _add_shade(mesh: Mesh, radius: float) -> Mesh:
    """Return the mesh with a dark patch of ground below it on all levels but the coarsest."""
    if mesh.coarse is None:
        return mesh
    shade = make_disc(radius, 0.012, 9, FOREST_TILES['shade'])
    return replace(merge_meshes(mesh, shade), coarse=_add_shade(mesh.coarse, radius))


def _make_oak(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius, spread = TRUNK_RADII['oak'][variant], 2.0 + 0.2 * variant
    bark = FOREST_TILES['bark_a']
    if look.is_bare:
        return make_bare(radius, spread, bark, generator)
    return make_broadleaf(radius, spread, FOREST_TILES['leaves_a'], bark, generator)


def _make_birch(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius, spread = TRUNK_RADII['birch'][variant], 1.35 + 0.15 * variant
    bark = FOREST_TILES['bark_b']
    if look.is_bare:
        return make_bare(radius, spread, bark, generator)
    return make_broadleaf(radius, spread, FOREST_TILES['leaves_b'], bark, generator)


def _make_pine(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    radius = TRUNK_RADII['pine'][variant]
    return chain_levels(
        *(
            merge_meshes(
                make_trunk(radius, TREE_HEIGHT * 0.95, sides, rings, FOREST_TILES['bark_a']),
                *make_tiers(
                    generator,
                    CROWN_BOTTOM,
                    TREE_HEIGHT * 1.1,
                    1.75,
                    tiers,
                    corners,
                    FOREST_TILES['needles'],
                ),
            )
            for sides, rings, tiers, corners in ((8, 5, 5, 11), (6, 3, 4, 7), (3, 2, 2, 5))
        )
    )


def _make_sapling(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    return chain_levels(
        *(
            merge_meshes(
                *make_tiers(generator, 0.05, 2.3, 0.6, tiers, sides, FOREST_TILES['needles'])
            )
            for tiers, sides in ((4, 10), (3, 7), (2, 5))
        )
    )


def _make_bush(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    tile = FOREST_TILES['bush']
    centre, radii = (0, 0, 0.38), np.array([0.48, 0.48, 0.44])
    small = [
        make_blob(generator, (0.22 * np.cos(a), 0.22 * np.sin(a), 0.3), (0.27, 0.27, 0.32), tile)
        for a in (0.3, 2.4, 4.5)
    ]
    return chain_levels(
        merge_meshes(make_blob(generator, centre, radii * (0.7, 0.7, 1), tile), *small),
        make_blob(generator, centre, radii, tile, 1, 0.25),
        make_blob(generator, centre, radii, tile, 0, 0.15),
    )


def _make_rock(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    tile = FOREST_TILES['rock']
    radii = np.array([0.54, 0.42 + 0.05 * variant, 0.5])
    return chain_levels(
        make_blob(generator, (0, 0, 0.1), radii, tile, 1, 0.2),
        make_blob(generator, (0, 0, 0.1), radii, tile, 0, 0.1),
    )


def _make_grass(variant: int, look: Season, generator: np.random.Generator) -> Mesh:
    blades = [
        _make_blade(generator, (*tuft, 0.0))
        for tuft in generator.normal(0, 0.9, (8, 2))
        for _ in range(4)
    ]
    mesh = merge_meshes(*blades)
    up = np.tile(np.array([0, 0, 1], dtype=np.float32), (len(mesh.vertices), 1))
    return replace(mesh, normals=up, draw_distance=10.0)


def _make_blade(generator: np.random.Generator, foot: tuple[float, float, float]) -> Mesh:
    angle = generator.uniform(0, 2 * np.pi)
    side = 0.09 * np.array([np.cos(angle), np.sin(angle), 0])
    base = np.array(foot) + np.array([*generator.normal(0, 0.06, 2), 0])
    lean = np.array([*generator.normal(0, 0.1, 2), generator.uniform(0.12, 0.24)])
    top, narrow = base + lean, side * 0.3
    return make_quad([base - side, base + side, top + narrow, top - narrow], FOREST_TILES['grass'])


def _draw_atlas(look: Season, layout: Layout, generator: np.random.Generator) -> NDArray[np.uint8]:
    atlas = Atlas(FOREST_TILES)
    for name in ('ground', 'ground_b'):
        atlas.fill(name, _draw_ground(look, generator, atlas.size(name)))
    for name, colours in zip(('leaves_a', 'leaves_b'), look.leaves, strict=True):
        atlas.fill(name, draw_leaves(generator, atlas.size(name), colours))
    atlas.fill('needles', _draw_needles(look, generator, atlas.size('needles')))
    bush = draw_leaves(generator, atlas.size('bush'), look.bush)
    atlas.fill('bush', _add_snow(bush, look, generator))
    bark = draw_bark(generator, atlas.size('bark_a'), (0.16, 0.12, 0.09), (0.46, 0.37, 0.28))
    atlas.fill('bark_a', bark)
    atlas.fill('bark_b', draw_birch(generator, atlas.size('bark_b')))
    shade = _draw_ground(look, generator, atlas.size('shade'))
    atlas.fill('shade', draw_shade(shade, 0.5 + 0.15 * look.snow))
    rock = mix(draw_noise(generator, atlas.size('rock'), 4), (0.3, 0.3, 0.29), (0.6, 0.59, 0.56))
    atlas.fill('rock', _add_snow(rock, look, generator))
    grass = mix(draw_noise(generator, atlas.size('grass'), 8), *look.grass)
    atlas.fill('grass', grass)
    draw_target(layout, atlas)
    atlas.fill('metal', np.full((*atlas.size('metal'), 3), 0.25))
    return atlas.finish(look.tint)


def _draw_ground(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    soil = mix(draw_noise(generator, size, 4, 5), *look.ground)
    count = look.litter_count * size[0] * size[1] // 128**2
    image = draw_blotches(generator, size, look.litter, count, 1.6, soil)
    spots = np.clip(draw_noise(generator, size, 4, 2) * 3 - 1.3, 0, 1)
    grain = generator.uniform(0.9, 1.1, (*size, 1))
    return image * grain * (0.8 + 0.26 * spots[..., None])


def _draw_needles(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = draw_leaves(generator, size, look.needles)
    height = np.linspace(1, 0, size[0], dtype=np.float32)[:, None]
    cover = np.clip((height + 0.5 * draw_noise(generator, size, 8, 3) - 0.55) * 4, 0, 1)
    cover = cover[..., None] * look.snow
    return image * (1 - cover) + np.array(SNOW, dtype=np.float32) * cover


def _add_snow(image: Picture, look: Season, generator: np.random.Generator) -> Picture:
    size = (image.shape[0], image.shape[1])
    cover = np.clip((draw_noise(generator, size, 4, 3) - 0.35) * 5, 0, 1)[..., None]
    return image * (1 - look.snow * cover) + np.array(SNOW, dtype=np.float32) * cover * look.snow


def _draw_sky(look: Season, light: Light, generator: np.random.Generator) -> NDArray[np.uint8]:
    skyline = 0.04 + 0.1 * draw_noise(generator, (32, 512), 2, 5)[0]
    return draw_panorama(generator, light, look.cloud_cover, skyline, look.skyline)
