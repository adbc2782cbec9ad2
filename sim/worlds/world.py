# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a world is: meshes to draw, solids to hit, a start and a target.

The world frame has x from the start towards the target, y left, z up and the ground at z = 0.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number


@dataclass(frozen=True)
class Cylinder:
    """A solid upright cylinder standing at height `bottom`, such as a trunk or a lamp post."""

    x: float
    y: float
    radius: float
    height: float
    bottom: float = 0.0


@dataclass(frozen=True)
class Box:
    """A solid upright box, such as a building or a parked car.

    :param length: full size along its own x [m], which points along yaw.
    :param width: full size along its own y [m].
    """

    x: float
    y: float
    length: float
    width: float
    height: float
    yaw: float = 0.0
    bottom: float = 0.0


Solid: TypeAlias = Cylinder | Box


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with one texture coordinate and one normal a vertex.

    :param vertices: [m], shape (n, 3). :param normals: shape (n, 3). :param uvs: into the world's
    atlas, (0, 0) bottom left, shape (n, 2). :param faces: vertex indices, shape (m, 3), counter
    clockwise seen from outside.
    :param coarse: the same thing with fewer triangles for a greater distance, if there is one.
    :param draw_distance: distance [m] beyond which it need not be drawn.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    faces: NDArray[np.int32]
    coarse: 'Mesh | None' = None
    draw_distance: float = float('inf')


@dataclass(frozen=True)
class Instance:
    """One placed mesh.

    :param mesh: key into the world's meshes.
    """

    mesh: str
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Target:
    """What the vehicle has to find: a drawn mesh with a solid around its middle."""

    instance: Instance
    radius: float
    height: float

    @property
    def position(self) -> NDArray[np.float64]:
        """The middle of the target in the world [m], shape (3,)."""
        return np.array([self.instance.x, self.instance.y, self.instance.z + self.height / 2])


@dataclass(frozen=True)
class Light:
    """Sun, sky and air.

    :param sun_direction_world: unit vector towards the sun.
    :param sun: colour and strength of the direct light, RGB.
    :param ambient: share of light that reaches every surface, 0 to 1.
    :param sky_zenith: colour overhead, RGB 0 to 1. :param sky_horizon: colour at eye level.
    :param fog_distance: distance [m] over which a surface fades to 1/e of its own colour.
    """

    sun_direction_world: tuple[float, float, float]
    sun: tuple[float, float, float]
    ambient: float
    sky_zenith: tuple[float, float, float]
    sky_horizon: tuple[float, float, float]
    fog_distance: float


@dataclass(frozen=True)
class Layout:
    """What a task asks of a world: where to start and where the target stands.

    :param start: x, y of the vehicle at the start [m]; kept free of solids.
    :param target: x, y of the target [m]; kept free of solids and reachable.
    """

    start: tuple[float, float]
    target: tuple[float, float]

    def __post_init__(self) -> None:
        distance = float(np.hypot(*np.subtract(self.target, self.start)))
        check_number('distance from start to target', distance, 4.0, 100.0, 'm')


@dataclass(frozen=True, eq=False)
class Road:
    """A closed, winding road with one lane in each direction; traffic keeps to the right.

    :param centreline: points x, y in the world [m], evenly spaced by at most 1 m in the direction
        of travel, shape (n, 2); the last one joins the first. The first is at the start.
    :param lane_width: [m]. The driving lane lies right of the centreline.
    """

    centreline: NDArray[np.float64]
    lane_width: float


@dataclass(frozen=True, eq=False)
class World:
    """A place built from a seed, independent of physics engine and renderer.

    :param atlas: uint8 RGB texture that all meshes share, shape (256, 256, 3), row 0 on top.
    :param panorama: uint8 RGB sky all around, shape (rows, columns, 3). Rows go evenly from
    straight up to eye level, columns evenly through azimuth 0 to 2 pi, counter clockwise. The
    last row's mean is the colour of the fog.
    :param area: the vehicle's free area as (x_min, x_max, y_min, y_max) [m].
    :param ceiling: the vehicle's greatest height [m].
    :param road: the road to keep to, in worlds that have one.
    """

    name: str
    season: str
    layout: Layout
    meshes: dict[str, Mesh]
    instances: tuple[Instance, ...]
    solids: tuple[Solid, ...]
    target: Target
    light: Light
    atlas: NDArray[np.uint8]
    panorama: NDArray[np.uint8]
    area: tuple[float, float, float, float]
    ceiling: float
    road: Road | None = None
