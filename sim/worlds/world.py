# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a world is: meshes to draw, solids to hit, a start and a target.

The world frame has x from the start towards the target, y left, z up and the ground at z = 0.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_array, check_number
from sim.worlds.labels import Label

SOME_SOLID = 'obstacle'
"""What a solid is called of which its world does not say what it is."""


@dataclass(frozen=True)
class Cylinder:
    """A solid upright cylinder standing at height `bottom`, such as a trunk or a lamp post.

    :param kind: what it is, in a word or two, for whoever hits it.
    """

    x: float
    y: float
    radius: float
    height: float
    bottom: float = 0.0
    kind: str = SOME_SOLID


@dataclass(frozen=True)
class Box:
    """A solid upright box, such as a building or a parked car.

    :param length: full size along its own x [m], which points along yaw.
    :param width: full size along its own y [m].
    :param kind: what it is, in a word or two, for whoever hits it.
    """

    x: float
    y: float
    length: float
    width: float
    height: float
    yaw: float = 0.0
    bottom: float = 0.0
    kind: str = SOME_SOLID


Solid: TypeAlias = Cylinder | Box


@dataclass(frozen=True, eq=False)
class Mesh:
    """Triangles with one texture coordinate and one normal a vertex.

    :param vertices: [m], shape (n, 3). :param normals: shape (n, 3). :param uvs: into the world's
    atlas, (0, 0) bottom left, shape (n, 2). :param faces: vertex indices, shape (m, 3), counter
    clockwise seen from outside.
    :param coarse: the same thing with fewer triangles for a greater distance, if there is one.
    :param draw_distance: distance [m] beyond which it need not be drawn.
    :param label: its class in segmentation images.
    """

    vertices: NDArray[np.float32]
    normals: NDArray[np.float32]
    uvs: NDArray[np.float32]
    faces: NDArray[np.int32]
    coarse: 'Mesh | None' = None
    draw_distance: float = float('inf')
    label: Label = Label.OBJECT


@dataclass(frozen=True)
class Instance:
    """One placed mesh.

    :param mesh: key into the world's meshes.
    :param brightness: share of the light that falls here, above 0 to 1: less in the shade.
    """

    mesh: str
    x: float
    y: float
    z: float = 0.0
    yaw: float = 0.0
    scale: float = 1.0
    brightness: float = 1.0


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
    """What a task asks of a world: where to start, what to find and where it goes.

    :param start: x, y of the vehicle at the start [m]; kept free of solids.
    :param target: x, y of the target at first [m]; kept free of solids and reachable.
    :param target_kind: what :func:`sim.worlds.targets.find_target` finds.
    :param stops: further places of the target [m], kept free like the first. The vehicle goes
        from start to target and on from stop to stop; obstacles stand in all these ways.
    :param walk: places x, y [m] along which the target walks, the first where it stands at
        first. Solids keep 1 m away from the line that joins them.
    :param density: of a forest's plants, as a factor; above 1 they also stand closer together.
    """

    start: tuple[float, float]
    target: tuple[float, float]
    target_kind: str = 'chair'
    stops: tuple[tuple[float, float], ...] = ()
    walk: tuple[tuple[float, float], ...] = ()
    density: float = 1.0

    def __post_init__(self) -> None:
        # The registry's meshes are made of this module's types.
        from sim.worlds.targets import find_target

        find_target(self.target_kind)
        check_array('start, target and stops', self.route, (None, 2))
        for index, (one, other) in enumerate(pairwise(self.route)):
            name = f'distance from stop {index} to stop {index + 1}'
            name = name if index else 'distance from start to target'
            check_number(name, float(np.hypot(*np.subtract(other, one))), 4.0, 100.0, 'm')
        check_number('density', self.density, 0.1, 8.0)
        if self.walk:
            self._check_walk()

    def _check_walk(self) -> None:
        walk = check_array('walk', self.walk, (None, 2))
        if len(walk) < 2 or not np.allclose(walk[0], self.target):
            raise ValueError(
                f'walk must lead from the target {self.target} to at least one more place, '
                f'got {self.walk}'
            )
        shortest = float(np.linalg.norm(np.diff(walk, axis=0), axis=1).min())
        check_number('shortest step of the walk', shortest, 0.01, unit='m')

    @property
    def route(self) -> tuple[tuple[float, float], ...]:
        """Start, target and stops: the places to reach one after the other."""
        return (self.start, self.target, *self.stops)

    def describe(self) -> str:
        """Return where to get to in words, for messages."""
        x, y = self.target
        text = f'the target {self.target_kind!r} at ({x:.1f}, {y:.1f}) m'
        text += f', {len(self.stops)} more stops' if self.stops else ''
        return text + (f' and a walk of {len(self.walk)} places' if self.walk else '')

    @property
    def places(self) -> tuple[tuple[float, float], ...]:
        """Wherever vehicle or target have to get to: the route and the walk."""
        return (*self.route, *self.walk)


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
