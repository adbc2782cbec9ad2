# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a vehicle may have to find: for each kind its mesh, its picture and its solid.

Meshes face x and stand on z = 0 [m]. Each kind paints one tile of the world's atlas; those of
several colours paint its four quarters. A target of your own is a :class:`TargetKind` or a mesh
file, see :func:`find_target`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from lnn_control.core.checks import check_number
from lnn_control.core.registry import Registry, UnknownNameError
from sim.worlds.labels import Label
from sim.worlds.mesh_file import SUFFIX, read_mesh_file
from sim.worlds.meshes import (
    chain_levels,
    label_mesh,
    make_blob,
    make_box,
    make_disc,
    make_quad,
    make_tube,
    make_wheels,
    merge_meshes,
)
from sim.worlds.textures import Atlas, Colour, Picture, Tile, draw_fabric
from sim.worlds.world import Instance, Layout, Mesh, Target

SIZES = (0.1, 5.0)
"""Least and greatest width and height of a target [m]."""
STANDS_WITHIN = 0.05
"""Greatest distance of a target's lowest point from the ground [m]."""


@dataclass(frozen=True)
class TargetKind:
    """One kind of target.

    :param radius: of the upright cylinder that is solid [m]. :param height: likewise [m].
    :param make_mesh: from the target's own tile and a tile of dark metal.
    :param draw: the target's tile from its height and width [px].
    """

    radius: float
    height: float
    make_mesh: Callable[[Tile, Tile], Mesh]
    draw: Callable[[tuple[int, int]], Picture]

    def __post_init__(self) -> None:
        check_number('width of a target', 2 * self.radius, *SIZES, unit='m')
        check_number('height of a target', self.height, *SIZES, unit='m')


def find_target(name: str) -> TargetKind:
    """Return a kind of target by its name, as `module:Name` or from a mesh file.

    :param name: a name of TARGETS, the `module:Name` of a TargetKind, or the path of a file as
        :mod:`sim.worlds.mesh_file` reads it.
    :raises ValueError: if there is no such target or it cannot be used.
    :raises OSError: if the file cannot be read.
    """
    if name.lower().endswith(SUFFIX):
        path = Path(name).expanduser()
        return _load_target(path, path.stat().st_mtime_ns)
    try:
        return TARGETS.find(name)
    except UnknownNameError as error:
        raise UnknownNameError(f'{error}; or the path of a mesh, *{SUFFIX}') from None


@lru_cache(maxsize=8)
def _load_target(path: Path, changed: int) -> TargetKind:
    """Return the target of a mesh file.

    :param changed: when it was written; a file that changes is read again.
    """
    mesh = read_mesh_file(path)
    x, y, z = mesh.corners.reshape(-1, 3).T
    if abs(z.min()) > STANDS_WITHIN:
        raise ValueError(f'{path} must stand on z = 0, its lowest point is at {z.min():.2f} m')
    try:
        return TargetKind(
            radius=float(np.hypot(x, y).max()),
            height=float(z.max()),
            make_mesh=lambda tile, metal: mesh.make_mesh(tile),
            draw=lambda size: np.full((*size, 3), mesh.colour),
        )
    except ValueError as error:
        raise ValueError(
            f'{path} must be in metres, z up, around the origin: {error} (width: twice the '
            'greatest distance from the z axis)'
        ) from error


def place_target(layout: Layout, yaw: float) -> Target:
    """Return the layout's target, where it stands at first."""
    kind = find_target(layout.target_kind)
    instance = Instance(layout.target_kind, *layout.target, 0.0, yaw)
    return Target(instance, kind.radius, kind.height)


def make_target(layout: Layout, tiles: dict[str, Tile]) -> dict[str, Mesh]:
    """Return the mesh of the layout's target by its name."""
    kind = find_target(layout.target_kind)
    mesh = kind.make_mesh(tiles['target'], tiles['metal'])
    return {layout.target_kind: label_mesh(mesh, Label.TARGET)}


def draw_target(layout: Layout, atlas: Atlas) -> None:
    """Paint the target's tile."""
    atlas.fill('target', find_target(layout.target_kind).draw(atlas.size('target')))


def _draw_chair(size: tuple[int, int]) -> Picture:
    return draw_fabric(size, (0.9, 0.04, 0.05))


