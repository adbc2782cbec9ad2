# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Meshes from Wavefront OBJ files: vertices, polygons and the colour of their material.

Vertices are in metres, x forward, y left, z up, standing on z = 0. Texture coordinates, normals,
pictures, groups and lines are left out: the mesh is drawn in one colour, faceted.
"""

from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sim.worlds.meshes import make_mesh
from sim.worlds.textures import Colour, Tile
from sim.worlds.world import Mesh

SUFFIX = '.obj'
MOST_TRIANGLES = 2000
"""As many as thirty times a target of ours; more would make every image slow."""
RED: Colour = (0.9, 0.04, 0.05)
"""Colour of what has no material."""


@dataclass(frozen=True, eq=False)
class MeshFile:
    """What was read of a file.

    :param corners: of the triangles, counter clockwise seen from outside [m], shape (n, 3, 3).
    :param colour: RGB, 0 to 1: that of the material which most triangles have.
    """

    corners: NDArray[np.float64]
    colour: Colour

    def make_mesh(self, tile: Tile) -> Mesh:
        """Return the triangles, each with its own normal, in the colour of a tile's middle."""
        normals = _find_normals(self.corners)
        count = 3 * len(self.corners)
        uvs = tile.uv(np.full((count, 2), 0.5))
        faces = np.arange(count).reshape(-1, 3)
        return make_mesh(self.corners, np.repeat(normals, 3, axis=0), uvs, faces)


def read_mesh_file(path: Path) -> MeshFile:
    """Return the triangles of an OBJ file that have an area.

    :raises OSError: if it cannot be read.
    :raises ValueError: if it is no such file or has no triangles, or too many.
    """
    if path.suffix.lower() != SUFFIX:
        raise ValueError(f'a mesh file must end in {SUFFIX}, got {path}')
    reader = _Reader(path)
    text = path.read_text(encoding='utf-8', errors='replace').replace('\\\n', ' ')
    for number, line in enumerate(text.splitlines(), start=1):
        try:
            reader.read(line.split('#')[0].split())
        except (ValueError, IndexError) as error:
            raise ValueError(f'{path}, line {number}: {error}, got {line.strip()!r}') from error
    corners = np.array(reader.triangles, dtype=np.float64).reshape(-1, 3, 3)
    corners = corners[np.linalg.norm(_cross(corners), axis=1) > 1e-12]
    if not 1 <= len(corners) <= MOST_TRIANGLES:
        raise ValueError(
            f'{path} must have 1 to {MOST_TRIANGLES} triangles, got {len(corners)}: simplify the '
            'mesh, for instance with the decimate modifier of Blender'
        )
    return MeshFile(corners, reader.find_colour())


class _Reader:
    """Takes the words of one line after the other."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._vertices: list[tuple[float, float, float]] = []
        self._material = ''
        self._colours: dict[str, Colour] = {}
        self._used: Counter[str] = Counter()
        self.triangles: list[list[tuple[float, float, float]]] = []

    def read(self, words: list[str]) -> None:
        kind, rest = (words[0], words[1:]) if words else ('', [])
        if kind == 'v':
            self._vertices.append(_read_three(rest, 'a vertex needs 3 finite numbers'))
        elif kind == 'f':
            self._add_face([self._find_vertex(word) for word in rest])
        elif kind == 'usemtl':
            self._material = ' '.join(rest)
        elif kind == 'mtllib':
            self._colours |= _read_colours(self._folder / ' '.join(rest))

    def _find_vertex(self, word: str) -> tuple[float, float, float]:
        """Return the vertex of a face's corner `v/vt/vn`; negative ones count from the last."""
        number = int(word.split('/')[0])
        index = number - 1 if number > 0 else len(self._vertices) + number
        if number == 0 or not 0 <= index < len(self._vertices):
            raise ValueError(f'a face needs vertices 1 to {len(self._vertices)}')
        return self._vertices[index]

    def _add_face(self, corners: list[tuple[float, float, float]]) -> None:
        if len(corners) < 3:
            raise ValueError('a face needs at least 3 vertices')
        fan = [[corners[0], *pair] for pair in pairwise(corners[1:])]
        self.triangles += fan
        self._used[self._material] += len(fan)

    def find_colour(self) -> Colour:
        """Return the colour of the material that most triangles have, red if it has none."""
        return self._colours.get(self._used.most_common(1)[0][0], RED)


def _read_three(words: list[str], message: str) -> tuple[float, float, float]:
    try:
        x, y, z = (float(word) for word in words[:3])
    except ValueError as error:
        raise ValueError(message) from error
    if not np.isfinite([x, y, z]).all():
        raise ValueError(message)
    return x, y, z


def _read_colours(path: Path) -> dict[str, Colour]:
    """Return name -> diffuse colour (Kd) of a file of materials; nothing if there is no file."""
    colours: dict[str, Colour] = {}
    name = ''
    for line in path.read_text(encoding='utf-8').splitlines() if path.is_file() else ():
        kind, *rest = line.split() or ['']
        if kind == 'newmtl':
            name = ' '.join(rest)
        elif kind == 'Kd':
            red, green, blue = _read_three(rest, f'Kd of {path} needs 3 numbers')
            colours[name] = (red, green, blue)
    return colours


def _cross(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])


def _find_normals(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    normals = _cross(corners)
    return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))
