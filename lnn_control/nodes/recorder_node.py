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
from collections.abc import Callable, Mapping
from pathlib import Path

from rclpy.clock import Clock, ClockType
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo
from std_srvs.srv import Trigger

from lnn_control.core.mcap_file import McapFile
from lnn_control.core.ros_messages import CAMERA_INFO_TYPE, RECORDING
from lnn_control.core.whole_file import PartFile
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import measure_fov_deg
from lnn_control.nodes.parameters import Parameter, declare_parameters
from lnn_control.nodes.process import run_node

PARAMETERS = (
    Parameter('output', 'runs/recordings', 'folder of the files, made where it is missing'),
    Parameter(
        'max_gap', 1.0, 'a longer time between two images starts a new file [s]', 0.05, 60.0
    ),
    Parameter('stamped', True, 'cmd_vel is TwistStamped (true) or Twist (false)'),
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


class EpisodeWriter:
    """One MCAP file of serialised messages, which grows as `.part`.

    :param path: where the complete file will lie.
    :raises OSError: if the file cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._part = PartFile(path, path.with_name(f'{path.name}.part'))
        self._file = McapFile(self._part.stream)

    def write(self, topic: str, type_name: str, data: bytes, stamp_ns: int) -> None:
        """Append one message.

        :param type_name: such as sensor_msgs/msg/Image. :param data: the message in CDR.
        :raises OSError: if the disk is full.
        """
        self._file.add(topic, type_name, data, stamp_ns)

    def flush(self) -> None:
        """Hand the complete chunks to the kernel: they outlive a crash of this process."""
        self._part.stream.flush()

    def close(self, described: Mapping[str, str] | None = None) -> None:
        """Complete the file and give it its name.

        :param described: what is known of the vehicle and its camera, for whoever learns from it.
        """
        if described:
            self._file.add_metadata(RECORDING, described)
        self._file.finish()
        self._part.finish()


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
        self._fov_deg = float(self._settings.camera_fov_deg)
        recorded = (
            topics.IMAGE,
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
            elif type_name == CAMERA_INFO_TYPE and not self._fov_deg:
                self._note_camera(data)
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

    def _note_camera(self, data: bytes) -> None:
        """Take the field of view from the first calibration that tells one."""
        try:
            self._fov_deg = measure_fov_deg(deserialize_message(data, CameraInfo))
        except ValueError:
            return  # uncalibrated: nobody knows

    def _describe(self) -> dict[str, str]:
        """Return what is known of the vehicle and its camera."""
        settings = self._settings
        known = {
            'task': settings.task,
            'vehicle': settings.vehicle,
            'pilot': settings.pilot,
            'camera_fov_deg': f'{self._fov_deg:.4g}' if self._fov_deg else '',
            'camera_pitch_deg': f'{settings.camera_pitch_deg:g}',
        }
        return {name: value for name, value in known.items() if value}

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
            writer.close(self._describe())
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