def _make_chair(fabric: Tile, metal: Tile) -> Mesh:
    """Return a camping chair 0.9 m wide and 1.2 m high."""
    seat = make_box((0.7, 0.78, 0.1), fabric, fabric, (0.02, 0, 0.42))
    back = [
        make_quad([[-0.3, 0.4, 0.45], [-0.3, -0.4, 0.45], [-0.45, -0.4, 1.2], [-0.45, 0.4, 1.2]],
                  fabric, [[1, 0], [0, 0], [0, 1], [1, 1]]),
        make_quad([[-0.3, -0.4, 0.45], [-0.3, 0.4, 0.45], [-0.45, 0.4, 1.2], [-0.45, -0.4, 1.2]],
                  fabric),
    ]  # fmt: skip
    arms = [make_box((0.7, 0.1, 0.07), fabric, fabric, (0.0, y, 0.68)) for y in (-0.4, 0.4)]
    sides = [make_box((0.66, 0.03, 0.28), fabric, fabric, (0.0, y, 0.42)) for y in (-0.4, 0.4)]
    legs = [
        make_tube([[x0, y, 0], [x1, y, 0.7]], [0.025, 0.025], 4, metal)
        for y in (-0.42, 0.42)
        for x0, x1 in ((-0.36, 0.3), (0.36, -0.3))
    ]
    return merge_meshes(seat, *back, *arms, *sides, *legs)


