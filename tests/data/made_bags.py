# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Small bags as other people's robots record them."""

from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin, Writer
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

STORE = get_typestore(Stores.ROS2_JAZZY)
STORE1 = get_typestore(Stores.ROS1_NOETIC)
IMAGE, IMU, COMMAND = '/camera/image_raw', '/imu/data_raw', '/cmd_vel'
START = 1_700_000_000.0

_DRIVE = (
    'float32 steering_angle\nfloat32 steering_angle_velocity\n'
    'float32 speed\nfloat32 acceleration\nfloat32 jerk\n'
)
_STAMPED = 'std_msgs/Header header\nackermann_msgs/AckermannDrive drive\n'
_TARGET = (
    'std_msgs/Header header\nuint8 coordinate_frame\nuint16 type_mask\n'
    'geometry_msgs/Point position\ngeometry_msgs/Vector3 velocity\n'
    'geometry_msgs/Vector3 acceleration_or_force\nfloat32 yaw\nfloat32 yaw_rate\n'
)
_SETPOINT = (
    'uint64 timestamp\nfloat32[3] position\nfloat32[3] velocity\nfloat32[3] acceleration\n'
    'float32[3] jerk\nfloat32 yaw\nfloat32 yawspeed\n'
)
for _name, _text in (
    ('ackermann_msgs/msg/AckermannDrive', _DRIVE),
    ('ackermann_msgs/msg/AckermannDriveStamped', _STAMPED),
    ('mavros_msgs/msg/PositionTarget', _TARGET),
    ('px4_msgs/msg/TrajectorySetpoint', _SETPOINT),
):
    STORE.register(get_types_from_msg(_text, _name))


class Sent(NamedTuple):
    """A message, its topic and when it was recorded [s]."""

    topic: str
    time: float
    message: Any


def make(name: str, **fields: Any) -> Any:
    return STORE.types[name](**fields)


def header(stamp: float, frame: str = 'x') -> Any:
    sec, nanosec = divmod(round(stamp * 1e9), 10**9)
    time = make('builtin_interfaces/msg/Time', sec=sec, nanosec=nanosec)
    return make('std_msgs/msg/Header', stamp=time, frame_id=frame)


def vector(x: float = 0.0, y: float = 0.0, z: float = 0.0) -> Any:
    return make('geometry_msgs/msg/Vector3', x=float(x), y=float(y), z=float(z))


def draw(stamp: float, size: tuple[int, int] = (32, 18)) -> np.ndarray:
    """Return an image that tells its stamp: red by the time, green from left to right."""
    width, height = size
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[..., 0] = round((stamp - START) * 100) % 251
    pixels[..., 1] = np.linspace(0, 255, width).astype(np.uint8)
    pixels[..., 2] = 40
    return pixels


def image(
    stamp: float,
    pixels: np.ndarray | None = None,
    encoding: str = 'rgb8',
    padding: int = 0,
    is_bigendian: int = 0,
) -> Any:
    pixels = draw(stamp) if pixels is None else pixels
    rows = np.pad(pixels.reshape(len(pixels), -1).view(np.uint8), ((0, 0), (0, padding)))
    return make(
        'sensor_msgs/msg/Image',
        header=header(stamp, 'camera_optical_frame'),
        height=len(pixels),
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=is_bigendian,
        step=rows.shape[1],
        data=rows.ravel(),
    )


def compressed(stamp: float, suffix: str = '.png', size: tuple[int, int] = (32, 18)) -> Any:
    _, data = cv2.imencode(suffix, draw(stamp, size)[..., ::-1])
    return make(
        'sensor_msgs/msg/CompressedImage',
        header=header(stamp),
        format='rgb8; jpeg compressed bgr8' if suffix == '.jpg' else 'png',
        data=data.ravel(),
    )


def camera_info(
    stamp: float,
    size: tuple[int, int] = (32, 18),
    focal_length_px: float = 20.0,
    distortion: tuple[float, ...] = (),
) -> Any:
    width, height = size
    f, x, y = focal_length_px, width / 2, height / 2
    return make(
        'sensor_msgs/msg/CameraInfo',
        header=header(stamp, 'camera_optical_frame'),
        height=height,
        width=width,
        distortion_model='plumb_bob',
        d=np.array(distortion, np.float64),
        k=np.array([f, 0, x, 0, f, y, 0, 0, 1], np.float64),
        r=np.eye(3).ravel(),
        p=np.array([f, 0, x, 0, 0, f, y, 0, 0, 0, 1, 0], np.float64),
        binning_x=0,
        binning_y=0,
        roi=make(
            'sensor_msgs/msg/RegionOfInterest',
            x_offset=0,
            y_offset=0,
            height=0,
            width=0,
            do_rectify=False,
        ),
    )


def imu(
    stamp: float,
    rates: tuple[float, float, float] = (0.0, 0.0, 0.0),
    force: tuple[float, float, float] = (0.0, 0.0, 9.81),
    force_covariance: float = 0.0,
) -> Any:
    covariance = np.zeros(9)
    covariance[0] = force_covariance
    return make(
        'sensor_msgs/msg/Imu',
        header=header(stamp, 'imu_link'),
        orientation=make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
        orientation_covariance=np.zeros(9),
        angular_velocity=vector(*rates),
        angular_velocity_covariance=np.zeros(9),
        linear_acceleration=vector(*force),
        linear_acceleration_covariance=covariance,
    )


def twist(vx: float = 0.0, vy: float = 0.0, vz: float = 0.0, yaw_rate: float = 0.0) -> Any:
    linear, angular = vector(vx, vy, vz), vector(z=yaw_rate)
    return make('geometry_msgs/msg/Twist', linear=linear, angular=angular)


