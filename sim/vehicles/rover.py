# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A skid-steered rover of the size of a Clearpath Jackal J100.

Dimensions, mass, inertia and the wheels are those of Clearpath's model (jackal_description,
`urdf/jackal.urdf.xacro`), speed limits and track factor those of its driver (jackal_control,
`config/control.yaml`); both at github.com/jackal/jackal.
"""

import math
from dataclasses import dataclass

import numpy as np

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import CommandLimits
from sim.physics import PHYSICS_RATE, Physics
from sim.sensors.mount import CameraMount
from sim.vehicles.looks import VehicleLook, draw_rover
from sim.vehicles.suspension import Wheel
from sim.vehicles.tyre import Tyre, WheelDrive, check_positive
from sim.vehicles.wheeled import Chassis, WheeledVehicle

_DT = 1.0 / PHYSICS_RATE
_TYRE = Tyre(friction=0.8, slip_stiffness=15.0, relaxation_length=0.1)


@dataclass(frozen=True)
class RoverParameters:
    """Chassis, motors and controller of a skid-steered rover.

    From the sources above: everything down to `track_factor`, and the clearance. Mass and inertia
    are those of chassis and four wheels together; the centre of mass, 11 mm before the middle, is
    put in the middle. Assumed: the rest.

    :param mass: [kg]. :param inertia: about x, y and z [kg m^2].
    :param rest_height: of the centre of mass over the ground [m].
    :param wheelbase: between the axles [m]. :param track: between left and right wheels [m].
    :param wheel_radius: [m].
    :param max_speed: of the vehicle and of each side's treads [m/s].
    :param max_yaw_rate: [rad/s].
    :param track_factor: how much wider than its track a skid-steered vehicle seems to be, because
        wheels slip sideways in turns (`wheel_separation_multiplier`).
    :param length: overall [m], `width` and `height` likewise. :param clearance: of its belly [m].
    :param motor_force: largest force of one wheel [N].
    :param time_constant: lag of the motors' speed [s].
    :param yaw_gain: of the gyro loop that trims the turn [1/s].
    """

    mass: float = 18.43
    inertia: tuple[float, float, float] = (0.388, 0.436, 0.554)
    rest_height: float = 0.127
    wheelbase: float = 0.262
    track: float = 0.3756
    wheel_radius: float = 0.098
    max_speed: float = 2.0
    max_yaw_rate: float = 4.0
    track_factor: float = 1.5
    length: float = 0.508
    width: float = 0.430
    height: float = 0.250
    clearance: float = 0.0635
    motor_force: float = 40.0
    time_constant: float = 0.1
    yaw_gain: float = 1.0
    spring: float = 9000.0
    damper: float = 170.0
    drag_areas: tuple[float, float, float] = (0.10, 0.12, 0.20)
    tyre: Tyre = _TYRE

    def __post_init__(self) -> None:
        check_positive(self)


class Rover(WheeledVehicle):
    """A Clearpath Jackal: 18 kg, four driven wheels, two motors.

    Follows vx [m/s], up to 2 in both directions, and the yaw rate [rad/s], up to 4, also on the
    spot; vy and vz are ignored. The motors keep up the speeds of the left and right treads; where
    a turn asks for more than 2 m/s of one of them, both slow down. It climbs steps of 5 cm; a kerb
    of 12 cm stops it. Sources and assumptions: docs/vehicles.md.
    """

    name = 'rover'
    command_limits = (2.0, 1.0, 1.0, 2.0)
    usual_command = (1.0, 0.0, 0.0, 0.8)
    safety_limits = CommandLimits(horizontal_speed=2.0, yaw_rate=2.0)
    rest_height = RoverParameters.rest_height
    camera_mount = CameraMount((0.2, 0.0, 0.3 - RoverParameters.rest_height))

    def __init__(self, physics: Physics, parameters: RoverParameters | None = None) -> None:
        p = self.parameters = parameters or RoverParameters()
        chassis = Chassis(
            mass=p.mass,
            inertia=p.inertia,
            box_size=(p.length, p.width, p.height - p.clearance),
            box_centre=(0.0, 0.0, (p.height + p.clearance) / 2 - p.rest_height),
            drag_areas=p.drag_areas,
        )
        z, load = p.wheel_radius - p.rest_height, p.mass * GRAVITY / 4
        wheels = [
            Wheel(
                x * p.wheelbase / 2, y * p.track / 2, z, p.wheel_radius, load, p.spring, p.damper
            )
            for x, y in ((1, 1), (1, -1), (-1, 1), (-1, -1))
        ]
        super().__init__(physics, chassis, wheels, p.tyre)
        self._share = 1.0 - math.exp(-_DT / p.time_constant)

    def make_look(self) -> VehicleLook:
        """Return what other vehicles see of it."""
        return draw_rover(self.chassis.box_size, self.chassis.box_centre, self.hubs)

    def start_control(self) -> None:
        """Stop the motors."""
        self._speeds = [0.0, 0.0]
        self._rate = 0.0
        self._trim = 0.0

    def control(
        self,
        command: VelocityCommand,
        speed: float,
        yaw_rate: float,
        rng: np.random.Generator | None,
    ) -> list[WheelDrive]:
        """Return the tread speeds of both sides, which follow the command with the motors' lag."""
        p = self.parameters
        noise = rng.standard_normal(2).tolist() if rng is not None else (0.0, 0.0)
        for side, wanted in enumerate(self._wanted_speeds(command, yaw_rate)):
            change = wanted * (1.0 + 0.01 * noise[side]) - self._speeds[side]
            self._speeds[side] += self._share * change
        hold = p.motor_force * self._condition.thrust_factor
        left, right = (WheelDrive(0.0, tread, hold, 0.0) for tread in self._speeds)
        return [left, right, left, right]

    def _wanted_speeds(self, command: VelocityCommand, yaw_rate: float) -> tuple[float, float]:
        """Return the wanted tread speeds left and right [m/s]."""
        p = self.parameters
        wanted = max(-p.max_speed, min(p.max_speed, command.vx))
        wanted_rate = max(-p.max_yaw_rate, min(p.max_yaw_rate, command.yaw_rate))
        turn = wanted_rate * p.track_factor * p.track / 2
        scale = min(1.0, p.max_speed / max(abs(wanted) + abs(turn + self._trim), 1e-9))
        # The gyro trims at most half of a turn, once the motors have had time to follow.
        self._rate += self._share * (wanted_rate - self._rate)
        if scale == 1.0:
            self._trim += p.yaw_gain * (self._rate - yaw_rate) * p.track / 2 * _DT
        limit = abs(turn) / 2
        self._trim = max(-limit, min(limit, self._trim))
        turn += self._trim
        return scale * (wanted - turn), scale * (wanted + turn)
