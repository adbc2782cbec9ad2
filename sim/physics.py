# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The rigid-body engine: one PyBullet client with the ground and a world's solids."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY
from sim.engine import connect, pybullet
from sim.obstacles import find_nearest
from sim.worlds.world import Box, Solid, World

PHYSICS_RATE = 240.0
"""Physics steps a second [Hz]."""

CYLINDER_SIDES = 12

GROUND, TARGET = 'ground', 'target'
"""What whoever hits them calls the two that are no solids of a world."""

STATIC_GROUP = 2
"""Bullet's collision group of bodies without mass: the ground, solids and the target."""
_VEHICLE_GROUP = 1
# Of the targets of several vehicles: to the rays of others they are not there.
_TARGET_GROUP = 64


def _prism(outline: NDArray[np.float64], bottom: float, top: float) -> tuple[list, list]:
    """Return vertices and triangle indices of an upright prism over a convex outline (n, 2)."""
    n = len(outline)
    vertices = [(x, y, z) for z in (bottom, top) for x, y in outline.tolist()]
    faces: list[tuple[int, int, int]] = []
    for i in range(n):
        j = (i + 1) % n
        faces += [(i, j, n + j), (i, n + j, n + i)]
    for i in range(1, n - 1):
        faces += [(0, i + 1, i), (n, n + i, n + i + 1)]
    return vertices, faces


def _outline(solid: Solid) -> NDArray[np.float64]:
    """Return the footprint of a solid as a convex polygon, counter-clockwise, shape (n, 2)."""
    centre = np.array([solid.x, solid.y])
    if isinstance(solid, Box):
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], dtype=float) / 2
        c, s = np.cos(solid.yaw), np.sin(solid.yaw)
        return centre + corners * [solid.length, solid.width] @ np.array([[c, s], [-s, c]])
    angles = np.arange(CYLINDER_SIDES) * 2 * np.pi / CYLINDER_SIDES
    # The polygon encloses the circle, so that nothing drawn can be flown through.
    radius = solid.radius / np.cos(np.pi / CYLINDER_SIDES)
    return centre + radius * np.column_stack([np.cos(angles), np.sin(angles)])


