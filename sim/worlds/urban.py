# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A street that runs from start to target between houses, with side streets and obstacles.

As in the forest, the generator decides where things stand before it decides how they look.
"""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.worlds.forest import CEILING, vary_light
from sim.worlds.meshes import make_box, make_quad
from sim.worlds.placement import Area, Ground, is_reachable, span_area
from sim.worlds.seasons import SEASONS, Season
from sim.worlds.street import (
    BUILDING_DEPTH,
    CAR_SIZE,
    FACADES,
    LOT,
    VAN_SIZE,
    make_bollard,
    make_car,
    make_column,
    make_house,
    make_kiosk,
    make_lamp_post,
    make_planter,
    make_van,
)
from sim.worlds.targets import draw_target, make_target, place_target
from sim.worlds.textures import (
    URBAN_TILES,
    Atlas,
    Colour,
    Picture,
    draw_bark,
    draw_leaves,
    draw_noise,
    draw_panorama,
    draw_shade,
    mix,
    scale_colour,
)
from sim.worlds.trees import TREE_HEIGHT, make_bare, make_broadleaf
from sim.worlds.world import Box, Cylinder, Instance, Layout, Light, Mesh, Solid, World

ROAD_WIDTH = 7.0
PAVEMENT_WIDTH = 3.2
FACADE = ROAD_WIDTH / 2 + PAVEMENT_WIDTH
GAP = 1.7
"""Free space [m] between solids that stand in the way."""
PARKING_GAP = 0.4
"""Free space [m] around what stands along the kerbs, where nothing has to pass."""
SKYLINE: Colour = (0.5, 0.55, 0.62)
PAINTS = ('paint_a', 'paint_b', 'paint_c', 'paint_d')
ROUND = {
    'column': (0.68, 3.4),
    'planter': (0.6, 1.95),
    'bollard': (0.14, 1.1),
    'lamp_post': (0.1, 5.2),
    'tree': (0.15, TREE_HEIGHT),
}
"""Radius and height [m] of what is solid, at scale 1."""


Size: TypeAlias = tuple[float, float, float]


@dataclass
class Street:
    """A street under construction, in a frame whose x runs along it through its middle."""

    layout: Layout
    origin: NDArray[np.float64]
    yaw: float
    half_length: float
    ground: Ground
    instances: list[Instance] = field(default_factory=list)
    solids: list[Solid] = field(default_factory=list)

    def locate(self, place: tuple[float, float]) -> tuple[float, float]:
        """Return a place of the world in the street's frame [m]."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        x, y = np.subtract(place, self.origin)
        return float(c * x + s * y), float(c * y - s * x)

    def put(self, mesh: str, x: float, y: float, yaw: float = 0.0, z: float = 0.0) -> Instance:
        """Draw a mesh at a place in the street's frame and return the instance."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        place = self.origin + np.array([c * x - s * y, s * x + c * y])
        at_x, at_y = float(place[0]), float(place[1])
        self.instances.append(Instance(mesh, at_x, at_y, z, float(self.yaw + yaw)))
        return self.instances[-1]

    def put_round(self, mesh: str, x: float, y: float, yaw: float, gap: float) -> bool:
        """Put something round on free ground and return whether there was room."""
        radius, height = ROUND[mesh.split('-')[0]]
        place = self.put(mesh, x, y, yaw)
        if not self.ground.take(place.x, place.y, radius, gap):
            self.instances.pop()
            return False
        self.solids.append(Cylinder(place.x, place.y, radius, height))
        return True

    def put_box(self, mesh: str, size: Size, x: float, y: float, yaw: float, gap: float) -> bool:
        """Put something long on free ground and return whether there was room.

        :param gap: space [m] to leave to everything else.
        """
        place = self.put(mesh, x, y, yaw)
        count = max(1, round(size[0] / size[1]))
        steps = (np.arange(count) - (count - 1) / 2) * size[0] / count
        radius = float(np.hypot(size[0] / count, size[1]) / 2)
        ahead = np.array([np.cos(place.yaw), np.sin(place.yaw)])
        middles = [np.array([place.x, place.y]) + step * ahead for step in steps]
        circles = [(float(x), float(y), radius) for x, y in middles]
        if not all(self.ground.is_free(*circle, gap) for circle in circles):
            self.instances.pop()
            return False
        self.ground.add(circles)
        self.solids.append(Box(place.x, place.y, size[0], size[1], size[2], place.yaw))
        return True


def build_urban(season: str, layout: Layout, generator: np.random.Generator) -> World:
    """Return a street; the season sets light, air, foliage and snow on the ground."""
    look = SEASONS[season]
    streams = [np.random.default_rng(seed) for seed in generator.integers(2**63, size=3)]
    area = span_area(layout, 60.0, 40.0, 12.0)
    street = _lay_street(layout, area, streams[0])
    light = vary_light(_clear_air(look.light), streams[2])
    yaw = float(streams[1].uniform(-np.pi, np.pi))
    return World(
        name='urban',
        season=season,
        layout=layout,
        meshes=make_target(layout, URBAN_TILES) | _make_meshes(look, streams[1]),
        instances=tuple(street.instances),
        solids=tuple(street.solids),
        target=place_target(layout, yaw),
        light=light,
        atlas=_draw_atlas(look, layout, streams[2]),
        panorama=_draw_sky(look, light, streams[2]),
        area=area,
        ceiling=CEILING,
    )


def _clear_air(light: Light) -> Light:
    return replace(light, fog_distance=1.6 * light.fog_distance)


def _lay_street(layout: Layout, area: Area, generator: np.random.Generator) -> Street:
    while True:
        street = _start_street(layout, area, generator)
        _place_lots(street, generator)
        _place_in_the_way(street, generator)
        _place_along_kerbs(street, generator)
        _place_anywhere(street, generator)
        if is_reachable(street.solids, layout, area):
            return street


def _start_street(layout: Layout, area: Area, generator: np.random.Generator) -> Street:
    places = np.array(layout.places, dtype=np.float64)
    farthest = int(np.linalg.norm(places - places[0], axis=1).argmax())
    ends = places[[0, farthest]]
    along = ends[1] - ends[0]
    yaw = float(np.arctan2(along[1], along[0]))
    aside = float(generator.uniform(-1.5, 1.5)) * np.array([-np.sin(yaw), np.cos(yaw)])
    half = float(np.hypot(area[1] - area[0], area[3] - area[2])) / 2
    return Street(layout, ends.mean(axis=0) + aside, yaw, half + 2 * LOT, Ground(layout, GAP))


def _place_lots(street: Street, generator: np.random.Generator) -> None:
    """Place road, pavements and houses, with a side street here and there."""
    count = int(2 * street.half_length / LOT)
    middles = (np.arange(count) - (count - 1) / 2) * LOT
    for x in middles:
        street.put('road', float(x), 0.0)
    for side in (-1, 1):
        index = 0
        while index < count:
            names = [name for name, f in FACADES.items() if index + f.lots <= count]
            if generator.random() < 0.14 and 0 < index < count - 1:
                _place_side_street(street, float(middles[index]), side, generator)
                index += 1
                continue
            name = names[int(generator.integers(len(names)))]
            lots = middles[index : index + FACADES[name].lots]
            _place_house(street, name, float(lots.mean()), side)
            for x in lots:
                y = side * (ROAD_WIDTH + PAVEMENT_WIDTH) / 2
                street.put('pavement', float(x), y, 0.0 if side > 0 else np.pi)
            index += len(lots)
    for end in (-1, 1):
        _put_building(street, 'house_1', end * (middles[-1] + LOT), 0.0, np.pi * (end > 0))


def _place_house(street: Street, name: str, x: float, side: int) -> None:
    y = side * (FACADE + BUILDING_DEPTH / 2)
    _put_building(street, name, x, y, -side * np.pi / 2)


def _put_building(street: Street, name: str, x: float, y: float, yaw: float) -> None:
    place = street.put(name, x, y, yaw)
    facade = FACADES[name]
    street.solids.append(
        Box(place.x, place.y, BUILDING_DEPTH, facade.width, facade.height, place.yaw)
    )


def _place_side_street(
    street: Street, x: float, side: int, generator: np.random.Generator
) -> None:
    for step in range(3):
        street.put('crossing', x, side * (ROAD_WIDTH / 2 + LOT * (step + 0.5)), np.pi / 2)
    name = ('house_0', 'house_3', 'house_4')[int(generator.integers(3))]
    y = side * (ROAD_WIDTH / 2 + 3 * LOT + BUILDING_DEPTH / 2)
    _put_building(street, name, x, y, -side * np.pi / 2)


def _place_in_the_way(street: Street, generator: np.random.Generator) -> None:
    """Put obstacles near the straight lines from place to place, one every 2.2 m."""
    for begin, end in pairwise(street.layout.route):
        x0, y0 = street.locate(begin)
        x1, y1 = street.locate(end)
        half, yaw = float(np.hypot(x1 - x0, y1 - y0)) / 2, float(np.arctan2(y1 - y0, x1 - x0))
        c, s = np.cos(yaw), np.sin(yaw)
        count = max(2, int((2 * half - 4.5) / 2.2))
        for along, aside in zip(
            generator.uniform(2.2 - half, max(half - 2.7, 2.2 - half), count),
            generator.normal(0, 0.7, count),
            strict=True,
        ):
            x = (x0 + x1) / 2 + c * along - s * aside
            y = (y0 + y1) / 2 + s * along + c * aside
            _put_obstacle(street, float(x), float(y), generator)


def _place_anywhere(street: Street, generator: np.random.Generator) -> None:
    for x in generator.uniform(-street.half_length, street.half_length, 40):
        _put_obstacle(street, float(x), float(generator.uniform(-2.2, 2.2)), generator)


def _put_obstacle(street: Street, x: float, y: float, generator: np.random.Generator) -> bool:
    kinds = ('column', 'planter', 'tree', 'bollard', 'lamp_post', 'kiosk', 'van', 'car')
    share = (0.18, 0.22, 0.2, 0.06, 0.1, 0.12, 0.08, 0.04)
    kind = kinds[int(generator.choice(len(kinds), p=share))]
    yaw = float(generator.uniform(-0.5, 0.5))
    if kind == 'kiosk':
        return street.put_box('kiosk', (2.1, 2.1, 3.0), x, y, yaw, GAP)
    if kind in ('van', 'car'):
        return _put_vehicle(street, kind, x, y, yaw, generator)
    return street.put_round(_pick_mesh(kind, generator), x, y, 4 * yaw, GAP)


def _pick_mesh(kind: str, generator: np.random.Generator) -> str:
    return f'tree-{int(generator.integers(2))}' if kind == 'tree' else kind


def _put_vehicle(
    street: Street, kind: str, x: float, y: float, yaw: float, generator: np.random.Generator
) -> bool:
    size = VAN_SIZE if kind == 'van' else CAR_SIZE
    mesh = f'{kind}-{int(generator.integers(len(PAINTS)))}'
    gap = GAP if yaw else PARKING_GAP
    return street.put_box(mesh, size, x, y, yaw + np.pi * int(generator.integers(2)), gap)


def _place_along_kerbs(street: Street, generator: np.random.Generator) -> None:
    """Park vehicles and put lamps, trees and bollards on the pavements."""
    for side in (-1, 1):
        for x in np.arange(-street.half_length, street.half_length, 6.1):
            x = float(x + generator.uniform(-0.3, 0.3))
            if generator.random() < 0.55:
                kind = 'van' if generator.random() < 0.3 else 'car'
                _put_vehicle(street, kind, x, side * (ROAD_WIDTH / 2 - 1.05), 0.0, generator)
        for x in np.arange(-street.half_length, street.half_length, 5.0):
            x = float(x + generator.uniform(-1, 1))
            kind = ('lamp_post', 'tree', 'planter', 'bollard')[int(generator.integers(4))]
            mesh, gap = _pick_mesh(kind, generator), PARKING_GAP
            street.put_round(mesh, x, side * (ROAD_WIDTH / 2 + 0.75), -side * np.pi / 2, gap)


def _make_meshes(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    tiles = URBAN_TILES
    meshes = {
        'road': _make_floor(LOT, ROAD_WIDTH, 'road'),
        'crossing': _make_floor(LOT, LOT, 'road'),
        'pavement': make_box((LOT, PAVEMENT_WIDTH, 0.12), tiles['kerb'], tiles['pavement']),
        'lamp_post': make_lamp_post(),
        'bollard': make_bollard(),
        'column': make_column(),
        'kiosk': make_kiosk(),
        'planter': make_planter(generator),
    }
    meshes |= {name: make_house(facade) for name, facade in FACADES.items()}
    for index, paint in enumerate(PAINTS):
        meshes[f'car-{index}'] = make_car(paint)
        meshes[f'van-{index}'] = make_van(paint)
    for index in range(2):
        arguments = (ROUND['tree'][0], 1.5 + 0.3 * index)
        if look.is_bare:
            meshes[f'tree-{index}'] = make_bare(*arguments, tiles['bark_a'], generator)
        else:
            meshes[f'tree-{index}'] = make_broadleaf(
                *arguments, tiles['leaves_a'], tiles['bark_a'], generator
            )
    return meshes


def _make_floor(length: float, width: float, tile: str) -> Mesh:
    x, y = length / 2, width / 2
    return make_quad([[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]], URBAN_TILES[tile])


WALLS: dict[str, tuple[Colour, Colour]] = {
    'facade_a': ((0.62, 0.5, 0.38), (0.74, 0.62, 0.48)),
    'facade_b': ((0.5, 0.3, 0.24), (0.6, 0.38, 0.3)),
    'facade_c': ((0.7, 0.68, 0.62), (0.82, 0.8, 0.74)),
    'facade_d': ((0.42, 0.46, 0.5), (0.54, 0.58, 0.62)),
}
PLAIN: dict[str, tuple[Colour, Colour]] = {
    'roof': ((0.28, 0.22, 0.2), (0.42, 0.34, 0.3)),
    'kerb': ((0.5, 0.5, 0.49), (0.64, 0.63, 0.61)),
    'glass': ((0.1, 0.13, 0.17), (0.3, 0.38, 0.45)),
    'metal': ((0.18, 0.2, 0.2), (0.28, 0.3, 0.3)),
    'tyre': ((0.05, 0.05, 0.05), (0.14, 0.14, 0.14)),
    'lamp': ((0.95, 0.92, 0.78), (1.0, 0.98, 0.88)),
    'line': ((0.85, 0.85, 0.82), (0.95, 0.95, 0.92)),
    'paint_a': ((0.78, 0.78, 0.8), (0.88, 0.88, 0.9)),
    'paint_b': ((0.12, 0.2, 0.42), (0.18, 0.28, 0.52)),
    'paint_c': ((0.14, 0.15, 0.16), (0.22, 0.23, 0.24)),
    'paint_d': ((0.18, 0.34, 0.26), (0.24, 0.42, 0.32)),
}


def _draw_atlas(look: Season, layout: Layout, generator: np.random.Generator) -> NDArray[np.uint8]:
    atlas = Atlas(URBAN_TILES)
    atlas.fill('road', _draw_road(look, generator, atlas.size('road')))
    atlas.fill('pavement', _draw_pavement(look, generator, atlas.size('pavement')))
    for name, colours in WALLS.items():
        atlas.fill(name, _draw_facade(generator, atlas.size(name), colours))
    for name, colour in (('shop_a', (0.3, 0.36, 0.3)), ('shop_b', (0.52, 0.46, 0.34))):
        atlas.fill(name, _draw_shop(generator, atlas.size(name), colour))
    for name, colours in PLAIN.items():
        atlas.fill(name, mix(draw_noise(generator, atlas.size(name), 4, 3), *colours))
    atlas.fill('leaves_a', draw_leaves(generator, atlas.size('leaves_a'), look.leaves[0]))
    atlas.fill('hedge', draw_leaves(generator, atlas.size('hedge'), look.bush))
    atlas.fill(
        'bark_a', draw_bark(generator, atlas.size('bark_a'), (0.2, 0.16, 0.12), (0.45, 0.38, 0.3))
    )
    atlas.fill('kiosk', _draw_posters(generator, atlas.size('kiosk')))
    atlas.fill('bollard', _draw_bands(atlas.size('bollard')))
    draw_target(layout, atlas)
    shade = _draw_asphalt(look, generator, atlas.size('shade'))
    atlas.fill('shade', draw_shade(shade, 0.5))
    return atlas.finish(look.tint)


def _draw_asphalt(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    tar = mix(draw_noise(generator, size, 4, 5), (0.25, 0.25, 0.26), (0.37, 0.37, 0.37))
    image = tar * generator.uniform(0.85, 1.15, (*size, 1))
    cover = np.clip((draw_noise(generator, size, 4, 4) - 0.35) * 4, 0, 1)[..., None] * look.snow
    return image * (1 - cover) + np.array((0.88, 0.9, 0.94), dtype=np.float32) * cover


def _draw_road(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = _draw_asphalt(look, generator, size)
    height, width = size
    white = (0.85, 0.85, 0.82)
    image[height // 2 - 1 : height // 2 + 1, width // 8 : width * 5 // 8] = white
    image[:2] *= 0.8
    image[-2:] *= 0.8
    return image


def _draw_pavement(look: Season, generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    noise = draw_noise(generator, size, 8, 4)
    image: Picture = mix(noise, (0.48, 0.47, 0.45), (0.62, 0.6, 0.57))
    slabs = generator.uniform(0.88, 1.08, (size[0] // 16, size[1] // 16))
    image = image * np.kron(slabs, np.ones((16, 16)))[..., None]
    image[::16] *= 0.72
    image[:, ::16] *= 0.72
    cover = np.clip((draw_noise(generator, size, 4, 4) - 0.2) * 4, 0, 1)[..., None] * look.snow
    return image * (1 - cover) + np.array((0.9, 0.92, 0.96), dtype=np.float32) * cover


def _draw_facade(
    generator: np.random.Generator, size: tuple[int, int], colours: tuple[Colour, Colour]
) -> Picture:
    """Return two by two windows with frames, sills and the sky in their panes."""
    image = mix(draw_noise(generator, size, 8, 3), *colours)
    for row in range(0, size[0], 32):
        image[row : row + 2] *= 0.8
        for column in range(0, size[1], 32):
            bright = float(generator.uniform(0.7, 1.3))
            blue = np.array((0.75, 0.9, 1.05), np.float32)
            pane = np.linspace(0.55, 0.25, 18)[:, None, None] * blue
            image[row + 6 : row + 26, column + 8 : column + 24] = (0.88, 0.87, 0.84)
            image[row + 7 : row + 25, column + 9 : column + 23] = pane * bright
            image[row + 7 : row + 25, column + 15 : column + 17] = (0.85, 0.84, 0.8)
            image[row + 26 : row + 28, column + 7 : column + 25] *= 0.6
    return image


def _draw_shop(generator: np.random.Generator, size: tuple[int, int], colour: Colour) -> Picture:
    """Return a shop window, a door and a sign above them."""
    image = mix(
        draw_noise(generator, size, 4, 3), scale_colour(colour, 0.8), scale_colour(colour, 1.1)
    )
    image[4:14, 3:-3] = generator.uniform(0.3, 0.65, 3) * (0.8, 1.0, 1.0)
    for x, y in zip(range(8, 54, 4), generator.integers(6, 9, 12), strict=True):
        image[y : y + 4, x : x + 2] = (0.92, 0.9, 0.82)
    glass = np.linspace(0.5, 0.16, 42)[:, None, None] * np.array((0.8, 0.95, 1.05), np.float32)
    image[17:59, 4:40] = glass
    image[17:59, 21:23] = colour
    image[17:, 45:59] = np.multiply(colour, 0.45)
    image[21:44, 48:56] = glass[:23]
    return image


def _draw_posters(generator: np.random.Generator, size: tuple[int, int]) -> Picture:
    image = np.full((*size, 3), 0.7, dtype=np.float32)
    for x in range(0, size[1], 11):
        for y in range(1, size[0] - 8, 15):
            colour = generator.uniform(0.4, 0.75, 3) * (0.85, 1.0, 1.0)
            image[y : y + 13, x : x + 10] = colour
            image[y + 3 : y + 6, x + 2 : x + 8] = np.clip(1.2 - colour, 0, 1)
    return image


def _draw_bands(size: tuple[int, int]) -> Picture:
    image = np.full((*size, 3), (0.2, 0.22, 0.24), dtype=np.float32)
    image[4:10] = image[14:20] = (0.92, 0.9, 0.85)
    return image


def _draw_sky(look: Season, light: Light, generator: np.random.Generator) -> NDArray[np.uint8]:
    red, green, blue = (a * b for a, b in zip(SKYLINE, look.tint, strict=True))
    blocks = np.repeat(generator.uniform(0.05, 0.2, 64), 8).astype(np.float32)
    return draw_panorama(generator, light, look.cloud_cover, blocks, (red, green, blue))
