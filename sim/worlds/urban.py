# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A street that runs from start to target between houses, with side streets and obstacles.

As in the forest, the generator decides where things stand before it decides how they look.
"""

from dataclasses import replace
from itertools import pairwise

import numpy as np

from sim.worlds.blocks import (
    KERB_HEIGHT,
    PAVEMENT_WIDTH,
    ROAD_WIDTH,
    ROUND,
    Street,
    lay_blocks,
    start_street,
)
from sim.worlds.forest import CEILING, vary_light
from sim.worlds.labels import Label
from sim.worlds.meshes import label_mesh, make_box, make_quad
from sim.worlds.placement import CLEARANCE, Area, is_reachable, span_area
from sim.worlds.redraw import draw_until
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
from sim.worlds.targets import make_target, place_target
from sim.worlds.textures import URBAN_TILES
from sim.worlds.trees import make_bare, make_broadleaf
from sim.worlds.urban_pictures import draw_atlas, draw_sky
from sim.worlds.world import Layout, Light, Mesh, World

GAP = 1.7
"""Free space [m] between solids that stand in the way."""
PARKING_GAP = 0.4
"""Free space [m] around what stands along the kerbs, where nothing has to pass."""
MOST_ATTEMPTS = 50
"""Streets that are drawn until there is a way; of 1,000 trials none needed more than two."""
PAINTS = ('paint_a', 'paint_b', 'paint_c', 'paint_d')


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
        atlas=draw_atlas(look, layout, streams[2]),
        panorama=draw_sky(look, light, streams[2]),
        area=area,
        ceiling=CEILING,
    )


def _clear_air(light: Light) -> Light:
    return replace(light, fog_distance=1.6 * light.fog_distance)


def _lay_street(layout: Layout, area: Area, generator: np.random.Generator) -> Street:
    def draw() -> Street:
        street = start_street(layout, area, GAP, generator)
        lay_blocks(street, area, generator)
        _place_in_the_way(street, generator)
        _place_along_kerbs(street, generator)
        _place_anywhere(street, generator)
        return street

    return draw_until(
        draw,
        lambda street: is_reachable(street.solids, layout, area),
        MOST_ATTEMPTS,
        f'no street leaves a way {2 * CLEARANCE} m wide to all of {layout.describe()}: '
        'choose other distances or turns',
    )


def _place_in_the_way(street: Street, generator: np.random.Generator) -> None:
    """Put obstacles near the straight lines from place to place, one every 2.2 m."""
    for begin, end in pairwise(street.locate(np.array(street.layout.route))):
        length = float(np.linalg.norm(end - begin))
        ahead = (end - begin) / length
        left = np.array([-ahead[1], ahead[0]])
        count = max(2, int((length - 4.5) / 2.2))
        for along, aside in zip(
            generator.uniform(2.2, max(length - 2.7, 2.2), count),
            generator.normal(0, 0.7, count),
            strict=True,
        ):
            x, y = begin + along * ahead + aside * left
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
    for y in street.back_streets:
        for x in np.arange(-street.half_length, street.half_length, 9.0):
            if generator.random() < 0.4:
                aside = float(generator.choice((-1, 1))) * (LOT / 2 - 1.25)
                _put_vehicle(street, 'car', float(x), y + aside, 0.0, generator)


def _make_meshes(look: Season, generator: np.random.Generator) -> dict[str, Mesh]:
    tiles = URBAN_TILES
    raised = make_box((LOT, PAVEMENT_WIDTH, KERB_HEIGHT), tiles['kerb'], tiles['pavement'])
    meshes = {
        'road': _make_floor(LOT, ROAD_WIDTH, 'road', Label.ROAD),
        'lane': _make_floor(LOT, LOT, 'road', Label.ROAD),
        'alley': _make_floor(BUILDING_DEPTH, LOT, 'road', Label.ROAD),
        'apron': _make_floor(LOT, PAVEMENT_WIDTH, 'road', Label.ROAD),
        'yard': _make_floor(BUILDING_DEPTH, LOT, 'pavement', Label.GROUND),
        'plaza': _make_floor(LOT, PAVEMENT_WIDTH, 'pavement', Label.GROUND),
        'pavement': label_mesh(raised, Label.GROUND),
        'lamp_post': make_lamp_post(),
        'bollard': make_bollard(),
        'column': make_column(),
        'kiosk': label_mesh(make_kiosk(), Label.BUILDING),
        'planter': make_planter(generator),
    }
    meshes |= {
        name: label_mesh(make_house(facade), Label.BUILDING) for name, facade in FACADES.items()
    }
    for index, paint in enumerate(PAINTS):
        meshes[f'car-{index}'] = label_mesh(make_car(paint), Label.CAR)
        meshes[f'van-{index}'] = label_mesh(make_van(paint), Label.CAR)
    for index in range(2):
        arguments = (ROUND['tree'][0], 1.5 + 0.3 * index)
        if look.is_bare:
            tree = make_bare(*arguments, tiles['bark_a'], generator)
        else:
            tree = make_broadleaf(*arguments, tiles['leaves_a'], tiles['bark_a'], generator)
        meshes[f'tree-{index}'] = label_mesh(tree, Label.TREE)
    return meshes


def _make_floor(length: float, width: float, tile: str, label: Label) -> Mesh:
    x, y = length / 2, width / 2
    corners = [[-x, -y, 0], [x, -y, 0], [x, y, 0], [-x, y, 0]]
    return label_mesh(make_quad(corners, URBAN_TILES[tile]), label)
