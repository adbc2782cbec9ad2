# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as MCAP files with the topics and types of the nodes, readable by any ROS 2 tool.

Needs no ROS installation. `ros2 bag record -s mcap` on a robot gives files that read back here:
where the topic of expert commands is missing, what was flown is what is learned. A namespace may
stand before the topics' names.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from mcap.reader import McapReader, make_reader
from mcap.writer import CompressionType, Writer
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_typestore

from lnn_control.core.image_messages import read_pixels
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
# An image this long before the first command was not answered by it [s].
_LONGEST_ANSWER = 0.5


class EpisodeFileError(ValueError):
    """A file is no episode; the message says what is missing."""


class Row(NamedTuple):
    """A message and when it was recorded [s]."""

    log_time: float
    message: Any


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


def _read_command(message: Any) -> list[float]:
    twist = message.twist if hasattr(message, 'twist') else message
    return [twist.linear.x, twist.linear.y, twist.linear.z, twist.angular.z]


def _load_metadata(reader: McapReader) -> dict[str, str]:
    metadata: dict[str, str] = {}
    for entry in reader.iter_metadata():
        if entry.name == _METADATA:
            metadata = dict(entry.metadata)
    return metadata


def _list_topics(reader: McapReader) -> set[str]:
    """Return the topics that hold messages, as far as the file has a summary."""
    summary = reader.get_summary()
    if summary is None:
        return set(_TYPES)
    counts = None if summary.statistics is None else summary.statistics.channel_message_counts
    return {
        channel.topic
        for channel in summary.channels.values()
        if counts is None or counts.get(channel.id, 0) > 0
    }


def _match_topics(recorded: set[str]) -> dict[str, str]:
    """Return which recorded topic is which of ours: that name, or the one that ends with it.

    :raises EpisodeFileError: if more than one does.
    """
    matches: dict[str, str] = {}
    for topic in _TYPES:
        # /expert/cmd_vel ends with /cmd_vel, but is another topic.
        others = tuple(name for name in _TYPES if name != topic and name.endswith(topic))
        found = [name for name in recorded if name.endswith(topic) and not name.endswith(others)]
        if topic in recorded:
            found = [topic]
        if len(found) > 1:
            raise EpisodeFileError(
                f'one topic must be {topic} or end with it, got {", ".join(sorted(found))}: '
                'keep the topics of one vehicle'
            )
        matches |= dict.fromkeys(found, topic)
    return matches


