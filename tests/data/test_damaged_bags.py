# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Damaged and foreign files: each is found and named, and an import goes on only if told so."""

import errno
import os
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import yaml
import zstandard
from mcap.writer import Writer as McapWriter

from lnn_control.core.mcap_file import McapFile
from lnn_control.data import readers
from lnn_control.data.bags import BagError, find_bags
from lnn_control.data.contract import OUR_CONTRACT
from lnn_control.data.importer import ImportSettings, import_bags
from lnn_control.data.problems import RecordingError
from lnn_control.data.readers import BagReader
from lnn_control.data.repair import repair_bag
from tests.data.made_bags import (
    COMMAND,
    IMAGE,
    IMU,
    START,
    STORE,
    STORE1,
    Sent,
    answer,
    compressed,
    draw,
    find_file,
    image,
    imu,
    joy,
    record,
    record_ros1,
    see_and_feel,
    translate,
    twist,
    vector,
)

FLIGHT = [*see_and_feel(40), *answer(40)]


def without(topic: str) -> list[Sent]:
    return [sent for sent in FLIGHT if sent.topic != topic]


def change(topic: str, place: int, make_message: Callable[[float], object]) -> list[Sent]:
    """Return the flight with one message of a topic made anew of its stamp."""
    rows = [sent for sent in FLIGHT if sent.topic == topic]
    wrong = rows[place]
    fresh = wrong._replace(message=make_message(wrong.time))
    return [fresh if sent is wrong else sent for sent in FLIGHT]


def cut(path: Path, share: float) -> None:
    os.truncate(path, int(path.stat().st_size * share))


def make_noisy(path: Path) -> Path:
    """Write the flight in small chunks, with images that no compression makes smaller."""
    rng = np.random.default_rng(0)
    with open(path, 'wb') as stream:
        file = McapFile(stream)
        for topic, time, message in sorted(FLIGHT, key=lambda sent: sent.time):
            if topic == IMAGE:
                message = image(time - 0.004, rng.integers(0, 256, (36, 64, 3), np.uint8))
            kind = message.__msgtype__
            data = bytes(STORE.serialize_cdr(message, kind))
            file.add(topic, kind, data, round(time * 1e9))
        file.finish()
    return path


def make_truncated(folder: Path) -> None:
    cut(make_noisy(folder / 'bag.mcap'), 0.8)


def make_without_summary(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT))
    data = path.read_bytes()
    # The data end with a record of its own (opcode 15).
    path.write_bytes(data[: data.rindex(b'\x0f\x04\x00\x00\x00\x00\x00\x00\x00')])


def make_flipped(folder: Path) -> None:
    path = make_noisy(folder / 'bag.mcap')
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 64] = bytes(64)
    path.write_bytes(data)


def make_sqlite_truncated(folder: Path) -> None:
    cut(find_file(record(folder / 'bag', FLIGHT, 'sqlite3', version=8)), 0.7)


def make_ros1_truncated(folder: Path) -> None:
    path = record_ros1(folder / 'flight.bag', FLIGHT)
    data = path.read_bytes()
    # Without its index, as a crash leaves it: what follows the last chunk's index.
    path.write_bytes(data[: data.rindex(b'chunk_pos=') - 60])


def make_zstd_truncated(folder: Path) -> None:
    plain = make_noisy(folder / 'bag.mcap')
    path = folder / 'bag.mcap.zstd'
    path.write_bytes(zstandard.compress(plain.read_bytes()))
    plain.unlink()
    cut(path, 0.8)


def make_missing_part(folder: Path) -> None:
    record(folder / 'bag', FLIGHT)
    path = folder / 'bag' / 'metadata.yaml'
    values = yaml.safe_load(path.read_text())
    values['rosbag2_bagfile_information']['relative_file_paths'].append('bag_1.mcap')
    path.write_text(yaml.safe_dump(values))


def make_text(folder: Path) -> None:
    (folder / 'notes.mcap').write_text('dear diary, today I flew')


def make_empty(folder: Path) -> None:
    (folder / 'empty.db3').write_bytes(b'')


