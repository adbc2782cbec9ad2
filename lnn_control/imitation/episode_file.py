# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as MCAP files with the topics and types of the nodes, readable by any ROS 2 tool.

Needs no ROS installation. `ros2 bag record -s mcap` on a robot gives files that read back here:
where the topic of expert commands is missing, what was flown is what is learned.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.writer import CompressionType, Writer
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from lnn_control.imitation.episode import Episode

IMAGE_TOPIC = '/camera/image_raw'
IMU_TOPIC = '/imu/data_raw'
FLOWN_TOPIC = '/cmd_vel'
LABEL_TOPIC = '/expert/cmd_vel'

_TYPES = {
    IMAGE_TOPIC: 'sensor_msgs/msg/Image',
    IMU_TOPIC: 'sensor_msgs/msg/Imu',
    FLOWN_TOPIC: 'geometry_msgs/msg/TwistStamped',
    LABEL_TOPIC: 'geometry_msgs/msg/TwistStamped',
}
_METADATA = 'lnn_control/episode'
# Small chunks: an unfinished file of small chunks can be recovered.
_CHUNK_BYTES = 64 * 1024
_STORE = get_typestore(Stores.ROS2_JAZZY)
_UNKNOWN_COVARIANCE = np.zeros(9)


class EpisodeFileError(ValueError):
    """A file is no episode; the message says what is missing."""


def _header(stamp: float, frame_id: str) -> Any:
    sec, nanosec = divmod(round(stamp * 1e9), 10**9)
    time = _STORE.types['builtin_interfaces/msg/Time'](sec=sec, nanosec=nanosec)
    return _STORE.types['std_msgs/msg/Header'](stamp=time, frame_id=frame_id)


def _vector(values: NDArray[np.floating]) -> Any:
    x, y, z = (float(value) for value in values)
    return _STORE.types['geometry_msgs/msg/Vector3'](x=x, y=y, z=z)


def _image_message(stamp: float, pixels: NDArray[np.uint8]) -> Any:
    height, width = pixels.shape[:2]
    return _STORE.types[_TYPES[IMAGE_TOPIC]](
        header=_header(stamp, 'camera_optical_frame'),
        height=height,
        width=width,
        encoding='rgb8',
        is_bigendian=0,
        step=3 * width,
        data=np.ascontiguousarray(pixels).reshape(-1),
    )


def _imu_message(stamp: float, row: NDArray[np.float32]) -> Any:
    return _STORE.types[_TYPES[IMU_TOPIC]](
        header=_header(stamp, 'imu_link'),
        orientation=_STORE.types['geometry_msgs/msg/Quaternion'](x=0.0, y=0.0, z=0.0, w=1.0),
        # REP-145: -1 says that there is no orientation.
        orientation_covariance=np.array([-1.0] + [0.0] * 8),
        angular_velocity=_vector(row[:3]),
        angular_velocity_covariance=_UNKNOWN_COVARIANCE,
        linear_acceleration=_vector(row[3:]),
        linear_acceleration_covariance=_UNKNOWN_COVARIANCE,
    )


def _twist_message(stamp: float, command: NDArray[np.float32]) -> Any:
    twist = _STORE.types['geometry_msgs/msg/Twist'](
        linear=_vector(command[:3]), angular=_vector(np.array([0.0, 0.0, command[3]]))
    )
    header = _header(stamp, 'base_link')
    return _STORE.types[_TYPES[FLOWN_TOPIC]](header=header, twist=twist)


def _messages(episode: Episode) -> Iterator[tuple[float, str, Any]]:
    """Yield stamp, topic and message of everything in an episode."""
    for stamp, row in zip(episode.imu_stamps.tolist(), episode.imu, strict=True):
        yield stamp, IMU_TOPIC, _imu_message(stamp, row)
    for i, stamp in enumerate(episode.image_stamps.tolist()):
        yield stamp, IMAGE_TOPIC, _image_message(stamp, episode.images[i])
        yield stamp, FLOWN_TOPIC, _twist_message(stamp, episode.flown[i])
        yield stamp, LABEL_TOPIC, _twist_message(stamp, episode.labels[i])


