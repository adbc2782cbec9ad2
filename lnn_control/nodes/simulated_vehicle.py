# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One vehicle of the simulator to ROS: its topics, the command it flies and its trial.

A trial waits, hovering, until the first command that moves the vehicle. When it is over the
vehicle brakes.
"""

import math
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from geometry_msgs.msg import Twist, TwistStamped
from rclpy.node import Node
from std_msgs.msg import Bool, String

from lnn_control.core.frames import quaternion_from_euler
from lnn_control.core.messages import VelocityCommand
from lnn_control.core.ros_messages import FLYING
from lnn_control.core.safety import ZERO
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    make_camera_info,
    make_imu,
    make_odometry,
    make_position,
    read_twist,
    seconds_from_stamp,
)
from lnn_control.nodes.endpoints import open_publisher
from lnn_control.nodes.transforms import Placement, place_sensors
from sim.craft import Craft, SensorFrame
from sim.fleet import Fleet
from sim.tasks import Task
from sim.tasks.task import Outcome, Situation, TargetPose, Trial

WAITING = 'waiting'
# Longer than the gap that makes a policy start afresh.
_PAUSE_BETWEEN_TRIALS = 2.0


@dataclass(frozen=True)
class ReceivedCommand:
    """The last command and when it came [s, simulated]."""

    command: VelocityCommand = ZERO
    time: float = -math.inf


class SimulatedClock:
    """Simulated time as published: it goes on over all trials.

    :ivar offset: published when the trial's clock was at 0 [s].
    """

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self.offset = 1.0  # time 0 means 'no time yet' to ROS

    @property
    def tick(self) -> int:
        """Since the trial's world was built, in ticks of the simulator."""
        return self._fleet.tick

    @property
    def elapsed(self) -> float:
        """Since the trial's world was built [s]."""
        return self._fleet.time

    @property
    def now(self) -> float:
        """As published [s]."""
        return self.offset + self._fleet.time

    def pause(self) -> None:
        """Set the beginning of the next trial a while after the end of this one."""
        self.offset = self.now + _PAUSE_BETWEEN_TRIALS


@dataclass(frozen=True)
class Habits:
    """How a simulated vehicle takes commands.

    :param stamped: as TwistStamped (true) or as Twist (false).
    :param command_timeout: an older command counts as zero [s].
    """

    stamped: bool
    command_timeout: float