def write(messages: list[Sent]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        record(folder / 'bag', messages)

    return make


def make_depth(stamp: float):
    return image(stamp, np.zeros((18, 32), np.uint16), encoding='16UC1')


def make_broken_jpeg(stamp: float):
    message = compressed(stamp, '.jpg')
    message.data = np.frombuffer(b'\xff\xd8\xff' + bytes(40), np.uint8)
    return message


JPEGS = [
    Sent(s.topic, s.time, compressed(s.time - 0.004, '.jpg')) if s.topic == IMAGE else s
    for s in FLIGHT
]
BROKEN_JPEG = [
    s._replace(message=make_broken_jpeg(s.time)) if i == 4 else s for i, s in enumerate(JPEGS)
]


def make_lost_link(folder: Path) -> None:
    (folder / 'flight.mcap').symlink_to(folder / 'disk_that_is_not_there')


def make_appended(folder: Path) -> None:
    path = make_noisy(folder / 'bag.mcap')
    path.write_bytes(2 * path.read_bytes())


def make_unknown_chunks(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT, compression='STORAGE'))
    path.write_bytes(path.read_bytes().replace(b'zstd', b'brot'))


def make_sqlite_overwritten(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT, 'sqlite3', version=8))
    with closing(sqlite3.connect(path)) as database:
        database.execute("UPDATE messages SET timestamp = 'now' WHERE id = 200")
        database.commit()


def make_zstd_flipped(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT, compression='FILE'))
    data = bytearray(path.read_bytes())
    data[20:80] = bytes(60)
    path.write_bytes(data)


def make_sqlite_without_names(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT, 'sqlite3', version=8))
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"UPDATE topics SET name = x'00ff' WHERE name = '{COMMAND}'")
        database.commit()


def make_boundless(folder: Path) -> None:
    path = find_file(record(folder / 'bag', FLIGHT, compression='STORAGE'))
    data = path.read_bytes()
    # The length of a chunk's records stands behind the name of its compression.
    place = data.index(b'zstd') + 4
    path.write_bytes(data[:place] + b'\xff' * 6 + bytes(2) + data[place + 8 :])


def make_json(folder: Path) -> None:
    with open(folder / 'bag.mcap', 'wb') as stream:
        writer = McapWriter(stream)
        writer.start()
        for topic in (IMAGE, IMU, COMMAND):
            name = next(s.message.__msgtype__ for s in FLIGHT if s.topic == topic)
            schema = writer.register_schema(name, 'jsonschema', b'{}')
            channel = writer.register_channel(topic, 'json', schema)
            writer.add_message(channel, 1, b'{}', 1)
        writer.finish()


def make_compressed_twice(folder: Path) -> None:
    plain = make_noisy(folder / 'plain.mcap')
    twice = zstandard.compress(zstandard.compress(plain.read_bytes()))
    (folder / 'bag.mcap.zst').write_bytes(twice)
    plain.unlink()


def make_changing_type(folder: Path) -> None:
    first = record(folder / 'bag', FLIGHT)
    later = [
        s._replace(time=s.time + 5, message=joy(s.time, [1.0], [1]))
        for s in FLIGHT
        if s.topic == COMMAND
    ]
    second = find_file(record(folder / 'other', later))
    second.rename(first / 'bag_1.mcap')
    shutil.rmtree(folder / 'other')
    path = first / 'metadata.yaml'
    values = yaml.safe_load(path.read_text())
    values['rosbag2_bagfile_information']['relative_file_paths'].append('bag_1.mcap')
    path.write_text(yaml.safe_dump(values))


def restamp(stamp_of: Callable[[int], float]) -> Callable[[Path], None]:
    """Return what records the flight with images of other stamps, by their number."""
    rows = [s for s in FLIGHT if s.topic == IMAGE]
    images = [s._replace(message=image(stamp_of(i))) for i, s in enumerate(rows)]
    return write([*without(IMAGE), *images])


