# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The simulator as a ROS 2 vehicle: publishes its sensors, flies cmd_vel, judges trials.

A trial waits, hovering, until the first command that moves the vehicle. When it is over the
vehicle brakes; the next one follows by itself or by the service ~/reset.
"""

import math
import sys
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter
from rclpy.publisher import Publisher
from rosgraph_msgs.msg import Clock as ClockMessage
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.ros_messages import FLYING
from lnn_control.core.safety import ZERO
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    Source,
    make_camera_info,
    make_diagnostics,
    make_imu,
    make_odometry,
    make_position,
    read_twist,
    seconds_from_stamp,
    stamp_from_seconds,
)
from lnn_control.nodes.graph_checks import describe_publishers
from lnn_control.nodes.parameters import (
    Parameter,
    Value,
    answer_changes,
    declare_parameters,
)
from lnn_control.nodes.process import run_node
from lnn_control.nodes.transforms import Transforms, place_sensors
from sim.camera_choice import choose_camera
from sim.simulation import SensorFrame, Simulation, SimulationSettings
from sim.tasks import TASKS, make_task
from sim.tasks.options import parse_options
from sim.tasks.task import Situation, TargetPose, Trial

PARAMETERS = (
    Parameter('task', 'fly_to_target', 'what is asked; it brings the vehicle'),
    Parameter('task_option', '', 'fields of the task, such as "density=2 hold=3"'),
    Parameter('world', '', "of the trials; the task's first one if empty", is_fixed=False),
    Parameter('season', 'summer', 'summer, autumn, winter, ...', is_fixed=False),
    Parameter('seed', 2_000_000, 'of world, start and noise', 0, 2**31 - 1, is_fixed=False),
    Parameter('camera_fov_deg', 100.0, 'field of view across the image [deg]', 10.0, 170.0),
    Parameter('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]', -90.0, 90.0),
    Parameter('camera_rate', 20.0, 'images a second [Hz], a divisor of 1200', 1.0, 120.0),
    Parameter('renderer', 'tiny', 'what draws the camera image'),
    Parameter(
        'real_time_factor',
        1.0,
        'simulated seconds a second at most; a busy machine runs slower, nothing is skipped',
        0.01,
        100.0,
    ),
    Parameter('auto_reset', True, 'start the next seed when a trial is over'),
    Parameter('stamped', True, 'take cmd_vel as TwistStamped (true) or as Twist (false)'),
    Parameter('publish_tf', True, 'tell tf where camera, IMU and vehicle are'),
    Parameter('command_timeout', 0.25, 'a cmd_vel older than this counts as zero [s]', 0.05, 10.0),
)

_STEP = 0.01
_ODOMETRY_PERIOD = 0.02
# Longer than the gap that makes a policy start afresh.
_PAUSE_BETWEEN_TRIALS = 2.0
_WAITING, _FLYING = 'waiting', FLYING


@dataclass(frozen=True)
class ReceivedCommand:
    """The last command and when it came [s, simulated]."""

    command: VelocityCommand = ZERO
    time: float = -math.inf


class SimNode(Node):
    """Shell around :class:`sim.simulation.Simulation` and the task."""

    def __init__(self) -> None:
        super().__init__('sim_node')
        self._settings = declare_parameters(self, PARAMETERS)
        settings = choose_camera(
            SimulationSettings(renderer=self._settings.renderer),
            fov_deg=self._settings.camera_fov_deg,
            pitch_deg=self._settings.camera_pitch_deg,
            rate=self._settings.camera_rate,
        )
        self._kind = TASKS.find(self._settings.task)
        self._options = parse_options(self._kind, self._settings.task_option.split())
        self._simulation = Simulation(settings, vehicle=self._kind.vehicle)
        self._images = ImageEncoder()
        self._outputs = {topic.name: self._open(topic) for topic in _PUBLISHED}
        self._transforms = self._open_transforms() if self._settings.publish_tf else None
        self._offset = 1.0  # time 0 means 'no time yet' to ROS
        self._published_at: dict[int, float] = {}
        self._latencies: deque[float] = deque(maxlen=2000)
        self._steps: deque[float] = deque(maxlen=200)
        self._start_trial()
        answer_changes(self, self._check_changes)
        self._told_graph: tuple[str, ...] = ()
        command = topics.choose_command_topic(self._settings.stamped)
        self.create_subscription(command.type, command.name, self._receive, command.qos)
        self.create_service(Trigger, '~/reset', self._reset)
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self.create_timer(_STEP / self._settings.real_time_factor, self._advance, clock=steady)
        self.create_timer(1.0, self._diagnose, clock=steady)

    def finish(self) -> None:
        """Free the simulator."""
        self._simulation.close()

    @property
    def _time(self) -> float:
        """Simulated time as published: goes on over all trials [s]."""
        return self._offset + self._simulation.time

    def _open(self, topic: topics.Topic) -> Publisher:
        return self.create_publisher(topic.type, topic.name, topic.qos)

    def _open_transforms(self) -> Transforms | None:
        """Return what tells tf; the sensors' places are told at once.

        tf moves nothing: without its messages the simulator flies, and says that it is without.
        """
        try:
            transforms = Transforms(self)
        except ImportError as error:
            self.get_logger().info(f'no tf: {error}')
            return None
        mount = self._simulation.mount
        turned = quaternion_from_euler(mount.roll, mount.pitch, mount.yaw)
        transforms.tell_sensors(place_sensors(mount.position, turned.tolist()), 0.0)
        return transforms

    def _publish(self, topic: topics.Topic, message: Any) -> None:
        self._outputs[topic.name].publish(message)

    def _start_trial(self) -> None:
        """Build the world that the parameters name.

        :raises ValueError: if there is no such world or season; the trial before goes on.
        """
        world, season, seed = (
            self.get_parameter(name).value for name in ('world', 'season', 'seed')
        )
        self._task = make_task(
            self._settings.task,
            world=world or self._kind.worlds[0],
            season=season,
            **self._options,
        )
        trial = self._task.sample(seed)
        if hasattr(self, '_trial'):
            self._offset = self._time + _PAUSE_BETWEEN_TRIALS
        self._trial: Trial = trial
        self._simulation.reset(trial.world, seed, trial.yaw, trial.altitude)
        self._received = ReceivedCommand()
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._progress = self._task.begin(trial, self._simulation.state)
        self._published_at.clear()
        self.get_logger().info(
            f'trial {seed}: {season} {self._task.world}, target at {self._progress.distance:.1f} m'
        )
        self._target_pose: TargetPose | None = None
        self._publish_target()
        self._place_target()
        self._publish(topics.COLLISION, Bool(data=False))
        self._publish(topics.TRIAL_STATE, String(data=_WAITING))

    def _check_changes(self, changes: dict[str, Value]) -> None:
        """Refuse a world or season that there is not when it is set, not at the next reset.

        :raises ValueError: if the task cannot be built so.
        """
        names = ('world', 'season')
        wanted = {name: changes.get(name, self.get_parameter(name).value) for name in names}
        wanted['world'] = wanted['world'] or self._kind.worlds[0]
        make_task(self._settings.task, **wanted, **self._options)

    def _place_target(self) -> None:
        """Move the target to where the task wants it now, and tell."""
        pose = self._task.place_target(self._trial, self._progress)
        if pose is not None and pose != self._target_pose:
            self._simulation.move_target(pose.x, pose.y, pose.yaw)
            self._target_pose = pose
            self._publish_target()

    def _publish_target(self) -> None:
        position = self._simulation.target_position
        self._publish(topics.TARGET_POSE, make_position(position, self._time))

    def _reset(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        try:
            self._start_trial()
            response.success, response.message = True, f'trial {self._trial.seed}'
        except ValueError as error:
            response.success, response.message = False, str(error)
        return response

    def _receive(self, message: Twist | TwistStamped) -> None:
        values = read_twist(message)
        if not all(map(math.isfinite, values)):
            self.get_logger().error('cmd_vel is not finite: braking')
            values = (0.0, 0.0, 0.0, 0.0)
        if isinstance(message, TwistStamped):
            if 0.0 < seconds_from_stamp(message.header.stamp) < self._offset:
                return  # an answer to the trial before
            self._measure_latency(message)
        self._received = ReceivedCommand(VelocityCommand(*values), self._simulation.time)
        if self._started_at is None and any(values):
            self._started_at = self._simulation.time
            self._progress = self._task.begin(self._trial, self._simulation.state)
            self._publish(topics.TRIAL_STATE, String(data=_FLYING))

    def _measure_latency(self, message: TwistStamped) -> None:
        """Note how long after its image a command came back, the first time it does."""
        stamp = message.header.stamp
        published_at = self._published_at.pop(stamp.sec * 10**9 + stamp.nanosec, None)
        if published_at is not None:
            self._latencies.append(time.monotonic() - published_at)

    def _choose_command(self) -> VelocityCommand:
        """Return the last command, zero once it is old or the trial over."""
        age = self._simulation.time - self._received.time
        is_fresh = age <= self._settings.command_timeout
        return self._received.command if is_fresh and self._ended_at is None else VelocityCommand()

    def _advance(self) -> None:
        """Fly one step and publish what the sensors delivered."""
        frame = self._simulation.advance(self._choose_command(), _STEP)
        self._publish(topics.CLOCK, ClockMessage(clock=stamp_from_seconds(self._time)))
        self._publish_imu(frame)
        if frame.image is not None:
            self._publish_image(frame)
        if round(self._simulation.time / _STEP) % round(_ODOMETRY_PERIOD / _STEP) == 0:
            state = self._simulation.state
            self._publish(topics.ODOMETRY, make_odometry(state, self._time))
            if self._transforms is not None:
                self._transforms.tell_vehicle(state, self._time)
        self._judge()
        self._steps.append(time.monotonic())

    def _publish_imu(self, frame: SensorFrame) -> None:
        rows = zip(
            frame.imu_stamps,
            frame.imu.angular_velocity,
            frame.imu.linear_acceleration,
            strict=True,
        )
        for stamp, rates, force in rows:
            self._publish(topics.IMU, make_imu(rates, force, self._offset + float(stamp)))

    def _publish_image(self, frame: SensorFrame) -> None:
        assert frame.image is not None
        stamp = self._offset + frame.image.stamp
        message = self._images.encode(frame.image.pixels, stamp)
        key = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self._published_at = {key: time.monotonic()}
        self._publish(topics.IMAGE, message)
        camera = self._simulation.settings.camera
        focal_length_px = camera.focal_length_px
        info = make_camera_info(camera.width_px, camera.height_px, focal_length_px, stamp)
        self._publish(topics.CAMERA_INFO, info)

    def _judge(self) -> None:
        """Follow the trial to its end, then wait a second before the next one."""
        if self._ended_at is not None:
            if self._settings.auto_reset and self._simulation.time > self._ended_at + 1.0:
                self._start_next_trial()
            return
        if self._started_at is None:
            return
        state = self._simulation.state
        state = replace(state, stamp=self._simulation.time - self._started_at)
        has_collided = self._simulation.has_collided
        situation = Situation(state, has_collided, self._simulation.sees_target)
        self._progress = self._task.judge(self._trial, self._progress, situation)
        self._place_target()
        if self._progress.outcome is None:
            return
        self._ended_at = self._simulation.time
        outcome = self._progress.outcome.value
        self.get_logger().info(
            f'trial {self._trial.seed}: {outcome} after {state.stamp:.1f} s, '
            f'{self._progress.distance:.1f} m from the target'
        )
        self._publish(topics.COLLISION, Bool(data=bool(has_collided)))
        self._publish(topics.TRIAL_STATE, String(data=outcome))

    def _start_next_trial(self) -> None:
        seed = (self._trial.seed + 1) % 2**31
        self.set_parameters([RosParameter('seed', value=seed)])
        self._start_trial()

    def _diagnose(self) -> None:
        latencies_ms = np.array(self._latencies or [math.nan]) * 1e3
        elapsed = self._steps[-1] - self._steps[0] if len(self._steps) > 1 else math.nan
        values = {
            'trial': self._trial.seed,
            'real_time_factor': round((len(self._steps) - 1) * _STEP / elapsed, 2),
            'latency_p50_ms': round(float(np.percentile(latencies_ms, 50)), 2),
            'latency_p99_ms': round(float(np.percentile(latencies_ms, 99)), 2),
            'distance': round(self._progress.distance, 2),
        }
        graph = describe_publishers(self, (topics.CLOCK, topics.IMAGE, topics.IMU))
        for problem in set(graph) - set(self._told_graph):
            self.get_logger().error(problem)
        self._told_graph = graph
        source = Source('simulator', self.get_namespace())
        message = make_diagnostics(source, '; '.join(graph), values, self._time)
        self._publish(topics.DIAGNOSTICS, message)


_PUBLISHED = (
    topics.CLOCK,
    topics.IMAGE,
    topics.CAMERA_INFO,
    topics.IMU,
    topics.ODOMETRY,
    topics.TARGET_POSE,
    topics.COLLISION,
    topics.TRIAL_STATE,
    topics.DIAGNOSTICS,
)


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(SimNode, 'sim_node')


if __name__ == '__main__':
    sys.exit(main())
