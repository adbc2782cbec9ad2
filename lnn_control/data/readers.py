# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Messages of any bag, one after another, from the first to the last or up to where it is damaged.

Every file is read once from start to end, so that an unfinished one gives what it holds and memory
does not depend on its size. What kind a file is, its first bytes tell.
"""

import io
import os
import shutil
import sqlite3
import struct
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast

import lz4.frame
import zstandard
from mcap.exceptions import EndOfFile
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, McapRecord, Message, Metadata, Schema
from mcap.stream_reader import StreamReader, breakup_chunk
from rosbags.rosbag1.reader import (
    Header,
    ReaderError,
    RecordType,
    decompressors,
    normalize,
    read_bytes,
)
from rosbags.rosbag1.reader import read_uint32 as read_length
from rosbags.typesys.msg import normalize_msgtype

from lnn_control.data.bags import JOURNALS, Bag, BagError
from lnn_control.data.decoding import Decoder

_MCAP, _SQLITE, _ROS1 = b'\x89MCAP0\r\n', b'SQLite format 3\x00', b'#ROSBAG V2.0'
_ZSTD, _LZ4 = b'\x28\xb5\x2f\xfd', b'\x04\x22\x4d\x18'
_CHUNK_COMPRESSIONS = ('', 'lz4', 'zstd')
_COPY_BYTES = 1 << 20
# So many tell what kind a file is.
_HEAD_BYTES = 16


class Row(NamedTuple):
    """One message as it lies in a file.

    :param kind: its type, such as sensor_msgs/msg/Image. :param time_ns: when it was recorded.
    :param place: its number on its topic, from 0.
    """

    topic: str
    kind: str
    time_ns: int
    data: bytes
    place: int


@dataclass(frozen=True)
class Damage:
    """Where a file could not be read on, and why."""

    path: Path
    reason: str

    def __str__(self) -> str:
        return f'{self.path} {self.reason}'


@dataclass
class BagReader:
    """Reads a bag once.

    After reading it knows `kinds` (topic -> type), `counts` (topic -> messages), `damages` and
    `metadata` (name of a record -> its values).
    """

    bag: Bag
    kinds: dict[str, str] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    damages: list[Damage] = field(default_factory=list)
    metadata: dict[str, dict[str, str]] = field(default_factory=dict)
    decoder: Decoder = field(default_factory=Decoder)

    def read(self) -> Iterator[Row]:
        """Yield the messages of all files.

        :raises BagError: if a file is none of a bag, or cannot be opened.
        """
        for path in self.bag.files:
            with _open(path) as stream:
                before = os.fstat(stream.fileno())
            reason = ''
            try:
                yield from self._read_file(path)
            except (BagError, GeneratorExit, OSError):
                raise
            except Exception as error:  # a damaged file breaks its decoders in any way
                reason = _describe_damage(error)
            after = path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                reason = 'grew while it was read: wait until its recorder has ended'
            if reason:
                self.damages.append(Damage(path, reason))
        for name in self.bag.missing:
            reason = 'is missing: copy it beside the others'
            self.damages.append(Damage(self.bag.files[0].with_name(name), reason))

    def _read_file(self, path: Path) -> Iterator[Row]:
        with _open(path) as stream:
            kind = _find_kind(path, stream)
            if kind in (_ZSTD, _LZ4):
                opened: Any = (
                    zstandard.ZstdDecompressor().stream_reader(stream)
                    if kind == _ZSTD
                    else lz4.frame.open(stream)
                )
                with tempfile.NamedTemporaryFile(prefix='lnn_control_', suffix='.bag') as plain:
                    # What could be unpacked is read, also where the rest is damaged.
                    unpacked = cast(BinaryIO, plain.file)
                    failure = _unpack(opened, unpacked)
                    if failure is not None and unpacked.tell() < _HEAD_BYTES:
                        raise failure
                    yield from self._read_plain(Path(plain.name), unpacked, path)
                    if failure is not None:
                        raise failure
            else:
                yield from self._read_plain(path, stream, path)

    def _read_plain(self, place: Path, stream: BinaryIO, path: Path) -> Iterator[Row]:
        """Yield the messages of a file that is not compressed as a whole.

        :param path: what it is called for users.
        """
        stream.seek(0)
        kind = _find_kind(path, stream)
        readers: dict[bytes, Callable[[], Iterator[Row]]] = {
            _MCAP: lambda: self._read_mcap(stream),
            _SQLITE: lambda: self._read_sqlite(place),
            _ROS1: lambda: self._read_ros1(stream),
        }
        if kind not in readers:
            raise ValueError('it is compressed twice: unpack it once')
        yield from readers[kind]()

    def _make_row(self, topic: str, kind: str, time_ns: int, data: bytes) -> Row:
        self.kinds.setdefault(topic, kind)
        place = self.counts[topic]
        self.counts[topic] += 1
        if data[:4] == _ZSTD:
            # Compressed message by message; CDR begins otherwise.
            data = zstandard.decompress(data)
        return Row(topic, kind, time_ns, data, place)

    def _read_mcap(self, stream: BinaryIO) -> Iterator[Row]:
        kinds: dict[int, str] = {}
        channels: dict[int, tuple[str, str]] = {}
        for record in _list_records(stream):
            if isinstance(record, Message):
                topic, kind = channels[record.channel_id]
                yield self._make_row(topic, kind, record.log_time, record.data)
            elif isinstance(record, Schema):
                kinds[record.id] = record.name
                self._learn_mcap(record)
            elif isinstance(record, Channel):
                name = kinds.get(record.schema_id, 'no schema')
                kind = _name_kind(name, record.message_encoding)
                channels[record.id] = record.topic, kind
                self.kinds.setdefault(record.topic, kind)
            elif isinstance(record, Metadata):
                self.metadata[record.name] = dict(record.metadata)
        if stream.read(1):
            raise ValueError('something was appended to it: what comes after its end is not read')

    def _learn_mcap(self, schema: Schema) -> None:
        if schema.encoding == 'ros1msg' and not self.decoder.is_ros1:
            # A bag of ROS 1 that somebody has converted, messages as they were.
            self.decoder = Decoder(is_ros1=True)
        name = _name_kind(schema.name, 'ros1' if self.decoder.is_ros1 else 'cdr')
        encoding = 'ros2idl' if schema.encoding == 'ros2idl' else 'ros2msg'
        self.decoder.learn(name, schema.data.decode(errors='replace'), encoding)

    def _read_sqlite(self, path: Path) -> Iterator[Row]:
        with ExitStack() as stack:
            whole = stack.enter_context(_complete(path))
            # Immutable: nothing is written beside a file on a medium that may be read-only. A copy
            # with its journal may be written: SQLite first takes over what the journal holds.
            access = 'mode=ro&immutable=1' if not _list_journals(whole) else 'mode=rw'
            address = f'{whole.resolve().as_uri()}?{access}'
            database = stack.enter_context(closing(sqlite3.connect(address, uri=True)))
            topics = {
                number: (name, kind)
                for number, name, kind in database.execute('SELECT id, name, type FROM topics')
                if isinstance(name, str) and isinstance(kind, str)
            }
            self.kinds |= {name: kind for name, kind in topics.values() if name not in self.kinds}
            self._learn_sqlite(database)
            # In the order of the rows: that needs no index, which may be damaged.
            query = 'SELECT topic_id, timestamp, data FROM messages NOT INDEXED'
            for number, time_ns, data in database.execute(query):
                is_message = isinstance(time_ns, int) and isinstance(data, bytes)
                if number not in topics or not is_message:
                    raise sqlite3.DatabaseError('the rest of it is missing or overwritten')
                topic, kind = topics[number]
                yield self._make_row(topic, kind, time_ns, data)

    def _learn_sqlite(self, database: sqlite3.Connection) -> None:
        columns = 'topic_type, encoded_message_definition, encoding'
        try:
            rows = database.execute(f'SELECT {columns} FROM message_definitions').fetchall()
        except sqlite3.OperationalError:
            return  # recordings before Iron have no such table
        for kind, text, encoding in rows:
            self.decoder.learn(kind, text, encoding)

    def _read_ros1(self, stream: BinaryIO) -> Iterator[Row]:
        self.decoder = Decoder(is_ros1=True)
        stream.readline()
        connections: dict[int, tuple[str, str]] = {}
        position, size = stream.tell(), stream.seek(0, 2)
        stream.seek(position)
        has_index = False
        while stream.tell() < size:
            try:
                header = Header.read(stream)
                operation = header.get_uint8('op')
                data = read_bytes(stream, read_length(stream))
            except ReaderError as error:
                if stream.tell() >= size:
                    raise EndOfFile from error
                raise
            if operation == RecordType.CHUNK:
                unpacked = decompressors[header.get_string('compression')](data)
                yield from self._read_ros1_records(unpacked, connections)
            has_index = has_index or operation == RecordType.CHUNK_INFO
        if not has_index:
            raise EndOfFile

    def _read_ros1_records(
        self, data: bytes, connections: dict[int, tuple[str, str]]
    ) -> Iterator[Row]:
        """Yield the messages of a chunk and take note of its connections."""
        stream = io.BytesIO(data)
        while stream.tell() < len(data):
            header = Header.read(stream)
            operation = header.get_uint8('op')
            content = read_bytes(stream, read_length(stream))
            number = header.get_uint32('conn')
            if operation == RecordType.CONNECTION:
                inner = Header.read(io.BytesIO(len(content).to_bytes(4, 'little') + content))
                kind = str(normalize_msgtype(inner.get_string('type')))
                topic = normalize(header.get_string('topic'))
                connections[number] = topic, kind
                self.kinds.setdefault(topic, kind)
                self.decoder.learn(kind, inner.get_string('message_definition'))
            elif operation == RecordType.MSGDATA:
                topic, kind = connections[number]
                yield self._make_row(topic, kind, header.get_time('time'), content)


def _list_records(stream: BinaryIO) -> Iterator[McapRecord]:
    """Yield the records of an MCAP file, those in chunks unpacked."""
    for record in StreamReader(stream, emit_chunks=True, validate_crcs=True).records:
        if not isinstance(record, Chunk):
            yield record
        elif record.compression in _CHUNK_COMPRESSIONS:
            yield from breakup_chunk(record, validate_crc=True)
        else:
            raise ValueError(f'its chunks are compressed with {record.compression!r}')


def _name_kind(schema: str, encoding: str) -> str:
    """Return the type of a channel of MCAP as ROS 2 calls it; of what is not of ROS both names."""
    if encoding == 'ros1':
        return str(normalize_msgtype(schema))
    return schema if encoding == 'cdr' else f'{schema} as {encoding or "no encoding"}'


def list_kinds(bag: Bag) -> tuple[dict[str, str], list[Damage]]:
    """Return the topics of a bag with their types: from its summary, else by reading all of it.

    :return: the topics, and where a file that had to be read is damaged.
    :raises BagError: if a file is none of a bag.
    """
    kinds: dict[str, str] = {}
    damages: list[Damage] = []
    for path in bag.files:
        with _open(path) as stream:
            found = _read_summary(path, stream)
        if found is None:
            reader = BagReader(Bag(bag.name, (path,)))
            for _ in reader.read():
                pass
            found = reader.kinds
            damages += reader.damages
        kinds = {**found, **kinds}
    return kinds, damages


def _read_summary(path: Path, stream: BinaryIO) -> dict[str, str] | None:
    """Return the topics that hold messages as the end of an MCAP file lists them.

    None where there is no such list.
    """
    if _find_kind(path, stream) != _MCAP:
        return None
    try:
        summary = make_reader(stream).get_summary()
    except Exception:  # damaged: whoever reads it from the start says where
        return None
    if summary is None or summary.statistics is None or not summary.channels:
        return None
    counts = summary.statistics.channel_message_counts
    return {
        channel.topic: _name_kind(
            summary.schemas[channel.schema_id].name, channel.message_encoding
        )
        for channel in summary.channels.values()
        if counts.get(channel.id) and channel.schema_id in summary.schemas
    }


def _find_kind(path: Path, stream: BinaryIO) -> bytes:
    """Return the first bytes of the kind of file that this is.

    :raises BagError: if it is none that is read here.
    """
    head = stream.read(_HEAD_BYTES)
    stream.seek(0)
    for magic in (_MCAP, _SQLITE, _ROS1, _ZSTD, _LZ4):
        if head.startswith(magic):
            return magic
    if len(head) < _HEAD_BYTES:
        raise BagError(f'{path} is no bag: it holds {len(head)} bytes')
    raise BagError(
        f'{path} is no bag: it must be MCAP, sqlite3 or ROS 1 (.bag), compressed with zstd or lz4 '
        f'or not; it begins with {head!r}'
    )


def _open(path: Path) -> BinaryIO:
    """Open a file of a bag.

    :raises BagError: if that cannot be: a link to nothing, no permission.
    """
    try:
        return open(path, 'rb')
    except OSError as error:
        is_lost = path.is_symlink() and not path.exists()
        reason = 'it is a link to nothing' if is_lost else error.strerror
        raise BagError(f'{path} cannot be opened: {reason}') from error


def _list_journals(path: Path) -> list[Path]:
    """Return the files beside a database that hold what its writer had not yet put into it."""
    beside = (path.with_name(path.name + end) for end in JOURNALS)
    return [one for one in beside if one.exists() and one.stat().st_size]


@contextmanager
def _complete(path: Path) -> Iterator[Path]:
    """Give a database that SQLite reads: a copy where its recorder was killed or it was cut off.

    With a journal beside it, much of it may be there alone. SQLite reads none that is shorter than
    its header says: what is missing becomes zeros, at which reading ends.
    """
    if journals := _list_journals(path):
        with tempfile.TemporaryDirectory(prefix='lnn_control_') as folder:
            for part in (path, *journals):
                shutil.copyfile(part, Path(folder) / part.name)
            yield Path(folder) / path.name
        return
    with open(path, 'rb') as stream:
        head = stream.read(32)
        page_bytes = int.from_bytes(head[16:18], 'big')
        # 1 stands for 65536, which has no room there.
        wanted = (65536 if page_bytes == 1 else page_bytes) * int.from_bytes(head[28:32], 'big')
        if path.stat().st_size >= wanted:
            yield path
            return
        stream.seek(0)
        with tempfile.NamedTemporaryFile(prefix='lnn_control_', suffix='.db3') as copy:
            shutil.copyfileobj(stream, copy, _COPY_BYTES)
            copy.truncate(wanted)
            copy.flush()
            yield Path(copy.name)


def _unpack(source: Any, target: BinaryIO) -> Exception | None:
    """Copy as much as can be decompressed and return what ended it early."""
    try:
        while block := source.read(_COPY_BYTES):
            target.write(block)
    except (zstandard.ZstdError, EOFError, RuntimeError) as error:
        return error
    finally:
        target.flush()
    return None


def _describe_damage(error: Exception) -> str:
    if isinstance(error, EndOfFile):
        return 'ends too early: it was not closed, or not copied whole'
    if isinstance(error, struct.error):
        return 'is damaged: a part of it was overwritten'
    if isinstance(error, (MemoryError, OverflowError)):
        return 'is damaged: it asks for more bytes than there can be'
    text = ' '.join(str(error).split()) or type(error).__name__
    return f'is damaged: {text}'