def make_video(stamp: float):
    message = compressed(stamp)
    message.format, message.data = 'h264', np.frombuffer(b'\0\0\0\1\x67' + bytes(90), np.uint8)
    return message


VIDEO = [s._replace(message=make_video(s.time)) if s.topic == IMAGE else s for s in FLIGHT]


@dataclass(frozen=True)
class Case:
    """A kind of damage.

    :param message: what the error says. :param images: how many are used when told to go on;
        0: nothing, and why is in the data set.
    """

    make: Callable[[Path], None]
    message: str
    images: int | tuple[int, int]


CASES = {
    'truncated': Case(make_truncated, r'bag\.mcap ends too early: it was not closed', (20, 39)),
    'no summary': Case(make_without_summary, r'bag\.mcap ends too early', 40),
    'flipped bytes': Case(make_flipped, r'bag\.mcap is damaged', (5, 39)),
    'sqlite3 truncated': Case(
        make_sqlite_truncated,
        r'bag\.db3 is damaged: .*(malformed|the rest of it is missing)',
        (1, 39),
    ),
    'ROS 1 without index': Case(make_ros1_truncated, r'flight\.bag ends too early', 40),
    'zstd truncated': Case(make_zstd_truncated, r'bag\.mcap\.zstd ends too early', (1, 39)),
    'missing part': Case(make_missing_part, r'bag_1\.mcap is missing: copy it', 40),
    'another file': Case(make_text, r'notes\.mcap is no bag: .*begins with', 0),
    'empty file': Case(make_empty, r'empty\.db3 is no bag: it holds 0 bytes', 0),
    'wrong type': Case(
        write([*without(COMMAND), Sent(COMMAND, START, vector(1.0))]),
        r'/cmd_vel must be of type .*Twist.* to be the command, got geometry_msgs/msg/Vector3',
        0,
    ),
    'missing topic': Case(write(without(IMU)), r'has no /imu/data_raw; it holds /cam', 0),
    'no command': Case(write(without(COMMAND)), r'has no /cmd_vel; it holds', 0),
    'two vehicles': Case(
        write([s._replace(topic=f'/{n}{s.topic}') for n in 'ab' for s in FLIGHT]),
        r'several vehicles \(/a, /b\)',
        0,
    ),
    'changing size': Case(
        write(change(IMAGE, 7, lambda t: image(t, draw(t, (64, 36))))),
        r'/camera/image_raw message 7: the image has 64x36 pixels, those before have 32x18',
        39,
    ),
    'depth': Case(
        write([s._replace(message=make_depth(s.time)) if s.topic == IMAGE else s for s in FLIGHT]),
        r"encoding must be one of .* got '16UC1'",
        0,
    ),
    'broken JPEG': Case(write(BROKEN_JPEG), r'message 4: compressed image must be JPEG', 39),
    'IMU not finite': Case(
        write(change(IMU, 9, lambda t: imu(t, rates=(0.0, float('nan'), 0.0)))),
        r'/imu/data_raw message 9: is not finite: \[0\.0, nan',
        40,
    ),
    'command not finite': Case(
        write(change(COMMAND, 3, lambda t: twist(float('inf')))),
        r'/cmd_vel message 3: is not finite',
        40,
    ),
    'stamp zero': Case(
        write(change(IMAGE, 5, lambda t: image(0.0, draw(t)))),
        r'/camera/image_raw message 5: its stamp is zero',
        39,
    ),
    'link to nothing': Case(
        make_lost_link, r'flight\.mcap cannot be opened: it is a link to nothing', 0
    ),
    'appended': Case(make_appended, r'bag\.mcap is damaged: something was appended to it', 40),
    'unknown chunks': Case(make_unknown_chunks, r"its chunks are compressed with 'brot'", 0),
    'zstd flipped': Case(make_zstd_flipped, r'bag\.mcap\.zstd is damaged: (?!.*no bag)', 0),
    'sqlite3 without names': Case(make_sqlite_without_names, r'has no /cmd_vel; it holds', 0),
    'boundless chunk': Case(make_boundless, r'it asks for more bytes than there can be', 0),
    'sqlite3 overwritten': Case(
        make_sqlite_overwritten,
        r'bag\.db3 is damaged: the rest of it is missing or over',
        (20, 39),
    ),
    'JSON': Case(make_json, r'must be of type .*, got sensor_msgs/msg/\w+ as json', 0),
    'compressed twice': Case(make_compressed_twice, r'it is compressed twice', 0),
    'changing type': Case(make_changing_type, r'/cmd_vel is a joystick', 0),
    'stamps backwards': Case(
        restamp(lambda i: START + 10 - i / 20), r'stamps that go back 39 times in 40 images', 0
    ),
    'clock set': Case(
        restamp(lambda i: START + i / 20 + (3e7 if i > 19 else 0)),
        r'/camera/image_raw message 20: its stamp jumps ahead by 3e\+07 s',
        0,
    ),
    'clock stands': Case(
        restamp(lambda i: START), r'of 40 images .* 39 repeat the stamp of another', 0
    ),
    'video': Case(
        write(VIDEO), r"no image .* read; message 0 compressed image must be .* 'h264'", 0
    ),
    'absurd command': Case(
        write(change(COMMAND, 5, lambda t: twist(1e300))),
        r'/cmd_vel message 5: is greater than anything that is measured',
        40,
    ),
    'IMU silent': Case(
        write([s for s in FLIGHT if s.topic != IMU or not 0.4 < s.time - START < 1.4]),
        r'/imu/data_raw: is silent for 0\.5 s and more before the image of',
        (25, 35),
    ),
}


