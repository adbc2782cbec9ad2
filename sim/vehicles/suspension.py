# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Where wheels touch the ground, found with rays down their struts."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.physics import Physics

Vector = tuple[float, float, float]

# Bullet's collision group of everything with mass 0: wheels roll on nothing else.
_STATIC_GROUP = 2
# Where along a wheel the ground is looked for, in wheel radii: three rays tell whether it is
# flat there, many find the place where a wheel meets an edge.
_COARSE = np.array([0.0, 0.95, -0.95])
_FINE = np.linspace(-0.95, 0.95, 65)
# How far a plane may miss the ground and still be called flat [m].
_FLATNESS = 0.003
# Cosine between strut and normal below which a wheel finds no footing.
_STEEPEST = 0.2


@dataclass(frozen=True)
class Wheel:
    """One wheel: a massless disc on a strut along the body's z.

    :param x: hub at rest in the body frame [m]; `y` and `z` likewise.
    :param load: weight that it carries at rest [N]. The spring is preloaded with it.
    :param stiffness: of spring and tyre together [N/m]. :param damping: [N/(m/s)].
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

    :param lift: of the wheel along its strut, from where it is at rest [m].
    :param normal: of the contact in the world, from the ground to the wheel.
    :param point: in the world [m].
    """

    lift: float
    normal: Vector
    point: Vector


class GroundProbe:
    """Finds the contacts of a vehicle's wheels; all wheels have the same radius.

    :param droop: how far wheels hang down when nothing carries them [m].
    """

    def __init__(self, physics: Physics, wheels: Sequence[Wheel], droop: float) -> None:
        self._cast = physics.client.rayTestBatch
        self._radius = wheels[0].radius
        self._hubs = [(wheel.x, wheel.y, wheel.z) for wheel in wheels]
        self._above, self._below = self._radius, self._radius + droop
        self._angles = [math.nan] * len(wheels)
        # Ends of the coarse rays in the body frame: (start or end, wheel, ray, axis).
        self._rays = np.zeros((2, len(wheels), len(_COARSE), 3))
        self._rays[0, :, :, 2] = self._above
        self._rays[1, :, :, 2] = -self._below
        self._rays[..., 2] += np.array(self._hubs)[:, 2, None]

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
        hits = self._cast(ends[:half], ends[half:], collisionFilterMask=_STATIC_GROUP)
        up, above = (r[2], r[5], r[8]), self._above
        contacts: list[Contact | None] = []
        for i in range(len(self._hubs)):
            x, y, z = ends[num * i]
            hub = (x - above * up[0], y - above * up[1], z - above * up[2])
            rays = hits[num * i : num * i + num]
            contact = self._rest_on_plane(hub, up, rays[0])
            if not _is_flat(*rays):
                forward = rotation @ (math.cos(angles[i]), math.sin(angles[i]), 0.0)
                contact = self._rest_on_edge(np.array(hub), np.array(up), forward, contact)
            contacts.append(contact)
        return contacts

    def _turn(self, i: int, angle: float) -> None:
        """Turn the rays of one wheel to its steering angle."""
        self._angles[i] = angle
        along = self._radius * _COARSE
        self._rays[:, i, :, 0] = self._hubs[i][0] + along * math.cos(angle)
        self._rays[:, i, :, 1] = self._hubs[i][1] + along * math.sin(angle)

    def _rest_on_plane(self, hub: Vector, up: Vector, hit: tuple) -> Contact | None:
        """Return the contact of a wheel with the plane that a ray has hit under its hub."""
        if hit[0] < 0:
            return None
        (px, py, pz), (nx, ny, nz) = hit[3], hit[4]
        cosine = nx * up[0] + ny * up[1] + nz * up[2]
        if cosine < _STEEPEST:
            return None
        radius = self._radius
        distance = (hub[0] - px) * nx + (hub[1] - py) * ny + (hub[2] - pz) * nz
        lift = (radius - distance) / cosine
        point = (
            hub[0] + lift * up[0] - radius * nx,
            hub[1] + lift * up[1] - radius * ny,
            hub[2] + lift * up[2] - radius * nz,
        )
        return Contact(lift, (nx, ny, nz), point)

    def _rest_on_edge(
        self,
        hub: NDArray[np.float64],
        up: NDArray[np.float64],
        forward: NDArray[np.float64],
        plane: Contact | None,
    ) -> Contact | None:
        """Return the contact with whatever lifts a wheel most: the plane below it or an edge.

        A disc touches an edge along the line from the edge to its hub.
        """
        radius, best = self._radius, plane
        middles = hub + radius * _FINE[:, None] * forward
        hits = self._cast(
            (middles + self._above * up).tolist(),
            (middles - self._below * up).tolist(),
            collisionFilterMask=_STATIC_GROUP,
        )
        for offset, hit in zip(_FINE.tolist(), hits, strict=True):
            if hit[0] < 0:
                continue
            height = math.sqrt(1.0 - offset * offset)
            lift = float(radius * height - up @ (hub - hit[3]))
            if best is None or lift > best.lift + _FLATNESS:
                nx, ny, nz = (height * up - offset * forward).tolist()
                best = Contact(lift, (nx, ny, nz), hit[3])
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
