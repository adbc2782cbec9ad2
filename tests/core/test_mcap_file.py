# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import io

from mcap.reader import make_reader
from mcap_ros2.decoder import DecoderFactory

from lnn_control.core.mcap_file import McapFile, find_types


def make_text(value: str) -> bytes:
    store = find_types()
    message = store.types['std_msgs/msg/String'](data=value)
    return bytes(store.serialize_cdr(message, 'std_msgs/msg/String'))


def test_file_is_one_that_other_libraries_decode() -> None:
    stream = io.BytesIO()
    file = McapFile(stream)
    for number in range(3):
        file.add('/said', 'std_msgs/msg/String', make_text(f'word {number}'), number)
    file.add_metadata('who', {'name': 'nobody'})
    file.finish()
    reader = make_reader(io.BytesIO(stream.getvalue()), decoder_factories=[DecoderFactory()])
    rows = [(c.topic, s.name, m.log_time, d.data) for s, c, m, d in reader.iter_decoded_messages()]
    assert rows == [('/said', 'std_msgs/msg/String', n, f'word {n}') for n in range(3)]
    (entry,) = reader.iter_metadata()
    assert (entry.name, entry.metadata) == ('who', {'name': 'nobody'})


def test_types_that_ros_does_not_know_are_defined_by_whoever_writes_them() -> None:
    stream = io.BytesIO()
    file = McapFile(stream)
    file.define('own_msgs/msg/Speed', 'float64 value\n')
    file.declare('/speed', 'own_msgs/msg/Speed')
    file.finish()
    summary = make_reader(io.BytesIO(stream.getvalue())).get_summary()
    assert summary is not None
    assert [schema.data for schema in summary.schemas.values()] == [b'float64 value\n']
