# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A vehicle with its sensors in a world, advanced by commands: the clock of the simulator."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import CameraImage, ImuSamples, VehicleState, VelocityCommand
from lnn_control.core.streams import stream
from sim.disturbances import (
    Disturbance,
    DisturbedEpisode,
    check_disturbances,
    join_conditions,
    sum_latency,
)
from sim.physics import PHYSICS_RATE, Physics
from sim.privileged import measure_privileged
from sim.release import release_with, return_memory
from sim.renderers import Layers, Renderer, make_renderer
from sim.sensors.exposure import Exposure, move_pose
from sim.sensors.image_noise import ImageNoise
from sim.sensors.imu import IMU_RATE, Imu, ImuParameters
from sim.sensors.mount import CameraMount
from sim.sensors.pinhole import PinholeCamera
from sim.vehicles import Vehicle, find_vehicle
from sim.worlds.world import World

# Times are counted in ticks of 1/1200 s: physics, inertial unit and camera all fall on them.
_TICK_RATE = 1200
_PHYSICS_TICKS = round(_TICK_RATE / PHYSICS_RATE)
_IMU_TICKS = round(_TICK_RATE / IMU_RATE)
_WHOLE_RATES = [rate for rate in range(1, 121) if _TICK_RATE % rate == 0]
"""Rates of a camera that are whole numbers [Hz]."""

VehicleFactory = Callable[[Physics], Vehicle]


@dataclass(frozen=True)
class SimulationSettings:
    """What the vehicle sees and feels.

    :param renderer: one of sim.renderers.RENDERERS, or 'auto'.
    :param camera_rate: images a second [Hz], a divisor of 1200.
    :param camera_latency: time from exposure to delivery [s], rounded to 1/1200 s.
    :param mount: where the camera sits; None is where the vehicle has it.
    :param camera_pitch_deg: by how much the camera looks further down than that mount says.
    :param exposure: shutter and gain of the camera.
    :param layers: whether images come with depth and segmentation.
    :param privileged: whether they come with what sim.privileged measures.
    """

    renderer: str = 'tiny'
    camera: PinholeCamera = field(default_factory=PinholeCamera)
    camera_rate: float = 20.0
    camera_latency: float = 0.03
    image_noise: ImageNoise = field(default_factory=ImageNoise)
    imu: ImuParameters = field(default_factory=ImuParameters)
    mount: CameraMount | None = None
    exposure: Exposure = field(default_factory=Exposure)
    layers: bool = False
    privileged: bool = False
    camera_pitch_deg: float = 0.0

    def __post_init__(self) -> None:
        check_number('camera_rate', self.camera_rate, 1.0, 120.0, 'Hz')
        if abs(_TICK_RATE / self.camera_rate - round(_TICK_RATE / self.camera_rate)) > 1e-6:
            below = max(rate for rate in _WHOLE_RATES if rate < self.camera_rate)
            above = min(rate for rate in _WHOLE_RATES if rate > self.camera_rate)
            raise ValueError(
                f'camera_rate must divide {_TICK_RATE} Hz, got {self.camera_rate!r}: '
                f'the nearest whole ones are {below} and {above} Hz'
            )
        check_number('camera_latency', self.camera_latency, 0.0, 1.0, 's')
        check_number('camera_pitch_deg', self.camera_pitch_deg, -90.0, 90.0, 'degrees')


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


class _Truth(NamedTuple):
    """What goes with an image on its way, see :class:`SensorFrame`, and that image, if drawn."""

    image: NDArray[np.uint8] | None = None
    layers: Layers | None = None
    privileged: NDArray[np.float32] | None = None