def twist_stamped(stamp: float, frame: str = 'base_link', **values: float) -> Any:
    return make(
        'geometry_msgs/msg/TwistStamped', header=header(stamp, frame), twist=twist(**values)
    )


def odometry(stamp: float, heading: float = 0.0, **values: float) -> Any:
    turned = make(
        'geometry_msgs/msg/Quaternion',
        x=0.0,
        y=0.0,
        z=float(np.sin(heading / 2)),
        w=float(np.cos(heading / 2)),
    )
    pose = make(
        'geometry_msgs/msg/Pose',
        position=make('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0),
        orientation=turned,
    )
    return make(
        'nav_msgs/msg/Odometry',
        header=header(stamp, 'odom'),
        child_frame_id='base_link',
        pose=make('geometry_msgs/msg/PoseWithCovariance', pose=pose, covariance=np.zeros(36)),
        twist=make(
            'geometry_msgs/msg/TwistWithCovariance', twist=twist(**values), covariance=np.zeros(36)
        ),
    )


def ackermann(stamp: float, speed: float, steering_angle: float) -> Any:
    drive = make(
        'ackermann_msgs/msg/AckermannDrive',
        steering_angle=steering_angle,
        steering_angle_velocity=0.0,
        speed=speed,
        acceleration=0.0,
        jerk=0.0,
    )
    return make('ackermann_msgs/msg/AckermannDriveStamped', header=header(stamp), drive=drive)


def joy(stamp: float, axes: list[float], buttons: list[int]) -> Any:
    return make(
        'sensor_msgs/msg/Joy',
        header=header(stamp),
        axes=np.array(axes, np.float32),
        buttons=np.array(buttons, np.int32),
    )


def position_target(stamp: float, velocity: tuple[float, float, float], frame: int) -> Any:
    return make(
        'mavros_msgs/msg/PositionTarget',
        header=header(stamp),
        coordinate_frame=frame,
        type_mask=0,
        position=make('geometry_msgs/msg/Point', x=0.0, y=0.0, z=0.0),
        velocity=vector(*velocity),
        acceleration_or_force=vector(),
        yaw=0.0,
        yaw_rate=0.25,
    )


def trajectory_setpoint(velocity: tuple[float, float, float], yaw_rate: float) -> Any:
    unset = np.full(3, np.nan, np.float32)
    return make(
        'px4_msgs/msg/TrajectorySetpoint',
        timestamp=0,
        position=unset,
        velocity=np.array(velocity, np.float32),
        acceleration=unset,
        jerk=unset,
        yaw=float('nan'),
        yawspeed=yaw_rate,
    )


def text(value: str) -> Any:
    return make('std_msgs/msg/String', data=value)


def flag(value: bool) -> Any:
    return make('std_msgs/msg/Bool', data=value)


def see_and_feel(
    num_images: int = 20,
    make_image: Any = image,
    make_imu: Any = imu,
    topics: tuple[str, str] = (IMAGE, IMU),
) -> list[Sent]:
    """Return images, 20 a second, and inertial samples, 100 a second, received 4 and 1 ms late."""
    stamps = [START + i / 20 for i in range(num_images)]
    samples = [START + k / 100 for k in range(5 * num_images)]
    return [
        *(Sent(topics[0], stamp + 0.004, make_image(stamp)) for stamp in stamps),
        *(Sent(topics[1], stamp + 0.001, make_imu(stamp)) for stamp in samples),
    ]


def answer(num_images: int = 20, topic: str = COMMAND, make_command: Any = None) -> list[Sent]:
    """Return a command 10 ms after each image; usually the i-th has a speed of i / 100."""
    sent = []
    for i in range(num_images):
        time = START + i / 20 + 0.01
        message = twist(i / 100) if make_command is None else make_command(time, i)
        sent.append(Sent(topic, time, message))
    return sent


def record(
    folder: Path,
    messages: list[Sent],
    plugin: str = 'mcap',
    compression: str = '',
    version: int = 9,
) -> Path:
    """Write messages as `ros2 bag record` does, and return the folder."""
    kind = StoragePlugin.MCAP if plugin == 'mcap' else StoragePlugin.SQLITE3
    bag = Writer(folder, version=version, storage_plugin=kind)
    if compression:
        bag.set_compression(CompressionMode[compression], CompressionFormat.ZSTD)
    with bag:
        connections: dict[str, Any] = {}
        for topic, time, message in sorted(messages, key=lambda sent: sent.time):
            name = message.__msgtype__
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, name, typestore=STORE)
            bag.write(connections[topic], round(time * 1e9), STORE.serialize_cdr(message, name))
    return folder


def find_file(folder: Path) -> Path:
    """Return the storage of a bag."""
    return next(path for path in folder.iterdir() if path.suffix != '.yaml')


def translate(message: Any) -> Any:
    """Return a message as ROS 1 has it: its headers count."""
    kind = STORE1.types[message.__msgtype__]
    values = {}
    for entry in fields(kind):  # type: ignore[arg-type]
        # Calibrations have the same fields in capitals there.
        value = getattr(message, entry.name, getattr(message, entry.name.lower(), 0))
        values[entry.name] = translate(value) if hasattr(value, '__msgtype__') else value
    return kind(**values)


def record_ros1(path: Path, messages: list[Sent]) -> Path:
    """Write messages as `rosbag record` of ROS 1 does, and return the file."""
    with Writer1(path) as bag:
        connections: dict[str, Any] = {}
        for topic, time, message in sorted(messages, key=lambda sent: sent.time):
            name = message.__msgtype__
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, name, typestore=STORE1)
            data = STORE1.serialize_ros1(translate(message), name)
            bag.write(connections[topic], round(time * 1e9), data)
    return path
