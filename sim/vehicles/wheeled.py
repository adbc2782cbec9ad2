# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A rigid chassis on four sprung wheels: what the rover and the car have in common."""

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.engine import pybullet
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.suspension import Contact, GroundProbe, Vector, Wheel
from sim.vehicles.tyre import Deflection, Tyre, WheelDrive
from sim.vehicles.vehicle import Condition, Vehicle

AIR_DENSITY = 1.2
"""Density of the air near sea level at 20 degrees Celsius [kg/m^3]."""

# A damper gives way at this many times the load of its wheel at rest.
_DAMPER_LIMIT = 2.0


@dataclass(frozen=True)
class Chassis:
    """The rigid body. Its origin is the centre of mass; x forward, y left, z up (REP-103).

    :param mass: of the whole vehicle, wheels included [kg].
    :param inertia: about x, y and z [kg m^2].
    :param box_size: length, width and height of the box that collides [m]; wheels do not.
    :param box_centre: its middle in the body frame [m].
    :param drag_areas: drag coefficient times area along x, y and z [m^2].
    """

    mass: float
    inertia: Vector
    box_size: Vector
    box_centre: Vector
    drag_areas: Vector


class WheeledVehicle(Vehicle):
    """A chassis on four wheels: front left, front right, rear left, rear right.

    Only the chassis collides. Wheels are rays: they carry it over anything that is lower than its
    underside, whatever is higher hits its box. Of a command they follow the forward speed vx and
    the yaw rate; vy and vz are ignored.
    """

    def __init__(
        self, physics: Physics, chassis: Chassis, wheels: Sequence[Wheel], tyre: Tyre
    ) -> None:
        super().__init__(physics)
        self.chassis = chassis
        self.wheels = tuple(wheels)
        self.tyre = tyre

    @abstractmethod
    def start_control(self) -> None:
        """Forget what the controller remembers: the vehicle stands."""

    @abstractmethod
    def control(
        self,
        command: VelocityCommand,
        speed: float,
        yaw_rate: float,
        rng: np.random.Generator | None,
    ) -> list[WheelDrive]:
        """Return what every wheel does during the next physics step.

        :param speed: forward speed of the body [m/s]. :param yaw_rate: of the body [rad/s].
        """

    @property
    def hubs(self) -> list[tuple[float, float, float, float]]:
        """Where every wheel is in the body frame at rest: x, y, z and radius [m]."""
        return [(wheel.x, wheel.y, wheel.z, wheel.radius) for wheel in self.wheels]

    def spawn(self, state: VehicleState, condition: Condition | None = None) -> None:
        """Create the body at a state, drives at rest. Call after a world was loaded.

        :param condition: of the body and its drives. The springs are preloaded for its mass, so
            that `rest_height` holds for every condition.
        """
        client, chassis = self._physics.client, self.chassis
        self._condition = condition or Condition()
        factor = self._condition.mass_factor
        shape = client.createCollisionShape(
            pybullet.GEOM_BOX,
            halfExtents=[size / 2 for size in chassis.box_size],
            collisionFramePosition=chassis.box_centre,
        )
        self._create_body(shape, chassis.mass, chassis.inertia, state)
        reach = max(w.radius + factor * w.load / w.stiffness for w in self.wheels)
        self._probe = GroundProbe(self._physics, self.wheels, reach)
        self._deflections = [Deflection()] * len(self.wheels)
        # Looked up once: each costs as much as a call.
        self._read_pose = client.getBasePositionAndOrientation
        self._read_twist = client.getBaseVelocity
        self._apply_force = client.applyExternalForce
        self.start_control()

    def push(
        self,
        command: VelocityCommand,
        rng: np.random.Generator | None = None,
        wind_world: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Apply the forces of ground and air for one physics step.

        :param command: clipped to the vehicle's own limits; its vy and vz are ignored.
        :param rng: source of drive noise, 1 % of what is asked for; None drives without noise.
        :param wind_world: velocity of the air [m/s].
        """
        body, apply = self.body, self._apply_force
        position, quaternion = self._read_pose(body)
        velocity, rate = self._read_twist(body)
        r = pybullet.getMatrixFromQuaternion(quaternion)
        speed = r[0] * velocity[0] + r[3] * velocity[1] + r[6] * velocity[2]
        yaw_rate = r[2] * rate[0] + r[5] * rate[1] + r[8] * rate[2]
        drives = self.control(command, speed, yaw_rate, rng)
        contacts = self._probe.find_contacts(position, r, [drive.angle for drive in drives])
        for i, contact in enumerate(contacts):
            if contact is None:
                self._deflections[i] = Deflection()
                continue
            arm = tuple(a - b for a, b in zip(contact.point, position, strict=True))
            force = self._push_wheel(i, contact, drives[i], r, _add_turning(velocity, rate, arm))
            apply(body, -1, force, contact.point, pybullet.WORLD_FRAME)
        apply(body, -1, self._drag(r, velocity, wind_world), position, pybullet.WORLD_FRAME)

    def _push_wheel(
        self,
        i: int,
        contact: Contact,
        drive: WheelDrive,
        r: tuple[float, ...],
        velocity: Vector,
    ) -> Vector:
        """Return the force of the ground on a wheel in the world [N].

        :param velocity: of the body at the contact [m/s].
        """
        nx, ny, nz = contact.normal
        vx, vy, vz = velocity
        closing = -(nx * vx + ny * vy + nz * vz)
        load = self._press(self.wheels[i], contact.squeeze, closing)
        if load <= 0.0:
            self._deflections[i] = Deflection()
            return (0.0, 0.0, 0.0)
        c, s = math.cos(drive.angle), math.sin(drive.angle)
        fx, fy, fz = c * r[0] + s * r[1], c * r[3] + s * r[4], c * r[6] + s * r[7]
        along = fx * nx + fy * ny + fz * nz
        fx, fy, fz = fx - along * nx, fy - along * ny, fz - along * nz
        length = math.sqrt(fx * fx + fy * fy + fz * fz)
        fx, fy, fz = fx / length, fy / length, fz / length
        lx, ly, lz = ny * fz - nz * fy, nz * fx - nx * fz, nx * fy - ny * fx
        slide = (fx * vx + fy * vy + fz * vz, lx * vx + ly * vy + lz * vz)
        (push, side), self._deflections[i] = self.tyre.grip(
            self._deflections[i], drive, load, slide, 1.0 / PHYSICS_RATE
        )
        return (
            load * nx + push * fx + side * lx,
            load * ny + push * fy + side * ly,
            load * nz + push * fz + side * lz,
        )

    def _press(self, wheel: Wheel, squeeze: float, closing: float) -> float:
        """Return the force of a wheel's spring and damper [N]: 0 in the air, never a pull.

        :param squeeze: of the spring from rest [m]. :param closing: its speed [m/s].
        """
        spring = self._condition.mass_factor * wheel.load + wheel.stiffness * squeeze
        if spring <= 0.0:
            return 0.0
        limit = _DAMPER_LIMIT * wheel.load
        return max(0.0, spring + max(-limit, min(limit, wheel.damping * closing)))

    def _drag(self, r: tuple[float, ...], velocity: Vector, wind_world: Vector) -> Vector:
        """Return the force of the air in the world [N]."""
        x, y, z = (
            velocity[0] - wind_world[0],
            velocity[1] - wind_world[1],
            velocity[2] - wind_world[2],
        )
        scale = -0.5 * AIR_DENSITY * math.sqrt(x * x + y * y + z * z)
        ax, ay, az = self.chassis.drag_areas
        fx = scale * ax * (r[0] * x + r[3] * y + r[6] * z)
        fy = scale * ay * (r[1] * x + r[4] * y + r[7] * z)
        fz = scale * az * (r[2] * x + r[5] * y + r[8] * z)
        return (
            r[0] * fx + r[1] * fy + r[2] * fz,
            r[3] * fx + r[4] * fy + r[5] * fz,
            r[6] * fx + r[7] * fy + r[8] * fz,
        )


def _add_turning(velocity: Vector, rate: Vector, arm: Vector) -> Vector:
    """Return the velocity of a point of a body at an arm from its centre of mass."""
    return (
        velocity[0] + rate[1] * arm[2] - rate[2] * arm[1],
        velocity[1] + rate[2] * arm[0] - rate[0] * arm[2],
        velocity[2] + rate[0] * arm[1] - rate[1] * arm[0],
    )
