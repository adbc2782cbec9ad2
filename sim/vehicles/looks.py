# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What vehicles look like to the cameras of others: meshes in the body frame, and their paint.

They stay within what collides. Nobody sees a vehicle on its own camera.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.worlds.labels import Label
from sim.worlds.meshes import (
    label_mesh,
    make_box,
    make_mesh,
    make_quad,
    make_tube,
    merge_meshes,
)
from sim.worlds.textures import Atlas, Tile
from sim.worlds.world import Mesh

Vector = tuple[float, float, float]

_COLOURS = {
    'frame': (0.10, 0.10, 0.11),
    'rotor': (0.30, 0.31, 0.33),
    'body': (0.96, 0.78, 0.05),
    'accent': (0.10, 0.45, 0.95),
    'glass': (0.16, 0.20, 0.25),
    'tyre': (0.06, 0.06, 0.06),
    'lamp': (1.0, 0.98, 0.9),
    'rear_lamp': (0.75, 0.03, 0.03),
}
_TILES = {name: Tile(32 * index, 0, 32, 32) for index, name in enumerate(_COLOURS)}


@dataclass(frozen=True, eq=False)
class VehicleLook:
    """What a vehicle looks like.

    :param mesh: in the body frame [m].
    :param atlas: uint8 RGB texture of the mesh, shape (256, 256, 3), row 0 on top.
    """

    mesh: Mesh
    atlas: NDArray[np.uint8]


def draw_box(low: ArrayLike, high: ArrayLike) -> VehicleLook:
    """Return the look of a vehicle of which only its box is known, in the body frame [m]."""
    return _paint(_make_block(low, high, 'body', 'accent'))


def draw_quadrotor(arm: float, propeller_radius: float, thickness: float) -> VehicleLook:
    """Return the look of a quadrotor: a dark frame, a bright battery, four propellers.

    :param arm: distance of every rotor from the centre along x and along y [m].
    :param thickness: of the whole vehicle [m].
    """
    half = thickness / 2
    corners = [(x * arm, y * arm) for x in (-1, 1) for y in (-1, 1)]
    parts = [
        _make_block((-0.11, -0.07, -half), (0.11, 0.07, 0.1 * half), 'frame', 'frame'),
        _make_block((-0.09, -0.045, 0.1 * half), (0.08, 0.045, half), 'body', 'body'),
        # What is in front: forward is where the blue is.
        _make_block((0.08, -0.045, 0.1 * half), (0.12, 0.045, 0.8 * half), 'accent', 'accent'),
    ]
    for x, y in corners:
        parts += [
            make_tube([[0, 0, 0], [x, y, 0]], [0.014, 0.014], 6, _TILES['frame']),
            _make_cylinder((x, y, -0.3 * half), (x, y, 0.6 * half), 0.02, 8, 'frame'),
            _make_cylinder((x, y, 0.6 * half), (x, y, 0.8 * half), propeller_radius, 12, 'rotor'),
        ]
    return _paint(merge_meshes(*parts))


def draw_rover(
    size: Vector, centre: Vector, wheels: Sequence[tuple[float, float, float, float]]
) -> VehicleLook:
    """Return the look of a rover: a box on wheels with a dark deck.

    :param size: of the box that collides [m]. :param centre: its middle in the body frame [m].
    :param wheels: x, y and z of every hub in the body frame and the wheel's radius [m].
    """
    low, high = _span(size, centre)
    deck = high[2] - 0.3 * size[2]
    # The wheels are as wide as what the box leaves beside the hull.
    inset = np.array([0.0, 0.2 * size[1], 0.0])
    parts = [
        _make_block(low + inset, (high - inset) * (1, 1, 0) + (0, 0, deck), 'body', 'body'),
        _make_block((*(low + 0.3 * inset)[:2], deck), high - 0.3 * inset, 'frame', 'frame'),
        *(_make_wheel(wheel, 0.18 * size[1]) for wheel in wheels),
    ]
    return _paint(merge_meshes(*parts))


