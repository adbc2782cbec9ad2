# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Records topics into MCAP files, one an episode, that any ROS 2 tool reads.

A file grows as `.part` in small chunks, so that a crash loses at most the last chunk, and gets
its name when it is complete. A new one begins when image stamps go back or pause: a new trial.
"""

import os
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mcap.writer import CompressionType, Writer
from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rosbags.typesys import Stores, get_typestore
from std_srvs.srv import Trigger

from lnn_control.nodes import topics
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = (
    Parameter('output', 'runs/recordings', 'folder of the files, made where it is missing'),
    Parameter(
        'max_gap', 1.0, 'a longer time between two images starts a new file [s]', 0.05, 60.0
    ),
    Parameter('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
)

_CHUNK_BYTES = 64 * 1024


class EpisodeWriter:
    """One MCAP file of serialised messages.

    :param path: where the complete file will lie. It must not exist.
    :raises OSError: if the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = get_typestore(Stores.ROS2_JAZZY)
        self._part = path.with_name(f'{path.name}.part')
        self._stream: BinaryIO = open(self._part, 'xb')  # noqa: SIM115
        self._writer = Writer(
            self._stream, chunk_size=_CHUNK_BYTES, compression=CompressionType.LZ4
        )
        self._writer.start(profile='ros2', library='lnn_control')
        self._channels: dict[str, int] = {}

    def write(self, topic: str, type_name: str, data: bytes, stamp_ns: int) -> None:
        """Append one message.

        :param type_name: such as sensor_msgs/msg/Image. :param data: the message in CDR.
        :raises OSError: if the disk is full.
        """
        if topic not in self._channels:
            text, _ = self._store.generate_msgdef(type_name, ros_version=2)
            schema = self._writer.register_schema(type_name, 'ros2msg', text.encode())
            self._channels[topic] = self._writer.register_channel(topic, 'cdr', schema)
        self._writer.add_message(self._channels[topic], stamp_ns, data, stamp_ns)

    def flush(self) -> None:
        """Hand the complete chunks to the kernel: they outlive a crash of this process."""
        self._stream.flush()

    def close(self) -> None:
        """Complete the file and give it its name."""
        self._writer.finish()
        self._stream.flush()
        os.fsync(self._stream.fileno())
        self._stream.close()
        self._part.rename(self.path)


class RecorderNode(Node):
    """Writes what comes, as it comes: messages are not unpacked."""

    def __init__(self) -> None:
        super().__init__('recorder_node')
        self._settings = declare_parameters(self, PARAMETERS)
        self._directory = Path(self._settings.output).expanduser()
        self._directory.mkdir(parents=True, exist_ok=True)
        self._writer: EpisodeWriter | None = None
        self._num_files = 0
        self._image_stamp: float | None = None
        self._has_failed = False
        recorded = (
            topics.IMAGE,
            topics.CAMERA_INFO,
            topics.IMU,
            topics.ODOMETRY,
            topics.TARGET_POSE,
            topics.COLLISION,
            topics.TRIAL_STATE,
            topics.RAW_COMMAND,
            topics.choose_command_topic(self._settings.stamped),
            topics.NEURONS,
            topics.SAFETY_STATE,
            topics.DIAGNOSTICS,
        )
        for topic in recorded:
            self._record(topic)
        self.create_service(Trigger, '~/split', self._split)
        self.create_timer(1.0, self._flush, clock=Clock(clock_type=ClockType.STEADY_TIME))

    def finish(self) -> None:
        """Complete the open file."""
        self._close_file()

    def _record(self, topic: topics.Topic) -> None:
        name = self.resolve_topic_name(topic.name)
        module, _, type_name = topic.type.__module__.partition('.msg')[0], '', topic.type.__name__
        callback = self._make_callback(name, f'{module}/msg/{type_name}', topic is topics.IMAGE)
        # Deeper than the publisher's queue: the disk may pause.
        qos = QoSProfile(
            depth=200, reliability=topic.qos.reliability, durability=topic.qos.durability
        )
        self.create_subscription(topic.type, topic.name, callback, qos, raw=True)

    def _make_callback(
        self, topic: str, type_name: str, is_image: bool
    ) -> Callable[[bytes], None]:
        def write(data: bytes) -> None:
            if is_image:
                self._follow_images(data)
            self._write(topic, type_name, data)

        return write

    def _follow_images(self, data: bytes) -> None:
        """Begin a new file where the stamps of the images break."""
        # CDR: four bytes of encapsulation, of which the second tells the byte order, then the
        # header with sec and nanosec.
        sec, nanosec = struct.unpack_from('<iI' if data[1] & 1 else '>iI', data, 4)
        stamp = sec + nanosec * 1e-9
        last, self._image_stamp = self._image_stamp, stamp
        if last is not None and not 0.0 <= stamp - last <= self._settings.max_gap:
            self._close_file()

    def _write(self, topic: str, type_name: str, data: bytes) -> None:
        if self._has_failed:
            return
        try:
            if self._writer is None:
                self._open_file()
            assert self._writer is not None
            now = self.get_clock().now().nanoseconds
            self._writer.write(topic, type_name, data, now)
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        """Record no more, say so once; the vehicle flies on without its recorder."""
        self._has_failed = True
        self.get_logger().error(f'recording ends: {error}')

    def _open_file(self) -> None:
        self._num_files += 1
        name = f'{time.strftime("%Y%m%d_%H%M%S")}_{os.getpid()}_{self._num_files:03d}.mcap'
        self._writer = EpisodeWriter(self._directory / name)

    def _flush(self) -> None:
        if self._writer is None or self._has_failed:
            return
        try:
            self._writer.flush()
        except OSError as error:
            self._give_up(error)

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
        path = str(self._writer.path) if self._writer is not None else ''
        self._close_file()
        response.success, response.message = True, path
        return response


def main() -> int:
    """Run the node until a signal comes."""
    return run_node(RecorderNode, 'recorder_node')


if __name__ == '__main__':
    sys.exit(main())
