# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Records topics into MCAP files, one an episode, that any ROS 2 tool reads.

A file grows as `.part` in small chunks, so that a crash loses at most the last chunk, and gets
its name when it is complete. A new one begins with each flight, and when image stamps go back or
pause: a new trial.
"""

import math
import os
import shutil
import struct
import sys
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from std_msgs.msg import String
from std_srvs.srv import Trigger

from lnn_control.core.mcap_file import McapFile
from lnn_control.core.ros_messages import RECORDING
from lnn_control.core.safety import FLYING_STEPS
from lnn_control.core.whole_file import PartFile
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import Source, make_diagnostics
from lnn_control.nodes.endpoints import open_publisher
from lnn_control.nodes.graph_checks import name_type
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = (
    Parameter('output', 'runs/recordings', 'folder of the files, made where it is missing'),
    Parameter(
        'max_gap', 1.0, 'a longer time between two images starts a new file [s]', 0.05, 60.0
    ),
    Parameter('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
    Parameter(
        'image_transport',
        topics.RAW,
        'raw, or compressed: JPEG or PNG on camera/image_raw/compressed',
    ),
    Parameter('always', False, 'record also while nobody flies'),
    Parameter('least_free_mb', 500.0, 'recording ends before less is free [MB]', 0.0, 1e6),
    Parameter('task', '', 'what is asked, by name; written into the files for whoever learns'),
    Parameter('vehicle', '', 'what flies, such as quadrotor, rover or car; likewise'),
    Parameter('pilot', '', 'who commands: a policy or a person, by name; likewise'),
    Parameter(
        'camera_fov_deg',
        0.0,
        'field of view across the image [deg]; 0: by camera_info',
        0.0,
        179.0,
    ),
    Parameter('camera_pitch_deg', 0.0, 'how far the camera looks down [deg]', -90.0, 90.0),
)

# What `safety/state` begins with while somebody's commands reach the vehicle.
_FLYING = tuple(step.value for step in FLYING_STEPS)
# So long before somebody flies and after is recorded as well [s].
_BEFORE, _AFTER = 0.5, 1.0


class EpisodeWriter:
    """One MCAP file of serialised messages, which grows as `.part`.

    :param path: where the complete file will lie.
    :param described: what is known of the vehicle and its camera, for whoever learns from it. It
        stands first: an unfinished file tells it too.
    :raises OSError: if the file cannot be made.
    """

    def __init__(self, path: Path, described: Mapping[str, str] | None = None) -> None:
        self.path = path
        self._part = PartFile(path, path.with_name(f'{path.name}.part'))
        self._file = McapFile(self._part.stream)
        if described:
            self._file.add_metadata(RECORDING, described)

    def write(self, topic: str, type_name: str, data: bytes, stamp_ns: int) -> None:
        """Append one message.

        :param type_name: such as sensor_msgs/msg/Image. :param data: the message in CDR.
        :raises OSError: if the disk is full.
        """
        self._file.add(topic, type_name, data, stamp_ns)

    def flush(self) -> None:
        """Hand the complete chunks to the kernel: they outlive a crash of this process."""
        self._part.stream.flush()

    def close(self) -> None:
        """Complete the file and give it its name."""
        self._file.finish()
        self._part.finish()


@dataclass(frozen=True)
class _Message:
    """A serialised message as it came.

    :param stamp_ns: when it came [ns]. :param time: of what it tells [s]: its header's stamp, or
        when it came.
    """

    topic: str
    type_name: str
    data: bytes
    stamp_ns: int
    time: float


def _read_stamp(data: bytes) -> float:
    """Return the stamp [s] of a serialised message that begins with a header."""
    # CDR: four bytes of encapsulation, of which the second tells the byte order, then the stamp.
    sec, nanosec = struct.unpack_from('<iI' if data[1] & 1 else '>iI', data, 4)
    return float(sec + nanosec * 1e-9)


class RecorderNode(Node):
    """Writes what comes, as it comes: messages are not unpacked.

    It records while somebody flies, by `safety/state`, with half a second before: the image that
    the first command answers. What was published once for all is in every file.
    """

    def __init__(self) -> None:
        super().__init__('recorder_node')
        self._settings = declare_parameters(self, PARAMETERS)
        self._directory = Path(self._settings.output).expanduser()
        self._directory.mkdir(parents=True, exist_ok=True)
        # The file that is open, and what decides about the next one.
        self._writer: EpisodeWriter | None = None
        self._num_files = 0
        self._image_stamp: float | None = None
        self._is_stopped = False
        self._problem = ''
        self._is_flying = False
        self._rested_at = -math.inf
        # What came before a flight: some of it belongs to it, latched messages to every file.
        self._waiting: deque[_Message] = deque()
        self._latched: dict[str, _Message] = {}
        self._record_images()
        recorded = (
            topics.CAMERA_INFO,
            topics.IMU,
            topics.ODOMETRY,
            topics.TARGET_POSE,
            topics.COLLISION,
            topics.TRIAL_STATE,
            topics.JOYSTICK,
            topics.RAW_COMMAND,
            topics.choose_command_topic(self._settings.stamped),
            topics.NEURONS,
            topics.SAFETY_STATE,
            topics.TAKEOVER,
            topics.DIAGNOSTICS,
        )
        for topic in recorded:
            self._record(topic)
        # Who says whether it flies, and who may begin and end a file by hand.
        state = topics.SAFETY_STATE
        self.create_subscription(state.type, state.name, self._follow_state, state.qos)
        for name, callback in (
            ('split', self._split),
            ('start', self._start),
            ('stop', self._stop),
        ):
            self.create_service(Trigger, f'~/{name}', callback)
        self._diagnostics = open_publisher(self, topics.DIAGNOSTICS)
        self.create_timer(1.0, self._tick, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def finish(self) -> None:
        """Complete the open file."""
        self._end_file()

    def _record_images(self) -> None:
        """Record the camera's images as they come, compressed or not."""
        resolved = self.resolve_topic_name(topics.IMAGE.name)
        source = topics.choose_image_topic(resolved, self._settings.image_transport)
        is_raw = source.type is topics.IMAGE.type
        self._record(topics.IMAGE if is_raw else topics.COMPRESSED_IMAGE, source.name)

    def _record(self, topic: topics.Topic, source: str = '') -> None:
        """Record a topic under the name that it has here: files of all robots are alike.

        :param source: what it is called on the robot; the same where empty.
        """
        name = f'{self.get_namespace().rstrip("/")}/{topic.name.lstrip("/")}'
        type_name = name_type(topic)
        is_image = topic in (topics.IMAGE, topics.COMPRESSED_IMAGE)
        is_latched = topic.qos is topics.LATCHED
        has_header = 'header' in topic.type.get_fields_and_field_types()

        def receive(data: bytes) -> None:
            now = self.get_clock().now().nanoseconds
            time = (_read_stamp(data) if has_header else 0.0) or now * 1e-9
            message = _Message(name, type_name, data, now, time)
            if is_latched:
                self._latched[name] = message
            if is_image:
                self._follow_images(time)
            self._take(message, is_image)

        # Deeper than the publisher's queue: the disk may pause.
        qos = QoSProfile(
            depth=200, reliability=topic.qos.reliability, durability=topic.qos.durability
        )
        self.create_subscription(topic.type, source or topic.name, receive, qos, raw=True)

    def _follow_images(self, stamp: float) -> None:
        """Begin a new file where the stamps of the images break.

        What came since the last image belongs to the flight whose image is nearer in time.
        """
        last, self._image_stamp = self._image_stamp, stamp
        if last is None or 0.0 <= stamp - last <= self._settings.max_gap:
            return
        while self._waiting:
            time = self._waiting[0].time
            if abs(time - stamp) < abs(time - last):
                break
            message = self._waiting.popleft()
            if self._writer is not None:
                self._write(message)
        self._close_file()

    def _describe(self) -> dict[str, str]:
        """Return what this node was told of the vehicle and its camera.

        Its calibration is among the messages: who reads the file takes the lens from it.
        """
        settings = self._settings
        known = {
            'task': settings.task,
            'vehicle': settings.vehicle,
            'pilot': settings.pilot,
            'camera_fov_deg': f'{settings.camera_fov_deg:.4g}' if settings.camera_fov_deg else '',
            'camera_pitch_deg': f'{settings.camera_pitch_deg:g}',
        }
        return {name: value for name, value in known.items() if value}

    def _follow_state(self, message: String) -> None:
        """Notice when somebody begins to fly and when the vehicle rests."""
        is_flying = message.data.partition(':')[0] in _FLYING
        if self._is_flying and not is_flying:
            self._rested_at = time.monotonic()
        self._is_flying = is_flying

    @property
    def _is_recording(self) -> bool:
        if self._is_stopped:
            return False
        rest = time.monotonic() - self._rested_at
        return self._settings.always or self._is_flying or rest < _AFTER

    def _take(self, message: _Message, is_image: bool) -> None:
        """Keep a message until an image tells to which flight it belongs, or nobody flies."""
        self._waiting.append(message)
        is_recording = self._is_recording
        if is_recording and is_image:
            self._write_waiting()
            return
        kept = self._settings.max_gap if is_recording else _BEFORE
        oldest = message.stamp_ns - int(kept * 1e9)
        while self._waiting and not oldest <= self._waiting[0].stamp_ns <= message.stamp_ns:
            first = self._waiting.popleft()
            if is_recording:
                self._write(first)

    def _write_waiting(self) -> None:
        while self._waiting:
            self._write(self._waiting.popleft())

    def _write(self, message: _Message) -> None:
        if self._is_stopped:
            return  # since one that came before it: a full disk
        try:
            if self._writer is None:
                self._writer = self._open_file(message.stamp_ns)
            self._writer.write(message.topic, message.type_name, message.data, message.stamp_ns)
        except OSError as error:
            self._give_up(str(error))

    def _open_file(self, stamp_ns: int) -> EpisodeWriter:
        self._num_files += 1
        name = f'{time.strftime("%Y%m%d_%H%M%S")}_{os.getpid()}_{self._num_files:03d}.mcap'
        writer = EpisodeWriter(self._directory / name, self._describe())
        for entry in self._latched.values():
            writer.write(entry.topic, entry.type_name, entry.data, stamp_ns)
        return writer

    def _give_up(self, reason: str) -> None:
        """Record no more, say so once; the vehicle flies on without its recorder."""
        if not self._is_stopped:
            self._is_stopped = True
            self._problem = f'recording ends: {reason}'
            self.get_logger().error(self._problem)
            self._close_file()

    def _tick(self) -> None:
        """Once a second: look after the files and tell how that goes."""
        self._look_after()
        self._diagnose()

    def _diagnose(self) -> None:
        source = Source('recorder', self.get_namespace())
        values = {
            'recording': self._writer is not None,
            'files': self._num_files,
            'directory': self._directory,
        }
        now = self.get_clock().now().nanoseconds * 1e-9
        self._diagnostics.publish(
            make_diagnostics(source, self._problem, values, now, is_error=True)
        )

    def _look_after(self) -> None:
        """Hand on what is complete, end the file of a flight that is over."""
        if self._is_stopped:
            return
        try:
            free_mb = shutil.disk_usage(self._directory).free / 1e6
        except OSError as error:
            # A stick that was pulled out.
            self._give_up(str(error))
            return
        if free_mb < self._settings.least_free_mb:
            self._give_up(
                f'{free_mb:.0f} MB are free on the disk of {self._directory}, '
                f'{self._settings.least_free_mb:.0f} must stay: make room, then ~/start'
            )
        elif self._writer is not None and not self._is_recording:
            self._close_file()
        elif self._writer is not None:
            try:
                self._writer.flush()
            except OSError as error:
                self._give_up(str(error))

    def _end_file(self) -> str:
        """Complete the open file with what waits for the next image, and return its path."""
        if self._is_recording:
            self._write_waiting()
        path = str(self._writer.path) if self._writer is not None else ''
        self._close_file()
        return path

    def _close_file(self) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        try:
            writer.close()
            self.get_logger().info(f'wrote {writer.path}')
        except OSError as error:
            self.get_logger().error(f'{writer.path} is incomplete: {error}')

    def _split(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        response.success, response.message = True, self._end_file()
        return response

    def _start(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Record again after `~/stop` or a full disk."""
        self._is_stopped = False
        self._problem = ''
        response.success = True
        response.message = 'recording' if self._is_recording else 'recording once somebody flies'
        return response

    def _stop(self, request: Trigger.Request, response: Trigger.Response) -> Trigger.Response:
        """Complete the file and record nothing until `~/start`."""
        response = self._split(request, response)
        self._is_stopped = True
        self._waiting.clear()
        return response


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(RecorderNode, 'recorder_node', lives_on=True)


if __name__ == '__main__':
    sys.exit(main())
