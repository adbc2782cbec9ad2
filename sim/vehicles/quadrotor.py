# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A quadrotor of the size of a Holybro X500 that follows body-velocity commands.

Mass, inertia, rotor positions and rotor constants are those of PX4's Gazebo model `x500`. The
cascaded velocity, attitude and rate controller does what PX4 does in offboard velocity mode.
"""

import math
from dataclasses import dataclass, fields

import numpy as np

from lnn_control.core.checks import check_array, check_number
from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.engine import pybullet
from sim.physics import PHYSICS_RATE, Physics
from sim.vehicles.ground_effect import compute_thrust_ratio
from sim.vehicles.looks import VehicleLook, draw_quadrotor
from sim.vehicles.vehicle import Condition, Vehicle

_MAY_BE_ZERO = ('max_rotor_speed', 'drag', 'velocity_integral_gain', 'ground_effect')


@dataclass(frozen=True)
class QuadrotorParameters:
    """Airframe, rotors and controller gains of a quadrotor in X configuration.

    :param inertia: of body and rotors about the three axes of the body [kg m^2].
    :param arm: distance of every rotor from the centre along x and along y [m].
    :param propeller_radius: [m].
    :param thrust_constant: thrust over squared rotor speed [N/(rad/s)^2].
    :param moment_constant: drag torque over thrust of a rotor [m].
    :param time_constant_up: lag of a rotor that speeds up [s]; `down`: that slows down.
    :param drag: rotor drag of the whole vehicle at hover [N/(m/s)].
    :param ground_effect: whether rotors lift more near the ground, the plane z = 0.
    """

    mass: float = 2.064
    inertia: tuple[float, float, float] = (0.0239, 0.0239, 0.0440)
    arm: float = 0.174
    propeller_radius: float = 0.127
    thickness: float = 0.12
    max_rotor_speed: float = 1000.0
    thrust_constant: float = 8.54858e-06
    moment_constant: float = 0.016
    time_constant_up: float = 0.0125
    time_constant_down: float = 0.025
    drag: float = 0.25
    velocity_gain: float = 2.5
    velocity_integral_gain: float = 0.6
    climb_gain: float = 4.0
    attitude_gain: float = 7.0
    rate_gain: float = 18.0
    yaw_rate_gain: float = 6.0
    max_horizontal_acceleration: float = 5.0
    max_vertical_acceleration: float = 4.0
    max_speed: float = 4.0
    max_climb_speed: float = 2.0
    max_yaw_rate: float = 2.0
    ground_effect: bool = False

    def __post_init__(self) -> None:
        check_array('inertia', self.inertia, (3,))
        for field in fields(self):
            value = getattr(self, field.name)
            for number in value if field.name == 'inertia' else (value,):
                check_number(field.name, number, 0.0 if field.name in _MAY_BE_ZERO else 1e-9, 1e6)


# Rotor positions (x, y) in units of the arm and spin (+1 pushes the body counter-clockwise):
# front right, rear left, front left, rear right, as PX4 numbers them.
_ROTORS = ((1, -1, 1), (-1, 1, 1), (1, 1, -1), (-1, -1, -1))
_FREE_AIR = [1.0, 1.0, 1.0, 1.0]


class Quadrotor(Vehicle):
    """A quadrotor in a physics client."""

    name = 'quadrotor'
    command_limits = (3.0, 3.0, 1.0, 1.5)

    def __init__(self, physics: Physics, parameters: QuadrotorParameters | None = None) -> None:
        super().__init__(physics)
        self.parameters = parameters or QuadrotorParameters()
        arm, moment = self.parameters.arm, self.parameters.moment_constant
        allocation = np.array(
            [[1.0, y * arm, -x * arm, spin * moment] for x, y, spin in _ROTORS]
        ).T
        self._thrusts_from_wrench = np.linalg.inv(allocation).tolist()
        self._allocation = allocation.tolist()
        # Made once, because PyBullet never lets go of the vertices it is given.
        self._hull = self._outline_hull()

    def spawn(self, state: VehicleState, condition: Condition | None = None) -> None:
        """Create the body at a state, rotors at hover speed. Call after a world was loaded.

        :param condition: of the body. The controller keeps its gains and limits, but has hovered
            before: its integrator holds the weight, as PX4's hover thrust estimator does.
        """
        p, client = self.parameters, self._physics.client
        self._condition = condition or Condition()
        shape = client.createCollisionShape(pybullet.GEOM_MESH, vertices=self._hull)
        self._create_body(shape, p.mass, p.inertia, state)
        client.changeDynamics(self.body, -1, collisionMargin=0.002)
        weight = self._condition.mass_factor * p.mass * GRAVITY / self._condition.thrust_factor
        hover_speed = min(math.sqrt(weight / 4 / p.thrust_constant), p.max_rotor_speed)
        self._rotor_speeds = [hover_speed] * 4
        self._trim = self._condition.trim
        self._integral = [0.0, 0.0, self._trim]

    def make_look(self) -> VehicleLook:
        """Return what other vehicles see of it."""
        p = self.parameters
        return draw_quadrotor(p.arm, p.propeller_radius, p.thickness)

    @property
    def rotor_speeds(self) -> tuple[float, ...]:
        """Speeds of the rotors in PX4's order [rad/s]: front right, rear left, then the others."""
        return tuple(self._rotor_speeds)

    def _outline_hull(self) -> list[tuple[float, float, float]]:
        """Return the corners of the convex hull of four propeller discs."""
        p = self.parameters
        return [
            (
                x * p.arm + p.propeller_radius * math.cos(k * math.pi / 4),
                y * p.arm + p.propeller_radius * math.sin(k * math.pi / 4),
                z * p.thickness / 2,
            )
            for x, y, _ in _ROTORS
            for k in range(8)
            for z in (-1, 1)
        ]

    def push(
        self,
        command: VelocityCommand,
        rng: np.random.Generator | None = None,
        wind_world: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Apply rotor thrust and drag for one physics step.

        :param command: clipped to the vehicle's own limits.
        :param rng: source of thrust noise (1 % of each rotor); None flies without noise.
        :param wind_world: velocity of the air [m/s].
        """
        client, p = self._physics.client, self.parameters
        position, quaternion = client.getBasePositionAndOrientation(self.body)
        velocity, rate_world = client.getBaseVelocity(self.body)
        r = client.getMatrixFromQuaternion(quaternion)
        wrench = self._control(command, r, velocity, rate_world)
        thrust, torque = self._drive_rotors(wrench, self._feel_ground(position[2], r), rng)
        force = [r[3 * i + 2] * thrust - p.drag * (velocity[i] - wind_world[i]) for i in range(3)]
        client.applyExternalForce(self.body, -1, force, position, pybullet.WORLD_FRAME)
        client.applyExternalTorque(self.body, -1, torque, pybullet.LINK_FRAME)

    def _control(
        self,
        command: VelocityCommand,
        r: tuple[float, ...],
        velocity: tuple[float, float, float],
        rate_world: tuple[float, float, float],
    ) -> tuple[float, float, float, float]:
        """Return thrust [N] and torques [N m] of the cascaded controller.

        :param r: rotation of the world from the body, row by row.
        """
        p = self.parameters
        ax, ay, az = self._wanted_acceleration(command, r, velocity)
        az += GRAVITY
        thrust = p.mass * max(0.0, ax * r[2] + ay * r[5] + az * r[8])
        norm = math.sqrt(ax * ax + ay * ay + az * az)
        # The wanted thrust direction in the body frame: its x and y are the tilt error.
        tilt_x = (r[0] * ax + r[3] * ay + r[6] * az) / norm
        tilt_y = (r[1] * ax + r[4] * ay + r[7] * az) / norm
        wx, wy, wz = rate_world
        rate_x = r[0] * wx + r[3] * wy + r[6] * wz
        rate_y = r[1] * wx + r[4] * wy + r[7] * wz
        rate_z = r[2] * wx + r[5] * wy + r[8] * wz
        yaw_rate = max(-p.max_yaw_rate, min(p.max_yaw_rate, command.yaw_rate))
        ix, iy, iz = p.inertia
        return (
            thrust,
            ix * p.rate_gain * (-p.attitude_gain * tilt_y - rate_x) + (iz - iy) * rate_y * rate_z,
            iy * p.rate_gain * (p.attitude_gain * tilt_x - rate_y) + (ix - iz) * rate_x * rate_z,
            iz * p.yaw_rate_gain * (yaw_rate - rate_z),
        )

    def _wanted_acceleration(
        self,
        command: VelocityCommand,
        r: tuple[float, ...],
        velocity: tuple[float, float, float],
    ) -> tuple[float, float, float]:
        """Return the acceleration in the world frame of the velocity loop [m/s^2]."""
        p = self.parameters
        speed = math.hypot(command.vx, command.vy)
        scale = min(1.0, p.max_speed / speed) if speed > 0 else 1.0
        length = math.hypot(r[0], r[3]) or 1.0
        c, s = r[0] / length, r[3] / length
        wanted = (
            scale * (c * command.vx - s * command.vy),
            scale * (s * command.vx + c * command.vy),
            max(-p.max_climb_speed, min(p.max_climb_speed, command.vz)),
        )
        error = [w - v for w, v in zip(wanted, velocity, strict=True)]
        gains = (p.velocity_gain, p.velocity_gain, p.climb_gain)
        asked = [g * e + i for g, e, i in zip(gains, error, self._integral, strict=True)]
        horizontal = math.hypot(asked[0], asked[1])
        scale = min(1.0, p.max_horizontal_acceleration / horizontal) if horizontal > 0 else 1.0
        low = self._trim - p.max_vertical_acceleration
        high = self._trim + p.max_vertical_acceleration
        limited = (asked[0] * scale, asked[1] * scale, max(low, min(high, asked[2])))
        self._integrate(error, [a - b for a, b in zip(asked, limited, strict=True)])
        return limited

    def _integrate(self, error: list[float], excess: list[float]) -> None:
        """Advance the integrator of the velocity loop without winding it up.

        As PX4's PositionControl::_velocityControl: along the horizontal the clipped part leads the
        integrator back (Rundqwist, Anti-reset windup for PID controllers, 1990, gain 2 / P); along
        the vertical an error that asks for more than can be given does not count.

        :param error: of the velocity [m/s]. :param excess: acceleration clipped away [m/s^2].
        """
        p = self.parameters
        rate = p.velocity_integral_gain / PHYSICS_RATE
        for i in (0, 1):
            self._integral[i] += rate * (error[i] - 2.0 / p.velocity_gain * excess[i])
        if excess[2] * error[2] <= 0.0:
            self._integral[2] += rate * error[2]

    def _feel_ground(self, height: float, r: tuple[float, ...]) -> list[float]:
        """Return the thrust of every rotor over its thrust far from the ground.

        :param height: of the body's origin, in whose plane the rotors turn [m].
        """
        p = self.parameters
        if not p.ground_effect:
            return _FREE_AIR
        heights = [height + p.arm * (r[6] * x + r[7] * y) for x, y, _ in _ROTORS]
        return [compute_thrust_ratio(h, p.propeller_radius, 2 * p.arm) for h in heights]

    def _drive_rotors(
        self,
        wrench: tuple[float, float, float, float],
        lifts: list[float],
        rng: np.random.Generator | None,
    ) -> tuple[float, list[float]]:
        """Let the rotors follow the wanted wrench with their lag; return thrust and torques.

        :param lifts: thrust of every rotor over its thrust in free air.
        """
        p = self.parameters
        dt = 1.0 / PHYSICS_RATE
        noise = rng.standard_normal(4).tolist() if rng is not None else (0.0,) * 4
        thrusts = []
        for i, row in enumerate(self._thrusts_from_wrench):
            wanted = sum(a * b for a, b in zip(row, wrench, strict=True))
            speed = min(math.sqrt(max(wanted, 0.0) / p.thrust_constant), p.max_rotor_speed)
            lag = p.time_constant_up if speed > self._rotor_speeds[i] else p.time_constant_down
            self._rotor_speeds[i] += (speed - self._rotor_speeds[i]) * (1 - math.exp(-dt / lag))
            thrust = p.thrust_constant * self._rotor_speeds[i] ** 2 * (1 + 0.01 * noise[i])
            thrusts.append(thrust * self._condition.thrust_factor * lifts[i])
        totals = [
            sum(a * b for a, b in zip(row, thrusts, strict=True)) for row in self._allocation
        ]
        return totals[0], totals[1:]
