# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What of a world to draw from a pose, and how coarsely: the store behind all renderers."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from sim.renderers.projection import make_frustum_planes
from sim.sensors.pinhole import PinholeCamera
from sim.worlds.labels import Label
from sim.worlds.world import Instance, Mesh, World

LEVEL_DISTANCES = (6.5, 13.0)
"""Distances [m] from which a 128x72 image shows the second and the third level of detail."""
NUM_LEVELS = len(LEVEL_DISTANCES) + 1
LEVEL_FOCAL_LENGTH_PX = 54.0
"""Focal length for which these distances hold; longer ones see details farther away."""


@dataclass(frozen=True, eq=False)
class Look:
    """One level of detail of something.

    :param texture: which of :func:`shrink_atlas` suits it.
    """

    mesh: Mesh
    texture: int


class Scene:
    """The instances of a world in the order in which to draw them, the target last.

    :ivar instances: near the start first: what lies behind a nearer pixel costs no shading.
    :ivar looks: for each mesh of the world its levels of detail, finest first.
    :ivar labels: class of each instance, uint8; see :class:`sim.renderers.labels.Label`.
    :ivar fog: colour of what is far away, RGB 0 to 255.
    """

    def __init__(self, world: World, camera: PinholeCamera) -> None:
        zoom = np.clip(camera.focal_length_px / LEVEL_FOCAL_LENGTH_PX, 1.0, 3.0)
        self.world = world
        self._far = camera.far
        self._planes = make_frustum_planes(camera)
        self._level_distances = zoom * np.array(LEVEL_DISTANCES)
        self.looks = _list_looks(world, self._level_distances)
        self.instances = (*_sort_near_first(world), world.target.instance)
        self.labels = np.array(
            [world.meshes[one.mesh].label for one in self.instances[:-1]] + [Label.TARGET],
            dtype=np.uint8,
        )
        self.fog = world.panorama[-1].mean(axis=0, dtype=np.float32)
        self._measure_instances()

    def _measure_instances(self) -> None:
        instances, meshes = self.instances, self.world.meshes
        spheres = {name: bound_mesh(mesh) for name, mesh in meshes.items()}
        self._target_centre = spheres[instances[-1].mesh][0]
        self._radii = np.array([spheres[one.mesh][1] * one.scale for one in instances])
        self._origins = np.array([(one.x, one.y, one.z) for one in instances], dtype=np.float64)
        self._centres = np.array([
            _locate_centre(spheres[one.mesh][0], (one.x, one.y, one.z), one.yaw, one.scale)
            for one in instances
        ])  # fmt: skip
        # Houses and ground are large and keep their shape: their nearest corner decides.
        self._reach = np.where(
            [meshes[one.mesh].coarse is None for one in instances], self._radii, 0.0
        )
        self._num_levels = np.array([len(self.looks[one.mesh]) for one in instances])
        self._draw_distances = np.array([meshes[one.mesh].draw_distance for one in instances])

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target's mesh elsewhere on the ground [m, rad]."""
        target = self.world.target.instance
        self._origins[-1, :2] = x, y
        self._centres[-1] = _locate_centre(
            self._target_centre, (x, y, target.z), yaw, target.scale
        )

    def choose_levels(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> NDArray[np.int64]:
        """Return the level of detail of every instance, -1 for those out of view."""
        visible = self._is_in_frustum(
            self._centres, self._radii, position_world, rotation_world_from_body
        )
        distance = np.hypot(*(self._origins[:, :2] - position_world[:2]).T)
        nearest = np.maximum(distance - self._radii, 0.0)
        visible &= (nearest < self._far) & (distance < self._draw_distances)
        level = np.searchsorted(self._level_distances, distance - self._reach, side='right')
        return np.where(visible, np.minimum(level, self._num_levels - 1), -1)

    def has_in_view(
        self,
        centres: NDArray[np.float64],
        radii: NDArray[np.float64],
        position_world: NDArray[np.float64],
        rotation_world_from_body: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Return which of some balls in the world a camera at a pose has in view.

        :param centres: [m], shape (n, 3). :param radii: [m], shape (n,).
        """
        pose = position_world, rotation_world_from_body
        nearest = np.linalg.norm(centres - position_world, axis=1) - radii
        return self._is_in_frustum(centres, radii, *pose) & (nearest < self._far)

    def _is_in_frustum(
        self,
        centres: NDArray[np.float64],
        radii: NDArray[np.float64],
        position_world: NDArray[np.float64],
        rotation_world_from_body: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        local = (centres - position_world) @ rotation_world_from_body
        return np.asarray((local @ self._planes.T > -radii[:, None]).all(axis=1))


def shrink_atlas(world: World) -> list[NDArray[np.uint8]]:
    """Return the atlas at full, half and quarter size, one for each level of detail."""
    edges = [world.atlas.shape[0] >> size for size in range(NUM_LEVELS)]
    return [
        np.asarray(cv2.resize(world.atlas, (edge, edge), interpolation=cv2.INTER_AREA), np.uint8)
        for edge in edges
    ]


def _sort_near_first(world: World) -> list[Instance]:
    """Return the instances by distance from the start, the flat ground last."""
    start, target = world.layout.start, world.layout.target
    lies = {name: _is_flat(mesh) for name, mesh in world.meshes.items()}

    def rank(instance: Instance) -> tuple[bool, float]:
        near_start = float(np.hypot(instance.x - start[0], instance.y - start[1]))
        near_target = float(np.hypot(instance.x - target[0], instance.y - target[1]))
        return lies[instance.mesh], near_start + near_target

    return sorted(world.instances, key=rank)


def _is_flat(mesh: Mesh) -> bool:
    """Return whether a mesh lies on the ground."""
    return bool(np.ptp(mesh.vertices[:, 2]) < 0.2)


def _list_looks(world: World, distances: NDArray[np.float64]) -> dict[str, list[Look]]:
    """Return for each mesh its levels of detail with the texture that suits each.

    A mesh without coarser levels is repeated with coarser textures. A mesh that is also some
    other mesh's coarser level stands in the distance and gets that level's texture.
    """
    chains = {name: _list_levels(mesh) for name, mesh in world.meshes.items()}
    depth: dict[int, int] = {}
    for chain in chains.values():
        for index, mesh in enumerate(chain):
            depth[id(mesh)] = max(index, depth.get(id(mesh), 0))
    looks = {}
    for name, chain in chains.items():
        near = depth[id(chain[0])]
        useful = 1 + int(np.searchsorted(distances, world.meshes[name].draw_distance))
        sizes = range(near, max(near + 1, min(NUM_LEVELS, useful)))
        looks[name] = [Look(chain[min(size - near, len(chain) - 1)], size) for size in sizes]
    return looks


def _list_levels(mesh: Mesh) -> list[Mesh]:
    levels = [mesh]
    while levels[-1].coarse is not None:
        levels.append(levels[-1].coarse)
    return levels


def bound_mesh(mesh: Mesh) -> tuple[NDArray[np.float64], float]:
    """Return middle [m], shape (3,), and radius [m] of a ball around a mesh."""
    low, high = mesh.vertices.min(axis=0), mesh.vertices.max(axis=0)
    centre = ((low + high) / 2).astype(np.float64)
    return centre, float(np.linalg.norm(mesh.vertices - centre, axis=1).max()) * 1.05


def _locate_centre(
    local: NDArray[np.float64], position: tuple[float, float, float], yaw: float, scale: float
) -> NDArray[np.float64]:
    c, s = np.cos(yaw), np.sin(yaw)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])
    return np.asarray(position) + scale * (turn @ local)
