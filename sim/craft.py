# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One vehicle with camera and inertial unit: what it feels, what it sees and what it has hit."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import CameraImage, ImuSamples, VehicleState, VelocityCommand
from lnn_control.core.streams import stream
from sim.disturbances import Disturbance, DisturbedEpisode, join_conditions, sum_latency
from sim.physics import PHYSICS_RATE, Physics
from sim.privileged import measure_privileged
from sim.renderers import Layers, Renderer
from sim.sensors.exposure import move_pose
from sim.sensors.imu import Imu
from sim.settings import PHYSICS_TICKS, TICK_RATE, SimulationSettings
from sim.vehicles import Vehicle
from sim.worlds.world import World


@dataclass(frozen=True)
class Start:
    """Where and how a vehicle begins, at rest.

    :param place: x, y in the world [m]. :param yaw: heading [rad].
    :param altitude: height of the body's origin [m].
    """

    place: tuple[float, float]
    yaw: float = 0.0
    altitude: float = 1.5


@dataclass(frozen=True, eq=False)
class SensorFrame:
    """What the sensors delivered while the simulation advanced.

    :param image: the latest image delivered, None if there was none.
    :param imu: inertial samples, oldest first. :param imu_stamps: their stamps [s], shape (n,).
    :param time: simulated time now [s].
    :param layers: what there is to see at the stamp of that image, if the settings ask for it:
        without blur, noise or disturbances.
    :param privileged: what sim.privileged measures then, shape (20,), likewise.
    """

    image: CameraImage | None
    imu: ImuSamples
    imu_stamps: NDArray[np.float64]
    time: float
    layers: Layers | None = None
    privileged: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Equipment:
    """What a craft is made of and where it is.

    :param physics: that its body is in. :param renderer: that draws what its camera sees.
    """

    settings: SimulationSettings
    disturbances: tuple[Disturbance, ...]
    vehicle: Vehicle
    physics: Physics
    renderer: Renderer


class _Truth(NamedTuple):
    """What goes with an image on its way, see :class:`SensorFrame`, and that image, if drawn."""

    image: NDArray[np.uint8] | None = None
    layers: Layers | None = None
    privileged: NDArray[np.float32] | None = None


