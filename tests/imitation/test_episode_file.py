# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rosbags.rosbag2 import StoragePlugin, Writer
from rosbags.typesys import Stores, get_typestore

from lnn_control.imitation import episode_file
from lnn_control.imitation.episode_file import (
    EpisodeFileError,
    encode_episode,
    read_episode,
    read_metadata,
    write_episode,
)

STORE = get_typestore(Stores.ROS2_JAZZY)
IMAGE, IMU, FLOWN, LABEL, PRIVILEGED, SEGMENTATION = (
    '/camera/image_raw',
    '/imu/data_raw',
    '/cmd_vel',
    '/expert/cmd_vel',
    '/expert/privileged',
    '/camera/segmentation',
)


def make(name: str, **fields):
    return STORE.types[name](**fields)


def header(stamp: float):
    sec, nanosec = divmod(round(stamp * 1e9), 10**9)
    time = make('builtin_interfaces/msg/Time', sec=sec, nanosec=nanosec)
    return make('std_msgs/msg/Header', stamp=time, frame_id='x')


def vector(x=0.0, y=0.0, z=0.0):
    return make('geometry_msgs/msg/Vector3', x=x, y=y, z=z)


def image(stamp: float, pixels: np.ndarray, encoding: str = 'rgb8', padding: int = 0):
    rows = np.pad(pixels.reshape(len(pixels), -1), ((0, 0), (0, padding)))
    return make(
        'sensor_msgs/msg/Image',
        header=header(stamp),
        height=len(pixels),
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=rows.shape[1],
        data=rows.ravel(),
    )


def imu(stamp: float, value: float = 0.0):
    unknown = np.zeros(9)
    return make(
        'sensor_msgs/msg/Imu',
        header=header(stamp),
        orientation=make('geometry_msgs/msg/Quaternion', x=0.0, y=0.0, z=0.0, w=1.0),
        orientation_covariance=unknown,
        angular_velocity=vector(value, 0.2, 0.3),
        angular_velocity_covariance=unknown,
        linear_acceleration=vector(0.4, 0.5, 9.8),
        linear_acceleration_covariance=unknown,
    )


def twist(vx: float, yaw_rate: float = 0.0):
    return make('geometry_msgs/msg/Twist', linear=vector(vx), angular=vector(z=yaw_rate))


def twist_stamped(stamp: float, vx: float):
    return make('geometry_msgs/msg/TwistStamped', header=header(stamp), twist=twist(vx))


def record(folder: Path, messages) -> Path:
    """Write (topic, log time, message) as `ros2 bag record -s mcap` does; return the file."""
    with Writer(folder, version=9, storage_plugin=StoragePlugin.MCAP) as bag:
        connections = {}
        for topic, log_time, message in messages:
            kind = message.__msgtype__
            if topic not in connections:
                connections[topic] = bag.add_connection(topic, kind, typestore=STORE)
            data = STORE.serialize_cdr(message, kind)
            bag.write(connections[topic], round(log_time * 1e9), data)
    return next(folder.glob('*.mcap'))


PIXELS = np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3)


def fly(num_images=4, clock_offset=0.0, stamped=True, pixels=PIXELS):
    """Yield the messages of a flight whose i-th image is answered by vx = i, 10 ms later."""
    for i in range(num_images):
        stamp = 5.0 + 0.05 * i
        for k in range(10):
            sample = stamp - 0.045 + 0.005 * k
            yield IMU, sample + clock_offset, imu(sample, 0.01 * k)
        yield IMAGE, stamp + 0.004 + clock_offset, image(stamp, pixels)
        command = twist_stamped(stamp + 0.01, float(i)) if stamped else twist(float(i))
        yield FLOWN, stamp + 0.01 + clock_offset, command


def test_encoded_episode_is_what_the_file_has(make_episode, tmp_path):
    write_episode(tmp_path / 'e.mcap', make_episode())
    assert encode_episode(make_episode()) == (tmp_path / 'e.mcap').read_bytes()