def write_episode(path: Path, episode: Episode) -> None:
    """Write an episode, first beside its place as `.part`, then renamed: no half file stays.

    :raises OSError: if the disk is full or the folder cannot be written; the `.part` is removed.
    """
    part = path.with_name(path.name + '.part')
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(part, 'wb') as stream:
            writer = Writer(stream, chunk_size=_CHUNK_BYTES, compression=CompressionType.LZ4)
            writer.start(profile='ros2', library='lnn_control')
            channels = {}
            for topic, name in _TYPES.items():
                text = _STORE.generate_msgdef(name, ros_version=2)[0]
                schema = writer.register_schema(name, 'ros2msg', text.encode())
                channels[topic] = writer.register_channel(topic, 'cdr', schema)
            for stamp, topic, message in sorted(_messages(episode), key=lambda item: item[0]):
                log_time = round(stamp * 1e9)
                data = bytes(_STORE.serialize_cdr(message, _TYPES[topic]))
                writer.add_message(channels[topic], log_time, data, log_time)
            writer.add_metadata(_METADATA, episode.metadata)
            writer.finish()
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _stamp_of(message: Any) -> float:
    return float(message.header.stamp.sec + message.header.stamp.nanosec * 1e-9)


def _read_command(message: Any) -> list[float]:
    twist = message.twist if hasattr(message, 'twist') else message
    return [twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z]


def _read_image(message: Any, path: Path) -> NDArray[np.uint8]:
    if message.encoding not in ('rgb8', 'bgr8'):
        raise EpisodeFileError(
            f'{path}: {IMAGE_TOPIC} must be encoded as rgb8 or bgr8, got {message.encoding!r}'
        )
    rows = np.asarray(message.data).reshape(message.height, message.step)
    pixels = rows[:, : 3 * message.width].reshape(message.height, message.width, 3)
    return pixels if message.encoding == 'rgb8' else pixels[:, :, ::-1]


def _load_rows(path: Path) -> tuple[dict[str, list[tuple[float, Any]]], dict[str, str]]:
    """Return (stamp, message) rows by topic, and the metadata."""
    rows: dict[str, list[tuple[float, Any]]] = {topic: [] for topic in _TYPES}
    metadata: dict[str, str] = {}
    with open(path, 'rb') as stream:
        reader = make_reader(stream)
        for record in reader.iter_metadata():
            if record.name == _METADATA:
                metadata = dict(record.metadata)
        for schema, channel, record in reader.iter_messages(topics=list(_TYPES)):
            if schema is None:
                raise EpisodeFileError(f'{path}: topic {channel.topic} has no schema')
            message = _STORE.deserialize_cdr(record.data, schema.name)
            stamp = _stamp_of(message) if hasattr(message, 'header') else record.log_time * 1e-9
            rows[channel.topic].append((stamp, message))
    return rows, metadata


def _commands_after(
    stamps: NDArray[np.float64], rows: list[tuple[float, Any]]
) -> NDArray[np.float32]:
    """Return for every stamp the first command at or after it, else the last one."""
    times = np.array([stamp for stamp, _ in rows])
    index = np.searchsorted(times, stamps - 5e-7).clip(0, len(rows) - 1)
    return np.array([_read_command(rows[i][1]) for i in index], dtype=np.float32)


def read_episode(path: Path) -> Episode:
    """Read an episode written by :func:`write_episode`, by the recorder node or by `ros2 bag`.

    :raises FileNotFoundError: if there is no such file.
    :raises EpisodeFileError: if it is no MCAP file or lacks a topic.
    """
    try:
        rows, metadata = _load_rows(path)
    except McapError as error:
        raise EpisodeFileError(f'{path} is no complete MCAP file: {error}') from error
    for topic in (IMAGE_TOPIC, IMU_TOPIC, FLOWN_TOPIC):
        if not rows[topic]:
            raise EpisodeFileError(
                f'{path} must hold {IMAGE_TOPIC}, {IMU_TOPIC} and {FLOWN_TOPIC}, got no message '
                f'on {topic}: record that topic too'
            )
    image_stamps = np.array([stamp for stamp, _ in rows[IMAGE_TOPIC]])
    flown = _commands_after(image_stamps, rows[FLOWN_TOPIC])
    labels = _commands_after(image_stamps, rows[LABEL_TOPIC]) if rows[LABEL_TOPIC] else flown
    imu = [
        [getattr(vector, axis) for vector in vectors for axis in 'xyz']
        for vectors in ((m.angular_velocity, m.linear_acceleration) for _, m in rows[IMU_TOPIC])
    ]
    return Episode(
        images=np.stack([_read_image(message, path) for _, message in rows[IMAGE_TOPIC]]),
        image_stamps=image_stamps,
        imu=np.array(imu, dtype=np.float32),
        imu_stamps=np.array([stamp for stamp, _ in rows[IMU_TOPIC]]),
        flown=flown,
        labels=labels,
        metadata=metadata,
    )
