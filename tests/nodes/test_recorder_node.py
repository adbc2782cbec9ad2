# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from mcap.reader import make_reader
from mcap.stream_reader import StreamReader
from mcap_ros2.decoder import DecoderFactory
from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Bool, String
from std_srvs.srv import Trigger

from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import ImageEncoder, make_imu, make_twist_stamped
from lnn_control.nodes.recorder_node import EpisodeWriter, RecorderNode

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]


def read(path: Path) -> dict[str, list[Any]]:
    messages: dict[str, list[Any]] = {}
    with path.open('rb') as stream:
        reader = make_reader(stream, decoder_factories=[DecoderFactory()])
        for _, channel, _, message in reader.iter_decoded_messages():
            messages.setdefault(channel.topic, []).append(message)
    return messages


def read_unfinished(path: Path) -> list[str]:
    """Return the topic of each message in a file that still grows."""
    topics: dict[int, str] = {}
    found = []
    with path.open('rb') as stream:
        try:
            for record in StreamReader(stream).records:
                if type(record).__name__ == 'Channel':
                    topics[record.id] = record.topic
                elif type(record).__name__ == 'Message':
                    found.append(topics[record.channel_id])
        except Exception:  # the end is missing
            pass
    return found


def test_episodes_become_files_that_read_back(probe: Any, start: Start, tmp_path: Path) -> None:
    folder = tmp_path / 'recordings'
    run = start('recorder_node', output=folder)
    encoder, stamp = ImageEncoder(), 5.0
    pixels = np.random.default_rng(0).integers(0, 256, (72, 128, 3), np.uint8)

    def shoot() -> None:
        nonlocal stamp
        probe.publish(topics.SAFETY_STATE, String(data='passing commands'))
        stamp += 0.001  # so that lost images leave no gap that makes a new file
        probe.publish(topics.IMAGE, encoder.encode(pixels, stamp))
        command = VelocityCommand(vx=0.25)
        probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(command, stamp))

    def holds_both() -> bool:
        found = {topic for part in folder.glob('*.mcap.part') for topic in read_unfinished(part)}
        return {'/camera/image_raw', '/cmd_vel'} <= found

    # The first image that reaches the recorder makes a file; it grows as a part.
    probe.wait_until(holds_both, shoot)
    assert not list(folder.glob('*.mcap'))
    stamp = 5000.0  # a new trial
    probe.wait_until(lambda: list(folder.glob('*.mcap')), shoot)
    run.send(signal.SIGTERM)
    assert run.wait() == 0
    assert not list(folder.glob('*.part'))

    first, second = (read(path) for path in sorted(folder.glob('*.mcap')))
    stamps = [message.header.stamp.sec for message in first['/camera/image_raw']]
    assert max(stamps) < 5000 <= min(m.header.stamp.sec for m in second['/camera/image_raw'])
    assert first['/camera/image_raw'][0].data == pixels.tobytes()
    assert first['/cmd_vel'][0].twist.linear.x == 0.25


def test_unfinished_file_keeps_its_messages(tmp_path: Path) -> None:
    writer = EpisodeWriter(tmp_path / 'crash.mcap')
    noise = np.random.default_rng(0)
    for i in range(40):
        data = bytes([0, 1, 0, 0]) + noise.bytes(8000)
        writer.write('/noise', 'std_msgs/msg/UInt8MultiArray', data, i)
    writer.flush()
    part = tmp_path / 'crash.mcap.part'
    assert len(read_unfinished(part)) > 30
    writer.close()
    assert not part.exists()
    assert (tmp_path / 'crash.mcap').exists()


def test_folder_that_cannot_be_made_is_one_line(start: Start, tmp_path: Path) -> None:
    (tmp_path / 'file').write_text('')
    run = start('recorder_node', output=tmp_path / 'file' / 'recordings')
    assert run.wait() == 1
    assert 'Not a directory' in run.output
    assert 'Traceback' not in run.output