def test_episode_comes_back_value_for_value(make_episode, tmp_path):
    episode = make_episode()
    write_episode(tmp_path / 'deep' / 'e.mcap', episode)
    back = read_episode(tmp_path / 'deep' / 'e.mcap')
    for name in ('images', 'imu', 'flown', 'labels'):
        assert np.array_equal(getattr(back, name), getattr(episode, name)), name
    for name in ('image_stamps', 'imu_stamps'):
        assert getattr(back, name) == pytest.approx(getattr(episode, name), abs=1e-9)
    assert back.metadata == episode.metadata


def tell_truth(episode, seed: int = 0):
    """Return an episode with random privileged labels and classes."""
    rng = np.random.default_rng(seed)
    return replace(
        episode,
        privileged=rng.uniform(-1, 1, (len(episode), 20)).astype(np.float32),
        segmentation=rng.integers(0, 9, episode.images.shape[:3], dtype=np.uint8),
    )


def test_truth_comes_back_value_for_value_and_is_none_where_nobody_recorded_it(
    make_episode, tmp_path
):
    plain, told = make_episode(), tell_truth(make_episode())
    for episode in (plain, replace(told, segmentation=None), told):
        write_episode(tmp_path / 'e.mcap', episode)
        back = read_episode(tmp_path / 'e.mcap')
        for name in ('privileged', 'segmentation'):
            wanted, found = getattr(episode, name), getattr(back, name)
            assert (found is None) == (wanted is None)
            assert wanted is None or np.array_equal(found, wanted)
            assert wanted is None or found.dtype == wanted.dtype


def test_image_without_its_truth_is_an_error_that_names_the_topic(tmp_path):
    messages = [*fly(), (SEGMENTATION, 5.0, image(5.0, PIXELS[:, :, 0], encoding='mono8'))]
    with pytest.raises(EpisodeFileError, match=r'/camera/segmentation must .* of 5\.050 s'):
        read_episode(record(tmp_path / 'bag', messages))


def test_coloured_segmentation_is_an_error(tmp_path):
    stamps = [5.0 + 0.05 * i for i in range(4)]
    messages = [*fly(), *((SEGMENTATION, stamp, image(stamp, PIXELS)) for stamp in stamps)]
    with pytest.raises(
        EpisodeFileError, match=r"/camera/segmentation must be mono8, got \['rgb8'"
    ):
        read_episode(record(tmp_path / 'bag', messages))


def test_writing_twice_gives_the_same_bytes(make_episode, tmp_path):
    for name in ('a.mcap', 'b.mcap'):
        write_episode(tmp_path / name, make_episode())
    assert (tmp_path / 'a.mcap').read_bytes() == (tmp_path / 'b.mcap').read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ['a.mcap', 'b.mcap']