def run(folder: Path, output: Path, keep_going: bool) -> list[str]:
    """Import and return why each bag was left out, empty where it was not."""
    settings = ImportSettings(keep_going)
    done = import_bags([folder], OUR_CONTRACT, output, settings, say=lambda line: None)
    return [imported.source.left_out for imported in done]


def count_images(output: Path) -> int:
    from lnn_control.data.dataset import load_dataset

    return sum(entry.num_images for entry in load_dataset(output).episodes)


@pytest.mark.parametrize('name', CASES)
def test_damage_is_named_and_the_import_goes_on_only_if_told_so(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    bags = tmp_path / 'bags'
    bags.mkdir()
    case.make(bags)
    # A whole one beside it, later in the order of names.
    record(bags / 'whole', FLIGHT)
    with pytest.raises((RecordingError, BagError), match=case.message) as error:
        run(bags, tmp_path / 'strict', keep_going=False)
    text = str(error.value)
    assert str(bags) in text and '--keep-going' in text and '\n' not in text

    left_out = run(bags, tmp_path / 'kept', keep_going=True)
    expected = case.images if isinstance(case.images, tuple) else (case.images,) * 2
    assert len(left_out) == 2 and left_out[1] == ''
    assert expected[0] <= count_images(tmp_path / 'kept') - 40 <= expected[1]
    if case.images == 0:
        assert re.search(case.message, left_out[0])
    else:
        assert left_out[0] == '' or expected[0] == 0


def test_there_are_at_least_sixteen_kinds() -> None:
    assert len(CASES) >= 16


@pytest.mark.parametrize('plugin', ['mcap', 'ros1'])
def test_file_cut_at_any_byte_gives_what_comes_before(plugin: str, tmp_path: Path) -> None:
    flight = [*see_and_feel(10), *answer(10)]
    if plugin == 'mcap':
        path = make_noisy(tmp_path / 'noisy.mcap')
        flight = FLIGHT
    else:
        path = record_ros1(tmp_path / 'flight.bag', flight)
    data = path.read_bytes()
    broken = tmp_path / f'broken{path.suffix}'
    broken.write_bytes(data)
    whole = sum(1 for _ in BagReader(find_bags(path)[0][0]).read())
    assert whole == len(flight)
    before = 0
    for length in np.linspace(20, len(data) - 1, 40).astype(int).tolist():
        broken.write_bytes(data[:length])
        reader = BagReader(find_bags(broken)[0][0])
        found = sum(1 for _ in reader.read())
        assert before <= found <= whole
        before = found
        # A ROS 1 bag is complete with the last record of its index.
        assert len(reader.damages) == 1 or (plugin == 'ros1' and found == whole)


def test_file_that_grows_while_it_is_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = find_file(record(tmp_path / 'bag', FLIGHT))
    reader = BagReader(find_bags(tmp_path / 'bag')[0][0])
    for number, _ in enumerate(reader.read()):
        if number == 10:
            with open(path, 'ab') as stream:
                stream.write(b'more')
    assert [damage.reason for damage in reader.damages] == [
        'grew while it was read: wait until its recorder has ended'
    ]


@pytest.mark.parametrize('failing', ['pwrite', 'fsync'])
def test_full_disk_is_an_error_and_the_same_import_goes_on(
    failing: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / 'bags' / 'a', FLIGHT)
    record(tmp_path / 'bags' / 'b', FLIGHT)
    real = getattr(os, failing)
    calls = []

    def fail(*arguments):
        calls.append(arguments)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, 'No space left on device')
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, failing, fail)
        with pytest.raises(OSError, match=r'No space left on device: .*set'):
            run(tmp_path / 'bags', tmp_path / 'set', keep_going=False)
    assert not list((tmp_path / 'set').rglob('*.part'))
    run(tmp_path / 'bags', tmp_path / 'set', keep_going=False)
    assert count_images(tmp_path / 'set') == 80