def _draw_quarters(*colours: Colour) -> Callable[[tuple[int, int]], Picture]:
    """Return a painter of four cloths: top left, top right, bottom left, bottom right."""

    def draw(size: tuple[int, int]) -> Picture:
        half = (size[0] // 2, size[1] // 2)
        cloths = [draw_fabric(half, colour) for colour in colours]
        return np.vstack([np.hstack(cloths[:2]), np.hstack(cloths[2:])])

    return draw


def _split_tile(tile: Tile) -> tuple[Tile, Tile, Tile, Tile]:
    """Return the quarters that :func:`_draw_quarters` paints, in its order."""
    width, height = tile.width // 2, tile.height // 2
    top_left, top_right, bottom_left, bottom_right = (
        Tile(tile.x + column * width, tile.y + row * height, width, height)
        for row in (0, 1)
        for column in (0, 1)
    )
    return top_left, top_right, bottom_left, bottom_right


def _make_person(tile: Tile, metal: Tile) -> Mesh:
    """Return a walker of 1.75 m in mid stride."""
    return chain_levels(*(_make_walker(tile, sides) for sides in (8, 5)))


def _make_walker(tile: Tile, sides: int) -> Mesh:
    jacket, trousers, skin, dark = _split_tile(tile)
    generator = np.random.default_rng(0)
    torso = [[0, 0, 0.8], [0, 0, 0.95], [0.01, 0, 1.3], [0, 0, 1.45], [0, 0, 1.5]]
    limbs = []
    for side in (-1, 1):
        hip, knee, ankle = (0.0, 0.09, 0.85), (0.13, 0.1, 0.47), (0.16, 0.1, 0.08)
        shoulder, elbow, hand = (0.0, 0.22, 1.42), (-0.1, 0.27, 1.13), (-0.04, 0.29, 0.88)
        if side < 0:
            knee, ankle = (-0.08, 0.1, 0.47), (-0.24, 0.1, 0.12)
            elbow, hand = (0.08, 0.27, 1.13), (0.22, 0.26, 0.96)
        mirror = np.array((1, side, 1))
        limbs += [
            make_tube([hip * mirror, knee * mirror, ankle * mirror], [0.1, 0.08, 0.06], sides,
                      trousers),
            make_tube([shoulder * mirror, elbow * mirror], [0.085, 0.07], sides, jacket),
            make_tube([elbow * mirror, hand * mirror], [0.07, 0.055], sides, jacket),
            make_blob(generator, hand * mirror, (0.06, 0.05, 0.07), skin, 0, 0.1),
            make_box((0.27, 0.1, 0.1), dark, dark, tuple((ankle + np.array((0.05, 0, -0.08)))
                                                         * mirror)),
        ]  # fmt: skip
    body = make_tube(torso, [0.17, 0.185, 0.21, 0.19, 0.07], sides, jacket)
    neck = make_tube([[0, 0, 1.46], [0, 0, 1.58]], [0.06, 0.06], sides, skin)
    head = make_blob(generator, (0.01, 0, 1.62), (0.1, 0.085, 0.13), skin, 1, 0.05)
    hair = make_blob(generator, (-0.025, 0, 1.655), (0.105, 0.095, 0.095), dark, 1, 0.05)
    return merge_meshes(body, neck, head, hair, *limbs)


def _make_backpack(tile: Tile, metal: Tile) -> Mesh:
    """Return a trekking backpack of 0.55 m, standing."""
    cloth, pocket, mat, straps = _split_tile(tile)
    bag = make_box((0.24, 0.34, 0.42), cloth, cloth, (0, 0, 0), 0.92)
    lid = make_box((0.27, 0.35, 0.08), pocket, cloth, (0.01, 0, 0.41), 0.8)
    pouch = make_box((0.08, 0.24, 0.2), pocket, pocket, (0.15, 0, 0.05), 0.9)
    roll = make_tube([[0, -0.24, 0.5], [0, 0.24, 0.5]], [0.055, 0.055], 7, mat)
    ends = [make_blob(np.random.default_rng(0), (0, y, 0.5), (0.054, 0.01, 0.054), mat, 0, 0.0)
            for y in (-0.235, 0.235)]  # fmt: skip
    bands = [
        make_box((0.03, 0.05, 0.36), straps, straps, (x, y, 0.04))
        for x, y in ((-0.13, -0.1), (-0.13, 0.1), (0.125, -0.13), (0.125, 0.13))
    ]
    return merge_meshes(bag, lid, pouch, roll, *ends, *bands)


def _make_car(tile: Tile, metal: Tile) -> Mesh:
    """Return a two-seater 2.7 m long with a high cabin."""
    paint, glass, tyre, lamp = _split_tile(tile)
    body = make_box((2.6, 1.4, 0.58), paint, paint, (0, 0, 0.28), 0.97)
    cabin = make_box((1.9, 1.36, 0.62), glass, paint, (-0.27, 0, 0.86), 0.82)
    posts = [
        make_tube([[x, y, 0.86], [0.82 * x - 0.05, 0.82 * y, 1.49]], [0.06, 0.06], 4, paint)
        for x in (-1.2, -0.25, 0.66)
        for y in (-0.67, 0.67)
    ]
    roof = make_disc(0.05, 1.49, 4, paint)
    lamps = [make_box((0.05, 0.26, 0.16), lamp, lamp, (1.28, y, 0.55)) for y in (-0.5, 0.5)]
    plates = [make_box((0.04, 0.9, 0.1), tyre, tyre, (x, 0, 0.36)) for x in (-1.3, 1.3)]
    return chain_levels(
        merge_meshes(
            body, cabin, roof, *posts, *lamps, *plates, *make_wheels(0.88, 0.7, 0.29, 8, tyre)
        ),
        merge_meshes(body, cabin, *make_wheels(0.88, 0.7, 0.29, 5, tyre)),
    )


def _check_target(entry: object) -> None:
    if not isinstance(entry, TargetKind):
        raise ValueError(f'expected a sim.worlds.targets.TargetKind, got {entry!r}')


_OWN = {
    'chair': TargetKind(0.6, 1.2, _make_chair, _draw_chair),
    'person': TargetKind(
        0.4,
        1.75,
        _make_person,
        _draw_quarters((1.0, 0.3, 0.02), (0.12, 0.16, 0.3), (0.85, 0.62, 0.48), (0.1, 0.07, 0.05)),
    ),
    'backpack': TargetKind(
        0.3,
        0.55,
        _make_backpack,
        _draw_quarters((0.02, 0.25, 0.95), (0.02, 0.4, 1.0), (1.0, 0.65, 0.05), (0.06, 0.06, 0.1)),
    ),
    'car': TargetKind(
        1.55,
        1.5,
        _make_car,
        _draw_quarters((1.0, 0.8, 0.0), (0.15, 0.2, 0.26), (0.05, 0.05, 0.05), (1.0, 1.0, 0.9)),
    ),
}

TARGETS: Registry[TargetKind] = Registry('target', 'lnn_control.targets', _OWN, _check_target)
"""Name of a target -> its kind."""