def test_file_is_one_that_ros_tools_read(make_episode, tmp_path):
    from mcap.reader import make_reader
    from mcap_ros2.decoder import DecoderFactory

    episode = tell_truth(make_episode(3))
    write_episode(tmp_path / 'e.mcap', episode)
    with open(tmp_path / 'e.mcap', 'rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        decoded = [(c.topic, s.name, m) for s, c, _, m in reader.iter_decoded_messages()]
    kinds = {(topic, name) for topic, name, _ in decoded}
    assert kinds == {
        (IMAGE, 'sensor_msgs/msg/Image'),
        (IMU, 'sensor_msgs/msg/Imu'),
        (FLOWN, 'geometry_msgs/msg/TwistStamped'),
        (LABEL, 'geometry_msgs/msg/TwistStamped'),
        (PRIVILEGED, 'std_msgs/msg/Float32MultiArray'),
        (SEGMENTATION, 'sensor_msgs/msg/Image'),
    }
    truths = [message for topic, _, message in decoded if topic == PRIVILEGED]
    assert truths[2].data == pytest.approx(episode.privileged[2])
    images = [message for topic, _, message in decoded if topic == IMAGE]
    assert bytes(images[1].data) == episode.images[1].tobytes()
    assert (images[1].header.stamp.sec, images[1].header.stamp.nanosec) == (1, 50_000_000)
    commands = [message for topic, _, message in decoded if topic == FLOWN]
    assert commands[2].twist.angular.z == pytest.approx(episode.flown[2, 3])


@pytest.mark.parametrize('stamped', [True, False])
def test_reads_bags_recorded_on_a_robot(tmp_path, stamped):
    episode = read_episode(record(tmp_path / 'bag', fly(stamped=stamped)))
    assert len(episode) == 4
    assert np.array_equal(episode.images, np.stack([PIXELS] * 4))
    assert episode.image_stamps == pytest.approx([5.0, 5.05, 5.1, 5.15])
    assert episode.imu.shape == (40, 6)
    assert episode.imu[1] == pytest.approx([0.01, 0.2, 0.3, 0.4, 0.5, 9.8])
    assert episode.flown[:, 0].tolist() == [0, 1, 2, 3]
    assert np.array_equal(episode.labels, episode.flown)
    assert episode.metadata == {}


@pytest.mark.parametrize('clock_offset', [0.03, 1.7e9, -3.0])
def test_commands_without_stamps_are_matched_although_the_recorder_has_its_own_clock(
    tmp_path, clock_offset
):
    messages = fly(clock_offset=clock_offset, stamped=False)
    episode = read_episode(record(tmp_path / 'bag', sorted(messages, key=lambda row: row[1])))
    assert episode.flown[:, 0].tolist() == [0, 1, 2, 3]


def test_commands_stamped_by_another_clock_are_an_error(tmp_path):
    messages = [row for row in fly() if row[0] != FLOWN]
    messages += [(FLOWN, 6.0, twist_stamped(1.7e9 + 0.05 * i, 1.0)) for i in range(4)]
    with pytest.raises(EpisodeFileError, match=r'/cmd_vel .* another clock'):
        read_episode(record(tmp_path / 'bag', messages))


def test_messages_recorded_out_of_order_are_put_in_order(tmp_path):
    messages = list(fly())
    shuffled = [messages[i] for i in np.random.default_rng(0).permutation(len(messages))]
    straight = read_episode(record(tmp_path / 'straight', messages))
    mixed = read_episode(
        record(tmp_path / 'mixed', [(t, 7.0 + i, m) for i, (t, _, m) in enumerate(shuffled)])
    )
    assert np.array_equal(mixed.image_stamps, straight.image_stamps)
    assert np.array_equal(mixed.imu, straight.imu)
    assert np.array_equal(mixed.flown, straight.flown)


def test_rows_of_an_image_may_be_padded_and_blue_may_come_first(tmp_path):
    messages = [row for row in fly() if row[0] != IMAGE]
    messages += [(IMAGE, 6.0, image(5.0, PIXELS, padding=5))]
    messages += [(IMAGE, 6.0, image(5.05, PIXELS, encoding='bgr8'))]
    episode = read_episode(record(tmp_path / 'bag', messages))
    assert np.array_equal(episode.images[0], PIXELS)
    assert np.array_equal(episode.images[1], PIXELS[:, :, ::-1])


@pytest.mark.parametrize('topic', [IMAGE, IMU, FLOWN])
def test_missing_topic_is_named(tmp_path, topic):
    with pytest.raises(EpisodeFileError, match=f'no message on {topic}: record that topic too'):
        read_episode(record(tmp_path / 'bag', [row for row in fly() if row[0] != topic]))


@pytest.mark.parametrize(
    ('extra', 'message'),
    [
        ((IMAGE, 6.0, image(6.0, PIXELS, encoding='yuv422')), "'rgba8'], got 'yuv422'"),
        ((IMAGE, 6.0, image(6.0, PIXELS[:4])), 'one size'),
        ((IMAGE, 6.0, image(5.05, PIXELS)), 'image_stamps must increase'),
        ((IMU, 6.0, imu(6.0, float('nan'))), 'imu must be finite'),
    ],
)
def test_messages_that_make_no_flight_are_errors_that_name_the_file(tmp_path, extra, message):
    path = record(tmp_path / 'bag', [*fly(), extra])
    with pytest.raises(EpisodeFileError, match=message) as error:
        read_episode(path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_another_type_on_a_topic_is_an_error_that_names_both_types(tmp_path):
    messages = [row for row in fly() if row[0] != FLOWN] + [(FLOWN, 6.0, vector(1.0))]
    with pytest.raises(
        EpisodeFileError, match=r'/cmd_vel .*Twist.* got geometry_msgs/msg/Vector3'
    ):
        read_episode(record(tmp_path / 'bag', messages))


def test_truncated_file_is_an_error_wherever_it_ends(make_episode, tmp_path):
    write_episode(tmp_path / 'e.mcap', make_episode(20))
    data = (tmp_path / 'e.mcap').read_bytes()
    broken = tmp_path / 'broken.mcap'
    for length in np.linspace(0, len(data) - 1, 60).astype(int).tolist():
        broken.write_bytes(data[:length])
        with pytest.raises(EpisodeFileError, match='no complete MCAP file') as error:
            read_episode(broken)
        assert '\n' not in str(error.value)


def test_damaged_file_is_an_error_and_nothing_else(make_episode, tmp_path):
    write_episode(tmp_path / 'e.mcap', make_episode(20))
    data = (tmp_path / 'e.mcap').read_bytes()
    broken = tmp_path / 'broken.mcap'
    rng = np.random.default_rng(0)
    for position in rng.integers(0, len(data) - 64, 60).tolist():
        broken.write_bytes(data[:position] + rng.bytes(64) + data[position + 64 :])
        try:
            read_episode(broken)
        except EpisodeFileError as error:
            assert '\n' not in str(error)


def test_other_files_are_errors(tmp_path):
    (tmp_path / 'notes.mcap').write_text('dear diary')
    with pytest.raises(EpisodeFileError, match='no complete MCAP file'):
        read_episode(tmp_path / 'notes.mcap')
    with pytest.raises(FileNotFoundError):
        read_episode(tmp_path / 'nothing.mcap')


def test_full_disk_leaves_the_old_file_and_nothing_half_written(
    make_episode, tmp_path, monkeypatch
):
    path = tmp_path / 'e.mcap'
    write_episode(path, make_episode(seed=1))
    before = path.read_bytes()

    def fail(descriptor: int) -> None:
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='No space left on device') as error:
        write_episode(path, make_episode(seed=2))
    assert error.value.filename == str(path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ['e.mcap']


def test_folder_that_cannot_be_made_is_an_error(make_episode, tmp_path):
    (tmp_path / 'file').write_text('in the way')
    with pytest.raises(OSError):
        write_episode(tmp_path / 'file' / 'e.mcap', make_episode())


def test_stamps_of_any_age_survive(make_episode, tmp_path):
    # Seconds since 1970 in double precision keep a tenth of a microsecond.
    late = replace(
        make_episode(3),
        image_stamps=1.8e9 + 0.05 * np.arange(3),
        imu_stamps=1.8e9 + 0.005 * np.arange(30),
    )
    write_episode(tmp_path / 'e.mcap', late)
    back = read_episode(tmp_path / 'e.mcap')
    assert back.image_stamps == pytest.approx(late.image_stamps, abs=1e-6)
    assert np.array_equal(back.flown, late.flown)
    assert np.array_equal(back.labels, late.labels)


def test_topics_are_those_of_the_nodes():
    pytest.importorskip('rclpy')
    from lnn_control.nodes import topics

    for name, topic in (
        (episode_file.IMAGE_TOPIC, topics.IMAGE),
        (episode_file.IMU_TOPIC, topics.IMU),
        (episode_file.FLOWN_TOPIC, topics.COMMAND_STAMPED),
        (episode_file.FLOWN_TOPIC, topics.COMMAND_PLAIN),
    ):
        assert name == f'/{topic.name}'
    assert tuple(episode_file._TYPES) == (IMAGE, IMU, FLOWN, LABEL, PRIVILEGED, SEGMENTATION)


def test_reads_what_the_recorder_node_writes(tmp_path):
    pytest.importorskip('rclpy')
    from lnn_control.nodes.recorder_node import EpisodeWriter

    writer = EpisodeWriter(tmp_path / 'flight.mcap')
    for topic, log_time, message in fly(clock_offset=1.7e9, stamped=False):
        kind = message.__msgtype__
        data = bytes(STORE.serialize_cdr(message, kind))
        writer.write(topic, kind, data, round(log_time * 1e9))
    writer.close()
    episode = read_episode(tmp_path / 'flight.mcap')
    assert episode.flown[:, 0].tolist() == [0, 1, 2, 3]
    assert np.array_equal(episode.images[3], PIXELS)


def test_images_long_before_the_first_command_are_dropped_with_their_inertial_samples(tmp_path):
    messages = [row for i, row in enumerate(fly(num_images=20)) if row[0] != FLOWN or i > 13 * 12]
    first = min(row[1] for row in messages if row[0] == FLOWN)
    assert first == pytest.approx(5.66)
    episode = read_episode(record(tmp_path / 'bag', messages))
    assert episode.image_stamps[0] == pytest.approx(5.2)
    assert len(episode) == 16
    assert episode.flown[:, 0].tolist() == [13] * 10 + [14, 15, 16, 17, 18, 19]
    # As in any episode, the first image's samples begin after the image before it.
    assert episode.imu_stamps[0] == pytest.approx(5.155)
    assert len(episode.imu_stamps) == 160


def test_flight_that_ends_before_its_first_command_is_an_error(tmp_path):
    messages = [row for row in fly() if row[0] != FLOWN]
    messages += [(FLOWN, 5.9, twist_stamped(5.9, 1.0))]
    with pytest.raises(EpisodeFileError, match=r'no image .* first command'):
        read_episode(record(tmp_path / 'bag', messages))


def test_namespaced_topics_are_found_by_their_relative_names(tmp_path):
    messages = [(f'/drone{topic}', time, message) for topic, time, message in fly()]
    messages += [('/drone/expert/cmd_vel', 5.2, twist_stamped(5.2, -1.0))]
    messages += [('/cmd_vel_raw', 5.2, twist_stamped(5.2, -2.0))]
    episode = read_episode(record(tmp_path / 'bag', messages))
    assert episode.flown[:, 0].tolist() == [0, 1, 2, 3]
    assert episode.labels[:, 0].tolist() == [-1] * 4


def test_exact_topic_wins_over_a_namespaced_one(tmp_path):
    messages = [*fly(), ('/rear/camera/image_raw', 5.1, image(5.1, PIXELS[:4]))]
    episode = read_episode(record(tmp_path / 'bag', messages))
    assert episode.images.shape == (4, 8, 16, 3)


def test_two_topics_of_one_relative_name_are_an_error_that_names_both(tmp_path):
    messages = [(f'/one{topic}', time, message) for topic, time, message in fly()]
    messages += [(f'/two{topic}', time, message) for topic, time, message in fly()]
    path = record(tmp_path / 'bag', messages)
    with pytest.raises(
        EpisodeFileError, match=r'/one/camera/image_raw.*/two/camera/image_raw'
    ) as error:
        read_episode(path)
    assert str(path) in str(error.value)
    assert '\n' not in str(error.value)


def test_metadata_is_read_without_the_flight(make_episode, tmp_path):
    write_episode(tmp_path / 'e.mcap', make_episode(seed=3))
    assert read_metadata(tmp_path / 'e.mcap') == make_episode(seed=3).metadata
    assert read_metadata(record(tmp_path / 'bag', fly())) == {}
