# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Listens to all topics of a simulated vehicle and hands back one flight at a time.

It changes nothing and answers nothing: what it notes is what any other node would get. That it
listens to the policy's saliency makes the policy compute that, once a command is sent.
"""

import time
from array import array
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped, TwistStamped
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import Image, JointState
from std_msgs.msg import String

from lnn_control.bringup.supervisor import Supervisor
from lnn_control.core.flight import Flight
from lnn_control.core.frames import yaw_from_quaternion
from lnn_control.core.ros_messages import FLYING
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import image_from_message, read_twist, seconds_from_stamp

WAITING = 'waiting'

# A busy observer must not lose what the vehicle would have got [messages].
_DEPTH = 400
# A target that walks moves less than this from one message to the next [m].
_STEP = 0.5
# What is still of a trial is stamped before this much after its end; a new one begins later [s].
_LATE = 0.4


@dataclass
class _Recording:
    """Messages of one trial as they came; stamps in simulated seconds."""

    images: list[tuple[float, NDArray[np.uint8]]] = field(default_factory=list)
    # stamp, x, y, z, yaw, body velocity
    poses: list[tuple[float, ...]] = field(default_factory=list)
    commands: list[tuple[float, ...]] = field(default_factory=list)
    neurons: list[tuple[float, array]] = field(default_factory=list)  # type: ignore[type-arg]
    # stamp of an image -> how much each of its pixels counted, 0 to 255
    saliency: dict[float, NDArray[np.uint8]] = field(default_factory=dict)
    # stamp, x, y, z
    targets: list[tuple[float, ...]] = field(default_factory=list)
    # stamp of an image -> when it was published, and stamp -> latency [s]
    published: dict[float, float] = field(default_factory=dict)
    latencies: dict[float, float] = field(default_factory=dict)


class FlightObserver:
    """Records the trials of a simulation, one after the other.

    :param supervisor: whose node listens.
    """

    def __init__(self, supervisor: Supervisor) -> None:
        self._now = 0.0
        self._heard_at = time.monotonic()
        self._origin = 0.0
        self._recording = _Recording()
        self.state = ''
        self._forget_times()
        for topic, callback in (
            (topics.IMAGE, self._see),
            (topics.NEURONS, self._note_neurons),
            (topics.SALIENCY, self._note_saliency),
            (topics.COMMAND_STAMPED, self._note_command),
            (topics.ODOMETRY, self._note_pose),
            (topics.CLOCK, self._note_time),
            (topics.TARGET_POSE, self._note_target),
            (topics.TRIAL_STATE, self._note_state),
        ):
            supervisor.subscribe(topic, callback, _DEPTH)

    @property
    def trial_begin(self) -> float:
        """Stamp of the trial's world: a new one says that a new trial is there [s]."""
        return self._origin

    @property
    def num_images(self) -> int:
        """How many images of this trial came."""
        return len(self._recording.images)

    @property
    def num_answers(self) -> int:
        """How many images of this trial were answered by a command."""
        return len(self._recording.latencies)

    @property
    def clock_rest(self) -> float:
        """Wall time since the simulated time was last heard of [s]."""
        return time.monotonic() - self._heard_at

    @property
    def is_over(self) -> bool:
        """Whether the trial has an outcome."""
        return self._ended_at is not None

    @property
    def time(self) -> float:
        """Simulated time since the first moving command [s], 0 before."""
        return 0.0 if self._started_at is None else max(0.0, self._now - self._started_at)

    @property
    def distance(self) -> float | None:
        """To where the target is now [m], None before the first pose of this trial."""
        poses, targets = self._recording.poses, self._recording.targets
        if not poses or not targets:
            return None
        return float(np.linalg.norm(np.subtract(poses[-1][1:4], targets[-1][1:])))

    @property
    def recent_latency(self) -> float | None:
        """Median over the latest answers [s], None before the first."""
        latest = list(self._recording.latencies.values())[-40:]
        return float(np.median(latest)) if latest else None

    def take_flight(self) -> Flight:
        """Return the trial that is over.

        :raises RuntimeError: if it is not over.
        """
        if self._started_at is None or self._ended_at is None:
            raise RuntimeError('the trial is not over: wait until is_over')
        first, last = self._started_at, self._ended_at
        recording = self._recording
        images = _select(recording.images, first, last)
        poses = np.array(_select(recording.poses, first, last)).reshape(-1, 8)
        places = _trace_target(recording.targets, poses[:, 0])
        commands = np.array(_select(recording.commands, first, last)).reshape(-1, 5)
        neurons = _select(recording.neurons, first, last)
        answered = [
            value for stamp, value in recording.latencies.items() if first <= stamp <= last
        ]
        return Flight(
            images=np.array([pixels for _, pixels in images]),
            image_times=np.array([stamp for stamp, _ in images]) - first,
            positions_world=poses[:, 1:4],
            yaws=poses[:, 4],
            velocities=poses[:, 5:],
            pose_times=poses[:, 0] - first,
            commands=commands[:, 1:],
            command_times=commands[:, 0] - first,
            neurons=np.array([values for _, values in neurons] or np.zeros((0, 0)), np.float32),
            neuron_times=np.array([stamp for stamp, _ in neurons]) - first,
            latencies=np.array(answered),
            outcome=self.state,
            duration=last - first,
            wall_duration=self._wall_ended_at - self._wall_started_at,
            distances=np.linalg.norm(poses[: len(places), 1:4] - places, axis=1),
            targets_world=places,
            saliency=_match_saliency(recording.saliency, images),
        )

    def _forget_times(self) -> None:
        self._started_at: float | None = None
        self._ended_at: float | None = None
        self._wall_started_at = self._wall_ended_at = 0.0

    def _note_time(self, message: Clock) -> None:
        self._now = seconds_from_stamp(message.clock)
        self._heard_at = time.monotonic()

    def _note_target(self, message: PoseStamped) -> None:
        """Follow a target that moves; else begin a new recording: it comes first in a trial."""
        position = message.pose.position
        target = (seconds_from_stamp(message.header.stamp), position.x, position.y, position.z)
        targets = self._recording.targets
        if targets and targets[-1][0] == target[0]:
            return
        if targets and self._is_move(targets[-1], target):
            targets.append(target)
        else:
            self._begin(target)

    def _is_move(self, before: tuple[float, ...], after: tuple[float, ...]) -> bool:
        """Return whether a target went on, else it is that of a new trial."""
        if self.state == FLYING:
            return True
        # Topics overtake each other: the first step may be heard before that the vehicle flies,
        # the last one after that it has ended.
        step = float(np.linalg.norm(np.subtract(after, before)[1:]))
        is_late = self._ended_at is not None and after[0] > self._ended_at + _LATE
        return 0.0 < step < _STEP and not is_late

    def _begin(self, target: tuple[float, ...]) -> None:
        """Forget the trial before: a new one has begun, with its target here."""
        self._origin = target[0]
        self._recording = _Recording(targets=[target])
        self._forget_times()

    def _note_state(self, message: String) -> None:
        before, self.state = self.state, message.data
        if message.data == WAITING:
            self._forget_times()
            if before == FLYING and self._recording.targets:
                # Begun anew in flight: what came as one more move was the new trial's target.
                self._begin(self._recording.targets[-1])
        elif message.data == FLYING:
            self._started_at, self._wall_started_at = self._now, time.monotonic()
        elif self._started_at is not None:
            self._ended_at, self._wall_ended_at = self._now, time.monotonic()

    def _is_of_this_trial(self, stamp: float) -> bool:
        is_before_end = self._ended_at is None or stamp <= self._ended_at
        return stamp >= self._origin > 0.0 and is_before_end

    def _see(self, message: Image, info: dict[str, int]) -> None:
        stamp = seconds_from_stamp(message.header.stamp)
        if self._is_of_this_trial(stamp):
            # A copy: the message's memory is not ours.
            pixels = image_from_message(message).pixels.copy()
            self._recording.images.append((stamp, pixels))
            self._recording.published[stamp] = info['source_timestamp'] * 1e-9

    def _note_command(self, message: TwistStamped, info: dict[str, int]) -> None:
        stamp = seconds_from_stamp(message.header.stamp)
        if not self._is_of_this_trial(stamp):
            return
        recording = self._recording
        recording.commands.append((self._now, *read_twist(message)))
        # Safety repeats a command with its stamp: the first one is the answer.
        published_at = recording.published.pop(stamp, None)
        if published_at is not None:
            latency = info['received_timestamp'] * 1e-9 - published_at
            recording.latencies[stamp] = max(latency, 0.0)

    def _note_neurons(self, message: JointState) -> None:
        stamp = seconds_from_stamp(message.header.stamp)
        if self._is_of_this_trial(stamp):
            self._recording.neurons.append((stamp, message.position))

    def _note_saliency(self, message: Image) -> None:
        stamp = seconds_from_stamp(message.header.stamp)
        if self._is_of_this_trial(stamp):
            self._recording.saliency[stamp] = image_from_message(message).pixels[..., 0].copy()

    def _note_pose(self, message: Odometry) -> None:
        stamp = seconds_from_stamp(message.header.stamp)
        if not self._is_of_this_trial(stamp):
            return
        position, orientation = message.pose.pose.position, message.pose.pose.orientation
        velocity = message.twist.twist.linear
        yaw = yaw_from_quaternion(
            np.array([orientation.x, orientation.y, orientation.z, orientation.w])
        )
        self._recording.poses.append(
            (stamp, position.x, position.y, position.z, yaw, velocity.x, velocity.y, velocity.z)
        )