def test_folder_that_is_linked_is_followed_and_names_may_be_in_capitals(tmp_path: Path) -> None:
    away = tmp_path / 'disk'
    path = find_file(record(away / 'flight', FLIGHT))
    bags = tmp_path / 'bags'
    bags.mkdir()
    (bags / 'linked').symlink_to(away / 'flight')
    (bags / 'LOUD.MCAP').write_bytes(path.read_bytes())
    (bags / 'round').symlink_to(bags)
    (bags / 'notes.pdf').write_bytes(b'%PDF')
    (bags / 'crash.mcap.part').write_bytes(b'')
    found, left_out = find_bags(bags)
    assert [bag.name for bag in found] == ['LOUD', 'linked']
    assert {one.path.name: one.reason.partition(':')[0] for one in left_out} == {
        'notes.pdf': 'no bag',
        'crash.mcap.part': 'unfinished',
    }


def test_what_a_killed_recorder_left_in_its_journal_is_read(tmp_path: Path, read_bag) -> None:
    path = find_file(record(tmp_path / 'first', FLIGHT, 'sqlite3', version=8))
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute('SELECT * FROM messages ORDER BY id').fetchall()
        database.execute('DELETE FROM messages WHERE id > 50')
        database.commit()
        # From here on what is written is beside the file until it is closed.
        database.execute('PRAGMA journal_mode = WAL')
        database.executemany('INSERT INTO messages VALUES (?, ?, ?, ?)', rows[50:])
        database.commit()
        killed = tmp_path / 'killed'
        killed.mkdir()
        for name in ('first.db3', 'first.db3-wal', 'first.db3-shm'):
            shutil.copy(path.with_name(name), killed / name)
    before = {entry.name: entry.read_bytes() for entry in killed.iterdir()}
    assert len(read_bag(killed).only) == 40
    assert {entry.name: entry.read_bytes() for entry in killed.iterdir()} == before
    assert find_bags(killed)[1] == []


def test_messages_of_ros_1_in_mcap_are_read_and_repaired(tmp_path: Path, read_bag) -> None:
    with open(tmp_path / 'old.mcap', 'wb') as stream:
        writer = McapWriter(stream)
        writer.start('ros1')
        channels: dict[str, int] = {}
        for topic, time, message in sorted(FLIGHT, key=lambda sent: sent.time):
            kind = message.__msgtype__
            if topic not in channels:
                text, _ = STORE1.generate_msgdef(kind, ros_version=1)
                old = kind.replace('/msg/', '/')
                schema = writer.register_schema(old, 'ros1msg', text.encode())
                channels[topic] = writer.register_channel(topic, 'ros1', schema)
            data = bytes(STORE1.serialize_ros1(translate(message), kind))
            writer.add_message(channels[topic], round(time * 1e9), data, round(time * 1e9))
        writer.finish()
    expected = read_bag(record(tmp_path / 'new', FLIGHT)).only
    (bag,), _ = find_bags(tmp_path / 'old.mcap')
    repair_bag(bag, tmp_path / 'repaired.mcap')
    for path in (bag.files[0], tmp_path / 'repaired.mcap'):
        found = read_bag(path).only
        assert np.array_equal(found.images, expected.images)
        assert np.array_equal(found.flown, expected.flown)


