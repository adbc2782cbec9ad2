# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Listens to a running graph for a while and says what is not as a policy needs it."""

import time
from dataclasses import dataclass, replace

import rclpy
from rclpy.clock import ClockType
from rclpy.executors import SingleThreadedExecutor
from rclpy.signals import SignalHandlerOptions
from rclpy.time import Time
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Imu
from std_msgs.msg import String

from lnn_control.bringup.machine_check import describe_profile
from lnn_control.core.checkup import Check, Light, read_finding
from lnn_control.core.contract import WatchSettings
from lnn_control.nodes import topics
from lnn_control.nodes.graph_checks import describe_publishers, describe_subscribers
from lnn_control.nodes.sensor_inputs import AnyImage, SensorInputs

_LARGE_BYTES = 512 * 1024


@dataclass(frozen=True)
class GraphNames:
    """Where to listen.

    :param namespace: of the nodes. :param image: topic, :param info: and :param imu: likewise.
    :param transport: of the images, raw or compressed.
    """

    namespace: str = ''
    image: str = topics.IMAGE.name
    info: str = topics.CAMERA_INFO.name
    imu: str = topics.IMU.name
    command: str = topics.COMMAND_STAMPED.name
    transport: str = topics.RAW


class GraphCheck:
    """A node that listens and changes nothing."""

    def __init__(self, names: GraphNames) -> None:
        rclpy.init(args=[], signal_handler_options=SignalHandlerOptions.NO)
        self._node = rclpy.create_node('doctor', namespace=names.namespace.strip('/') or None)
        self._executor = SingleThreadedExecutor()
        self._executor.add_node(self._node)
        image = self._node.resolve_topic_name(names.image)
        self._image = topics.choose_image_topic(image, names.transport)
        self._imu = replace(topics.IMU, name=names.imu)
        self._command = replace(topics.COMMAND_STAMPED, name=names.command)
        self._inputs = SensorInputs(WatchSettings(), time.monotonic(), self._image.name)
        self._ages: list[float] = []
        self._errors: dict[str, str] = {}
        self._fov_deg: float | None = None
        self._image_bytes = 0
        self._num_samples = 0
        self._state = ''
        self._simulated_time: Time | None = None
        for topic, callback in (
            (self._image, self._see),
            (self._imu, self._feel),
            (replace(topics.CAMERA_INFO, name=names.info), self._note_camera),
            (topics.SAFETY_STATE, self._note_state),
            (topics.CLOCK, self._note_time),
        ):
            self._node.create_subscription(topic.type, topic.name, callback, topic.qos)

    def close(self) -> None:
        """Leave the graph."""
        self._executor.shutdown()
        self._node.destroy_node()
        rclpy.try_shutdown()

    def listen(self, seconds: float) -> None:
        """Take note of what comes in a time [s]."""
        self._seconds = seconds
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0.0:
            self._executor.spin_once(timeout_sec=min(left, 0.1))

    def describe(self) -> list[Check]:
        """Return what was heard and what is wrong with it."""
        findings = self._inputs.find(time.monotonic())
        checks = [
            *self._describe_sensors(),
            *(read_finding(finding) for finding in findings),
            *(
                Check(name, Light.RED, error, 'correct what publishes it')
                for name, error in self._errors.items()
            ),
            self._describe_lens(),
            self._describe_safety(),
        ]
        graph = (
            *describe_publishers(self._node, (self._image, self._imu)),
            *self._list_listeners(),
        )
        return [*checks, *(Check('graph', Light.RED, text, 'see there') for text in graph)]

    def _list_listeners(self) -> tuple[str, ...]:
        name = self._node.resolve_topic_name(self._command.name)
        if not self._node.get_publishers_info_by_topic(name):
            return ()
        plain = replace(topics.COMMAND_PLAIN, name=self._command.name)
        kinds = {end.topic_type for end in self._node.get_publishers_info_by_topic(name)}
        output = self._command if 'geometry_msgs/msg/TwistStamped' in kinds else plain
        return describe_subscribers(self._node, output, 'change stamped:= of safety_node')

    def _describe_sensors(self) -> list[Check]:
        checks = []
        if self._ages:
            rate = len(self._ages) / self._seconds
            age_ms = sorted(self._ages)[len(self._ages) // 2] * 1e3
            text = f'{rate:.1f} a second, {age_ms:.0f} ms old when they come'
            checks.append(Check('images', Light.GREEN, text))
        if self._num_samples:
            text = f'{self._num_samples / self._seconds:.0f} a second'
            checks.append(Check('imu', Light.GREEN, text))
        if self._image_bytes > _LARGE_BYTES:
            text = f'images have {self._image_bytes / 1024:.0f} KiB'
            cure = f'where the driver is started: {describe_profile()}'
            checks.append(Check('large_images', Light.AMBER, text, cure))
        return checks

    def _describe_lens(self) -> Check:
        if self._fov_deg is None:
            cure = 'calibrate the camera and publish it, or say what it sees: camera_fov_deg:=69.0'
            return Check('camera_info', Light.AMBER, 'none has come', cure)
        return Check('camera_info', Light.GREEN, f'{self._fov_deg:.1f} degrees across')

    def _describe_safety(self) -> Check:
        if not self._state:
            cure = 'start it: lnn-control bringup robot'
            return Check('safety', Light.AMBER, 'safety_node does not run', cure)
        step = self._state.partition(':')[0]
        light = Light.RED if step in ('emergency stop', 'asking the autopilot') else Light.GREEN
        cure = 'end the cause, then call safety_node/release' if light is Light.RED else ''
        return Check('safety', light, self._state, cure)

    def _see(self, message: AnyImage) -> None:
        self._image_bytes = len(message.data)
        clock = self._find_time()
        try:
            image = self._inputs.read_image(message, time.monotonic(), False, clock)
        except ValueError as error:
            self._errors['image'] = str(error)
            return
        # What cannot be read is a finding.
        if image is not None:
            self._ages.append(self._inputs.image_age)

    def _find_time(self) -> Time:
        """Return the time that stamps are made with: that of /clock where somebody publishes it.

        Zero, which nobody compares with, until it has come.
        """
        if self._simulated_time is not None:
            return self._simulated_time
        if self._node.count_publishers(topics.CLOCK.name):
            return Time(clock_type=ClockType.ROS_TIME)
        return self._node.get_clock().now()

    def _feel(self, message: Imu) -> None:
        self._num_samples += 1
        try:
            self._inputs.read_inertial(message, time.monotonic(), False)
        except ValueError as error:
            self._errors['imu'] = str(error)

    def _note_camera(self, message: CameraInfo) -> None:
        try:
            self._fov_deg = self._inputs.read_lens(message)
        except ValueError as error:
            self._errors['camera_info'] = str(error)

    def _note_time(self, message: Clock) -> None:
        self._simulated_time = Time.from_msg(message.clock)

    def _note_state(self, message: String) -> None:
        self._state = message.data


def check_graph(names: GraphNames, seconds: float) -> list[Check]:
    """Return what a running graph is like.

    :param seconds: to listen [s].
    """
    check = GraphCheck(names)
    try:
        check.listen(seconds)
        return check.describe()
    finally:
        check.close()
