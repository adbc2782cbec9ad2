# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A car with Ackermann steering, of the size of a BMW 320i.

Its parameters are set 2 of the CommonRoad vehicle models (Althoff, Koschi and Manzinger,
CommonRoad: composable benchmarks for motion planning on roads, IV 2017; `parameters_vehicle2`),
which builds on Allen et al., DOT HS 807 956, 1992.
"""

import math
from dataclasses import dataclass

import numpy as np

from lnn_control.core.frames import GRAVITY
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.safety import CommandLimits
from sim.physics import PHYSICS_RATE, Physics
from sim.sensors.mount import CameraMount
from sim.vehicles.looks import VehicleLook, draw_car
from sim.vehicles.suspension import Wheel
from sim.vehicles.tyre import Tyre, WheelDrive, check_positive
from sim.vehicles.wheeled import AIR_DENSITY, Chassis, WheeledVehicle

_DT = 1.0 / PHYSICS_RATE
# Below this speed the direction of travel is the one that is wanted [m/s].
_STANDSTILL = 0.1
# Speed for which a standing car turns its wheels [m/s].
_LEAST_STEERING_SPEED = 1.0
# Speed error within which the integral part of the speed controller works [m/s].
_INTEGRAL_RANGE = 0.5

_TYRE = Tyre(friction=1.0489, slip_stiffness=21.92, relaxation_length=0.4)


@dataclass(frozen=True)
class CarParameters:
    """Chassis, drive, steering and controller of a car with driven rear wheels.

    From the source above: everything down to `tyre`, of which the relaxation length is assumed;
    roll and pitch inertia are those of the sprung mass. Assumed: the rest. The source lets the
    wheels turn by 1.066 rad and the car accelerate by 11.5 m/s^2 both ways; the limits here are
    those of a turning circle of 10 m, of 100 km/h in 10 s and of a firm brake.

    :param mass: [kg]. :param inertia: about x, y and z [kg m^2].
    :param rest_height: of the centre of mass over the ground [m].
    :param front: distance of the front axle from the centre of mass [m]; `rear`: likewise.
    :param front_track: between the front wheels [m]; `rear_track`: likewise.
    :param wheel_radius: [m]. :param length: overall [m]; `width`: likewise.
    :param front_spring: of one wheel [N/m]; `front_damper` [N/(m/s)]; the rear ones likewise.
    :param front_brakes: share of the brake force on the front axle.
    :param max_reverse_speed: [m/s]; `max_speed`: forwards.
    :param max_steering_rate: of the wheels [rad/s].
    :param height: of the roof [m]. :param clearance: of the box that collides [m].
    :param rolling_resistance: force over load.
    :param max_steering: of the middle between both front wheels [rad].
    :param steering_lag: [s]. :param drive_lag: of drive and brake [s].
    :param speed_gain: of the speed controller [1/s]; `speed_integral_gain` [1/s^2].
    """

    mass: float = 1093.3
    inertia: tuple[float, float, float] = (207.3, 1565.8, 1791.6)
    rest_height: float = 0.575
    front: float = 1.156
    rear: float = 1.423
    front_track: float = 1.387
    rear_track: float = 1.364
    wheel_radius: float = 0.344
    length: float = 4.508
    width: float = 1.610
    front_spring: float = 24445.0
    rear_spring: float = 19629.0
    front_damper: float = 1786.0
    rear_damper: float = 1649.0
    front_brakes: float = 0.66
    max_reverse_speed: float = 13.6
    max_speed: float = 50.8
    max_steering_rate: float = 0.4
    tyre: Tyre = _TYRE
    height: float = 1.4
    clearance: float = 0.25
    drag_areas: tuple[float, float, float] = (0.6, 1.5, 2.0)
    rolling_resistance: float = 0.012
    max_steering: float = 0.6
    max_acceleration: float = 3.0
    max_deceleration: float = 8.0
    steering_lag: float = 0.1
    drive_lag: float = 0.15
    speed_gain: float = 1.5
    speed_integral_gain: float = 0.15

    def __post_init__(self) -> None:
        check_positive(self)

    @property
    def wheelbase(self) -> float:
        """Distance between the axles [m]."""
        return self.front + self.rear


class Car(WheeledVehicle):
    """A BMW 320i: 1.1 t, rear-wheel drive, steered front wheels.

    Follows vx [m/s], from -13.6 to 50.8, and the yaw rate [rad/s]; vy and vz are ignored. A yaw
    rate becomes the steering angle atan(wheelbase * yaw rate / speed), held to 0.6 rad: the car
    cannot turn on the spot, nor in a circle of less than 3.8 m (middle of the rear axle), so it
    turns by less than commanded where vx is small. On a standing car the wheels are turned for
    1 m/s. Braking to vx = 0 ends at standstill with the brakes on. The tyres give at most 1.05 g.
    Sources and assumptions: docs/vehicles.md.
    """

    name = 'car'
    command_limits = (15.0, 1.0, 1.0, 1.5)
    usual_command = (7.0, 0.0, 0.0, 0.3)
    safety_limits = CommandLimits(horizontal_speed=15.0)
    rest_height = CarParameters.rest_height
    camera_mount = CameraMount((0.3, 0.0, 1.2 - CarParameters.rest_height))

    def __init__(self, physics: Physics, parameters: CarParameters | None = None) -> None:
        p = self.parameters = parameters or CarParameters()
        chassis = Chassis(
            mass=p.mass,
            inertia=p.inertia,
            box_size=(p.length, p.width, p.height - p.clearance),
            # As far over the front axle as over the rear one.
            box_centre=((p.front - p.rear) / 2, 0.0, (p.height + p.clearance) / 2 - p.rest_height),
            drag_areas=p.drag_areas,
        )
        z, half_weight = p.wheel_radius - p.rest_height, p.mass * GRAVITY / 2
        front_load, rear_load = (
            half_weight * p.rear / p.wheelbase,
            half_weight * p.front / p.wheelbase,
        )
        wheels = [
            *(
                Wheel(p.front, y, z, p.wheel_radius, front_load, p.front_spring, p.front_damper)
                for y in (p.front_track / 2, -p.front_track / 2)
            ),
            *(
                Wheel(-p.rear, y, z, p.wheel_radius, rear_load, p.rear_spring, p.rear_damper)
                for y in (p.rear_track / 2, -p.rear_track / 2)
            ),
        ]
        super().__init__(physics, chassis, wheels, p.tyre)

    def make_look(self) -> VehicleLook:
        """Return what other vehicles see of it."""
        return draw_car(self.chassis.box_size, self.chassis.box_centre, self.hubs)

    def start_control(self) -> None:
        """Straighten the wheels and let go of pedals."""
        self._angle = 0.0
        self._acceleration = 0.0
        self._integral = 0.0

    def control(
        self,
        command: VelocityCommand,
        speed: float,
        yaw_rate: float,
        rng: np.random.Generator | None,
    ) -> list[WheelDrive]:
        """Return steering angles, brake forces and the push of the rear wheels."""
        p, condition = self.parameters, self._condition
        noise = float(rng.standard_normal()) if rng is not None else 0.0
        wanted = max(-p.max_reverse_speed, min(p.max_speed, command.vx))
        self._steer(command.yaw_rate, speed, wanted)
        self._pedal(wanted, speed, noise)
        push = brake = 0.0
        if self._acceleration * (speed if abs(speed) > _STANDSTILL else wanted) > 0.0:
            push = p.mass * condition.thrust_factor * self._acceleration
        else:
            brake = p.mass * abs(self._acceleration)
        if wanted == 0.0:
            # Comes to a stop instead of creeping up to it, and stays.
            brake = max(brake, p.mass)
        rolling = p.rolling_resistance * condition.mass_factor * p.mass * GRAVITY / 4
        front = rolling + p.front_brakes * brake / 2
        rear = rolling + (1.0 - p.front_brakes) * brake / 2
        # Ackermann: both front wheels turn about one point on the line of the rear axle.
        tangent = math.tan(self._angle) / p.wheelbase
        left, right = (
            math.atan(p.wheelbase * tangent / (1.0 - side * tangent * p.front_track / 2))
            for side in (1, -1)
        )
        return [
            WheelDrive(left, 0.0, front, 0.0),
            WheelDrive(right, 0.0, front, 0.0),
            WheelDrive(0.0, 0.0, rear, push / 2),
            WheelDrive(0.0, 0.0, rear, push / 2),
        ]

    def _steer(self, yaw_rate: float, speed: float, wanted: float) -> None:
        """Turn the steering towards the angle for a yaw rate with its lag and rate limit."""
        p = self.parameters
        direction = speed if abs(speed) > _STANDSTILL else wanted
        base = math.copysign(max(abs(speed), _LEAST_STEERING_SPEED), direction)
        angle = math.atan(p.wheelbase * yaw_rate / base)
        angle = max(-p.max_steering, min(p.max_steering, angle))
        rate = (angle - self._angle) / p.steering_lag
        self._angle += _DT * max(-p.max_steering_rate, min(p.max_steering_rate, rate))

    def _pedal(self, wanted: float, speed: float, noise: float) -> None:
        """Move the pedals towards the acceleration that the speed controller wants."""
        p = self.parameters
        if wanted == 0.0:
            self._integral = 0.0
        error = wanted - speed
        if abs(error) < _INTEGRAL_RANGE:
            self._integral += p.speed_integral_gain * error * _DT
        drag = AIR_DENSITY / 2 * p.drag_areas[0] * abs(speed) / p.mass
        resistance = drag * speed + math.copysign(p.rolling_resistance * GRAVITY, wanted)
        acceleration = p.speed_gain * error + self._integral + resistance
        forwards, backwards = p.max_acceleration, p.max_deceleration
        if speed < 0.0:
            forwards, backwards = backwards, forwards
        acceleration = max(-backwards, min(forwards, acceleration)) * (1.0 + 0.01 * noise)
        self._acceleration += (acceleration - self._acceleration) * _DT / p.drive_lag
