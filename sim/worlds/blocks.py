# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The grid of streets: a main street between rows of houses, back streets behind them.

Houses make way where the route or the target's walk leaves the streets.
"""

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sim.worlds.placement import Area, Ground, cover_box
from sim.worlds.street import BUILDING_DEPTH, FACADES, LOT
from sim.worlds.trees import TREE_HEIGHT
from sim.worlds.world import Box, Cylinder, Instance, Layout, Solid

ROAD_WIDTH = 7.0
PAVEMENT_WIDTH = 3.2
KERB_HEIGHT = 0.12
FACADE = ROAD_WIDTH / 2 + PAVEMENT_WIDTH
SIDE_STREETS = 0.14
"""Share of the lots in a row of houses where a street goes through instead."""
HOUSE_CLEARANCE = 3.5
"""Least distance [m] of houses from the route and from the target's walk."""
KERB_CLEARANCE = 0.8
"""Least distance [m] of kerbs from targets, which stand on level ground."""
ROUND = {
    'column': (0.68, 3.4),
    'planter': (0.6, 1.95),
    'bollard': (0.14, 1.1),
    'lamp_post': (0.1, 5.2),
    'tree': (0.15, TREE_HEIGHT),
}
"""Radius and height [m] of what is solid, at scale 1."""
NAMES = {
    'column': 'advertising column',
    'planter': 'planter',
    'bollard': 'bollard',
    'lamp_post': 'lamp post',
    'tree': 'trunk',
    'kiosk': 'kiosk',
    'car': 'parked car',
    'van': 'parked van',
    'house': 'house wall',
    'kerb': 'kerb',
}
"""What each kind of solid is called by whoever hits it."""

Size: TypeAlias = tuple[float, float, float]
Points: TypeAlias = NDArray[np.float64]


@dataclass
class Street:
    """Streets under construction, in a frame whose x runs along the main one, in its middle.

    :param back_streets: y of the middles of the streets behind the houses [m].
    """

    layout: Layout
    origin: Points
    yaw: float
    half_length: float
    ground: Ground
    instances: list[Instance] = field(default_factory=list)
    solids: list[Solid] = field(default_factory=list)
    back_streets: list[float] = field(default_factory=list)

    def locate(self, places: Points) -> Points:
        """Return places of the world in the street's frame [m], shape (n, 2)."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        return np.asarray((places - self.origin) @ np.array([[c, -s], [s, c]]))

    def find_place(self, x: float, y: float) -> tuple[float, float]:
        """Return where in the world a place of the street's frame is [m]."""
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        place = self.origin + np.array([c * x - s * y, s * x + c * y])
        return float(place[0]), float(place[1])

    def put(self, mesh: str, x: float, y: float, yaw: float = 0.0) -> Instance:
        """Draw a mesh at a place in the street's frame and return the instance."""
        at_x, at_y = self.find_place(x, y)
        self.instances.append(Instance(mesh, at_x, at_y, 0.0, float(self.yaw + yaw)))
        return self.instances[-1]

    def put_round(self, mesh: str, x: float, y: float, yaw: float, gap: float) -> bool:
        """Put something round on free ground and return whether there was room."""
        kind = mesh.split('-')[0]
        radius, height = ROUND[kind]
        place = self.put(mesh, x, y, yaw)
        if not self.ground.take(place.x, place.y, radius, gap):
            self.instances.pop()
            return False
        self.solids.append(Cylinder(place.x, place.y, radius, height, kind=NAMES[kind]))
        return True

    def put_box(self, mesh: str, size: Size, x: float, y: float, yaw: float, gap: float) -> bool:
        """Put something long on free ground and return whether there was room.

        :param gap: space [m] to leave to everything else.
        """
        place = self.put(mesh, x, y, yaw)
        box = Box(place.x, place.y, *size, place.yaw, kind=NAMES[mesh.split('-')[0]])
        circles = cover_box(box)
        if not all(self.ground.is_free(*circle, gap) for circle in circles):
            self.instances.pop()
            return False
        self.ground.add(circles)
        self.solids.append(box)
        return True


def start_street(layout: Layout, area: Area, gap: float, generator: np.random.Generator) -> Street:
    """Return a bare street from the start towards the farthest place of the layout."""
    places = np.array(layout.places, dtype=np.float64)
    farthest = int(np.linalg.norm(places - places[0], axis=1).argmax())
    ends = places[[0, farthest]]
    along = ends[1] - ends[0]
    yaw = float(np.arctan2(along[1], along[0]))
    aside = float(generator.uniform(-1.5, 1.5)) * np.array([-np.sin(yaw), np.cos(yaw)])
    half = float(np.hypot(area[1] - area[0], area[3] - area[2])) / 2
    return Street(layout, ends.mean(axis=0) + aside, yaw, half + 2 * LOT, Ground(layout, gap))


