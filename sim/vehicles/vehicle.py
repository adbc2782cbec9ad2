# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What every vehicle can do: appear in a world, follow commands and tell its true state."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.frames import GRAVITY, rotation_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.core.safety import CommandLimits
from sim.sensors.mount import CameraMount

if TYPE_CHECKING:
    from sim.physics import Physics
    from sim.vehicles.looks import VehicleLook


@dataclass(frozen=True)
class Condition:
    """How a vehicle differs from the one that its controller was tuned for.

    :param mass_factor: true mass and inertia over the vehicle's own.
    :param thrust_factor: thrust or drive force that it gives over the one asked for.
    """

    mass_factor: float = 1.0
    thrust_factor: float = 1.0

    def __post_init__(self) -> None:
        check_number('mass_factor', self.mass_factor, 0.1, 10.0)
        check_number('thrust_factor', self.thrust_factor, 0.1, 10.0)

    @property
    def trim(self) -> float:
        """Upward acceleration that a flight controller must ask for to hover [m/s^2]."""
        return GRAVITY * (self.mass_factor / self.thrust_factor - 1.0)

    def join(self, other: 'Condition') -> 'Condition':
        """Return both conditions at once: factors multiply."""
        return Condition(
            self.mass_factor * other.mass_factor, self.thrust_factor * other.thrust_factor
        )


class Vehicle(ABC):
    """A rigid body in a physics client that follows body-velocity commands.

    Tick order: :meth:`push` applies forces for the current command, then the physics steps.

    :cvar name: its key in sim.vehicles.VEHICLES.
    :cvar command_limits: largest vx, vy, vz [m/s] and yaw rate [rad/s] of an action, to which
        environments clip; a vehicle that cannot move sideways or climb ignores vy and vz.
    :cvar usual_command: of a calm flight or drive, likewise; noise is measured by it.
    :cvar safety_limits: to which the safety node holds commands over ROS 2.
    :cvar rest_height: height of the body's origin above level ground at rest [m]; 0 for aircraft.
    :cvar camera_mount: where its camera sits if the settings do not say otherwise.
    :ivar body: PyBullet's number of the rigid body; -1 before :meth:`spawn`.
    """

    name: ClassVar[str]
    command_limits: ClassVar[tuple[float, float, float, float]]
    usual_command: ClassVar[tuple[float, float, float, float]] = (1.0, 0.8, 0.2, 0.5)
    safety_limits: ClassVar[CommandLimits] = CommandLimits()
    rest_height: ClassVar[float] = 0.0
    camera_mount: ClassVar[CameraMount] = CameraMount()

    def __init__(self, physics: 'Physics') -> None:
        self._physics = physics
        self._condition = Condition()
        self.body = -1

    @abstractmethod
    def spawn(self, state: VehicleState, condition: Condition | None = None) -> None:
        """Create the body at a state, ready to move. Call after a world was loaded."""

    @abstractmethod
    def push(
        self,
        command: VelocityCommand,
        rng: np.random.Generator | None = None,
        wind_world: tuple[float, float, float] = (0.0, 0.0, 0.0),
    ) -> None:
        """Apply all forces on the body for one physics step.

        :param command: clipped to the vehicle's own limits.
        :param rng: source of noise of its drives; None moves without noise.
        :param wind_world: velocity of the air [m/s].
        """

    def make_look(self) -> 'VehicleLook':
        """Return what other vehicles in the same world see of it: its box, if it says no more.

        Call after :meth:`spawn` and before it moves.
        """
        # Only where there are several: meshes are of no use to one alone.
        from sim.vehicles.looks import draw_box

        client = self._physics.client
        position, orientation = client.getBasePositionAndOrientation(self.body)
        client.resetBasePositionAndOrientation(self.body, (0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0))
        low, high = client.getAABB(self.body)
        client.resetBasePositionAndOrientation(self.body, position, orientation)
        return draw_box(low, high)

    def _create_body(
        self, shape: int, mass: float, inertia: tuple[float, float, float], state: VehicleState
    ) -> None:
        """Create the rigid body at a state, in the vehicle's condition and without damping.

        :param shape: PyBullet's number of what collides.
        :param mass: of the vehicle as built [kg].
        :param inertia: about x, y and z [kg m^2].
        """
        client, factor = self._physics.client, self._condition.mass_factor
        self.body = client.createMultiBody(
            factor * mass,
            shape,
            basePosition=state.position_world.tolist(),
            baseOrientation=state.orientation_world.tolist(),
        )
        client.changeDynamics(
            self.body,
            -1,
            localInertiaDiagonal=[factor * i for i in inertia],
            linearDamping=0.0,
            angularDamping=0.0,
        )
        rate_world = rotation_from_quaternion(state.orientation_world) @ state.angular_velocity
        client.resetBaseVelocity(self.body, state.velocity_world.tolist(), rate_world.tolist())

    def read_position(self) -> NDArray[np.float64]:
        """Return the position of the body's origin in the world [m], shape (3,)."""
        return np.array(self._physics.client.getBasePositionAndOrientation(self.body)[0])

    def read_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return position [m] and orientation (x, y, z, w) of the body in the world."""
        position, quaternion = self._physics.client.getBasePositionAndOrientation(self.body)
        return np.array(position), np.array(quaternion)

    def read_velocity(self) -> NDArray[np.float64]:
        """Return the velocity in the world frame [m/s], shape (3,)."""
        return np.array(self._physics.client.getBaseVelocity(self.body)[0])

    def read_attitude(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return rotation_world_from_body, shape (3, 3), and body rates [rad/s], shape (3,)."""
        client = self._physics.client
        _, quaternion = client.getBasePositionAndOrientation(self.body)
        _, rate_world = client.getBaseVelocity(self.body)
        rotation = rotation_from_quaternion(quaternion)
        return rotation, rotation.T @ np.array(rate_world)

    def read_state(self, stamp: float) -> VehicleState:
        """Return the true state of the vehicle."""
        client = self._physics.client
        position, quaternion = client.getBasePositionAndOrientation(self.body)
        velocity, rate_world = client.getBaseVelocity(self.body)
        rotation = rotation_from_quaternion(np.array(quaternion))
        return VehicleState(
            position_world=np.array(position),
            orientation_world=np.array(quaternion),
            velocity_world=np.array(velocity),
            angular_velocity=rotation.T @ np.array(rate_world),
            stamp=stamp,
        )
