# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where wheels touch the ground, found with rays down from their hubs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.physics import STATIC_GROUP, Physics

Vector = tuple[float, float, float]

# Where along a wheel the ground is looked for, in its radii: three rays tell whether it is flat
# there, many find the edge that a wheel meets.
_COARSE = np.array([0.0, 1.0, -1.0])
_FINE = np.linspace(-1.0, 1.0, 65)
# How far a plane may miss the ground and still be called flat [m].
_FLATNESS = 0.003
# Cosine between the body's z and the normal of the steepest plane that wheels roll on. The wall of
# a kerb ends above the point that a ray has hit: what holds a wheel there is its edge.
_STEEPEST = 0.3


@dataclass(frozen=True)
class Wheel:
    """One wheel: a massless disc around a hub that is fixed to the body.

    Suspension and tyre together are a spring from the hub to where the disc touches.

    :param x: of the hub in the body frame [m]; `y` and `z` likewise.
    :param radius: from hub to ground at rest [m].
    :param load: weight that it carries at rest [N]. The spring is preloaded with it.
    :param stiffness: [N/m]. :param damping: [N/(m/s)].
    """

    x: float
    y: float
    z: float
    radius: float
    load: float
    stiffness: float
    damping: float


class Contact(NamedTuple):
    """Where a wheel touches.

    :param squeeze: how much nearer the hub is than at rest [m]; negative: farther.
    :param normal: from the ground to the hub, in the world.
    :param point: in the world [m].
    """

    squeeze: float
    normal: Vector
    point: Vector


class GroundProbe:
    """Finds the contacts of a vehicle's wheels.

    :param reach: radius of the wheels when nothing presses on them [m].
    """

    def __init__(self, physics: Physics, wheels: Sequence[Wheel], reach: float) -> None:
        self._cast = physics.client.rayTestBatch
        self._reach = reach
        self._radii = [wheel.radius for wheel in wheels]
        self._hubs = [(wheel.x, wheel.y, wheel.z) for wheel in wheels]
        self._angles = [math.nan] * len(wheels)
        # Ends of the coarse rays in the body frame: (start or end, wheel, ray, axis).
        self._rays = np.zeros((2, len(wheels), len(_COARSE), 3))
        self._rays[..., 2] += np.array(self._hubs)[:, 2, None]
        self._rays[1, ..., 2] -= reach

    def find_contacts(
        self, position: Vector, r: tuple[float, ...], angles: Sequence[float]
    ) -> list[Contact | None]:
        """Return where every wheel touches, None where nothing is in reach.

        :param position: of the body's origin in the world [m].
        :param r: rotation of the world from the body, row by row.
        :param angles: steering angles of the wheels [rad].
        """
        for i, angle in enumerate(angles):
            if angle != self._angles[i]:
                self._turn(i, angle)
        rotation = np.array(r).reshape(3, 3)
        num = len(_COARSE)
        ends = (self._rays.reshape(-1, 3) @ rotation.T + position).tolist()
        half = len(ends) // 2
        hits = self._cast(ends[:half], ends[half:], collisionFilterMask=STATIC_GROUP)
        up = (r[2], r[5], r[8])
        contacts: list[Contact | None] = []
        for i in range(len(self._hubs)):
            hub = ends[num * i]
            rays = hits[num * i : num * i + num]
            contact = self._rest_on_plane(i, hub, up, rays[0])
            if not _is_flat(*rays):
                contact = self._rest_on_edge(i, hub, angles[i], rotation, contact)
            contacts.append(contact)
        return contacts

    def _turn(self, i: int, angle: float) -> None:
        """Turn the rays of one wheel to its steering angle."""
        self._angles[i] = angle
        along = self._reach * _COARSE
        self._rays[:, i, :, 0] = self._hubs[i][0] + along * math.cos(angle)
        self._rays[:, i, :, 1] = self._hubs[i][1] + along * math.sin(angle)

    def _rest_on_plane(
        self, i: int, hub: Sequence[float], up: Vector, hit: tuple
    ) -> Contact | None:
        """Return the contact of a wheel with the plane that a ray has hit under its hub."""
        if hit[0] < 0:
            return None
        (px, py, pz), (nx, ny, nz) = hit[3], hit[4]
        if nx * up[0] + ny * up[1] + nz * up[2] < _STEEPEST:
            return None
        x, y, z = hub
        distance = (x - px) * nx + (y - py) * ny + (z - pz) * nz
        foot = (x - distance * nx, y - distance * ny, z - distance * nz)
        return Contact(self._radii[i] - distance, (nx, ny, nz), foot)

    def _rest_on_edge(
        self,
        i: int,
        hub: Sequence[float],
        angle: float,
        rotation: NDArray[np.float64],
        plane: Contact | None,
    ) -> Contact | None:
        """Return the contact with what is nearest to a hub: the plane below it or an edge."""
        forward = rotation @ (math.cos(angle), math.sin(angle), 0.0)
        starts = hub + self._reach * _FINE[:, None] * forward
        ends = starts - self._reach * rotation[:, 2]
        hits = self._cast(starts.tolist(), ends.tolist(), collisionFilterMask=STATIC_GROUP)
        best = plane
        for hit in hits:
            distance = math.dist(hub, hit[3])
            squeeze = self._radii[i] - distance
            if hit[0] < 0 or distance == 0.0:
                continue
            if best is None or squeeze > best.squeeze + _FLATNESS:
                nx, ny, nz = ((a - b) / distance for a, b in zip(hub, hit[3], strict=True))
                best = Contact(squeeze, (nx, ny, nz), hit[3])
        return best


def _is_flat(middle: tuple, front: tuple, back: tuple) -> bool:
    """Return whether three rays have hit one plane, or all of them nothing."""
    if middle[0] < 0 or front[0] < 0 or back[0] < 0:
        return bool(middle[0] < 0 and front[0] < 0 and back[0] < 0)
    (px, py, pz), (nx, ny, nz) = middle[3], middle[4]
    level = px * nx + py * ny + pz * nz
    (ax, ay, az), (bx, by, bz) = front[3], back[3]
    return (
        abs(ax * nx + ay * ny + az * nz - level) < _FLATNESS
        and abs(bx * nx + by * ny + bz * nz - level) < _FLATNESS
    )
