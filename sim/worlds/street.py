# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Meshes of a street: facades, vehicles and furniture, x forward, standing on z = 0 [m]."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from sim.worlds.meshes import (
    chain_levels,
    make_blob,
    make_box,
    make_disc,
    make_quad,
    make_tube,
    make_wheels,
    merge_meshes,
)
from sim.worlds.textures import URBAN_TILES
from sim.worlds.world import Mesh

LOT = 6.4
"""Length [m] of street that one tile of a facade, the road or the pavement covers."""
SHOP_HEIGHT = 3.2
BUILDING_DEPTH = 9.6


@dataclass(frozen=True)
class Facade:
    """One kind of house, which fills whole lots of the street."""

    wall: str
    shop: str
    lots: int
    storeys: int

    @property
    def width(self) -> float:
        """Length along the street [m]."""
        return self.lots * LOT

    @property
    def height(self) -> float:
        """Height of the walls [m]."""
        return SHOP_HEIGHT + self.storeys * 3.2


FACADES = {
    'house_0': Facade('facade_a', 'shop_a', 1, 4),
    'house_1': Facade('facade_b', 'shop_b', 2, 4),
    'house_2': Facade('facade_c', 'shop_a', 2, 2),
    'house_3': Facade('facade_d', 'shop_b', 1, 6),
    'house_4': Facade('facade_b', 'shop_a', 1, 2),
    'house_5': Facade('facade_d', 'shop_b', 2, 4),
}


def make_house(facade: Facade) -> Mesh:
    """Return a house whose front looks along x, its footprint centred."""
    x, y = BUILDING_DEPTH / 2, facade.width / 2
    corners = [(-x, -y), (x, -y), (x, y), (-x, y), (-x, -y)]
    walls = []
    for (x0, y0), (x1, y1) in pairwise(corners):
        count = max(1, round(float(np.hypot(x1 - x0, y1 - y0)) / LOT))
        ends = np.linspace((x0, y0), (x1, y1), count + 1)
        for a, b in pairwise(ends):
            walls.append(_make_wall(a, b, 0.0, SHOP_HEIGHT, facade.shop))
            walls += [
                _make_wall(a, b, z, z + LOT, facade.wall)
                for z in np.arange(SHOP_HEIGHT, facade.height - 0.1, LOT)
            ]
    eaves = make_box(
        (BUILDING_DEPTH + 0.5, facade.width, 0.35),
        URBAN_TILES['kerb'],
        URBAN_TILES['roof'],
        (0, 0, facade.height),
    )
    roof = make_box(
        (BUILDING_DEPTH + 0.5, facade.width, 2.0),
        URBAN_TILES['roof'],
        URBAN_TILES['roof'],
        (0, 0, facade.height + 0.35),
        taper=0.55,
    )
    return merge_meshes(*walls, eaves, roof)


def _make_wall(a: np.ndarray, b: np.ndarray, low: float, high: float, tile: str) -> Mesh:
    return make_quad([[*a, low], [*b, low], [*b, high], [*a, high]], URBAN_TILES[tile])


CAR_SIZE = (4.2, 1.8, 1.5)
VAN_SIZE = (4.8, 1.95, 2.3)


def make_car(paint: str) -> Mesh:
    """Return a saloon."""
    tiles = URBAN_TILES
    body = make_box((4.2, 1.8, 0.62), tiles[paint], tiles[paint], (0, 0, 0.28))
    cabin = make_box((2.5, 1.66, 0.58), tiles['glass'], tiles[paint], (-0.2, 0, 0.9), 0.8)
    return chain_levels(
        merge_meshes(
            body, cabin, *make_wheels(1.3, 0.86, 0.33, 8, tiles['tyre']), *_make_lamps(2.11, 0.62)
        ),
        merge_meshes(body, cabin, *make_wheels(1.3, 0.86, 0.33, 5, tiles['tyre'])),
    )


def make_van(paint: str) -> Mesh:
    """Return a delivery van, too high to fly over."""
    tiles = URBAN_TILES
    load = make_box((3.4, 1.95, 1.9), tiles[paint], tiles[paint], (-0.7, 0, 0.38))
    bonnet = make_box((1.4, 1.9, 0.75), tiles[paint], tiles[paint], (1.68, 0, 0.38))
    cabin = make_box((1.3, 1.9, 0.9), tiles['glass'], tiles[paint], (1.3, 0, 1.13), 0.75)
    return chain_levels(
        merge_meshes(
            load,
            bonnet,
            cabin,
            *make_wheels(1.5, 0.92, 0.33, 8, tiles['tyre']),
            *_make_lamps(2.39, 0.6),
        ),
        merge_meshes(load, bonnet, cabin, *make_wheels(1.5, 0.92, 0.33, 5, tiles['tyre'])),
    )


def _make_wheels(x: float, y: float, sides: int) -> list[Mesh]:
    return make_wheels(x, y, 0.33, sides, URBAN_TILES['tyre'])


def _make_lamps(x: float, z: float) -> list[Mesh]:
    lamp = URBAN_TILES['lamp']
    return [
        make_quad([[x, y - 0.18, z], [x, y + 0.18, z], [x, y + 0.18, z + 0.16],
                   [x, y - 0.18, z + 0.16]], lamp)
        for y in (-0.6, 0.6)
    ]  # fmt: skip


def make_lamp_post() -> Mesh:
    """Return a street lamp whose arm reaches along x."""
    metal, lamp = URBAN_TILES['metal'], URBAN_TILES['lamp']
    pole = make_tube([[0, 0, 0], [0, 0, 5.2]], [0.1, 0.06], 6, metal)
    arm = make_tube([[0, 0, 5.1], [1.2, 0, 5.4]], [0.05, 0.04], 4, metal)
    head = make_box((0.6, 0.25, 0.14), lamp, metal, (1.3, 0, 5.3))
    return merge_meshes(pole, arm, head)


def make_bollard() -> Mesh:
    """Return a bollard 1.1 m high."""
    tile = URBAN_TILES['bollard']
    return merge_meshes(
        make_tube([[0, 0, 0], [0, 0, 1.1]], [0.14, 0.14], 7, tile), make_disc(0.14, 1.1, 7, tile)
    )


def make_column() -> Mesh:
    """Return an advertising column."""
    tile, roof = URBAN_TILES['kiosk'], URBAN_TILES['roof']
    body = make_tube([[0, 0, 0], [0, 0, 2.9]], [0.6, 0.6], 10, tile)
    cap = make_tube([[0, 0, 2.9], [0, 0, 3.4]], [0.68, 0.05], 10, roof)
    return merge_meshes(body, cap)


def make_kiosk() -> Mesh:
    """Return a newspaper kiosk 1.8 m square."""
    tiles = URBAN_TILES
    body = make_box((1.8, 1.8, 2.5), tiles['shop_b'], tiles['roof'])
    roof = make_box((2.1, 2.1, 0.5), tiles['roof'], tiles['roof'], (0, 0, 2.55), 0.6)
    return merge_meshes(body, roof)


def make_planter(generator: np.random.Generator) -> Mesh:
    """Return a concrete tub with a bush, 1.9 m high."""
    tiles = URBAN_TILES
    tub = make_box((0.8, 0.8, 0.6), tiles['kerb'], tiles['kerb'])
    radii = (0.52, 0.52, 0.75)
    return chain_levels(
        merge_meshes(tub, make_blob(generator, (0, 0, 1.2), radii, tiles['hedge'], 1, 0.25)),
        merge_meshes(tub, make_blob(generator, (0, 0, 1.2), radii, tiles['hedge'], 0, 0.15)),
    )