def lay_blocks(street: Street, area: Area, generator: np.random.Generator) -> None:
    """Place roads, pavements and rows of houses until they enclose the area."""
    count = int(2 * street.half_length / LOT)
    lots = np.asarray((np.arange(count) - (count - 1) / 2) * LOT, np.float64)
    corners = np.array([(x, y) for x in area[:2] for y in area[2:]])
    reach = np.abs(street.locate(corners)[:, 1]).max()
    path = street.locate(_walk_route(street.layout))
    stands = street.locate(np.array([*street.layout.route[1:], *street.layout.walk]))
    for x in lots:
        street.put('road', float(x), 0.0)
    _close_ends(street, lots, 0.0)
    for side in (-1, 1):
        front, is_last = FACADE, False
        while not is_last:
            is_last = front > reach
            row = _Row(lots, side, front, 0.0 if is_last else SIDE_STREETS)
            crossings = _place_houses(street, row, path, generator)
            if front == FACADE:
                _place_pavement(street, row, crossings, _walk_kerbs(street, path, stands))
            if not is_last:
                _place_back_street(street, lots, side * (front + BUILDING_DEPTH + LOT / 2))
            front += BUILDING_DEPTH + LOT


@dataclass(frozen=True, eq=False)
class _Row:
    """A row of houses.

    :param lots: x of the middles of its lots [m]. :param side: 1 left or -1 right.
    :param front: distance of its facades from the middle of the main street [m].
    :param gaps: share of lots without a house.
    """

    lots: Points
    side: int
    front: float
    gaps: float


def _walk_route(layout: Layout) -> Points:
    """Return points on route and walk, at most 0.25 m apart, shape (n, 2)."""
    lines = [np.array(line) for line in (layout.route, layout.walk) if line]
    pieces = [
        np.linspace(begin, end, 2 + int(np.linalg.norm(end - begin) / 0.25))
        for line in lines
        for begin, end in pairwise(line)
    ]
    return np.concatenate(pieces)


def _walk_kerbs(street: Street, path: Points, stands: Points) -> Points:
    """Return where targets stand or walk."""
    return np.concatenate([stands, path]) if street.layout.walk else stands


def _is_clear(points: Points, x: float, y: float, size: tuple[float, float], gap: float) -> bool:
    """Return whether a rectangle with this middle keeps its distance from all points [m]."""
    outside = np.maximum(np.abs(points - (x, y)) - np.divide(size, 2), 0)
    return bool(np.hypot(*outside.T).min() > gap)


def _place_houses(
    street: Street, row: _Row, path: Points, generator: np.random.Generator
) -> list[int]:
    """Place the houses of a row and return the lots where a street goes through."""
    count, index = len(row.lots), 0
    y = row.side * (row.front + BUILDING_DEPTH / 2)
    crossings = []
    while index < count:
        if generator.random() < row.gaps and 0 < index < count - 1:
            street.put('alley', float(row.lots[index]), y, np.pi / 2)
            crossings.append(index)
            index += 1
            continue
        names = [name for name, facade in FACADES.items() if index + facade.lots <= count]
        name = names[int(generator.integers(len(names)))]
        lots = row.lots[index : index + FACADES[name].lots]
        size = (len(lots) * LOT, BUILDING_DEPTH)
        if _is_clear(path, float(lots.mean()), y, size, HOUSE_CLEARANCE):
            put_building(street, name, float(lots.mean()), y, -row.side * np.pi / 2)
        else:
            for x in lots:
                street.put('yard', float(x), y, np.pi / 2)
        index += len(lots)
    return crossings


def put_building(street: Street, name: str, x: float, y: float, yaw: float) -> None:
    """Place a house and its solid."""
    place = street.put(name, x, y, yaw)
    facade = FACADES[name]
    size = (BUILDING_DEPTH, facade.width, facade.height)
    street.solids.append(Box(place.x, place.y, *size, place.yaw, kind=NAMES['house']))


def _place_back_street(street: Street, lots: Points, y: float) -> None:
    street.back_streets.append(y)
    for x in lots:
        street.put('lane', float(x), y)
    _close_ends(street, lots, y)


def _close_ends(street: Street, lots: Points, y: float) -> None:
    """Place two houses across each end of a street."""
    half = FACADES['house_1'].width / 2
    for end in (-1, 1):
        for offset in (-half, half):
            put_building(
                street, 'house_1', end * float(lots[-1] + LOT), y + offset, np.pi * (end > 0)
            )


def _place_pavement(street: Street, row: _Row, crossings: list[int], targets: Points) -> None:
    """Raise the pavement of the lots that have one, all that adjoin as one solid."""
    y = row.side * (ROAD_WIDTH + PAVEMENT_WIDTH) / 2
    run: list[float] = []
    for index, x in enumerate(map(float, row.lots)):
        is_clear = _is_clear(targets, x, y, (LOT, PAVEMENT_WIDTH), KERB_CLEARANCE)
        if is_clear and index not in crossings:
            street.put('pavement', x, y, 0.0 if row.side > 0 else np.pi)
            run.append(x)
            continue
        street.put('apron' if index in crossings else 'plaza', x, y)
        _raise_kerb(street, run, y)
        run = []
    _raise_kerb(street, run, y)


def _raise_kerb(street: Street, run: list[float], y: float) -> None:
    if not run:
        return
    place = street.find_place((run[0] + run[-1]) / 2, y)
    length = run[-1] - run[0] + LOT
    size = (length, PAVEMENT_WIDTH, KERB_HEIGHT)
    street.solids.append(Box(*place, *size, street.yaw, kind=NAMES['kerb']))
