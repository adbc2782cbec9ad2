# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rosbags.typesys import Stores, get_typestore

from lnn_control.core.mcap_file import McapFile
from lnn_control.imitation import episode_file
from lnn_control.imitation.episode import stream_episode
from lnn_control.imitation.episode_file import (
    EpisodeFileError,
    encode_episode,
    is_episode,
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


def record(path: Path, messages, metadata=(('pilot', 'somebody'),)) -> Path:
    """Write (topic, log time, message) as an episode, or as a recording without metadata."""
    with open(path, 'wb') as stream:
        file = McapFile(stream)
        for topic, log_time, message in messages:
            kind = message.__msgtype__
            data = bytes(STORE.serialize_cdr(message, kind))
            file.add(topic, kind, data, round(log_time * 1e9))
        if metadata:
            file.add_metadata('lnn_control/episode', dict(metadata))
        file.finish()
    return path


PIXELS = np.arange(8 * 16 * 3, dtype=np.uint8).reshape(8, 16, 3)


def fly(num_images=4, pixels=PIXELS):
    """Yield the messages of an episode whose i-th image has vx = i."""
    for i in range(num_images):
        stamp = 5.0 + 0.05 * i
        for k in range(10):
            sample = stamp - 0.045 + 0.005 * k
            yield IMU, sample, imu(sample, 0.01 * k)
        yield IMAGE, stamp, image(stamp, pixels)
        yield FLOWN, stamp, twist_stamped(stamp, float(i))


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
        read_episode(record(tmp_path / 'e.mcap', messages))


def test_coloured_segmentation_is_an_error(tmp_path):
    stamps = [5.0 + 0.05 * i for i in range(4)]
    messages = [*fly(), *((SEGMENTATION, stamp, image(stamp, PIXELS)) for stamp in stamps)]
    with pytest.raises(
        EpisodeFileError, match=r"/camera/segmentation must be mono8, got \['rgb8'"
    ):
        read_episode(record(tmp_path / 'e.mcap', messages))


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


def test_metadata_is_read_without_the_flight(make_episode, tmp_path):
    write_episode(tmp_path / 'e.mcap', make_episode(seed=3))
    assert read_metadata(tmp_path / 'e.mcap') == make_episode(seed=3).metadata
    assert read_metadata(record(tmp_path / 'bag', fly(), metadata=())) == {}


def test_recording_is_no_episode_and_the_error_says_what_makes_one_of_it(tmp_path):
    path = record(tmp_path / 'bag.mcap', fly(), metadata=())
    assert not is_episode(path)
    with pytest.raises(EpisodeFileError, match='recording, no episode: `lnn-control data import`'):
        read_episode(path)
    assert is_episode(record(tmp_path / 'e.mcap', fly()))
    assert not is_episode(tmp_path / '..' / Path(__file__))


def test_what_was_flown_is_what_is_learned_where_nobody_labelled(tmp_path):
    episode = read_episode(record(tmp_path / 'e.mcap', fly()))
    assert episode.flown[:, 0].tolist() == [0, 1, 2, 3]
    assert np.array_equal(episode.labels, episode.flown)
    assert episode.imu[1] == pytest.approx([0.01, 0.2, 0.3, 0.4, 0.5, 9.8])


@pytest.mark.parametrize('topic', [IMAGE, FLOWN])
def test_missing_topic_is_named(tmp_path, topic):
    messages = [row for row in fly() if row[0] != topic]
    with pytest.raises(EpisodeFileError, match=f'no message on {topic}'):
        read_episode(record(tmp_path / 'e.mcap', messages))


def test_episode_without_inertial_samples_is_one(tmp_path):
    messages = [row for row in fly() if row[0] != IMU]
    assert read_episode(record(tmp_path / 'e.mcap', messages)).imu.shape == (0, 6)


def test_another_type_on_a_topic_is_an_error_that_names_both_types(tmp_path):
    messages = [row for row in fly() if row[0] != FLOWN] + [(FLOWN, 6.0, vector(1.0))]
    with pytest.raises(
        EpisodeFileError, match=r'/cmd_vel .*Twist.* got geometry_msgs/msg/Vector3'
    ):
        read_episode(record(tmp_path / 'e.mcap', messages))


def test_image_without_its_command_is_an_error_that_names_the_topic(tmp_path):
    messages = [row for row in fly() if row[0] != FLOWN or row[1] < 5.1]
    with pytest.raises(EpisodeFileError, match=r'/cmd_vel must .* of 5\.100 s'):
        read_episode(record(tmp_path / 'e.mcap', messages))


def test_episode_is_written_image_by_image(make_episode, tmp_path):
    episode = make_episode(20)
    taken = []

    def read():
        for number, pixels in enumerate(episode.images):
            taken.append(number)
            yield pixels

    streamed = replace(stream_episode(episode), read_images=read)
    write_episode(tmp_path / 'streamed.mcap', streamed)
    write_episode(tmp_path / 'whole.mcap', episode)
    assert taken == list(range(20))
    streamed_bytes = (tmp_path / 'streamed.mcap').read_bytes()
    assert streamed_bytes == (tmp_path / 'whole.mcap').read_bytes()
    assert np.array_equal(stream_episode(episode).load().images, episode.images)