def _match_saliency(
    found: dict[float, NDArray[np.uint8]], images: list[tuple[float, NDArray[np.uint8]]]
) -> NDArray[np.uint8]:
    """Return that of each image, shape (n, height, width), dark where it did not come.

    No row of a policy that cannot tell, or of one that looks at images of another size.
    """
    sizes = {one.shape for one in found.values()} | {pixels.shape[:2] for _, pixels in images}
    if not found or len(sizes) > 1:
        return np.zeros((0, 0, 0), np.uint8)
    dark = np.zeros(sizes.pop(), np.uint8)
    return np.array([found.get(stamp, dark) for stamp, _ in images])


def _trace_target(
    targets: list[tuple[float, ...]], stamps: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return where a target was at some times [m], shape (n, 3); no row if it always stood."""
    rows = np.array(sorted(targets)).reshape(-1, 4)
    if len(rows) < 2:
        return np.zeros((0, 3))
    last = np.searchsorted(rows[:, 0], stamps, side='right') - 1
    return np.asarray(rows[np.maximum(last, 0), 1:])


def _select(rows: list[Any], first: float, last: float) -> list[Any]:
    """Return the rows, each with its stamp in front, from first to last in their order."""
    chosen = [row for row in rows if first - 1e-9 <= row[0] <= last + 1e-9]
    return sorted(chosen, key=lambda row: row[0])
