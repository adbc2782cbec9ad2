# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
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

from lnn_control.core.messages import VelocityCommand
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import ImageEncoder, make_twist_stamped
from lnn_control.nodes.recorder_node import EpisodeWriter

Start = Callable[..., Any]


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