def _load_rows(stream: BinaryIO) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Return what was recorded by topic, and the metadata."""
    rows: dict[str, list[Row]] = {topic: [] for topic in _TYPES}
    reader = make_reader(stream, validate_crcs=True)
    metadata = _load_metadata(reader)
    matches = _match_topics(_list_topics(reader))
    for schema, channel, record in reader.iter_messages(topics=list(matches)):
        topic, kind = matches[channel.topic], 'no schema' if schema is None else schema.name
        valid = (_TYPES[topic], _TYPES[topic].removesuffix('Stamped'))
        if kind not in valid:
            wanted = ' or '.join(dict.fromkeys(valid))
            raise EpisodeFileError(f'topic {channel.topic} must be of type {wanted}, got {kind}')
        rows[topic].append(Row(record.log_time * 1e-9, _STORE.deserialize_cdr(record.data, kind)))
    return rows, metadata


def _stamp_rows(rows: list[Row], clock_offset: float) -> tuple[NDArray[np.float64], list[Any]]:
    """Return stamps and messages in the order of the stamps.

    :param clock_offset: what to add to the time of recording for messages without a header [s].
    """
    stamps = np.array(
        [
            row.message.header.stamp.sec + row.message.header.stamp.nanosec * 1e-9
            if hasattr(row.message, 'header')
            else row.log_time + clock_offset
            for row in rows
        ]
    )
    order = np.argsort(stamps, kind='stable')
    return stamps[order], [rows[i].message for i in order]


def _commands_after(
    image_stamps: NDArray[np.float64], stamps: NDArray[np.float64], messages: list[Any]
) -> NDArray[np.float32]:
    """Return for every image the first command at or after it, else the last one."""
    index = np.searchsorted(stamps, image_stamps - 5e-7).clip(0, len(messages) - 1)
    return np.array([_read_command(messages[i]) for i in index], dtype=np.float32)


def _read_imu(messages: list[Any]) -> NDArray[np.float32]:
    """Return body rates and specific force, shape (n, 6)."""
    rows = [
        [getattr(vector, axis) for vector in vectors for axis in 'xyz']
        for vectors in ((m.angular_velocity, m.linear_acceleration) for m in messages)
    ]
    return np.array(rows, dtype=np.float32)


def _make_episode(rows: dict[str, list[Row]], metadata: dict[str, str]) -> Episode:
    """Return the episode of what was recorded.

    :raises ValueError: if the messages do not fit together.
    """
    image_stamps, image_messages = _stamp_rows(rows[IMAGE_TOPIC], 0.0)
    # The recorder may run on another clock than the stamps, as it does beside a simulator.
    offset = float(np.median(image_stamps - np.sort([row.log_time for row in rows[IMAGE_TOPIC]])))
    stamped = {
        topic: _stamp_rows(rows[topic], offset)
        for topic in (IMU_TOPIC, FLOWN_TOPIC, LABEL_TOPIC)
        if rows[topic]
    }
    for topic, (stamps, _) in stamped.items():
        if stamps[-1] < image_stamps[0] - 1.0 or stamps[0] > image_stamps[-1] + 1.0:
            raise ValueError(
                f'{topic} is stamped {stamps[0]:.3f} to {stamps[-1]:.3f} s, images '
                f'{image_stamps[0]:.3f} to {image_stamps[-1]:.3f} s: they come from another clock'
            )
    # Nobody knows yet what the vehicle was told when these images came.
    first = max(stamped[topic][0][0] for topic in (FLOWN_TOPIC, LABEL_TOPIC) if topic in stamped)
    num_early = int(np.count_nonzero(image_stamps < first - _LONGEST_ANSWER))
    if num_early == len(image_stamps):
        raise ValueError(
            f'no image comes after or up to {_LONGEST_ANSWER} s before the first command at '
            f'{first:.3f} s, the last one at {image_stamps[-1]:.3f} s'
        )
    seen_from = image_stamps[num_early - 1] if num_early > 0 else -np.inf
    image_stamps, image_messages = image_stamps[num_early:], image_messages[num_early:]
    images = [read_pixels(message) for message in image_messages]
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise ValueError(f'images must have one size, got {sorted(sizes)}')
    imu_stamps, imu_messages = stamped[IMU_TOPIC]
    # Half a microsecond forgives the rounding of stamps.
    is_seen = imu_stamps > seen_from + 5e-7
    flown = _commands_after(image_stamps, *stamped[FLOWN_TOPIC])
    has_labels = LABEL_TOPIC in stamped
    return Episode(
        images=np.stack(images),
        image_stamps=image_stamps,
        imu=_read_imu(imu_messages)[is_seen],
        imu_stamps=imu_stamps[is_seen],
        flown=flown,
        labels=_commands_after(image_stamps, *stamped[LABEL_TOPIC]) if has_labels else flown,
        metadata=metadata,
    )


def read_metadata(path: Path) -> dict[str, str]:
    """Return an episode's metadata without reading the flight; empty if it has none.

    :raises FileNotFoundError: if there is no such file.
    :raises EpisodeFileError: if it is no MCAP file.
    """
    with open(path, 'rb') as stream:
        try:
            return _load_metadata(make_reader(stream))
        except Exception as error:  # a damaged file breaks its decoders in any way
            raise _explain_damage(path, error) from error


def _explain_damage(path: Path, error: Exception) -> EpisodeFileError:
    reason = ' '.join(f'{error}'.split()) or type(error).__name__
    return EpisodeFileError(f'{path} is no complete MCAP file: {reason}')


def read_episode(path: Path) -> Episode:
    """Read an episode written by :func:`write_episode`, by the recorder node or by `ros2 bag`.

    :raises FileNotFoundError: if there is no such file.
    :raises EpisodeFileError: if it is no MCAP file, lacks a topic or contradicts itself.
    """
    with open(path, 'rb') as stream:
        try:
            rows, metadata = _load_rows(stream)
        except EpisodeFileError as error:
            raise EpisodeFileError(f'{path}: {error}') from error
        except Exception as error:  # a damaged file breaks its decoders in any way
            raise _explain_damage(path, error) from error
    for topic in (IMAGE_TOPIC, IMU_TOPIC, FLOWN_TOPIC):
        if not rows[topic]:
            raise EpisodeFileError(
                f'{path} must hold {IMAGE_TOPIC}, {IMU_TOPIC} and {FLOWN_TOPIC}, got no message '
                f'on {topic}: record that topic too'
            )
    try:
        return _make_episode(rows, metadata)
    except ValueError as error:
        raise EpisodeFileError(f'{path}: {error}') from error
