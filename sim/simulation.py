# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A vehicle with its sensors alone in a world: a fleet of one."""

from collections.abc import Sequence
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.craft import SensorFrame, Start
from sim.disturbances import Disturbance
from sim.fleet import Fleet, VehicleFactory
from sim.sensors.mount import CameraMount
from sim.settings import SimulationSettings
from sim.vehicles import Vehicle
from sim.worlds.world import World


class Simulation:
    """A vehicle with camera and inertial unit in a world.

    Close it when done; one that is dropped closes itself. It cannot be copied.

    :param vehicle: one of sim.vehicles.VEHICLES, `module:Class`, or what makes one, such as
        `partial(Quadrotor, parameters=QuadrotorParameters(ground_effect=True))`.
    :param disturbances: what makes flights harder, in the order of its effect on images.
    """

    def __init__(
        self,
        settings: SimulationSettings | None = None,
        disturbances: Sequence[Disturbance] = (),
        vehicle: str | VehicleFactory = 'quadrotor',
    ) -> None:
        self._fleet = Fleet(settings, disturbances, vehicle)
        (self._craft,) = self._fleet.crafts
        self._renderer, self._physics = self._fleet.renderer, self._fleet.physics

    def reset(self, world: World, seed: int, yaw: float = 0.0, altitude: float = 1.5) -> None:
        """Put the vehicle at the world's start, at rest, and restart the clock at 0.

        :param seed: of sensor and thrust noise, and of the disturbances.
        :param yaw: initial heading [rad]. :param altitude: initial height of the body's
            origin [m].
        :raises RuntimeError: if the simulation is closed.
        """
        self._fleet.reset(world, seed, [Start(world.layout.start, yaw, altitude)])

    def advance(self, command: VelocityCommand, duration: float) -> SensorFrame:
        """Fly a command for a duration and return what the sensors delivered.

        :param duration: [s], a multiple of 1/1200 s.
        :raises ValueError: if the duration is not positive or no such multiple.
        :raises RuntimeError: before the first reset or if the simulation is closed.
        """
        return self._fleet.advance((command,), duration)[0]

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target elsewhere on the ground [m, rad]: what is drawn and what is hit."""
        self._craft.move_target(x, y, yaw)

    @property
    def settings(self) -> SimulationSettings:
        """What the vehicle sees and feels."""
        return self._fleet.settings

    @property
    def disturbances(self) -> tuple[Disturbance, ...]:
        """What makes flights harder."""
        return self._craft.disturbances

    @property
    def is_closed(self) -> bool:
        """Whether it can fly no more."""
        return self._fleet.is_closed

    @property
    def mount(self) -> CameraMount:
        """Where the camera sits on this vehicle, its settings applied."""
        return self._craft.mount

    @property
    def hit(self) -> str | None:
        """What the vehicle touched first since the reset, None if nothing.

        The kind of a solid, 'ground' or 'target'.
        """
        return self._craft.hit

    @property
    def has_collided(self) -> bool:
        """Whether the vehicle has touched anything since the reset."""
        return self._craft.has_collided

    @property
    def renderer_name(self) -> str:
        """Which renderer draws, also where the settings leave the choice open."""
        return self._fleet.renderer.name

    @property
    def vehicle_name(self) -> str:
        """What the vehicle is called, also one of your own: the `name` of its class."""
        return self._craft.vehicle.name

    @property
    def vehicle(self) -> type[Vehicle]:
        """The vehicle's class, which says what sets vehicles of its kind apart."""
        return type(self._craft.vehicle)

    @property
    def command_limits(self) -> tuple[float, float, float, float]:
        """Largest vx, vy, vz [m/s] and yaw rate [rad/s] that make sense for the vehicle."""
        return self._craft.vehicle.command_limits

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return self._fleet.time

    @property
    def delivery_time(self) -> float:
        """How long to advance after a reset to get the first image [s]."""
        return self._fleet.delivery_time

    @property
    def state(self) -> VehicleState:
        """The true state of the vehicle after the last physics step, with that step's time."""
        return self._craft.read_state(self._fleet.tick)

    @property
    def camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Position [m], shape (3,), and rotation, shape (3, 3), of the camera in the world."""
        return self._craft.camera_pose

    @property
    def turned_camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same as images are drawn from: turned by whatever disturbs the camera's mounting."""
        return self._craft.turned_camera_pose

    @property
    def moved_target(self) -> tuple[float, float, float] | None:
        """Where the target was moved to since the reset: x, y [m] and yaw [rad].

        None if it stands where the world has it.
        """
        return self._craft.moved_target

    @property
    def sees_target(self) -> bool:
        """Whether the target's middle is in the image with nothing solid before it.

        Leaves and undergrowth do not count, nor what disturbances do to the image.
        """
        return self._craft.sees_target

    @property
    def target_position(self) -> NDArray[np.float64]:
        """The middle of the target in the world now [m], shape (3,)."""
        return self._craft.target_position

    @property
    def world(self) -> World:
        """The world that is loaded.

        :raises RuntimeError: before the first reset.
        """
        return self._fleet.world

    def __reduce__(self) -> NoReturn:
        raise TypeError('a simulation cannot be copied: make a new one by the same arguments')

    def close(self) -> None:
        """Free renderer and physics. Closing twice is allowed."""
        self._fleet.close()


__all__ = ['SensorFrame', 'Simulation', 'SimulationSettings', 'VehicleFactory']
