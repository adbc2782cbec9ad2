# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Episodes as MCAP files with the topics and types of the nodes, readable by any ROS 2 tool.

Needs no ROS installation. Every image has its command, its label and what else is told of it under
its own stamp. What a robot recorded is no episode yet: `lnn_control.data` makes episodes of it.
"""

import heapq
from collections.abc import Iterable, Iterator
from io import BytesIO
from operator import itemgetter
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from mcap.reader import McapReader, make_reader
from numpy.typing import NDArray

from lnn_control.core import ros_messages
from lnn_control.core.image_messages import read_pixels
from lnn_control.core.mcap_file import McapFile
from lnn_control.core.ros_messages import (
    FLOATS_TYPE,
    IMAGE_TYPE,
    IMU_TYPE,
    TWIST_STAMPED_TYPE,
    read_imu_values,
    read_twist,
    seconds_from_stamp,
)
from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.episode import Episode, StreamedEpisode, stream_episode
from lnn_control.imitation.episode_messages import (
    STORE,
    encode_commands,
    encode_floats,
    encode_images,
    encode_imu,
    split_stamps,
)

IMAGE_TOPIC = f'/{ros_messages.IMAGE}'
IMU_TOPIC = f'/{ros_messages.IMU}'
FLOWN_TOPIC = f'/{ros_messages.COMMAND}'
LABEL_TOPIC = '/expert/cmd_vel'
PRIVILEGED_TOPIC = '/expert/privileged'
SEGMENTATION_TOPIC = '/camera/segmentation'

_TYPES = {
    IMAGE_TOPIC: IMAGE_TYPE,
    IMU_TOPIC: IMU_TYPE,
    FLOWN_TOPIC: TWIST_STAMPED_TYPE,
    LABEL_TOPIC: TWIST_STAMPED_TYPE,
    PRIVILEGED_TOPIC: FLOATS_TYPE,
    SEGMENTATION_TOPIC: IMAGE_TYPE,
}
_METADATA = 'lnn_control/episode'
# Stamps that differ by less are of one moment [s].
_SAME_STAMP = 1e-5


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


def _list_channels(episode: StreamedEpisode) -> Iterator[_Channel]:
    """Yield every topic of an episode with its messages."""
    stamps, imu_stamps, shape = episode.image_stamps, episode.imu_stamps, episode.image_shape
    images = encode_images(stamps, episode.read_images(), shape, 'rgb8')
    yield _Channel(IMAGE_TOPIC, stamps, images)
    yield _Channel(IMU_TOPIC, imu_stamps, encode_imu(imu_stamps, episode.imu))
    yield _Channel(FLOWN_TOPIC, stamps, encode_commands(stamps, episode.flown))
    yield _Channel(LABEL_TOPIC, stamps, encode_commands(stamps, episode.labels))
    if episode.privileged is not None:
        yield _Channel(PRIVILEGED_TOPIC, stamps, encode_floats(episode.privileged))
    if episode.read_segmentation is not None:
        classes = encode_images(stamps, episode.read_segmentation(), shape[:2], 'mono8')
        yield _Channel(SEGMENTATION_TOPIC, stamps, classes)


def write_episode(path: Path, episode: Episode | StreamedEpisode) -> None:
    """Write an episode, first beside its place, then renamed: no half file stays.

    Its images are taken one after another, so that memory does not depend on how many there are.

    :raises OSError: if the disk is full or the folder cannot be written.
    """
    streamed = stream_episode(episode) if isinstance(episode, Episode) else episode
    with write_whole(path) as stream:
        _write_messages(stream, streamed)


def encode_episode(episode: Episode) -> bytes:
    """Return what :func:`write_episode` writes."""
    stream = BytesIO()
    _write_messages(stream, stream_episode(episode))
    return stream.getvalue()


def _write_messages(stream: BinaryIO, episode: StreamedEpisode) -> None:
    file = McapFile(stream)
    channels = list(_list_channels(episode))
    for channel in channels:
        file.declare(channel.topic, _TYPES[channel.topic])
    parts = map(_list_rows, range(len(channels)), channels)
    for time, _, number, data in heapq.merge(*parts, key=itemgetter(0, 1, 2)):
        topic = channels[number].topic
        file.add(topic, _TYPES[topic], data, time)
    file.add_metadata(_METADATA, episode.metadata)
    file.finish()


def _list_rows(number: int, channel: _Channel) -> Iterator[tuple[int, bool, int, bytes]]:
    """Yield the messages of a channel with their places in the file."""
    times = split_stamps(channel.stamps).tolist()
    for time, data in zip(times, channel.messages, strict=True):
        # What was felt up to an image comes before it.
        yield time, channel.topic != IMU_TOPIC, number, data


def _find_metadata(reader: McapReader) -> dict[str, str] | None:
    """Return what an episode says of itself, None if the file is no episode."""
    metadata = None
    for entry in reader.iter_metadata():
        if entry.name == _METADATA:
            metadata = dict(entry.metadata)
    return metadata


def _load_rows(stream: BinaryIO) -> tuple[dict[str, list[Row]], dict[str, str]]:
    """Return what was recorded by topic, and the metadata."""
    rows: dict[str, list[Row]] = {topic: [] for topic in _TYPES}
    reader = make_reader(stream, validate_crcs=True)
    metadata = _find_metadata(reader)
    if metadata is None:
        raise EpisodeFileError(
            'is a recording, no episode: `lnn-control data import` makes episodes of it'
        )
    for schema, channel, record in reader.iter_messages(topics=list(_TYPES)):
        kind = 'no schema' if schema is None else schema.name
        if kind != _TYPES[channel.topic]:
            raise EpisodeFileError(
                f'topic {channel.topic} must be of type {_TYPES[channel.topic]}, got {kind}'
            )
        message = STORE.deserialize_cdr(record.data, kind)
        rows[channel.topic].append(Row(record.log_time * 1e-9, message))
    return rows, metadata


def _stamp_rows(rows: list[Row]) -> tuple[NDArray[np.float64], list[Any]]:
    """Return stamps and messages in the order of the stamps."""
    stamps = np.array(
        [
            seconds_from_stamp(row.message.header.stamp)
            if hasattr(row.message, 'header')
            else row.log_time
            for row in rows
        ]
    )
    order = np.argsort(stamps, kind='stable')
    return stamps[order], [rows[i].message for i in order]


def _make_episode(rows: dict[str, list[Row]], metadata: dict[str, str]) -> Episode:
    """Return the episode of what was recorded.

    :raises ValueError: if the messages do not fit together.
    """
    image_stamps, image_messages = _stamp_rows(rows[IMAGE_TOPIC])
    imu_stamps, imu_messages = _stamp_rows(rows[IMU_TOPIC])
    images = [read_pixels(message) for message in image_messages]
    sizes = {image.shape for image in images}
    if len(sizes) > 1:
        raise ValueError(f'images must have one size, got {sorted(sizes)}')

    def find(topic: str) -> list[Any]:
        return _find_of_images(image_stamps, _stamp_rows(rows[topic]), topic)

    flown = np.array([read_twist(message) for message in find(FLOWN_TOPIC)], np.float32)
    has_labels = bool(rows[LABEL_TOPIC])
    labels = [read_twist(message) for message in find(LABEL_TOPIC)] if has_labels else flown
    imu = np.array([read_imu_values(message) for message in imu_messages], np.float32)
    has_truth, has_classes = bool(rows[PRIVILEGED_TOPIC]), bool(rows[SEGMENTATION_TOPIC])
    return Episode(
        images=np.stack(images),
        image_stamps=image_stamps,
        imu=imu.reshape(-1, 6),
        imu_stamps=imu_stamps,
        flown=flown,
        labels=np.array(labels, np.float32),
        metadata=metadata,
        privileged=_read_privileged(find(PRIVILEGED_TOPIC)) if has_truth else None,
        segmentation=_read_segmentation(find(SEGMENTATION_TOPIC)) if has_classes else None,
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


def _read_privileged(messages: list[Any]) -> NDArray[np.float32]:
    return np.array([message.data for message in messages], dtype=np.float32)


def _read_segmentation(messages: list[Any]) -> NDArray[np.uint8]:
    encodings = {message.encoding for message in messages}
    if encodings != {'mono8'}:
        raise ValueError(f'{SEGMENTATION_TOPIC} must be mono8, got {sorted(encodings)}')
    return np.stack([read_pixels(message)[:, :, 0] for message in messages])


def is_episode(path: Path) -> bool:
    """Return whether a file is an episode, not a recording that is to become some.

    :raises FileNotFoundError: if there is no such file.
    """
    with open(path, 'rb') as stream:
        try:
            return _find_metadata(make_reader(stream)) is not None
        except Exception:  # a damaged file breaks its decoders in any way
            return False


def read_metadata(path: Path) -> dict[str, str]:
    """Return an episode's metadata without reading the flight; empty if it is no episode.

    :raises FileNotFoundError: if there is no such file.
    :raises EpisodeFileError: if it is no MCAP file.
    """
    with open(path, 'rb') as stream:
        try:
            return _find_metadata(make_reader(stream)) or {}
        except Exception as error:  # a damaged file breaks its decoders in any way
            raise _explain_damage(path, error) from error


def _explain_damage(path: Path, error: Exception) -> EpisodeFileError:
    reason = ' '.join(f'{error}'.split()) or type(error).__name__
    return EpisodeFileError(f'{path} is no complete MCAP file: {reason}')


def read_episode(path: Path) -> Episode:
    """Read an episode written by :func:`write_episode`.

    :raises FileNotFoundError: if there is no such file.
    :raises EpisodeFileError: if it is no MCAP file or no episode, lacks a topic or contradicts
        itself.
    """
    with open(path, 'rb') as stream:
        try:
            rows, metadata = _load_rows(stream)
        except EpisodeFileError as error:
            raise EpisodeFileError(f'{path}: {error}') from error
        except Exception as error:  # a damaged file breaks its decoders in any way
            raise _explain_damage(path, error) from error
    for topic in (IMAGE_TOPIC, FLOWN_TOPIC):
        if not rows[topic]:
            raise EpisodeFileError(
                f'{path} must hold {IMAGE_TOPIC} and {FLOWN_TOPIC}, got no message on {topic}'
            )
    try:
        return _make_episode(rows, metadata)
    except ValueError as error:
        raise EpisodeFileError(f'{path}: {error}') from error