class Physics:
    """A PyBullet client. Use as a context manager or close it.

    All solids of a world are one triangle mesh: a step with 200 trees costs as much as with one.
    """

    def __init__(self) -> None:
        self.client = connect()
        self._is_open = True
        # PyBullet never lets go of the vertices it is given: the same lists serve every world.
        self._vertices: list[list[float]] = []
        self._solids: Sequence[Solid] = ()
        self._solids_body = -1
        self._targets: list[int] = []
        self._vehicles: dict[int, str] = {}

    def clear(self) -> None:
        """Replace everything by level ground."""
        client = self.client
        client.resetSimulation()
        client.setGravity(0.0, 0.0, -GRAVITY)
        client.setTimeStep(1.0 / PHYSICS_RATE)
        ground = client.createCollisionShape(pybullet.GEOM_PLANE)
        client.createMultiBody(0.0, ground)
        self._solids, self._solids_body, self._targets = (), -1, []
        self._vehicles = {}

    def load(self, world: World, num_targets: int = 1) -> None:
        """Replace everything by the ground and the solids of a world, target included.

        :param num_targets: one a vehicle, all in one place until they are moved.
        """
        client = self.client
        self.clear()
        if world.solids:
            self._solids = world.solids
            self._solids_body = client.createMultiBody(0.0, self._make_shape(world.solids))
        target = client.createCollisionShape(
            pybullet.GEOM_CYLINDER, radius=world.target.radius, height=world.target.height
        )
        self.target_positions = [world.target.position for _ in range(num_targets)]
        self._targets = [
            client.createMultiBody(0.0, target, basePosition=position.tolist())
            for position in self.target_positions
        ]

    def move_target(self, x: float, y: float, owner: int = 0) -> None:
        """Place the target of a vehicle elsewhere on the ground [m]."""
        position = np.array([x, y, self.target_positions[owner][2]])
        self.target_positions[owner] = position
        self.client.resetBasePositionAndOrientation(
            self._targets[owner], position.tolist(), (0.0, 0.0, 0.0, 1.0)
        )

    def tell_apart(self, vehicles: Mapping[int, str]) -> None:
        """Let each of several vehicles touch its own target only, and be called by its name.

        :param vehicles: PyBullet's number of each body and its name, in the order of the targets.
        :raises ValueError: if two of them are where they would touch.
        """
        client, self._vehicles = self.client, dict(vehicles)
        self._check_apart(list(vehicles))
        for owner, target in enumerate(self._targets):
            client.setCollisionFilterGroupMask(target, -1, _TARGET_GROUP, _VEHICLE_GROUP)
            for number, body in enumerate(vehicles):
                client.setCollisionFilterPair(target, body, -1, -1, int(number == owner))

    @property
    def vehicle_names(self) -> tuple[str, ...]:
        """Names of the vehicles, if there are several."""
        return tuple(self._vehicles.values())

    def _check_apart(self, bodies: Sequence[int]) -> None:
        boxes = [np.array(self.client.getAABB(body)) for body in bodies]
        for (one, first), (other, second) in combinations(zip(bodies, boxes, strict=True), 2):
            if (np.maximum(first[0], second[0]) < np.minimum(first[1], second[1])).all():
                raise ValueError(
                    f'vehicles must not touch at the start, but {self._vehicles[one]} and '
                    f'{self._vehicles[other]} do: place them apart'
                )

    def sees_target(self, eye: NDArray[np.float64], owner: int = 0) -> bool:
        """Return whether a ray from a place reaches a target before anything else that is solid.

        Vehicles are transparent to it, and so are the targets of others.

        :param eye: in the world [m], shape (3,). :param owner: whose target.
        """
        target = self.target_positions[owner].tolist()
        hit = self.client.rayTestBatch([eye.tolist()], [target], collisionFilterMask=STATIC_GROUP)[
            0
        ]
        return bool(hit[0] in (self._targets[owner], -1))

    def _make_shape(self, solids: Sequence[Solid]) -> int:
        """Return the collision shape of all solids as one triangle mesh."""
        num_vertices = 0
        indices: list[int] = []
        for solid in solids:
            points, faces = _prism(_outline(solid), solid.bottom, solid.bottom + solid.height)
            indices += [num_vertices + index for face in faces for index in face]
            for point in points:
                if num_vertices == len(self._vertices):
                    self._vertices.append([0.0, 0.0, 0.0])
                self._vertices[num_vertices][:] = point
                num_vertices += 1
        vertices = self._vertices[:num_vertices]
        shape = self.client.createCollisionShape(
            pybullet.GEOM_MESH,
            vertices=vertices,
            indices=indices,
            flags=pybullet.GEOM_FORCE_CONCAVE_TRIMESH,
        )
        vertices.clear()
        indices.clear()
        return int(shape)

    def step(self) -> None:
        """Advance by one physics step."""
        self.client.stepSimulation()

    def has_contact(self, body: int) -> bool:
        """Return whether a body touches anything."""
        return bool(self.client.getContactPoints(bodyA=body))

    def name_contact(self, body: int) -> str | None:
        """Return what a body touches, where it presses deepest; None if it touches nothing.

        :return: the kind of a solid, GROUND, TARGET or the name of another vehicle.
        """
        contacts = self.client.getContactPoints(bodyA=body)
        if not contacts:
            return None
        deepest = min(contacts, key=lambda contact: contact[8])
        other = deepest[2] if deepest[1] == body else deepest[1]
        if other == self._solids_body:
            # All solids are one body: the place tells them apart.
            return find_nearest(self._solids, np.array(deepest[6])).kind
        if other in self._vehicles:
            return self._vehicles[other]
        return TARGET if other in self._targets else GROUND

    def close(self) -> None:
        """Disconnect from the engine. Closing twice is allowed."""
        if self._is_open:
            self._is_open = False
            self.client.disconnect()

    def __enter__(self) -> 'Physics':
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