def draw_car(
    size: Vector, centre: Vector, wheels: Sequence[tuple[float, float, float, float]]
) -> VehicleLook:
    """Return the look of a car: a body, a cabin of glass, lamps, wheels.

    Parameters are those of :func:`draw_rover`.
    """
    low, high = _span(size, centre)
    x, y, waist = centre[0], centre[1], low[2] + 0.5 * size[2]
    cabin = (0.5 * size[0], 0.92 * size[1], high[2] - waist)
    parts = [
        _make_block(low, (*high[:2], waist), 'body', 'body'),
        make_box(cabin, _TILES['glass'], _TILES['body'], (x - 0.05 * size[0], y, waist), 0.84),
        *(_make_wheel(wheel, 0.2) for wheel in wheels),
    ]
    for side in (-1, 1):
        middle, at = y + side * 0.36 * size[1], low[2] + 0.3 * size[2]
        for end, lamp in ((high[0], 'lamp'), (low[0], 'rear_lamp')):
            parts.append(_make_lamp((end, middle, at), np.sign(end - x), lamp))
    return _paint(merge_meshes(*parts))


@lru_cache(maxsize=1)
def _paint_atlas() -> NDArray[np.uint8]:
    atlas = Atlas(_TILES)
    for name, colour in _COLOURS.items():
        atlas.fill(name, np.full((*atlas.size(name), 3), colour))
    return atlas.finish()


def _paint(mesh: Mesh) -> VehicleLook:
    return VehicleLook(label_mesh(mesh, Label.VEHICLE), _paint_atlas())


def _span(size: Vector, centre: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return np.array(centre) - np.array(size) / 2, np.array(centre) + np.array(size) / 2


def _make_block(low: ArrayLike, high: ArrayLike, side: str, top: str) -> Mesh:
    """Return a closed box between two corners."""
    low, high = np.asarray(low, dtype=np.float64), np.asarray(high, dtype=np.float64)
    x, y, _ = (low + high) / 2
    length, width, height = (float(edge) for edge in high - low)
    box = make_box((length, width, height), _TILES[side], _TILES[top], (x, y, float(low[2])))
    ring = [(low[0], high[1]), (high[0], high[1]), (high[0], low[1]), (low[0], low[1])]
    floor = [(*corner, float(low[2])) for corner in ring]
    return merge_meshes(box, make_quad(floor, _TILES[side]))


def _make_cylinder(start: Vector, end: Vector, radius: float, sides: int, tile: str) -> Mesh:
    """Return a closed cylinder from one middle to the other [m]."""
    tube = make_tube([start, end], [radius, radius], sides, _TILES[tile])
    axis = np.subtract(end, start) / np.linalg.norm(np.subtract(end, start))
    # The rings of the tube's corners, the last of which repeats the first.
    rings = tube.vertices.reshape(2, sides + 1, 3)[:, :-1]
    index = np.arange(1, sides - 1)
    fan = np.column_stack([np.zeros_like(index), index, index + 1])
    caps = [
        make_mesh(ring, np.tile(normal, (sides, 1)), np.tile(_TILES[tile].uv(_MIDDLE), (sides, 1)),
                  faces)
        for ring, normal, faces in ((rings[0], -axis, fan[:, ::-1]), (rings[1], axis, fan))
    ]  # fmt: skip
    return merge_meshes(tube, *caps)


_MIDDLE = np.array([[0.5, 0.5]])


def _make_wheel(wheel: tuple[float, float, float, float], width: float) -> Mesh:
    """Return a wheel whose outer side is half a width outside of its hub."""
    x, y, z, radius = wheel
    return _make_cylinder((x, y - width / 2, z), (x, y + width / 2, z), radius, 14, 'tyre')


def _make_lamp(place: Vector, direction: float, tile: str) -> Mesh:
    """Return a flat lamp at an end of a car that faces forward (1) or backward (-1)."""
    x, y, z = place
    x, half = x + direction * 0.003, 0.16
    ring = [(x, y - half, z), (x, y + half, z), (x, y + half, z + 0.14), (x, y - half, z + 0.14)]
    return make_quad(ring if direction > 0 else ring[::-1], _TILES[tile])
