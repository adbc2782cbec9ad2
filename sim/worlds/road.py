# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A winding country road between meadows and woods, a closed loop with a lane each way.

As in the forest, the generator decides where things stand before it decides how they look.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim.worlds.forest import CEILING, vary_light
from sim.worlds.placement import CLEARANCE, Area, Ground, is_reachable, span_area
from sim.worlds.redraw import draw_until
from sim.worlds.road_geometry import LANE_WIDTH, RoadMap, draw_road
from sim.worlds.road_meshes import (
    BOARD_BOTTOM,
    BOARD_SIZE,
    FENCE_PANEL,
    GROUND_SIZE,
    NUM_VARIANTS,
    TRUNK_RADII,
    make_furniture,
    make_piece,
    make_plants,
)
from sim.worlds.road_pictures import ROAD_TILES, draw_atlas
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.textures import draw_noise, draw_panorama
from sim.worlds.trees import TREE_HEIGHT
from sim.worlds.world import (
    Box,
    Cylinder,
    Instance,
    Layout,
    Light,
    Mesh,
    Road,
    Solid,
    Target,
    World,
)

MARGIN = 25.0
"""Free space [m] around the loop that belongs to the area."""
PIECE_LENGTH = 9.0
"""Length [m] of road that one mesh covers: one dash of the centre line and the gap after it."""
FINISH_RADIUS = 0.6
FINISH_HEIGHT = 2.4
FINISH_CLEARANCE = 1.0
"""Least space [m] between the road's edge and the solid of the finish board."""
POST_ASIDE = 0.8
"""Distance [m] of reflector posts from the road's edge."""
TREE_ASIDE = 4.0
"""Least distance [m] of trunks from the road's edge."""
NEAR_ROAD = 15.0
"""Distance [m] from the centreline within which trees are drawn in detail."""
NUM_TREES = 330
MOST_ATTEMPTS = 50
"""Roadsides that are drawn until there is a way; of 200 trials none needed a second one."""
GAP = 1.7
"""Free space [m] between trees."""
SPECIES_SHARE = {'oak': 0.4, 'birch': 0.3, 'pine': 0.3}
NAMES = dict.fromkeys(SPECIES_SHARE, 'trunk') | {
    'bush': 'bush',
    'chevron': 'chevron board',
    'sign_post': 'sign post',
    'sign': 'sign',
    'post': 'reflector post',
    'fence': 'fence',
}
"""What each kind of solid is called by whoever hits it."""
BEND = 1 / 32
"""Curvature [1/m] from which a bend has chevron boards and is warned of."""


@dataclass
class Verge:
    """What stands beside the road, under construction."""

    chart: RoadMap
    area: Area
    ground: Ground
    instances: list[Instance] = field(default_factory=list)
    solids: list[Solid] = field(default_factory=list)

    def put(self, mesh: str, arc: float, offset: float, radius: float, yaw: float) -> Instance:
        """Draw a mesh beside the road and keep a circle around it free [m].

        :param yaw: from the direction of travel [rad].
        """
        x, y = (float(value) for value in self.chart.point_at(arc, offset))
        self.ground.add([(x, y, radius)])
        turn = float(self.chart.heading_at(arc)) + yaw
        self.instances.append(Instance(mesh, x, y, 0.0, turn))
        return self.instances[-1]

    def is_free(self, arc: float, offset: float, radius: float) -> bool:
        """Return whether a circle beside the road is free and beside no other part of it."""
        point = self.chart.point_at(arc, offset)
        is_beside = abs(float(self.chart.project(point)[1])) > abs(offset) - 0.3
        return is_beside and self.ground.is_free(float(point[0]), float(point[1]), radius, 0.2)


