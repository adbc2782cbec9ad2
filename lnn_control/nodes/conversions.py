# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Between ROS messages and the types of core. Pure: no node, no time but the stamps.

rclpy stores whatever it is given in C fields: an int, a bool or a numpy scalar in a float field
is published as garbage. So every number passes float() or int() here, nowhere else.
"""

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import PoseStamped, Twist, TwistStamped
from nav_msgs.msg import Odometry
from numpy.typing import NDArray
from sensor_msgs.msg import (
    CameraInfo,
    CompressedImage,
    Image,
    Imu,
    JointState,
    PointCloud2,
    PointField,
)
from std_msgs.msg import Float32MultiArray, Header, MultiArrayDimension

from lnn_control.core.frames import rotation_from_quaternion
from lnn_control.core.image_messages import read_pixels
from lnn_control.core.messages import CameraImage, VehicleState, VelocityCommand
from lnn_control.core.ros_messages import read_imu_values, seconds_from_stamp
from lnn_control.core.ros_messages import read_twist as read_twist
from lnn_control.core.safety import Pose, make_pose

BASE_FRAME = 'base_link'
WORLD_FRAME = 'odom'
CAMERA_FRAME = 'camera_optical_frame'
IMU_FRAME = 'imu_link'


def stamp_from_seconds(seconds: float) -> Time:
    """Return a ROS stamp, rounded to nanoseconds."""
    sec, nanosec = divmod(round(float(seconds) * 1e9), 10**9)
    return Time(sec=int(sec), nanosec=int(nanosec))


def nanoseconds_from_stamp(stamp: Time) -> int:
    """Return a stamp as whole nanoseconds: two stamps are equal or they are not."""
    return int(stamp.sec) * 10**9 + int(stamp.nanosec)


def image_from_message(message: Image | CompressedImage) -> CameraImage:
    """Return the RGB image of a message, without copying where the encoding allows.

    :raises ValueError: if the encoding is unknown, the sizes contradict each other or a compressed
        one is damaged.
    """
    return CameraImage(read_pixels(message), seconds_from_stamp(message.header.stamp))


class ImageEncoder:
    """Makes image messages over one reused buffer: a message holds until the next is made.

    :param frame_prefix: of the vehicle's frames, such as `vehicle1/`.
    """

    def __init__(self, frame_prefix: str = '') -> None:
        self._message = Image(encoding='rgb8', is_bigendian=0)
        self._message.header.frame_id = f'{frame_prefix}{CAMERA_FRAME}'
        self._bytes = array('B')

    def encode(self, pixels: NDArray[np.uint8], stamp: float) -> Image:
        """Return an rgb8 message of an image of shape (height, width, 3)."""
        height, width = pixels.shape[:2]
        if len(self._bytes) != pixels.size:
            self._bytes = array('B', bytes(pixels.size))
        np.frombuffer(self._bytes, np.uint8)[:] = pixels.reshape(-1)
        message = self._message
        message.header.stamp = stamp_from_seconds(stamp)
        message.height, message.width, message.step = int(height), int(width), int(3 * width)
        # rclpy keeps a reference to an array('B'); anything else is copied element by element.
        message.data = self._bytes
        return message


def make_camera_info(
    width_px: int, height_px: int, focal_length_px: float, stamp: float, frame_prefix: str = ''
) -> CameraInfo:
    """Return the calibration of an ideal pinhole camera.

    :param frame_prefix: of the vehicle's frames, such as `vehicle1/`; so in the functions below.
    """
    f, cx, cy = float(focal_length_px), float(width_px) / 2, float(height_px) / 2
    message = CameraInfo(width=int(width_px), height=int(height_px))
    message.header.frame_id = f'{frame_prefix}{CAMERA_FRAME}'
    message.header.stamp = stamp_from_seconds(stamp)
    message.distortion_model = 'plumb_bob'
    message.d = [0.0] * 5
    message.k = [f, 0.0, cx, 0.0, f, cy, 0.0, 0.0, 1.0]
    message.r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    message.p = [f, 0.0, cx, 0.0, 0.0, f, cy, 0.0, 0.0, 0.0, 1.0, 0.0]
    return message


def make_imu(
    angular_velocity: NDArray[np.floating],
    linear_acceleration: NDArray[np.floating],
    stamp: float,
    frame_prefix: str = '',
) -> Imu:
    """Return a message of one inertial sample without orientation (REP-145)."""
    message = Imu()
    message.header.frame_id = f'{frame_prefix}{IMU_FRAME}'
    message.header.stamp = stamp_from_seconds(stamp)
    # REP-145: -1 says that there is no orientation.
    message.orientation_covariance = [-1.0] + [0.0] * 8
    _set_vector(message.angular_velocity, angular_velocity)
    _set_vector(message.linear_acceleration, linear_acceleration)
    return message


def read_imu(message: Imu) -> tuple[float, NDArray[np.float64], NDArray[np.float64]]:
    """Return stamp [s], body rates [rad/s] and specific force [m/s^2] of a message."""
    values = np.array(read_imu_values(message))
    return seconds_from_stamp(message.header.stamp), values[:3], values[3:]


def make_twist(command: VelocityCommand) -> Twist:
    """Return a command as Twist in the body frame."""
    twist = Twist()
    _set_vector(twist.linear, (command.vx, command.vy, command.vz))
    twist.angular.z = float(command.yaw_rate)
    return twist


def make_twist_stamped(command: VelocityCommand, stamp: float | Time) -> TwistStamped:
    """Return a command as TwistStamped in the body frame.

    :param stamp: of what it answers; as Time it is kept to the nanosecond.
    """
    message = TwistStamped(twist=make_twist(command))
    message.header.frame_id = BASE_FRAME
    message.header.stamp = stamp if isinstance(stamp, Time) else stamp_from_seconds(stamp)
    return message


def make_odometry(state: VehicleState, stamp: float, frame_prefix: str = '') -> Odometry:
    """Return a vehicle state: pose in the world, velocities in the body frame (REP-105)."""
    message = Odometry(child_frame_id=f'{frame_prefix}{BASE_FRAME}')
    message.header.frame_id = f'{frame_prefix}{WORLD_FRAME}'
    message.header.stamp = stamp_from_seconds(stamp)
    _set_vector(message.pose.pose.position, state.position_world)
    x, y, z, w = (float(value) for value in state.orientation_world)
    quaternion = message.pose.pose.orientation
    quaternion.x, quaternion.y, quaternion.z, quaternion.w = x, y, z, w
    rotation = rotation_from_quaternion(state.orientation_world)
    _set_vector(message.twist.twist.linear, rotation.T @ state.velocity_world)
    _set_vector(message.twist.twist.angular, state.angular_velocity)
    return message


def read_pose(message: Odometry) -> Pose:
    """Return where a vehicle is.

    :raises ValueError: if the message is not finite or holds no orientation.
    """
    position, orientation = message.pose.pose.position, message.pose.pose.orientation
    return make_pose(
        (position.x, position.y, position.z),
        (orientation.x, orientation.y, orientation.z, orientation.w),
    )


def read_points(message: PointCloud2) -> NDArray[np.float32]:
    """Return the x, y, z of every point of a cloud [m], shape (n, 3).

    :raises ValueError: if it has no such fields of float32, or fewer bytes than it says.
    """
    offsets = {
        field.name: field.offset
        for field in message.fields
        if field.datatype == PointField.FLOAT32 and field.name in ('x', 'y', 'z')
    }
    if len(offsets) != 3:
        given = [field.name for field in message.fields]
        raise ValueError(f'a cloud must have x, y and z as FLOAT32, got fields {given}')
    width, height, step = int(message.width), int(message.height), int(message.point_step)
    used = message.row_step * (height - 1) + step * width if height else 0
    if len(message.data) < used or message.row_step < step * width:
        raise ValueError(
            f'a cloud of {width}x{height} points of {step} bytes must have {used} bytes or more, '
            f'got {len(message.data)}'
        )
    kind = np.dtype(
        {
            'names': ['x', 'y', 'z'],
            'formats': ['>f4' if message.is_bigendian else '<f4'] * 3,
            'offsets': [offsets[name] for name in ('x', 'y', 'z')],
            'itemsize': step,
        }
    )
    strides = (message.row_step, step)
    rows = np.ndarray((height, width), kind, bytes(message.data), strides=strides)
    points = np.stack([rows[name] for name in ('x', 'y', 'z')], axis=-1)
    return points.reshape(-1, 3).astype(np.float32)


def make_position(
    position_world: NDArray[np.floating], stamp: float, frame_prefix: str = ''
) -> PoseStamped:
    """Return a place in the world, without orientation of its own."""
    message = PoseStamped()
    message.header.frame_id = f'{frame_prefix}{WORLD_FRAME}'
    message.header.stamp = stamp_from_seconds(stamp)
    _set_vector(message.pose.position, position_world)
    message.pose.orientation.w = 1.0
    return message


def make_neurons(
    activity: NDArray[np.floating], names: Sequence[str], stamp: float | Time
) -> JointState:
    """Return the state of every neuron as `position`, under its name.

    :param stamp: of the image that they have answered; as Time it is kept to the nanosecond.
    """
    message = JointState(name=list(names))
    message.header.stamp = stamp if isinstance(stamp, Time) else stamp_from_seconds(stamp)
    message.position = array('d', np.asarray(activity, np.float64).reshape(-1).tobytes())
    return message


def make_saliency(saliency: NDArray[np.floating], header: Header) -> Image:
    """Return how much each pixel counts as a mono8 image: 255 is most.

    :param saliency: 0 to 1, shape (height, width). :param header: of the image that was looked at.
    """
    height, width = (int(size) for size in saliency.shape)
    values = np.rint(255 * np.clip(saliency, 0.0, 1.0)).astype(np.uint8)
    return Image(
        header=header,
        height=height,
        width=width,
        encoding='mono8',
        is_bigendian=0,
        step=width,
        data=array('B', values.tobytes()),
    )


def make_timing(image_age: float, inference_time: float) -> Float32MultiArray:
    """Return how old the image was when it came, and how long its command took [s]."""
    message = Float32MultiArray()
    message.layout.dim = [MultiArrayDimension(label='image_age, inference_time', size=2, stride=2)]
    message.data = array('f', [image_age, inference_time])
    return message


@dataclass(frozen=True)
class Source:
    """Who tells how it is.

    :param part: of the robot. :param namespace: of the node, which tells robots apart.
    """

    part: str
    namespace: str = ''


def make_diagnostics(
    source: Source, problem: str, values: Mapping[str, Any], stamp: float, is_error: bool = False
) -> DiagnosticArray:
    """Return one status: OK without a problem, else a warning or error that says what is wrong."""
    robot = source.namespace.strip('/')
    name = f'{robot}: {source.part}' if robot else source.part
    status = DiagnosticStatus(
        name=name, hardware_id=robot or 'lnn_control', message=problem or 'OK'
    )
    level = DiagnosticStatus.ERROR if is_error else DiagnosticStatus.WARN
    status.level = level if problem else DiagnosticStatus.OK
    status.values = [KeyValue(key=key, value=str(value)) for key, value in values.items()]
    message = DiagnosticArray(status=[status])
    message.header.stamp = stamp_from_seconds(stamp)
    return message


def _set_vector(vector: Any, values: Any) -> None:
    vector.x, vector.y, vector.z = (float(value) for value in values)