def test_folder_that_disappears_ends_the_recording_and_not_the_node(
    probe: Any, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / 'stick'
    run = start('recorder_node', output=folder, always=True, least_free_mb=0.0)
    told = probe.listen(topics.DIAGNOSTICS)
    collision = lambda: probe.publish(topics.COLLISION, Bool(data=True))  # noqa: E731
    probe.wait_until(lambda: list(folder.glob('*.part')), collision)
    shutil.rmtree(folder)

    def says_why() -> bool:
        latest = [entry for message in told for entry in message.status][-1:]
        return any('recording ends: ' in entry.message for entry in latest)

    probe.wait_until(says_why, collision)
    assert run.output.count('recording ends: ') == 1
    assert f"No such file or directory: '{folder}'" in run.output
    assert 'Traceback' not in run.output
    # The stick is back.
    folder.mkdir()
    assert call(probe, 'start').success
    probe.wait_until(lambda: list(folder.glob('*.part')), collision)
    probe.wait_until(lambda: told[-1].status[0].message == 'OK')
    run.send(signal.SIGTERM)
    assert run.wait() == 0


# In this process: what needs no signal.


def call(probe: Any, name: str) -> Any:
    return probe.call(Trigger, f'recorder_node/{name}', Trigger.Request())


def test_flight_alone_is_recorded_with_the_image_before_it_and_takeovers(
    join: Join, tmp_path: Path
) -> None:
    probe, _ = join(RecorderNode, 'recorder_node', output=tmp_path, least_free_mb=0.0)
    encoder, stamp = ImageEncoder(), 5.0
    heard = probe.listen(topics.IMAGE)

    def shoot(state: str, brightness: int) -> Callable[[], None]:
        def publish() -> None:
            nonlocal stamp
            stamp += 0.001
            pixels = np.full((8, 16, 3), brightness, np.uint8)
            probe.publish(topics.IMAGE, encoder.encode(pixels, stamp))
            probe.publish(topics.SAFETY_STATE, String(data=state))

        return publish

    probe.publish(topics.TAKEOVER, Bool(data=True))
    probe.wait_until(lambda: len(heard) > 30, shoot('waiting: no command has come yet', 10))
    assert not list(tmp_path.iterdir())
    probe.wait_until(lambda: list(tmp_path.glob('*.part')), shoot('manual: the pilot', 20))
    heard.clear()
    probe.wait_until(lambda: len(heard) > 20, shoot('manual: the pilot', 20))
    probe.wait_until(lambda: list(tmp_path.glob('*.mcap')), shoot('hovering: too old', 30))
    heard.clear()
    probe.wait_until(lambda: len(heard) > 10, shoot('hovering: too old', 40))
    assert len(list(tmp_path.iterdir())) == 1
    recorded = read(next(tmp_path.glob('*.mcap')))
    seen = {message.data[0] for message in recorded['/camera/image_raw']}
    # What came shortly before and after the flight is there, where the machine was quick enough.
    assert {20} <= seen <= {10, 20, 30}
    assert recorded['/safety/takeover'][0].data
    assert 'manual: the pilot' in {message.data for message in recorded['/safety/state']}


def test_recording_ends_and_begins_by_service(join: Join, tmp_path: Path) -> None:
    probe, _ = join(RecorderNode, 'recorder_node', output=tmp_path, always=True, least_free_mb=0.0)
    collision = lambda: probe.publish(topics.COLLISION, Bool(data=True))  # noqa: E731
    probe.wait_until(lambda: list(tmp_path.glob('*.part')), collision)
    stopped = call(probe, 'stop')
    assert stopped.success
    assert Path(stopped.message).exists()
    heard = probe.listen(topics.COLLISION)
    probe.wait_until(lambda: len(heard) > 10, collision)
    assert not list(tmp_path.glob('*.part'))
    assert call(probe, 'start').success
    probe.wait_until(lambda: list(tmp_path.glob('*.part')), collision)


def test_disk_that_is_nearly_full_ends_the_recording_and_leaves_it_whole(
    join: Join, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    probe, node = join(
        RecorderNode, 'recorder_node', output=tmp_path, always=True, least_free_mb=1e6
    )
    collision = lambda: probe.publish(topics.COLLISION, Bool(data=True))  # noqa: E731
    # Nobody has a disk of so many bytes: it ends at the first look.
    probe.wait_until(lambda: node._is_stopped, collision)
    assert 'MB are free on the disk of' in capfd.readouterr().err
    assert not list(tmp_path.glob('*.part'))


def test_topics_have_the_same_names_in_every_file(join: Join, tmp_path: Path) -> None:
    probe, _ = join(
        RecorderNode,
        'recorder_node',
        remap={'collision': '/bumper'},
        output=tmp_path,
        always=True,
        least_free_mb=0.0,
    )
    bumper = topics.Topic('/bumper', topics.COLLISION.type, topics.COLLISION.qos)
    probe.wait_until(
        lambda: list(tmp_path.glob('*.part')), lambda: probe.publish(bumper, Bool(data=True))
    )
    path = call(probe, 'split').message
    assert '/collision' in read(Path(path))


def test_samples_that_come_before_the_first_image_of_a_trial_are_in_its_file(
    join: Join, tmp_path: Path
) -> None:
    probe, node = join(RecorderNode, 'recorder_node', output=tmp_path, always=True)
    encoder, pixels = ImageEncoder(), np.zeros((8, 16, 3), np.uint8)

    def send(topic: topics.Topic, message: Any, is_there: Callable[[], bool]) -> None:
        # Once: what comes twice would be in the file twice.
        probe.wait_until(lambda: probe.node.count_subscribers(topic.name) > 0)
        probe.publish(topic, message)
        probe.wait_until(is_there)

    def has_waiting(time: float) -> Callable[[], bool]:
        return lambda: time in {message.time for message in node._waiting}

    send(topics.IMAGE, encoder.encode(pixels, 5.0), lambda: node._image_stamp == 5.0)
    for stamp in (5.25, 99.75):
        send(topics.IMU, make_imu(np.zeros(3), np.zeros(3), stamp), has_waiting(stamp))
    send(topics.IMAGE, encoder.encode(pixels, 100.0), lambda: node._image_stamp == 100.0)
    probe.wait_until(lambda: list(tmp_path.glob('*.mcap')))
    call(probe, 'split')
    files = [read(path) for path in sorted(tmp_path.glob('*.mcap'))]
    samples = [
        [m.header.stamp.sec + m.header.stamp.nanosec * 1e-9 for m in messages['/imu/data_raw']]
        for messages in files
    ]
    assert samples == [[5.25], [99.75]]


def test_what_waits_when_the_disk_is_full_opens_no_new_file(
    join: Join, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    probe, node = join(RecorderNode, 'recorder_node', output=tmp_path, always=True)
    collision = lambda: probe.publish(topics.COLLISION, Bool(data=True))  # noqa: E731
    probe.wait_until(lambda: node._writer is not None, collision)
    probe.wait_until(lambda: len(node._waiting) > 3, collision)

    def fail(*arguments: Any) -> None:
        raise OSError('No space left on device')

    monkeypatch.setattr(node._writer, 'write', fail)
    image = ImageEncoder().encode(np.zeros((8, 16, 3), np.uint8), 5.0)
    probe.wait_until(lambda: node._is_stopped, lambda: probe.publish(topics.IMAGE, image))
    probe.wait_until(lambda: not node._waiting or len(node._waiting) < 3, collision)
    assert node._num_files == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_compressed_images_are_recorded_as_they_come(join: Join, tmp_path: Path) -> None:
    probe, _ = join(
        RecorderNode,
        'recorder_node',
        remap={'camera/image_raw': '/front/image'},
        output=tmp_path,
        image_transport='compressed',
        always=True,
        least_free_mb=0.0,
    )
    front = topics.Topic('/front/image/compressed', CompressedImage, topics.LATEST_FRAME)
    message = CompressedImage(format='jpeg', data=b'\xff\xd8 no picture \xff\xd9')
    probe.wait_until(lambda: list(tmp_path.glob('*.part')), lambda: probe.publish(front, message))
    # The name that the importer reads as the camera's.
    recorded = read(Path(call(probe, 'split').message))['/camera/image_raw/compressed']
    assert bytes(recorded[0].data) == bytes(message.data)
