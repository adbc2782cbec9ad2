# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A person flies and is recorded; what comes out becomes a data set."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from sensor_msgs.msg import Joy

from lnn_control.core.messages import VelocityCommand
from lnn_control.data.contract import OUR_CONTRACT
from lnn_control.data.dataset import load_dataset
from lnn_control.data.importer import ImportSettings, import_bags
from lnn_control.imitation.episode_file import read_episode, read_metadata
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    make_camera_info,
    make_imu,
    read_twist,
)
from lnn_control.nodes.teleop_node import TeleopNode
from tests.nodes.probe import NodeRun, Probe, is_standing

Start = Callable[..., NodeRun]
Join = Callable[..., tuple[Probe, Any]]


def make_joy(is_held: bool, forward: float = 0.5, turn: float = -0.25) -> Any:
    message = Joy(axes=[0.0, forward, 0.0, turn, 0.0], buttons=[0, 0, 0, 0, int(is_held)])
    return message


def test_commands_come_while_the_switch_is_held_and_one_zero_after(
    probe: Probe, start: Start
) -> None:
    commands = probe.listen(topics.RAW_COMMAND)
    start('teleop_node', speed=2.0)
    probe.wait_until(lambda: commands, lambda: probe.publish(topics.JOYSTICK, make_joy(True)))
    assert read_twist(commands[-1]) == pytest.approx((1.0, 0.0, 0.0, -0.2))
    zero = (0.0, 0.0, 0.0, 0.0)
    probe.wait_until(
        lambda: read_twist(commands[-1]) == zero,
        lambda: probe.publish(topics.JOYSTICK, make_joy(False)),
    )
    assert [read_twist(command) for command in commands].count(zero) == 1


def test_joystick_that_falls_silent_stops_the_vehicle(probe: Probe, start: Start) -> None:
    commands = probe.listen(topics.RAW_COMMAND)
    start('teleop_node', timeout=0.1)
    probe.wait_until(lambda: commands, lambda: probe.publish(topics.JOYSTICK, make_joy(True)))
    probe.wait_until(lambda: read_twist(commands[-1]) == (0.0, 0.0, 0.0, 0.0))


def test_stick_takes_over_where_its_commands_are_the_pilots(join: Join) -> None:
    remap = {'cmd_vel_raw': 'cmd_vel_manual'}
    probe, _ = join(TeleopNode, 'teleop_node', remap)
    commands = probe.listen(topics.MANUAL_STAMPED)
    probe.wait_until(lambda: commands, lambda: probe.publish(topics.JOYSTICK, make_joy(True)))
    assert read_twist(commands[-1]) == pytest.approx((0.5, 0.0, 0.0, -0.2))
    probe.wait_until(lambda: is_standing(commands))
    num_commands = len(commands)
    # Silence is what tells the safety node that the pilot has let go.
    for _ in range(10):
        probe.spin()
    assert len(commands) == num_commands


def test_what_a_person_flew_becomes_a_data_set_that_knows_its_vehicle(
    probe: Probe, start: Start, tmp_path: Path
) -> None:
    folder = tmp_path / 'recordings'
    recorder = start('recorder_node', output=folder, vehicle='rover', pilot='person')
    for module in ('safety_node', 'teleop_node'):
        start(module)
    states = probe.listen(topics.SAFETY_STATE)
    commands = probe.listen(topics.COMMAND_STAMPED)
    encoder = ImageEncoder()
    pixels = np.random.default_rng(0).integers(0, 256, (72, 128, 3), np.uint8)
    sent = 0.0
    is_held = True

    def shoot() -> None:
        nonlocal sent
        now = time.time()
        if now - sent < 0.05:
            return
        sent = now
        for lag in (0.04, 0.02, 0.0):
            probe.publish(topics.IMU, make_imu(np.zeros(3), np.array([0, 0, 9.81]), now - lag))
        probe.publish(topics.IMAGE, encoder.encode(pixels, now))
        probe.publish(topics.CAMERA_INFO, make_camera_info(128, 72, 64.0, now))
        probe.publish(topics.JOYSTICK, make_joy(is_held))

    def has_recorded() -> bool:
        """Return whether some file, one of several where images were late, is long enough."""
        sizes = [path.stat().st_size for path in folder.glob('*.mcap*')]
        return max(sizes, default=0) > 60 * pixels.nbytes

    probe.wait_until(has_recorded, shoot)
    probe.wait_until(lambda: any(read_twist(command)[0] > 0.4 for command in commands), shoot)
    is_held = False
    probe.wait_until(lambda: states and states[-1].data != 'passing commands', shoot)
    recorder.send(signal.SIGTERM)
    assert recorder.wait() == 0

    # More than one file where so many images were lost that the recorder saw a gap.
    settings = ImportSettings(keep_going=True)
    for imported in import_bags([folder], OUR_CONTRACT, tmp_path / 'set', settings):
        print(imported)
    paths = load_dataset(tmp_path / 'set').list_paths()
    episode = read_episode(max(paths, key=lambda path: path.stat().st_size))
    assert np.array_equal(episode.images[0], pixels)
    wanted = VelocityCommand(vx=0.5, yaw_rate=-0.2).to_array()
    # The safety node leads to what was asked for within its accelerations.
    assert np.median(episode.flown, axis=0) == pytest.approx(wanted, abs=1e-3)
    said = read_metadata(paths[0])
    assert said['vehicle'] == 'rover' and said['pilot'] == 'person'
    # 2 atan(128 / 2 / 64 px) by the camera's calibration.
    assert float(said['camera_fov_deg']) == pytest.approx(90.0, abs=0.1)