def build_road(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a road in a season; the same generator state gives the same road.

    The vehicle starts in the middle of the right lane, on a straight along +x. The target is a
    finish board, whatever kind the layout names.

    :raises ValueError: if the layout's target stands on the road or too near to it.
    """
    look = SEASONS[season]
    streams = [np.random.default_rng(seed) for seed in generator.integers(2**63, size=4)]
    clearance = LANE_WIDTH + FINISH_CLEARANCE + FINISH_RADIUS
    road = draw_road(layout.start, streams[0], layout.target, clearance)
    chart = RoadMap(road)
    area = _span_loop(road, layout)
    verge = _furnish(chart, layout, area, streams[0])
    pieces, surface = _lay_surface(chart, streams[1])
    light = vary_light(look.light, streams[3])
    finish = Instance('finish', *layout.target, 0.0, np.pi)
    return World(
        name='road',
        season=season,
        layout=layout,
        meshes=pieces | make_furniture() | make_plants(look, streams[2]),
        instances=(
            *surface,
            *_place_ground(chart, area, streams[1]),
            *verge.instances,
            *_place_grass(chart, streams[1]),
            *_place_backdrop(area, streams[1]),
        ),
        solids=tuple(verge.solids),
        target=Target(finish, FINISH_RADIUS, FINISH_HEIGHT),
        light=light,
        atlas=draw_atlas(look, streams[3]),
        panorama=_draw_sky(look, light, streams[3]),
        area=area,
        ceiling=CEILING,
        road=road,
    )


def _span_loop(road: Road, layout: Layout) -> Area:
    places = np.vstack([road.centreline, layout.places])
    low, high = places.min(axis=0) - MARGIN, places.max(axis=0) + MARGIN
    return float(low[0]), float(high[0]), float(low[1]), float(high[1])


def _furnish(chart: RoadMap, layout: Layout, area: Area, generator: np.random.Generator) -> Verge:
    bends = find_bends(chart)

    def draw() -> Verge:
        verge = Verge(chart, area, Ground(layout, GAP))
        _put_boards(verge, bends)
        _put_warnings(verge, bends)
        _put_limits(verge, generator)
        _put_posts(verge)
        _put_fences(verge, generator)
        _plant(verge, generator)
        return verge

    around = span_area(layout, 20.0, 20.0, 12.0)
    return draw_until(
        draw,
        lambda verge: is_reachable(verge.solids, layout, around),
        MOST_ATTEMPTS,
        f'no roadside leaves a way {2 * CLEARANCE} m wide to all of {layout.describe()}: move the '
        'target nearer to the road',
    )


def find_bends(chart: RoadMap) -> list[tuple[float, float, float]]:
    """Return first, sharpest and last arc length [m] of every sharp bend, in their order."""
    arc = np.arange(0.0, chart.length)
    curvature = chart.curvature_at(arc)
    is_sharp = np.abs(curvature) > BEND
    # The road is straight at the start, so that no bend lies across it.
    edges = np.flatnonzero(np.diff(is_sharp.astype(int)))
    bends = []
    for first, last in edges.reshape(-1, 2) + 1:
        sharpest = first + int(np.abs(curvature[first:last]).argmax())
        bends.append((float(arc[first]), float(arc[sharpest]), float(arc[last])))
    return bends


def _put_boards(verge: Verge, bends: list[tuple[float, float, float]]) -> None:
    """Put chevron boards on the outside of sharp bends, which face the traffic of either lane."""
    for first, sharpest, last in bends:
        side = 1.0 if verge.chart.curvature_at(sharpest) < 0 else -1.0
        offset = side * (LANE_WIDTH + 1.7)
        count = max(2, round((last - first) / 8))
        for arc in np.linspace(first, last, count):
            if not verge.is_free(float(arc), offset, 0.4):
                continue
            mesh = 'chevron_right' if side > 0 else 'chevron_left'
            place = verge.put(mesh, float(arc), offset, 0.4, np.pi)
            verge.solids.append(Cylinder(place.x, place.y, 0.38, 1.45, kind=NAMES['chevron']))


def _put_warnings(verge: Verge, bends: list[tuple[float, float, float]]) -> None:
    """Put a sign ahead of sharp bends, for both directions of travel."""
    for first, _, last in bends:
        _put_sign(verge, 'warning', first - 24.0, -1.0)
        _put_sign(verge, 'warning', last + 24.0, 1.0)


def _put_limits(verge: Verge, generator: np.random.Generator) -> None:
    for arc, side in zip(generator.uniform(0, verge.chart.length, 4), (-1, 1, -1, 1), strict=True):
        _put_sign(verge, 'limit', float(arc), side)


def _put_sign(verge: Verge, mesh: str, arc: float, side: float) -> None:
    """Put a sign to the right of those whom it concerns, where nothing else stands."""
    offset = side * (LANE_WIDTH + 1.6)
    if not verge.is_free(arc, offset, 0.6):
        return
    place = verge.put(mesh, arc, offset, 0.6, np.pi if side < 0 else 0.0)
    board = (0.14, BOARD_SIZE, 0.95, place.yaw, BOARD_BOTTOM)
    post = Cylinder(place.x, place.y, 0.05, BOARD_BOTTOM, kind=NAMES['sign_post'])
    verge.solids += [post, Box(place.x, place.y, *board, kind=NAMES['sign'])]


def _put_posts(verge: Verge) -> None:
    """Put reflector posts along both sides, 12 m apart in bends and up to 24 m on straights."""
    chart, arc = verge.chart, 6.0
    while arc < chart.length - 6.0:
        for side in (-1.0, 1.0):
            offset = side * (LANE_WIDTH + POST_ASIDE)
            if verge.is_free(arc, offset, 0.1):
                place = verge.put('post', arc, offset, 0.1, np.pi if side < 0 else 0.0)
                verge.solids.append(Cylinder(place.x, place.y, 0.09, 1.0, kind=NAMES['post']))
        arc += float(np.clip(24.0 - 500.0 * abs(chart.curvature_at(arc)), 12.0, 24.0))


def _put_fences(verge: Verge, generator: np.random.Generator) -> None:
    """Put pasture fences along some stretches."""
    chart = verge.chart
    for _ in range(10):
        side = float(generator.choice((-1.0, 1.0)))
        offset = side * (LANE_WIDTH + float(generator.uniform(2.6, 4.0)))
        arc, length = generator.uniform((0, 24), (chart.length, 60))
        panels = []
        while length > 0:
            stretch = 1 - offset * float(chart.curvature_at(arc))
            step = FENCE_PANEL / max(stretch, 0.4)
            panels.append(float(arc + step / 2))
            arc, length = arc + step, length - step
        if not all(verge.is_free(panel, offset, FENCE_PANEL / 2) for panel in panels):
            continue
        for panel in panels:
            place = verge.put('fence', panel, offset, FENCE_PANEL / 2, 0.0)
            size = (FENCE_PANEL + 0.12, 0.14, 1.15)
            verge.solids.append(Box(place.x, place.y, *size, place.yaw, kind=NAMES['fence']))


def _plant(verge: Verge, generator: np.random.Generator) -> None:
    """Plant trees and bushes, dense in woods and scattered over meadows."""
    points = _draw_sites(verge.chart, verge.area, generator)
    distance = np.abs(verge.chart.project(points)[1])
    kinds = generator.choice([*SPECIES_SHARE, 'bush'], len(points), p=_share_kinds())
    variants = generator.integers(NUM_VARIANTS, size=len(points))
    scales = generator.uniform(0.9, 1.45, len(points))
    yaws = generator.uniform(-np.pi, np.pi, len(points))
    num_trees = 0
    for (x, y), away, kind, variant, scale, yaw in zip(
        points.tolist(), distance, kinds, variants, scales, yaws, strict=True
    ):
        radius = scale * (0.62 if kind == 'bush' else TRUNK_RADII[kind][variant])
        beside = 2.2 if kind == 'bush' else TREE_ASIDE
        if num_trees == NUM_TREES or away < LANE_WIDTH + beside + radius:
            continue
        if not verge.ground.take(x, y, radius):
            continue
        far = '_far' if kind != 'bush' and away > NEAR_ROAD else ''
        verge.instances.append(Instance(f'{kind}_{variant}{far}', x, y, 0.0, yaw, float(scale)))
        height = scale * (0.97 if kind == 'bush' else TREE_HEIGHT)
        verge.solids.append(Cylinder(x, y, float(radius), float(height), kind=NAMES[str(kind)]))
        num_trees += 1


def _share_kinds() -> list[float]:
    return [*(0.91 * share for share in SPECIES_SHARE.values()), 0.09]


def _draw_sites(chart: RoadMap, area: Area, generator: np.random.Generator) -> NDArray[np.float64]:
    """Return places for plants, shape (n, 2): most of them near the road and in woods."""
    count = 6 * NUM_TREES
    arc = generator.uniform(0, chart.length, count)
    aside = LANE_WIDTH + 2.8 + generator.exponential(11.0, count)
    points = chart.point_at(arc, aside * generator.choice((-1.0, 1.0), count))
    woods = draw_noise(generator, (64, 64), 4, 3)
    low, high = np.array([area[0], area[2]]), np.array([area[1], area[3]])
    row, column = np.clip((points - low) / (high - low) * 64, 0, 63).astype(int).T
    inside = ((points > low + 1) & (points < high - 1)).all(axis=1)
    keep = generator.random(count) < np.clip(5 * woods[row, column] - 2.0, 0.06, 1.0)
    return points[inside & keep]


def _lay_surface(
    chart: RoadMap, generator: np.random.Generator
) -> tuple[dict[str, Mesh], list[Instance]]:
    """Return the road's meshes and where they lie."""
    count = round(chart.length / PIECE_LENGTH)
    edges = np.linspace(0, chart.length, count + 1)
    meshes, instances = {}, []
    for index in range(count):
        tile = ROAD_TILES[f'road_{int(generator.integers(2))}']
        begin, end = float(edges[index]), float(edges[index + 1])
        meshes[f'road_{index}'] = make_piece(chart, begin, end, tile)
        x, y = chart.point_at((begin + end) / 2).tolist()
        instances.append(Instance(f'road_{index}', x, y))
    return meshes, instances


def _place_ground(chart: RoadMap, area: Area, generator: np.random.Generator) -> list[Instance]:
    """Return squares of ground, around the road, where the camera is, half as large as beyond."""
    size = 2 * GROUND_SIZE
    x, y = (
        np.arange(low - 8.0, high + 8.0 + size / 2, size) for low, high in (area[:2], area[2:])
    )
    centres = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    is_near = np.abs(chart.project(centres)[1]) < size / 2 + LANE_WIDTH
    quarters = GROUND_SIZE / 2 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    small = (centres[is_near, None] + quarters).reshape(-1, 2)
    return [
        Instance('ground', x, y, 0.0, float(generator.integers(4)) * np.pi / 2, scale)
        for places, scale in ((small, 1.0), (centres[~is_near], 2.0))
        for x, y in places.tolist()
    ]


def _place_grass(chart: RoadMap, generator: np.random.Generator) -> list[Instance]:
    """Return patches of tufts along both edges of the road."""
    count = int(chart.length / 5.0)
    arcs = generator.uniform(0, chart.length, count)
    asides = generator.uniform(4.4, 6.5, count) * generator.choice((-1.0, 1.0), count)
    points, headings = chart.point_at(arcs, asides), chart.heading_at(arcs)
    return [
        Instance(f'grass_{index % NUM_VARIANTS}', float(x), float(y), 0.0, float(heading))
        for index, ((x, y), heading) in enumerate(zip(points, headings, strict=True))
    ]


def _place_backdrop(area: Area, generator: np.random.Generator) -> list[Instance]:
    """Return trees beyond the area, which nothing reaches, on its horizon."""
    low, high = np.array([area[0], area[2]]), np.array([area[1], area[3]])
    points = generator.uniform(low - 22, high + 22, (500, 2))
    outside = np.any((points < low - 1) | (points > high + 1), axis=1).tolist()
    kinds = generator.choice(list(SPECIES_SHARE), 500, p=list(SPECIES_SHARE.values()))
    variants, scales = generator.integers(NUM_VARIANTS, size=500), generator.uniform(1, 1.6, 500)
    return [
        Instance(f'{kind}_{variant}_far', x, y, scale=float(scale))
        for (x, y), kind, variant, scale, is_outside in zip(
            points.tolist(), kinds, variants, scales, outside, strict=True
        )
        if is_outside
    ]


def _draw_sky(look: Season, light: Light, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return a sky over gentle hills."""
    hills = 0.03 + 0.07 * draw_noise(generator, (32, 512), 1, 3)[0]
    return draw_panorama(generator, light, look.cloud_cover, hills, look.skyline)
