# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as MCAP files with the topics and types of the nodes, readable by any ROS 2 tool.

Needs no ROS installation. `ros2 bag record -s mcap` on a robot gives files that read back here:
where the topic of expert commands is missing, what was flown is what is learned. A namespace may
stand before the topics' names.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from mcap.reader import McapReader, make_reader
from mcap.writer import CompressionType, Writer
from numpy.typing import NDArray

from lnn_control.core.image_messages import read_pixels
from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_messages import (
    FLOATS_TYPE,
    IMAGE_TYPE,
    IMU_TYPE,
    STORE,
    TWIST_TYPE,
    encode_commands,
    encode_floats,
    encode_images,
    encode_imu,
    split_stamps,
)

IMAGE_TOPIC = '/camera/image_raw'
IMU_TOPIC = '/imu/data_raw'
FLOWN_TOPIC = '/cmd_vel'
LABEL_TOPIC = '/expert/cmd_vel'

PRIVILEGED_TOPIC = '/expert/privileged'
SEGMENTATION_TOPIC = '/camera/segmentation'

_TYPES = {
    IMAGE_TOPIC: IMAGE_TYPE,
    IMU_TOPIC: IMU_TYPE,
    FLOWN_TOPIC: TWIST_TYPE,
    LABEL_TOPIC: TWIST_TYPE,
    PRIVILEGED_TOPIC: FLOATS_TYPE,
    SEGMENTATION_TOPIC: IMAGE_TYPE,
}
_METADATA = 'lnn_control/episode'
# Small chunks: an unfinished file of small chunks can be recovered.
_CHUNK_BYTES = 64 * 1024
# Stamps that differ by less are of one moment [s].
_SAME_STAMP = 1e-5
# An image this long before the first command was not answered by it [s].
_LONGEST_ANSWER = 0.5


class EpisodeFileError(ValueError):
    """A file is no episode; the message says what is missing."""


class Row(NamedTuple):
    """A message and when it was recorded [s]."""

    log_time: float
    message: Any


class _Channel(NamedTuple):
    """The messages of a topic, in the order of their stamps."""

    topic: str
    stamps: NDArray[np.float64]
    messages: Iterable[bytes]


def _list_channels(episode: Episode) -> Iterator[_Channel]:
    """Yield every topic of an episode with its messages."""
    stamps, imu_stamps = episode.image_stamps, episode.imu_stamps
    yield _Channel(IMAGE_TOPIC, stamps, encode_images(stamps, episode.images, 'rgb8'))
    yield _Channel(IMU_TOPIC, imu_stamps, encode_imu(imu_stamps, episode.imu))
    yield _Channel(FLOWN_TOPIC, stamps, encode_commands(stamps, episode.flown))
    yield _Channel(LABEL_TOPIC, stamps, encode_commands(stamps, episode.labels))
    if episode.privileged is not None:
        yield _Channel(PRIVILEGED_TOPIC, stamps, encode_floats(episode.privileged))
    if episode.segmentation is not None:
        classes = encode_images(stamps, episode.segmentation, 'mono8')
        yield _Channel(SEGMENTATION_TOPIC, stamps, classes)


def write_episode(path: Path, episode: Episode) -> None:
    """Write an episode, first beside its place, then renamed: no half file stays.

    :raises OSError: if the disk is full or the folder cannot be written.
    """
    with write_whole(path) as stream:
        _write_messages(stream, episode)


def encode_episode(episode: Episode) -> bytes:
    """Return what :func:`write_episode` writes."""
    stream = BytesIO()
    _write_messages(stream, episode)
    return stream.getvalue()


def _write_messages(stream: BinaryIO, episode: Episode) -> None:
    writer = Writer(stream, chunk_size=_CHUNK_BYTES, compression=CompressionType.LZ4)
    writer.start(profile='ros2', library='lnn_control')
    rows: list[tuple[int, bool, int, bytes]] = []
    for topic, stamps, messages in _list_channels(episode):
        number = _register(writer, topic)
        times = split_stamps(stamps).tolist()
        # What was felt up to an image comes before it.
        rows += [
            (time, topic != IMU_TOPIC, number, data)
            for time, data in zip(times, messages, strict=True)
        ]
    for log_time, _, number, data in sorted(rows, key=itemgetter(0, 1, 2)):
        writer.add_message(number, log_time, data, log_time)
    writer.add_metadata(_METADATA, episode.metadata)
    writer.finish()


def _register(writer: Writer, topic: str) -> int:
    """Return the number of a new channel with the text of its messages' definition."""
    name = _TYPES[topic]
    text = STORE.generate_msgdef(name, ros_version=2)[0]
    return writer.register_channel(
        topic, 'cdr', writer.register_schema(name, 'ros2msg', text.encode())
    )


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
        rows[topic].append(Row(record.log_time * 1e-9, STORE.deserialize_cdr(record.data, kind)))
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
        for topic in (IMU_TOPIC, FLOWN_TOPIC, LABEL_TOPIC, PRIVILEGED_TOPIC, SEGMENTATION_TOPIC)
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
        privileged=_read_privileged(image_stamps, stamped.get(PRIVILEGED_TOPIC)),
        segmentation=_read_segmentation(image_stamps, stamped.get(SEGMENTATION_TOPIC)),
    )


_Stamped = tuple[NDArray[np.float64], list[Any]]


def _find_of_images(image_stamps: NDArray[np.float64], stamped: _Stamped, topic: str) -> list[Any]:
    """Return the message of every image on another topic: that with its stamp.

    :raises ValueError: if an image has none.
    """
    stamps, messages = stamped
    index = np.searchsorted(stamps, image_stamps - _SAME_STAMP).clip(0, len(stamps) - 1)
    is_missing = np.abs(stamps[index] - image_stamps) > _SAME_STAMP
    if is_missing.any():
        raise ValueError(
            f'{topic} must have a message for every image, got none for that of '
            f'{image_stamps[is_missing][0]:.3f} s: record all of them or leave that topic out'
        )
    return [messages[i] for i in index]


def _read_privileged(
    image_stamps: NDArray[np.float64], stamped: _Stamped | None
) -> NDArray[np.float32] | None:
    if stamped is None:
        return None
    messages = _find_of_images(image_stamps, stamped, PRIVILEGED_TOPIC)
    return np.array([message.data for message in messages], dtype=np.float32)


def _read_segmentation(
    image_stamps: NDArray[np.float64], stamped: _Stamped | None
) -> NDArray[np.uint8] | None:
    if stamped is None:
        return None
    messages = _find_of_images(image_stamps, stamped, SEGMENTATION_TOPIC)
    encodings = {message.encoding for message in messages}
    if encodings != {'mono8'}:
        raise ValueError(f'{SEGMENTATION_TOPIC} must be mono8, got {sorted(encodings)}')
    return np.stack([read_pixels(message)[:, :, 0] for message in messages])


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