class Simulation:
    """A vehicle with camera and inertial unit in a world.

    Close it when done; one that is dropped closes itself. It cannot be copied.

    :param vehicle: one of sim.vehicles.VEHICLES, `module:Class`, or what makes one, such as
        `partial(Quadrotor, parameters=QuadrotorParameters(ground_effect=True))`.
    :param disturbances: what makes flights harder, in the order of its effect on images.
    :ivar mount: where the camera sits on this vehicle, its settings applied.
    :ivar hit: what the vehicle touched first since the reset: the kind of a solid, 'ground' or
        'target'; None if nothing.
    :ivar moved_target: x, y [m] and yaw [rad] of where the target was moved to since the reset;
        None if it stands where the world has it.
    :ivar is_closed: whether it can fly no more.
    """

    def __init__(
        self,
        settings: SimulationSettings | None = None,
        disturbances: Sequence[Disturbance] = (),
        vehicle: str | VehicleFactory = 'quadrotor',
    ) -> None:
        make_vehicle = find_vehicle(vehicle) if isinstance(vehicle, str) else vehicle
        self.settings = settings or SimulationSettings()
        self.disturbances = check_disturbances(disturbances)
        self._renderer = make_renderer(self.settings.renderer, self.settings.camera)
        self._physics = Physics()
        self._vehicle = make_vehicle(self._physics)
        mount = self.settings.mount or self._vehicle.camera_mount
        self.mount = mount.tilt(self.settings.camera_pitch_deg)
        self._camera_ticks = round(_TICK_RATE / self.settings.camera_rate)
        latency = self.settings.camera_latency + sum_latency(self.disturbances)
        self._latency_ticks = round(_TICK_RATE * latency)
        self._world: World | None = None
        self.moved_target: tuple[float, float, float] | None = None
        self.is_closed = False
        self._release = release_with(self, partial(_free, self._renderer, self._physics))

    def reset(self, world: World, seed: int, yaw: float = 0.0, altitude: float = 1.5) -> None:
        """Put the vehicle at the world's start, at rest, and restart the clock at 0.

        :param seed: of sensor and thrust noise, and of the disturbances.
        :param yaw: initial heading [rad]. :param altitude: initial height of the body's
            origin [m].
        :raises RuntimeError: if the simulation is closed.
        """
        self._check_open()
        self._renderer.load(world)
        self.moved_target = None
        self._physics.load(world)
        self._world = world
        self._rng = stream(seed, 'simulation')
        self._imu = Imu(self.settings.imu, self._rng)
        self._disturbed = DisturbedEpisode(self.disturbances, seed)
        self._exposure = self.settings.image_noise.draw_exposure(self._rng)
        self._tick = 0
        self._gain = self.settings.exposure.gain
        self._pending: list[tuple[int, CameraImage, _Truth]] = []
        x, y = world.layout.start
        start = VehicleState(np.array([x, y, altitude]), quaternion_from_euler(0.0, 0.0, yaw))
        self._vehicle.spawn(start, join_conditions(self.disturbances))
        self.hit: str | None = None
        self._velocity = np.zeros(3)
        self._acceleration = np.zeros(3)

    @property
    def has_collided(self) -> bool:
        """Whether the vehicle has touched anything since the reset."""
        return self.hit is not None

    @property
    def renderer_name(self) -> str:
        """Which renderer draws, also where the settings leave the choice open."""
        return self._renderer.name

    @property
    def vehicle_name(self) -> str:
        """What the vehicle is called, also one of your own: the `name` of its class."""
        return self._vehicle.name

    @property
    def vehicle(self) -> type[Vehicle]:
        """The vehicle's class, which says what sets vehicles of its kind apart."""
        return type(self._vehicle)

    @property
    def command_limits(self) -> tuple[float, float, float, float]:
        """Largest vx, vy, vz [m/s] and yaw rate [rad/s] that make sense for the vehicle."""
        return self._vehicle.command_limits

    @property
    def time(self) -> float:
        """Simulated time since the reset [s]."""
        return self._tick / _TICK_RATE

    @property
    def delivery_time(self) -> float:
        """How long to advance after a reset to get the first image [s]."""
        return max(self._latency_ticks, 1) / _TICK_RATE

    @property
    def state(self) -> VehicleState:
        """The true state of the vehicle after the last physics step, with that step's time."""
        steps = self._tick // _PHYSICS_TICKS
        return self._vehicle.read_state(steps * _PHYSICS_TICKS / _TICK_RATE)

    @property
    def camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Position [m], shape (3,), and rotation, shape (3, 3), of the camera in the world."""
        rotation, _ = self._vehicle.read_attitude()
        return self.mount.locate(self._vehicle.read_position(), rotation)

    @property
    def turned_camera_pose(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The same as images are drawn from: turned by whatever disturbs the camera's mounting."""
        position, rotation = self.camera_pose
        return position, self._disturbed.turn_camera(rotation)

    @property
    def sees_target(self) -> bool:
        """Whether the target's middle is in the image with nothing solid before it.

        Leaves and undergrowth do not count, nor what disturbances do to the image.
        """
        eye, rotation = self.camera_pose
        target = self._physics.target_position
        forward, left, up = rotation.T @ (target - eye)
        pixel = self.settings.camera.project(np.array([[-left, -up, forward]]))[0]
        camera = self.settings.camera
        is_inside = 0 <= pixel[0] < camera.width_px and 0 <= pixel[1] < camera.height_px
        return bool(is_inside) and self._physics.sees_target(eye)

    @property
    def target_position(self) -> NDArray[np.float64]:
        """The middle of the target in the world now [m], shape (3,)."""
        return self._physics.target_position

    def move_target(self, x: float, y: float, yaw: float) -> None:
        """Place the target elsewhere on the ground [m, rad]: what is drawn and what is hit."""
        self._renderer.move_target(x, y, yaw)
        self._physics.move_target(x, y)
        self.moved_target = (x, y, yaw)

    @property
    def world(self) -> World:
        """The world that is loaded.

        :raises RuntimeError: before the first reset.
        """
        if self._world is None:
            raise RuntimeError('no world is loaded: call reset(world, seed) first')
        return self._world

    def advance(self, command: VelocityCommand, duration: float) -> SensorFrame:
        """Fly a command for a duration and return what the sensors delivered.

        :param duration: [s], a multiple of 1/1200 s.
        :raises ValueError: if the duration is not positive or no such multiple.
        :raises RuntimeError: before the first reset or if the simulation is closed.
        """
        ticks = round(duration * _TICK_RATE)
        if ticks < 1 or abs(ticks - duration * _TICK_RATE) > 1e-6:
            raise ValueError(
                f'duration must be a positive multiple of 1/{_TICK_RATE} s, got {duration!r}'
            )
        self._check_open()
        _ = self.world
        rows: list[tuple[float, NDArray[np.float64], NDArray[np.float64]]] = []
        image, truth = None, _Truth()
        for _ in range(ticks):
            if self._tick % self._camera_ticks == 0:
                self._expose()
            self._tick += 1
            # At the end of its interval, so that nothing is ahead of the clock.
            if self._tick % _PHYSICS_TICKS == 0:
                self._step_physics(command)
            if self._tick % _IMU_TICKS == 0:
                rows.append((self.time, *self._measure()))
            if self._pending and self._pending[0][0] <= self._tick:
                _, image, truth = self._pending.pop(0)
        samples = ImuSamples(
            np.array([row[1] for row in rows]).reshape(-1, 3),
            np.array([row[2] for row in rows]).reshape(-1, 3),
        )
        stamps = np.array([row[0] for row in rows])
        return SensorFrame(image, samples, stamps, self.time, truth.layers, truth.privileged)

    def _step_physics(self, command: VelocityCommand) -> None:
        wind_world = self._disturbed.blow(1.0 / PHYSICS_RATE)
        self._vehicle.push(command, self._rng, wind_world)
        self._physics.step()
        velocity = self._vehicle.read_velocity()
        self._acceleration = (velocity - self._velocity) * PHYSICS_RATE
        self._velocity = velocity
        if self.hit is None and self._physics.has_contact(self._vehicle.body):
            self.hit = self._physics.name_contact(self._vehicle.body)

    def _measure(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        # Not the whole state: ten times an image that costs as much as drawing it.
        rotation, rates = self._vehicle.read_attitude()
        return self._imu.measure(rotation, rates, self._acceleration)

    def _expose(self) -> None:
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
        image = CameraImage(self._disturbed.corrupt(pixels), self.time)
        arrived = self._disturbed.transmit(image)
        if arrived is not None:
            self._pending.append((self._tick + self._latency_ticks, arrived, truth))

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
        sight = self.target_position - self._vehicle.read_position()
        rotation, _ = self._vehicle.read_attitude()
        yaw = float(np.arctan2(rotation[1, 0], rotation[0, 0]))
        return measure_privileged(depth, sight, yaw, self.sees_target)

    def _blur(self) -> NDArray[np.uint8]:
        """Return the mean of what the camera sees while its shutter is open."""
        position, velocity = self._vehicle.read_position(), self._vehicle.read_velocity()
        attitude, rates = self._vehicle.read_attitude()
        camera, moments = self.settings.camera, self.settings.exposure.moments
        total = np.zeros((camera.height_px, camera.width_px, 3), dtype=np.float32)
        for moment in moments.tolist():
            body = move_pose(position, attitude, velocity, rates, moment)
            eye, rotation = self.mount.locate(*body)
            total += self._renderer.render(eye, self._disturbed.turn_camera(rotation))
        return np.asarray(total / np.float32(len(moments)) + np.float32(0.5), dtype=np.uint8)

    def _check_open(self) -> None:
        if self.is_closed:
            raise RuntimeError('the simulation is closed: make a new one')

    def __reduce__(self) -> NoReturn:
        raise TypeError('a simulation cannot be copied: make a new one by the same arguments')

    def close(self) -> None:
        """Free renderer and physics. Closing twice is allowed."""
        self.is_closed = True
        self._release()


def _free(renderer: Renderer, physics: Physics) -> None:
    renderer.close()
    physics.close()
    return_memory()
