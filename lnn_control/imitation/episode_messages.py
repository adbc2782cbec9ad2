# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What an episode holds as serialised ROS 2 messages, all of a kind at once.

Each kind is serialised once by rosbags; every message is that one with its own stamp and values in
their places. That is what serialising each would give, byte for byte, at a tenth of the time.
"""

import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.mcap_file import find_types
from lnn_control.core.ros_messages import FLOATS_TYPE, IMAGE_TYPE, IMU_TYPE, TWIST_STAMPED_TYPE

STORE = find_types()

# Places in a serialised message [bytes]. The four bytes that say it is little endian come first,
# then the header: stamp, length of the frame's name, the name. Numbers of 8 bytes follow at a
# multiple of 8, counted from the stamp, which is the same for both names.
_STAMP = slice(4, 12)
_BODY = 28
_ANGULAR_VELOCITY = slice(132, 156)  # after the orientation, 4 x 8, and its covariance, 9 x 8
_LINEAR_ACCELERATION = slice(228, 252)  # after another covariance
_LINEAR = slice(_BODY, _BODY + 24)
_YAW_RATE = slice(_BODY + 40, _BODY + 48)


def split_stamps(stamps: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return times in whole nanoseconds."""
    return np.asarray(np.round(stamps * 1e9), dtype=np.int64)


def encode_images(
    stamps: NDArray[np.float64],
    images: Iterable[NDArray[np.uint8]],
    shape: tuple[int, ...],
    encoding: str,
) -> Iterator[bytes]:
    """Yield a sensor_msgs/Image for each image.

    :param shape: of one image, (height, width[, channels]). :param encoding: 'rgb8' or 'mono8'.
    """
    height, width = shape[:2]
    size = math.prod(shape)
    template = np.frombuffer(_make_image(height, width, size, encoding), np.uint8)
    heads = _repeat(template[: len(template) - size], len(stamps))
    heads[:, _STAMP] = _encode_stamps(stamps)
    for head, pixels in zip(heads, images, strict=True):
        yield head.tobytes() + pixels.tobytes()


def encode_imu(stamps: NDArray[np.float64], imu: NDArray[np.float32]) -> Iterator[bytes]:
    """Yield a sensor_msgs/Imu for each row of body rates and specific force, shape (n, 6)."""
    rows = _repeat(np.frombuffer(_make_imu(), np.uint8), len(imu))
    rows[:, _STAMP] = _encode_stamps(stamps)
    rows[:, _ANGULAR_VELOCITY] = _to_bytes(imu[:, :3], np.float64)
    rows[:, _LINEAR_ACCELERATION] = _to_bytes(imu[:, 3:], np.float64)
    return (row.tobytes() for row in rows)


def encode_commands(stamps: NDArray[np.float64], commands: NDArray[np.float32]) -> Iterator[bytes]:
    """Yield a geometry_msgs/TwistStamped for each row of vx, vy, vz, yaw rate, shape (n, 4)."""
    rows = _repeat(np.frombuffer(_make_twist(), np.uint8), len(commands))
    rows[:, _STAMP] = _encode_stamps(stamps)
    rows[:, _LINEAR] = _to_bytes(commands[:, :3], np.float64)
    rows[:, _YAW_RATE] = _to_bytes(commands[:, 3:], np.float64)
    return (row.tobytes() for row in rows)


def encode_floats(values: NDArray[np.float32]) -> Iterator[bytes]:
    """Yield a std_msgs/Float32MultiArray for each row of values, shape (n, m)."""
    count = values.shape[1]
    template = np.frombuffer(_make_floats(count), np.uint8)
    rows = _repeat(template, len(values))
    rows[:, len(template) - 4 * count :] = _to_bytes(values, np.float32)
    return (row.tobytes() for row in rows)


def _repeat(template: NDArray[np.uint8], count: int) -> NDArray[np.uint8]:
    return np.tile(template, (count, 1))


def _to_bytes(values: NDArray[Any], dtype: type[np.generic]) -> NDArray[np.uint8]:
    """Return rows of numbers as rows of their bytes, little endian."""
    numbers = np.ascontiguousarray(values, dtype=np.dtype(dtype).newbyteorder('<'))
    return numbers.view(np.uint8)


def _encode_stamps(stamps: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Return seconds and nanoseconds of every stamp, shape (n, 8)."""
    seconds, nanoseconds = np.divmod(split_stamps(stamps), 10**9)
    return _to_bytes(np.column_stack([seconds, nanoseconds]), np.int32)


def _make_header(frame_id: str) -> Any:
    time = STORE.types['builtin_interfaces/msg/Time'](sec=0, nanosec=0)
    return STORE.types['std_msgs/msg/Header'](stamp=time, frame_id=frame_id)


def _make_vector() -> Any:
    return STORE.types['geometry_msgs/msg/Vector3'](x=0.0, y=0.0, z=0.0)


@cache
def _make_image(height: int, width: int, size: int, encoding: str) -> bytes:
    message = STORE.types[IMAGE_TYPE](
        header=_make_header('camera_optical_frame'),
        height=height,
        width=width,
        encoding=encoding,
        is_bigendian=0,
        step=size // height,
        data=np.zeros(size, np.uint8),
    )
    return bytes(STORE.serialize_cdr(message, IMAGE_TYPE))


@cache
def _make_imu() -> bytes:
    message = STORE.types[IMU_TYPE](
        header=_make_header('imu_link'),
        orientation=STORE.types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0),
        # REP-145: -1 says that there is no orientation.
        orientation_covariance=np.array([-1.0] + [0.0] * 8),
        angular_velocity=_make_vector(),
        angular_velocity_covariance=np.zeros(9),
        linear_acceleration=_make_vector(),
        linear_acceleration_covariance=np.zeros(9),
    )
    return bytes(STORE.serialize_cdr(message, IMU_TYPE))


@cache
def _make_twist() -> bytes:
    twist = STORE.types['geometry_msgs/msg/Twist'](linear=_make_vector(), angular=_make_vector())
    message = STORE.types[TWIST_STAMPED_TYPE](header=_make_header('base_link'), twist=twist)
    return bytes(STORE.serialize_cdr(message, TWIST_STAMPED_TYPE))


@cache
def _make_floats(count: int) -> bytes:
    layout = STORE.types['std_msgs/msg/MultiArrayLayout'](dim=[], data_offset=0)
    message = STORE.types[FLOATS_TYPE](layout=layout, data=np.zeros(count, np.float32))
    return bytes(STORE.serialize_cdr(message, FLOATS_TYPE))