@pytest.mark.parametrize(
    ('listed', 'missing'),
    [
        ('[flight.mcap, flight.mcap]', ()),
        ('[../../elsewhere/flight.mcap]', ()),
        ('[flight.mcap, /etc/passwd]', ('passwd',)),
        ('flight.mcap', ()),
        ('null', ()),
    ],
)
def test_odd_list_of_files_reads_each_once(tmp_path: Path, listed: str, missing: tuple) -> None:
    folder = record(tmp_path / 'flight', FLIGHT)
    text = f'rosbag2_bagfile_information: {{relative_file_paths: {listed}}}'
    (folder / 'metadata.yaml').write_text(text)
    (bag,), _ = find_bags(folder)
    assert bag.files == (folder / 'flight.mcap',) and bag.missing == missing


def test_folder_that_cannot_be_opened_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(tmp_path / 'flight', FLIGHT)
    closed = record(tmp_path / 'closed', FLIGHT)
    real = os.scandir

    def scan(place):
        # Whoever runs the tests may open everything.
        if Path(place) == closed:
            raise PermissionError(errno.EACCES, 'Permission denied', str(place))
        return real(place)

    monkeypatch.setattr(os, 'scandir', scan)
    bags, (left_out,) = find_bags(tmp_path)
    assert [bag.name for bag in bags] == ['flight']
    assert (left_out.path, left_out.reason) == (closed, 'cannot be opened: Permission denied')
    with pytest.raises(FileNotFoundError, match=r'found nothing; .*closed cannot be opened'):
        find_bags(closed)


def test_pipe_is_left_out_and_not_waited_for(tmp_path: Path) -> None:
    record(tmp_path / 'flight', FLIGHT)
    os.mkfifo(tmp_path / 'pipe.mcap')
    bags, (left_out,) = find_bags(tmp_path)
    assert [bag.name for bag in bags] == ['flight']
    assert left_out.path.name == 'pipe.mcap' and left_out.reason.startswith('no file')


def test_bag_that_was_named_twice_is_imported_once_and_others_of_its_name_are_refused(
    tmp_path: Path,
) -> None:
    folder = record(tmp_path / 'flight', FLIGHT)
    list(import_bags([folder, folder], OUR_CONTRACT, tmp_path / 'set', say=print))
    assert count_images(tmp_path / 'set') == 40
    for suffix in ('mcap', 'bag'):
        shutil.copy(folder / 'flight.mcap', tmp_path / f'both.{suffix}')
    with pytest.raises(BagError, match='are both called both: rename one of them'):
        list(import_bags([tmp_path], OUR_CONTRACT, tmp_path / 'again', say=print))


def test_folder_without_bags_says_what_is_there(tmp_path: Path) -> None:
    (tmp_path / 'song.mp3').write_bytes(b'la')
    with pytest.raises(FileNotFoundError, match=r'must hold bags .* found song\.mp3'):
        find_bags(tmp_path)
    with pytest.raises(FileNotFoundError, match='there is none'):
        find_bags(tmp_path / 'nothing')


def test_unfinished_file_without_room_for_a_header_is_no_bag(tmp_path: Path) -> None:
    (tmp_path / 'a.mcap').write_bytes(b'\x89MCAP0')
    with pytest.raises(BagError, match='it holds 6 bytes'):
        list(readers.BagReader(find_bags(tmp_path / 'a.mcap')[0][0]).read())