class SimulatedVehicle:
    """Publishes what a craft senses, keeps its command, judges its trial.

    :param node: whose topics these are; they lie below the craft's name, if it has one.
    """

    def __init__(self, node: Node, craft: Craft, clock: SimulatedClock, habits: Habits) -> None:
        self._node, self._craft, self._clock, self._habits = node, craft, clock, habits
        self.name = craft.name
        self.frame_prefix = f'{craft.name}/' if craft.name else ''
        self._images = ImageEncoder(self.frame_prefix)
        self._outputs = {
            topic.name: open_publisher(node, self.place(topic)) for topic in _PUBLISHED
        }
        self._published_at: dict[int, float] = {}
        self._latencies: deque[float] = deque(maxlen=2000)
        command = self.place(topics.choose_command_topic(habits.stamped))
        node.create_subscription(command.type, command.name, self._receive, command.qos)

    def place(self, topic: topics.Topic) -> topics.Topic:
        """Return a topic of this vehicle as the node knows it."""
        return topics.place_topic(topic, self.name)

    def place_sensors(self) -> tuple[Placement, ...]:
        """Return where camera and IMU are on the vehicle."""
        mount = self._craft.mount
        turned = quaternion_from_euler(mount.roll, mount.pitch, mount.yaw)
        return place_sensors(mount.position, turned.tolist(), self.frame_prefix)

    @property
    def namespace(self) -> str:
        """Where its topics are."""
        return f'{self._node.get_namespace().rstrip("/")}/{self.name}'

    @property
    def has_begun(self) -> bool:
        """Whether the vehicle has been commanded to move in this trial, or was run into."""
        return self._started_at is not None

    @property
    def ended_at(self) -> float | None:
        """When the trial was over [s since its world was built], None while it goes on."""
        return self._ended_at

    @property
    def state(self) -> Any:
        """The true state of the vehicle."""
        return self._craft.read_state(self._clock.tick)

    def begin(self, task: Task, trial: Trial) -> None:
        """Wait for the first command of a trial whose world is built."""
        self._task, self._trial = task, trial
        self._received = ReceivedCommand()
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._progress = task.begin(trial, self.state)
        self._published_at.clear()
        self._say(f'{task.season} {task.world}, target at {self._progress.distance:.1f} m')
        self._target_pose: TargetPose | None = None
        self._publish_target()
        self._place_target()
        self._publish(topics.COLLISION, Bool(data=False))
        self._publish(topics.TRIAL_STATE, String(data=WAITING))

    def choose_command(self) -> VelocityCommand:
        """Return the last command, zero once it is old or the trial over."""
        age = self._clock.elapsed - self._received.time
        is_fresh = age <= self._habits.command_timeout
        return self._received.command if is_fresh and self._ended_at is None else VelocityCommand()

    def publish_sensors(self, frame: SensorFrame) -> None:
        """Publish what the sensors delivered."""
        rows = zip(
            frame.imu_stamps,
            frame.imu.angular_velocity,
            frame.imu.linear_acceleration,
            strict=True,
        )
        for stamp, rates, force in rows:
            at = self._clock.offset + float(stamp)
            self._publish(topics.IMU, make_imu(rates, force, at, self.frame_prefix))
        if frame.image is not None:
            self._publish_image(frame)

    def publish_odometry(self) -> None:
        """Publish where the vehicle is."""
        message = make_odometry(self.state, self._clock.now, self.frame_prefix)
        self._publish(topics.ODOMETRY, message)

    def judge(self) -> None:
        """Follow the trial to its end."""
        if self._ended_at is not None:
            return
        if self._started_at is None:
            if not self._craft.was_run_into:
                return
            self._start()
        assert self._started_at is not None
        state = replace(self.state, stamp=self._clock.elapsed - self._started_at)
        has_collided = self._craft.has_collided
        situation = Situation(state, has_collided, self._craft.sees_target)
        self._progress = self._task.judge(self._trial, self._progress, situation)
        self._place_target()
        if self._progress.outcome is None:
            return
        self._ended_at = self._clock.elapsed
        outcome = self._progress.outcome.value
        self._say(
            f'{outcome}{self._name_other()} after {state.stamp:.1f} s, '
            f'{self._progress.distance:.1f} m from the target'
        )
        self._publish(topics.COLLISION, Bool(data=bool(has_collided)))
        self._publish(topics.TRIAL_STATE, String(data=outcome))

    def measure(self) -> dict[str, float]:
        """Return how long commands take after their image, and how far the target is."""
        latencies_ms = np.array(self._latencies or [math.nan]) * 1e3
        return {
            'latency_p50_ms': round(float(np.percentile(latencies_ms, 50)), 2),
            'latency_p99_ms': round(float(np.percentile(latencies_ms, 99)), 2),
            'distance': round(self._progress.distance, 2),
        }

    def _publish(self, topic: topics.Topic, message: Any) -> None:
        self._outputs[topic.name].publish(message)

    def _say(self, text: str) -> None:
        who = f'{self.name}, ' if self.name else ''
        self._node.get_logger().info(f'{who}trial {self._trial.seed}: {text}')

    def _name_other(self) -> str:
        """Return with whom the vehicle has collided, if it was another one."""
        is_collision = self._progress.outcome is Outcome.COLLISION
        return f' with {self._craft.hit}' if is_collision and self._craft.was_run_into else ''

    def _place_target(self) -> None:
        """Move the target to where the task wants it now, and tell."""
        pose = self._task.place_target(self._trial, self._progress)
        if pose is not None and pose != self._target_pose:
            self._craft.move_target(pose.x, pose.y, pose.yaw)
            self._target_pose = pose
            self._publish_target()

    def _publish_target(self) -> None:
        position = self._craft.target_position
        message = make_position(position, self._clock.now, self.frame_prefix)
        self._publish(topics.TARGET_POSE, message)

    def _receive(self, message: Twist | TwistStamped) -> None:
        values = read_twist(message)
        if not all(map(math.isfinite, values)):
            self._node.get_logger().error(
                f'{self.place(topics.COMMAND_PLAIN).name} is not finite: braking'
            )
            values = (0.0, 0.0, 0.0, 0.0)
        if isinstance(message, TwistStamped):
            if 0.0 < seconds_from_stamp(message.header.stamp) < self._clock.offset:
                return  # an answer to the trial before
            self._measure_latency(message)
        self._received = ReceivedCommand(VelocityCommand(*values), self._clock.elapsed)
        if self._started_at is None and any(values):
            self._start()
            self._publish(topics.TRIAL_STATE, String(data=FLYING))

    def _start(self) -> None:
        self._started_at = self._clock.elapsed
        self._progress = self._task.begin(self._trial, self.state)

    def _measure_latency(self, message: TwistStamped) -> None:
        """Note how long after its image a command came back, the first time it does."""
        stamp = message.header.stamp
        published_at = self._published_at.pop(stamp.sec * 10**9 + stamp.nanosec, None)
        if published_at is not None:
            self._latencies.append(time.monotonic() - published_at)

    def _publish_image(self, frame: SensorFrame) -> None:
        assert frame.image is not None
        stamp = self._clock.offset + frame.image.stamp
        message = self._images.encode(frame.image.pixels, stamp)
        key = message.header.stamp.sec * 10**9 + message.header.stamp.nanosec
        self._published_at = {key: time.monotonic()}
        self._publish(topics.IMAGE, message)
        camera = self._craft.settings.camera
        size = camera.width_px, camera.height_px
        info = make_camera_info(*size, camera.focal_length_px, stamp, self.frame_prefix)
        self._publish(topics.CAMERA_INFO, info)


_PUBLISHED = (
    topics.IMAGE,
    topics.CAMERA_INFO,
    topics.IMU,
    topics.ODOMETRY,
    topics.TARGET_POSE,
    topics.COLLISION,
    topics.TRIAL_STATE,
)
