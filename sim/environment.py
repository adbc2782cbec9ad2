# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Gymnasium environments over a task: sensors out, velocity command in."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import asdict
from typing import Any

import gymnasium
import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY, yaw_from_quaternion
from lnn_control.core.messages import VehicleState, VelocityCommand
from lnn_control.core.observation import ImuBuffer
from sim.disturbances import Disturbance
from sim.episode_options import change_task
from sim.experts.expert import Expert
from sim.observation import (
    IMU_LIMITS,
    LONGEST_GAP,
    make_observation_space,
    resample,
    spread_stamps,
)
from sim.obstacles import Obstacles
from sim.physics import GROUND
from sim.sensors.imu import IMU_RATE
from sim.simulation import SensorFrame, Simulation, SimulationSettings, VehicleFactory
from sim.tasks import Task, make_task
from sim.tasks.task import FAILURES, Outcome, Situation, has_tipped
from sim.window import Window, has_display

RENDER_MODES = ['rgb_array', 'human']


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
    image: :func:`resample` keeps their mean and spread, which is what a policy is given. So it
    does for a camera between whose images there is no whole number of samples. An episode that
    ends while an image is awaited gives its last observation again.

    The reward is the sum of the task's terms, named in `info['reward_terms']`. An episode
    terminates with success or failure and truncates at the time limit.

    `info` holds privileged truth for experts and metrics: position, velocity, heading, distance
    to the target, where that is, whether it is in sight, clearance (vehicle's middle to the
    nearest obstacle), outcome, what was hit if that was a collision, the task's own metrics in
    `info['metrics']`. That of `reset` also holds `shortest_path` [m], whether the task
    `seeks_target`, and `setup`: names of task and vehicle, horizontal field of view and
    pitch of the camera [degrees, positive looks down], its rate [Hz] and latency [s], as plain
    values; `usual_command` and, as a dict, `safety_limits` of the vehicle.
    When the observation was made, in seconds since the episode began, say `image_stamp` and
    `imu_stamps`, shape (10,), one for each row of `imu`. With the setting `privileged` there is
    also `privileged`: what sim.privileged measures at that image's stamp, float32 (20,).

    A copy, also by pickle, has a world, generators and a renderer of its own: it is made by the
    same arguments and repeats the episode up to where the original is, which takes as long as
    flying it did. An environment that is dropped closes itself.

    :param task: a task, or the name of one in sim.tasks.TASKS.
    :param render_mode: None; 'rgb_array', which gives the camera's latest image; or 'human', which
        shows all of them in a window, at the camera's rate.
    :param settings: camera, inertial unit and renderer.
    :param disturbances: what makes it harder, see sim.disturbances; none by default.
    :param vehicle: what makes a vehicle of your own; the task's by default.
    :param options: fields of a task given by its name, such as `world` and `season`.
    :raises ValueError: if there is no such task, option, world or season.
    :raises OSError: if a window is asked for where there is no display.
    :ivar episode_task: of this episode: `task`, changed by the options of `reset`.
    :ivar trial: of this episode. :ivar target_pose: where the target is, None where it was built.
    """

    metadata = {'render_modes': RENDER_MODES, 'render_fps': 20}

    def __init__(
        self,
        task: Task | str = 'fly_to_target',
        render_mode: str | None = None,
        settings: SimulationSettings | None = None,
        disturbances: Sequence[Disturbance] = (),
        vehicle: VehicleFactory | None = None,
        **options: Any,
    ) -> None:
        if render_mode not in (None, *RENDER_MODES):
            raise ValueError(
                f"render_mode must be None, 'rgb_array' or 'human', got {render_mode!r}; "
                "gymnasium.make also gives 'rgb_array_list'"
            )
        if isinstance(task, Task) and options:
            raise ValueError(f'give {sorted(options)} to the task, it is made already')
        self.render_mode = render_mode
        self.task = task if isinstance(task, Task) else make_task(task, **options)
        self.episode_task = self.task
        settings = settings or SimulationSettings()
        rate = settings.camera_rate
        self.metadata = {'render_modes': _list_render_modes(), 'render_fps': rate}
        # The window first: where there is none, nothing else is opened.
        self._window = Window(self.task.name, rate) if render_mode == 'human' else None
        self.simulation = Simulation(settings, disturbances, vehicle or self.task.vehicle)
        # What a copy is made by.
        self._arguments = {
            'task': self.task,
            'render_mode': render_mode,
            'settings': settings,
            'disturbances': self.simulation.disturbances,
            'vehicle': vehicle,
        }
        self._period = 1.0 / rate
        self._num_imu = round(IMU_RATE * self._period)
        self._limits = np.array(self.simulation.command_limits, dtype=np.float32)
        self.action_space = spaces.Box(-self._limits, self._limits, dtype=np.float32)
        # Gymnasium declares Dict as a space of dicts of spaces, not of what they hold.
        self.observation_space = make_observation_space(  # type: ignore[assignment]
            settings, self._num_imu
        )
        # Of the episode.
        self._progress: Any = None
        self._expert: Expert | None = None
        self._image: NDArray[np.uint8] | None = None
        self._commands: list[VelocityCommand] = []
        self._observed: dict[str, Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        episode = None
        if self._progress is not None and not self.simulation.is_closed:
            episode = (self.trial.seed, self.episode_task, tuple(self._commands))
        # Copied here, so that also a shallow copy draws from generators of its own.
        state = {
            'spec': self.spec,
            'action_space': deepcopy(self.action_space),
            '_np_random': deepcopy(self._np_random),
            '_np_random_seed': self._np_random_seed,
        }
        return _make_again, (type(self), self._arguments, episode), state

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Build the world of a seed and return what the vehicle sees first.

        :param seed: of world, start and noise. None draws one from the environment's generator.
        :param options: fields of the task that differ in this episode, such as `world`, `season`
            and `min_distance`; the next one is the environment's own again.
        :raises ValueError: if the task has no such field or its value is out of range.
        :raises RuntimeError: if the environment is closed.
        """
        self._check_open()
        task = change_task(self.task, options or {})
        super().reset(seed=seed)
        episode_seed = seed if seed is not None else int(self.np_random.integers(2**31))
        self._begin(episode_seed, task)
        shortest = self.expert.shortest_path(self.simulation.state.position_world)
        vehicle = self.simulation.vehicle
        extra = {
            'shortest_path': shortest,
            'seeks_target': task.seeks_target,
            'setup': self._describe_setup(),
            'usual_command': np.array(vehicle.usual_command),
            'safety_limits': asdict(vehicle.safety_limits),
        }
        self._show()
        return self._observation, self._describe({}) | extra

    def _begin(self, seed: int, task: Task) -> None:
        """Start the episode of a seed and see its first image."""
        self.trial = task.sample(seed)
        self.episode_task, self._commands = task, []
        self._obstacles = Obstacles(self.trial.world, *self.trial.band)
        self._expert = None
        self.simulation.reset(self.trial.world, seed, self.trial.yaw, self.trial.altitude)
        self._buffer = ImuBuffer(capacity=round(IMU_RATE * (LONGEST_GAP + 2.0)))
        self._stamp = -self._period
        self._progress = task.begin(self.trial, self.simulation.state)
        self._place_target()
        frame = self.simulation.advance(VelocityCommand(), self.simulation.delivery_time)
        self._keep_imu(frame)
        self._observation = self._observe(frame)  # the first image always arrives

    def step(
        self, action: NDArray[np.float32]
    ) -> tuple[dict[str, NDArray[Any]], float, bool, bool, dict[str, Any]]:
        """Hold an action until the next image.

        :raises ValueError: if the action has another shape or is not finite.
        :raises RuntimeError: before the first reset, if the episode is over, or if the
            environment is closed.
        """
        self._check_open()
        if self._progress is None:
            raise RuntimeError('no episode has begun: call reset() before step()')
        if self._progress.outcome is not None:
            raise RuntimeError('the episode is over: call reset() before step()')
        values = np.asarray(action, dtype=np.float64)
        if values.shape != (4,) or not np.isfinite(values).all():
            raise ValueError(
                f'action must be 4 finite numbers (vx, vy, vz, yaw_rate), got {action!r}'
            )
        before = self._progress
        clipped = np.clip(values, -self._limits, self._limits)
        self._fly(VelocityCommand.from_array(clipped))
        self._show()
        terms = self.episode_task.reward(before, self._progress)
        outcome = self._progress.outcome
        terminated = outcome is Outcome.SUCCESS or outcome in FAILURES
        truncated = outcome is Outcome.TIME_LIMIT
        reward = float(sum(terms.values()))
        return self._observation, reward, terminated, truncated, self._describe(terms)

    def _fly(self, command: VelocityCommand) -> None:
        """Hold a command until the next image and observe it."""
        self._commands.append(command)
        frame = self._move(command)
        if frame.image is not None:
            self._observation = self._observe(frame)
        else:
            self._observation = {key: value.copy() for key, value in self._observation.items()}

    def _move(self, command: VelocityCommand) -> SensorFrame:
        """Hold a command until an image arrives; return it, or the end of the episode."""
        while True:
            frame = self.simulation.advance(command, self._period)
            self._keep_imu(frame)
            self._progress = self.episode_task.judge(self.trial, self._progress, self._look())
            self._place_target()
            if frame.image is not None or self._progress.outcome is not None:
                return frame

    def expert_command(self) -> NDArray[np.float32]:
        """Return what the privileged expert would command now, shape (4,)."""
        return self.expert(self.simulation.state, self._progress).to_array()

    @property
    def expert(self) -> Expert:
        """The privileged expert of this episode, planned when first asked for."""
        self._check_open()
        if self._expert is None:
            _ = self.simulation.world  # an error before the first reset
            self._expert = self.episode_task.make_expert(self.trial)
        return self._expert

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return the latest camera image if the render mode is 'rgb_array'.

        :raises RuntimeError: before the first reset or if the environment is closed.
        """
        self._check_open()
        if self.render_mode != 'rgb_array':
            return None
        if self._image is None:
            raise RuntimeError('there is no image yet: call reset() before render()')
        return self._image.copy()

    def close(self) -> None:
        """Free renderer, physics and window. Closing twice is allowed."""
        if self._window is not None:
            self._window.close()
        self.simulation.close()

    def _check_open(self) -> None:
        if self.simulation.is_closed:
            raise RuntimeError('the environment is closed: make a new one')

    def _show(self) -> None:
        if self._window is not None and self._image is not None:
            self._window.show(self._image)

    def _look(self) -> Situation:
        simulation = self.simulation
        return Situation(simulation.state, simulation.has_collided, simulation.sees_target)

    def _place_target(self) -> None:
        self.target_pose = pose = self.episode_task.place_target(self.trial, self._progress)
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
        elapsed_time = image.stamp - self._stamp
        imu, imu_stamps = self._take_imu(image.stamp)
        self._stamp = image.stamp
        self._observed = {'image_stamp': image.stamp, 'imu_stamps': imu_stamps}
        if frame.privileged is not None:
            self._observed['privileged'] = frame.privileged
        self._image = image.pixels
        observation: dict[str, NDArray[Any]] = {
            'image': image.pixels,
            'imu': np.clip(imu, -IMU_LIMITS, IMU_LIMITS),
            'elapsed_time': np.array([elapsed_time], dtype=np.float32),
        }
        if layers is not None:
            observation |= {'depth': layers.depth, 'segmentation': layers.labels}
        return observation

    def _take_imu(self, until: float) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return as many inertial rows as an observation has, and a stamp [s] for each."""
        samples = self._buffer.take(until)
        rows = np.concatenate([samples.angular_velocity, samples.linear_acceleration], axis=1)
        if not len(rows):
            # The time before the start, at rest.
            rest = np.zeros((self._num_imu, 6), dtype=np.float32)
            rest[:, 5] = GRAVITY
            return rest, until - np.arange(self._num_imu)[::-1] / IMU_RATE
        if len(rows) == self._num_imu:
            return rows, samples.stamps
        # Images were dropped, or their rate does not divide that of the samples.
        return resample(rows, self._num_imu), spread_stamps(samples.stamps, self._num_imu)

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
            'target_position': self.simulation.target_position.copy(),
            'sees_target': self.simulation.sees_target,
            'clearance': float(self._obstacles.distance(state.position_world[None, :2])[0]),
            'outcome': outcome.value if outcome is not None else None,
            'hit': self._name_hit(state) if outcome is Outcome.COLLISION else None,
            'is_success': outcome is Outcome.SUCCESS,
            'reward_terms': terms,
            'metrics': self.episode_task.measure(self.trial, self._progress),
            **self._observed,
        }

    def _name_hit(self, state: VehicleState) -> str | None:
        """Return what was hit: whoever tips over comes to lie on the ground."""
        return self.simulation.hit or (GROUND if has_tipped(state) else None)

    def _describe_setup(self) -> dict[str, str | float]:
        simulation, settings = self.simulation, self.simulation.settings
        return {
            'task': self.task.name,
            'vehicle': simulation.vehicle_name,
            'camera_fov_deg': float(settings.camera.horizontal_fov_deg),
            'camera_pitch_deg': float(np.degrees(simulation.mount.pitch)),
            'camera_rate': float(settings.camera_rate),
            'camera_latency': float(settings.camera_latency),
        }


def _list_render_modes() -> list[str]:
    """Return the render modes that work here, which others may try one by one."""
    return [mode for mode in RENDER_MODES if mode != 'human' or has_display()]


def _make_again(
    kind: type[TaskEnv],
    arguments: dict[str, Any],
    episode: tuple[int, Task, tuple[VelocityCommand, ...]] | None,
) -> TaskEnv:
    """Return an environment by its arguments that has repeated an episode up to now.

    :param episode: its seed, task and commands, None before the first one and once closed.
    """
    env = kind(**arguments)
    if episode is not None:
        seed, task, commands = episode
        env._begin(seed, task)
        for command in commands:
            env._fly(command)
    return env