class Craft:
    """One vehicle of a fleet. Its clock is the fleet's, which calls it in time.

    :param number: among the vehicles of its world, from 0: its noise is its own.
    :ivar name: of :func:`lnn_control.core.fleet.name_vehicles`; empty if it is alone.
    :ivar vehicle: its body. :ivar mount: where the camera sits on it, its settings applied.
    :ivar hit: what it touched first since the reset: the kind of a solid, 'ground', 'target' or
        the name of another vehicle; None if nothing.
    :ivar moved_target: x, y [m] and yaw [rad] of where its target was moved to since the reset;
        None if it stands where the world has it.
    :ivar pending: images on their way: when each arrives [ticks], itself and the truth with it.
    """

    def __init__(self, equipment: Equipment, number: int = 0, name: str = '') -> None:
        self.settings, self.disturbances = equipment.settings, equipment.disturbances
        self.vehicle, self.name = equipment.vehicle, name
        self._physics, self._renderer = equipment.physics, equipment.renderer
        self._number = number
        mount = self.settings.mount or self.vehicle.camera_mount
        self.mount = mount.tilt(self.settings.camera_pitch_deg)
        latency = self.settings.camera_latency + sum_latency(self.disturbances)
        self._latency_ticks = round(TICK_RATE * latency)

    def reset(self, world: World, seed: int, start: Start) -> None:
        """Put the vehicle at its start, at rest. The physics holds the world already.

        :param seed: of sensor and thrust noise, and of the disturbances.
        """
        self._rng = stream(seed, 'simulation', self._number)
        self._imu = Imu(self.settings.imu, self._rng)
        self._disturbed = DisturbedEpisode(self.disturbances, seed, self._number)
        self._exposure = self.settings.image_noise.draw_exposure(self._rng)
        self._gain = self.settings.exposure.gain
        self.pending: list[tuple[int, CameraImage, _Truth]] = []
        self._target = world.target.instance
        self.moved_target: tuple[float, float, float] | None = None
        position = np.array([*start.place, start.altitude])
        state = VehicleState(position, quaternion_from_euler(0.0, 0.0, start.yaw))
        self.vehicle.spawn(state, join_conditions(self.disturbances))
        self.hit: str | None = None
        self._velocity = np.zeros(3)
        self._acceleration = np.zeros(3)
        self.begin_frame()

    @property
    def has_collided(self) -> bool:
        """Whether the vehicle has touched anything since the reset."""
        return self.hit is not None

    @property
    def was_run_into(self) -> bool:
        """Whether what it touched first since the reset was another vehicle."""
        return self.hit is not None and self.hit in self._physics.vehicle_names

    @property
    def delivery_ticks(self) -> int:
        """How long to advance after a reset to get the first image, in ticks."""
        return max(self._latency_ticks, 1)

    @property
    def camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Position [m], shape (3,), and rotation, shape (3, 3), of the camera in the world."""
        rotation, _ = self.vehicle.read_attitude()
        return self.mount.locate(self.vehicle.read_position(), rotation)

    @property
    def turned_camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same as images are drawn from: turned by whatever disturbs the camera's mounting."""
        position, rotation = self.camera_pose
        return position, self._disturbed.turn_camera(rotation)

    @property
    def sees_target(self) -> bool:
        """Whether its target's middle is in the image with nothing solid before it.

        Leaves, undergrowth and vehicles do not count, nor what disturbances do to the image.
        """
        eye, rotation = self.camera_pose
        forward, left, up = rotation.T @ (self.target_position - eye)
        pixel = self.settings.camera.project(np.array([[-left, -up, forward]]))[0]
        camera = self.settings.camera
        is_inside = 0 <= pixel[0] < camera.width_px and 0 <= pixel[1] < camera.height_px
        return bool(is_inside) and self._physics.sees_target(eye, self._number)

    @property
    def target_position(self) -> NDArray[np.float64]:
        """The middle of its target in the world now [m], shape (3,)."""
        return self._physics.target_positions[self._number]

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place its target elsewhere on the ground [m, rad]: what it sees and what it can hit."""
        self.moved_target = (x, y, yaw)
        self.show_target()
        self._physics.move_target(x, y, self._number)

    def show_target(self) -> None:
        """Let the renderer draw the target where it is for this vehicle."""
        target = self._target
        self._renderer.move_target(*self.moved_target or (target.x, target.y, target.yaw))

    def read_state(self, tick: int) -> VehicleState:
        """Return the true state after the last physics step, with that step's time."""
        steps = tick // PHYSICS_TICKS
        return self.vehicle.read_state(steps * PHYSICS_TICKS / TICK_RATE)

    def push(self, command: VelocityCommand) -> None:
        """Apply all forces for one physics step."""
        wind_world = self._disturbed.blow(1.0 / PHYSICS_RATE)
        self.vehicle.push(command, self._rng, wind_world)

    def feel_step(self) -> None:
        """Note what a physics step has done to the vehicle."""
        velocity = self.vehicle.read_velocity()
        self._acceleration = (velocity - self._velocity) * PHYSICS_RATE
        self._velocity = velocity
        if self.hit is None and self._physics.has_contact(self.vehicle.body):
            self.hit = self._physics.name_contact(self.vehicle.body)

    def measure(self, time: float) -> None:
        """Take an inertial sample."""
        # Not the whole state: ten times an image that costs as much as drawing it.
        rotation, rates = self.vehicle.read_attitude()
        self._rows.append((time, *self._imu.measure(rotation, rates, self._acceleration)))

    def expose(self, tick: int) -> None:
        """Take an image, which arrives after the camera's latency."""
        pose = self.turned_camera_pose
        truth = self._draw_truth(*pose)
        exposure = self.settings.exposure
        if exposure.time > 0.0:
            clean = self._blur()
        else:
            clean = truth.image if truth.image is not None else self._renderer.render(*pose)
        brightness = self._exposure * self._gain
        pixels = self.settings.image_noise.corrupt(clean, brightness, self._rng)
        self._gain = exposure.adapt_gain(self._gain, pixels, 1.0 / self.settings.camera_rate)
        image = CameraImage(self._disturbed.corrupt(pixels), tick / TICK_RATE)
        arrived = self._disturbed.transmit(image)
        if arrived is not None:
            self.pending.append((tick + self._latency_ticks, arrived, truth))

    def begin_frame(self) -> None:
        """Forget what the sensors have delivered."""
        self._rows: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]] = []
        self._image: CameraImage | None = None
        self._arrived = _Truth()

    def deliver(self) -> None:
        """Let the next image on its way arrive."""
        _, self._image, self._arrived = self.pending.pop(0)

    def take_frame(self, time: float) -> SensorFrame:
        """Return what the sensors have delivered since the frame began."""
        samples = ImuSamples(_stack(self._rows, 1), _stack(self._rows, 2))
        stamps = np.array([row[0] for row in self._rows])
        truth = self._arrived
        return SensorFrame(self._image, samples, stamps, time, truth.layers, truth.privileged)

    def _draw_truth(
        self, position_world: NDArray[np.float64], rotation_world: NDArray[np.float64]
    ) -> _Truth:
        """Return what of the truth at a camera's pose the settings ask for."""
        settings, pose = self.settings, (position_world, rotation_world)
        if settings.layers:
            layers = self._renderer.render_layers(*pose)
            privileged = self._measure_privileged(layers.depth) if settings.privileged else None
            return _Truth(layers.image, layers, privileged)
        if settings.privileged:
            image, depth = self._renderer.render_depth(*pose)
            return _Truth(image, None, self._measure_privileged(depth))
        return _Truth()

    def _measure_privileged(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        sight = self.target_position - self.vehicle.read_position()
        rotation, _ = self.vehicle.read_attitude()
        yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        return measure_privileged(depth, sight, yaw, self.sees_target)

    def _blur(self) -> NDArray[np.uint8]:
        """Return the mean of what the camera sees while its shutter is open."""
        position, velocity = self.vehicle.read_position(), self.vehicle.read_velocity()
        attitude, rates = self.vehicle.read_attitude()
        camera, moments = self.settings.camera, self.settings.exposure.moments
        total = np.zeros((camera.height_px, camera.width_px, 3), dtype=np.float32)
        for moment in moments.tolist():
            body = move_pose(position, attitude, velocity, rates, moment)
            eye, rotation = self.mount.locate(*body)
            total += self._renderer.render(eye, self._disturbed.turn_camera(rotation))
        return np.asarray(total / np.float32(len(moments)) + np.float32(0.5), dtype=np.uint8)


def _stack(
    rows: Sequence[tuple[float, NDArray[np.float64], NDArray[np.float64]]], column: int
) -> NDArray[Any]:
    return np.array([row[column] for row in rows]).reshape(-1, 3)
