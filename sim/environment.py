# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Gymnasium environments over a task: sensors out, velocity command in."""

from collections.abc import Sequence
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY, yaw_from_quaternion
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.observation import ImuBuffer
from sim.disturbances import Disturbance
from sim.experts.expert import Expert
from sim.obstacles import Obstacles
from sim.renderers import Label
from sim.sensors.imu import IMU_RATE
from sim.simulation import SensorFrame, Simulation, SimulationSettings, VehicleFactory
from sim.tasks import Task, make_task
from sim.tasks.task import FAILURES, Outcome, Situation

IMU_LIMITS = np.array([35.0, 35.0, 35.0, 160.0, 160.0, 160.0], dtype=np.float32)
"""Measuring range: 2000 deg/s and 16 g."""

LONGEST_GAP = 10.0
"""Longest time between two images that an observation can tell of [s]."""


class TaskEnv(gymnasium.Env[dict[str, NDArray[Any]], NDArray[np.float32]]):
    """A vehicle with camera and IMU has a task to do. The task's docstring is its data sheet.

    Action: body velocity forward, left, up [m/s] and yaw rate [rad/s], float32 of shape (4,),
    clipped to the vehicle's `command_limits`; +-(3, 3, 1, 1.5) of the quadrotor. NaN is an error.

    Observation: `image`, the latest camera image, uint8 RGB (72, 128, 3); `imu`, the inertial
    samples of its exposure interval, oldest first, float32 (10, 6): body rates [rad/s], specific
    force [m/s^2]; `elapsed_time`, seconds since the previous image, float32 (1,). With the setting
    `layers` also `depth` along the optical axis, float32 (72, 128) [m], inf for the sky, and
    `segmentation`, uint8 (72, 128), whose classes are those of sim.renderers.Label: both as true
    at the image's stamp, whatever disturbs the image.

    A step lasts until the next image arrives. Where images are dropped it is longer: the action
    is held, `elapsed_time` tells how long, and `imu` stands for all samples since the previous
    image: :func:`resample` keeps their mean and spread, which is what a policy is given. An
    episode that ends while an image is awaited gives its last observation again.

    The reward is the sum of the task's terms, named in `info['reward_terms']`. An episode
    terminates with success or failure and truncates at the time limit.

    `info` holds privileged truth for experts and metrics: position, velocity, heading, distance
    to the target, whether it is in sight, clearance (vehicle's middle to the nearest obstacle),
    outcome, the task's own metrics in `info['metrics']`.

    :param task: a task, or the name of one in sim.tasks.TASKS.
    :param render_mode: None or 'rgb_array', which gives the camera's latest image.
    :param settings: camera, inertial unit and renderer.
    :param disturbances: what makes it harder, see sim.disturbances; none by default.
    :param vehicle: what makes a vehicle of your own; the task's by default.
    :param options: fields of a task given by its name, such as `world` and `season`.
    :raises ValueError: if there is no such task, option, world or season.
    :ivar trial: of this episode. :ivar target_pose: where the target is, None where it was built.
    """

    metadata = {'render_modes': ['rgb_array'], 'render_fps': 20}

    def __init__(
        self,
        task: Task | str = 'fly_to_target',
        render_mode: str | None = None,
        settings: SimulationSettings | None = None,
        disturbances: Sequence[Disturbance] = (),
        vehicle: VehicleFactory | None = None,
        **options: Any,
    ) -> None:
        if render_mode not in (None, 'rgb_array'):
            raise ValueError(f"render_mode must be None or 'rgb_array', got {render_mode!r}")
        if isinstance(task, Task) and options:
            raise ValueError(f'give {sorted(options)} to the task, it is made already')
        self.render_mode = render_mode
        self.task = task if isinstance(task, Task) else make_task(task, **options)
        self.simulation = Simulation(settings, disturbances, vehicle or self.task.vehicle)
        settings = self.simulation.settings
        self._period = 1.0 / settings.camera_rate
        self._num_imu = round(IMU_RATE * self._period)
        camera = settings.camera
        limits = np.array(self.simulation.command_limits, dtype=np.float32)
        self._limits = limits
        self.action_space = spaces.Box(-limits, limits, dtype=np.float32)
        imu_high = np.tile(IMU_LIMITS, (self._num_imu, 1))
        size = (camera.height_px, camera.width_px)
        parts: dict[str, spaces.Space[Any]] = {
            'image': spaces.Box(0, 255, (*size, 3), np.uint8),
            'imu': spaces.Box(-imu_high, imu_high, dtype=np.float32),
            'elapsed_time': spaces.Box(0.0, LONGEST_GAP, (1,), np.float32),
        }
        if settings.layers:
            parts['depth'] = spaces.Box(0.0, np.inf, size, np.float32)
            parts['segmentation'] = spaces.Box(0, max(Label), size, np.uint8)
        # Gymnasium declares Dict as a space of dicts of spaces, not of what they hold.
        self.observation_space = spaces.Dict(parts)  # type: ignore[assignment]
        self._progress: Any = None
        self._expert: Expert | None = None
        self._image: NDArray[np.uint8] | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Build the world of a seed and return what the vehicle sees first.

        :param seed: of world, start and noise. None draws one from the environment's generator.
        """
        super().reset(seed=seed)
        episode_seed = seed if seed is not None else int(self.np_random.integers(2**31))
        self.trial = self.task.sample(episode_seed)
        self._obstacles = Obstacles(self.trial.world, *self.trial.band)
        self._expert = None
        self.simulation.reset(self.trial.world, episode_seed, self.trial.yaw, self.trial.altitude)
        self._buffer = ImuBuffer(capacity=round(IMU_RATE * (LONGEST_GAP + 2.0)))
        self._stamp = -self._period
        self._progress = self.task.begin(self.trial, self.simulation.state)
        self._place_target()
        frame = self.simulation.advance(VelocityCommand(), self.simulation.delivery_time)
        self._keep_imu(frame)
        self._observation = self._observe(frame)  # the first image always arrives
        shortest = self.expert.shortest_path(self.simulation.state.position_world)
        return self._observation, self._describe({}) | {'shortest_path': shortest}

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Hold an action until the next image.

        :raises ValueError: if the action has another shape or is not finite.
        :raises RuntimeError: if the episode is over.
        """
        if self._progress is None or self._progress.outcome is not None:
            raise RuntimeError('the episode is over: call reset() before step()')
        values = np.asarray(action, dtype=np.float64)
        if values.shape != (4,) or not np.isfinite(values).all():
            raise ValueError(
                f'action must be 4 finite numbers (vx, vy, vz, yaw_rate), got {action!r}'
            )
        before = self._progress
        clipped = np.clip(values, -self._limits, self._limits)
        frame = self._move(VelocityCommand.from_array(clipped))
        terms = self.task.reward(before, self._progress)
        outcome = self._progress.outcome
        terminated = outcome is Outcome.SUCCESS or outcome in FAILURES
        truncated = outcome is Outcome.TIME_LIMIT
        reward = float(sum(terms.values()))
        if frame.image is not None:
            self._observation = self._observe(frame)
        else:
            self._observation = {key: value.copy() for key, value in self._observation.items()}
        return self._observation, reward, terminated, truncated, self._describe(terms)

    def _move(self, command: VelocityCommand) -> SensorFrame:
        """Hold a command until an image arrives; return it, or the end of the episode."""
        while True:
            frame = self.simulation.advance(command, self._period)
            self._keep_imu(frame)
            self._progress = self.task.judge(self.trial, self._progress, self._look())
            self._place_target()
            if frame.image is not None or self._progress.outcome is not None:
                return frame

    def expert_command(self) -> NDArray[np.float32]:
        """Return what the privileged expert would command now, shape (4,)."""
        return self.expert(self.simulation.state, self._progress).to_array()

    @property
    def expert(self) -> Expert:
        """The privileged expert of this episode, planned when first asked for."""
        if self._expert is None:
            _ = self.simulation.world  # an error before the first reset
            self._expert = self.task.make_expert(self.trial)
        return self._expert

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return the latest camera image if the render mode is 'rgb_array'.

        :raises RuntimeError: before the first reset.
        """
        if self.render_mode is None:
            return None
        if self._image is None:
            raise RuntimeError('there is no image yet: call reset() before render()')
        return self._image.copy()

    def close(self) -> None:
        """Free renderer and physics."""
        self.simulation.close()

    def _look(self) -> Situation:
        simulation = self.simulation
        return Situation(simulation.state, simulation.has_collided, simulation.sees_target)

    def _place_target(self) -> None:
        self.target_pose = pose = self.task.place_target(self.trial, self._progress)
        if pose is not None:
            self.simulation.move_target(pose.x, pose.y, pose.yaw)

    def _keep_imu(self, frame: SensorFrame) -> None:
        for stamp, rates, force in zip(
            frame.imu_stamps,
            frame.imu.angular_velocity,
            frame.imu.linear_acceleration,
            strict=True,
        ):
            self._buffer.add(float(stamp), rates, force)

    def _observe(self, frame: SensorFrame) -> dict[str, NDArray[Any]]:
        image, layers = frame.image, frame.layers
        assert image is not None
        samples = self._buffer.take(image.stamp)
        elapsed_time = image.stamp - self._stamp
        imu = np.zeros((self._num_imu, 6), dtype=np.float32)
        imu[:, 5] = GRAVITY
        rows = np.concatenate([samples.angular_velocity, samples.linear_acceleration], axis=1)
        if elapsed_time > 1.5 * self._period:
            imu[:] = resample(rows, self._num_imu)
        elif len(rows):
            imu[-len(rows) :] = rows[-self._num_imu :]
        self._stamp = image.stamp
        self._image = image.pixels
        observation: dict[str, NDArray[Any]] = {
            'image': image.pixels,
            'imu': np.clip(imu, -IMU_LIMITS, IMU_LIMITS),
            'elapsed_time': np.array([elapsed_time], dtype=np.float32),
        }
        if layers is not None:
            observation |= {'depth': layers.depth, 'segmentation': layers.labels}
        return observation

    def _describe(self, terms: dict[str, float]) -> dict[str, Any]:
        state = self.simulation.state
        outcome = self._progress.outcome
        return {
            'seed': self.trial.seed,
            'time': state.stamp,
            'position': state.position_world,
            'velocity': state.velocity_world,
            'yaw': yaw_from_quaternion(state.orientation_world),
            'distance_to_target': self._progress.distance,
            'sees_target': self.simulation.sees_target,
            'clearance': float(self._obstacles.distance(state.position_world[None, :2])[0]),
            'outcome': outcome.value if outcome is not None else None,
            'is_success': outcome is Outcome.SUCCESS,
            'reward_terms': terms,
            'metrics': self.task.measure(self.trial, self._progress),
        }


def resample(rows: NDArray[np.float32], num_rows: int) -> NDArray[np.float32]:
    """Return fewer rows with the same mean and standard deviation in every column.

    Evenly spaced rows are taken, shifted and scaled. A policy is given the mean and the standard
    deviation of the time since its last image: with the last rows alone it would not learn how far
    the vehicle turned meanwhile, and means of groups would hide how much it shook.

    :param rows: oldest first, shape (n, m) with n at least num_rows. :return: (num_rows, m).
    """
    wide = np.asarray(rows, dtype=np.float64)
    picked = wide[np.linspace(0, len(wide) - 1, num_rows).round().astype(int)]
    centred = picked - picked.mean(axis=0)
    spread = centred.std(axis=0)
    scale = np.divide(wide.std(axis=0), spread, out=np.zeros_like(spread), where=spread > 0)
    return np.asarray(wide.mean(axis=0) + centred * scale, dtype=np.float32)
