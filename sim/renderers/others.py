# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which of several vehicles a camera sees, and where they are."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import rotation_from_quaternion
from sim.renderers.scene import Scene, bound_mesh
from sim.vehicles.looks import VehicleLook

BodyPose: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]
"""Position [m] and orientation (x, y, z, w) of a body in the world."""


class OtherVehicles:
    """The vehicles of a scene, in their order.

    :ivar poses: of every vehicle, None of one that is not to be drawn.
    """

    def __init__(self, scene: Scene, looks: Sequence[VehicleLook]) -> None:
        self._scene = scene
        spheres = [bound_mesh(look.mesh) for look in looks]
        self._centres = [centre for centre, _ in spheres]
        self._radii = np.array([radius for _, radius in spheres])
        self.poses: list[BodyPose | None] = [None] * len(looks)

    def place(self, poses: Sequence[BodyPose | None]) -> None:
        """Note where every vehicle is, None for one that is not to be drawn.

        :raises ValueError: if there is another number of them.
        """
        if len(poses) != len(self.poses):
            raise ValueError(f'expected {len(self.poses)} poses, one a vehicle, got {len(poses)}')
        self.poses = list(poses)

    def find_visible(
        self, position_world: NDArray[np.float64], rotation_world_from_body: NDArray[np.float64]
    ) -> list[int]:
        """Return the numbers of the vehicles that a camera at a pose has in view."""
        numbers = [number for number, pose in enumerate(self.poses) if pose is not None]
        if not numbers:
            return []
        centres = np.stack([self._locate(number) for number in numbers])
        is_seen = self._scene.has_in_view(
            centres, self._radii[numbers], position_world, rotation_world_from_body
        )
        return [number for number, seen in zip(numbers, is_seen, strict=True) if seen]

    def _locate(self, number: int) -> NDArray[np.float64]:
        pose = self.poses[number]
        assert pose is not None
        position, orientation = pose
        return position + rotation_from_quaternion(orientation) @ self._centres[number]
