# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The one writer of MCAP files with ROS 2 messages, for the recorder and for data sets."""

from collections.abc import Mapping
from functools import cache
from typing import BinaryIO

from mcap.writer import CompressionType, Writer
from rosbags.typesys import Stores, get_typestore
from rosbags.typesys.store import Typestore

# An unfinished file of small chunks can be recovered.
_CHUNK_BYTES = 64 * 1024


@cache
def find_types() -> Typestore:
    """Return the definitions of the messages of ROS 2 Jazzy."""
    return get_typestore(Stores.ROS2_JAZZY)


class McapFile:
    """A stream that grows by serialised messages into an MCAP file that any ROS 2 tool reads."""

    def __init__(self, stream: BinaryIO) -> None:
        self._definitions: dict[str, str] = {}
        self._writer = Writer(stream, chunk_size=_CHUNK_BYTES, compression=CompressionType.LZ4)
        self._writer.start(profile='ros2', library='lnn_control')
        self._channels: dict[str, int] = {}

    def add(self, topic: str, type_name: str, data: bytes, time_ns: int) -> None:
        """Append one message.

        :param type_name: such as sensor_msgs/msg/Image. :param data: the message in CDR.
        :param time_ns: when it came.
        :raises OSError: if the disk is full.
        """
        channel = self._channels.get(topic)
        if channel is None:
            channel = self.declare(topic, type_name)
        self._writer.add_message(channel, time_ns, data, time_ns)

    def define(self, type_name: str, text: str) -> None:
        """Take note of the definition of a type, which for those of ROS itself is not needed."""
        self._definitions.setdefault(type_name, text)

    def declare(self, topic: str, type_name: str) -> int:
        """Add a topic before its first message and return its number."""
        if topic not in self._channels:
            text = self._definitions.get(type_name)
            if text is None:
                text, _ = find_types().generate_msgdef(type_name, ros_version=2)
            schema = self._writer.register_schema(type_name, 'ros2msg', text.encode())
            self._channels[topic] = self._writer.register_channel(topic, 'cdr', schema)
        return self._channels[topic]

    def add_metadata(self, name: str, values: Mapping[str, str]) -> None:
        """Append a record of names and values."""
        self._writer.add_metadata(name, dict(values))

    def finish(self) -> None:
        """Write the summary. The stream stays open."""
        self._writer.finish()
