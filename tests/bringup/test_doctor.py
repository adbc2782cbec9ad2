# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from sensor_msgs.msg import CompressedImage

from lnn_control.bringup import machine_check
from lnn_control.core.checkup import Check, Light, choose_exit_code, read_finding
from lnn_control.core.contract import check_inertial
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import ImageEncoder, make_camera_info, make_imu

BROKEN = topics.Topic('other/image/compressed', CompressedImage, topics.LATEST_FRAME)


def find(checks: list[dict[str, str]], name: str) -> dict[str, str]:
    return next(check for check in checks if check['name'] == name)


def test_machine_is_described_in_lights_with_a_cure_for_what_is_not_green() -> None:
    checks = {check.name: check for check in machine_check.check_machine()}
    assert {'ros', 'domain', 'shared_memory', 'large_images', 'load', 'threads'} <= set(checks)
    assert checks['ros'].light is Light.GREEN
    assert 'rmw_' in checks['ros'].measured
    assert checks['threads'].light is Light.GREEN  # as the tests run
    assert all(check.cure for check in checks.values() if check.light is not Light.GREEN)


def test_line_for_large_images_names_a_profile_that_there_is(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in machine_check.PROFILE_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    check = machine_check.check_profile()
    assert check.light is Light.AMBER
    path = Path(check.cure.partition('=')[2].partition(',')[0])
    assert path.is_file()
    monkeypatch.setenv(machine_check.PROFILE_VARIABLES[0], str(path))
    assert machine_check.check_profile().light is Light.GREEN
    monkeypatch.setenv(machine_check.PROFILE_VARIABLES[0], str(tmp_path / 'none.xml'))
    assert machine_check.check_profile().light is Light.RED


def test_red_alone_fails() -> None:
    green, amber = Check('a', Light.GREEN, 'well'), Check('b', Light.AMBER, 'so', 'do')
    assert choose_exit_code([green, amber]) == 0
    assert choose_exit_code([green, Check('c', Light.RED, 'no', 'do')]) == 1


def test_finding_of_a_sensor_is_red() -> None:
    noise = np.random.default_rng(0).normal([0, 0, 1], 0.01, (50, 3))
    check = read_finding(check_inertial(noise * 0.1, noise)[0])
    assert (check.name, check.light) == ('imu.units', Light.RED)
    assert 'in g' in check.cure


class Sensors:
    """A camera and an IMU in g that publish until the test ends."""

    def __init__(self, probe: Any) -> None:
        self._probe = probe
        self._broken = CompressedImage(format='jpeg', data=b'no picture')
        self._encoder = ImageEncoder()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._noise = np.random.default_rng(0)
        self._thread.start()

    def stop(self) -> None:
        self._is_over.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._is_over.wait(0.05):
            now = time.time()
            for _ in range(10):
                force = self._noise.normal([0, 0, 1.0], 0.01)
                self._probe.publish(topics.IMU, make_imu(np.zeros(3), force, now))
            pixels = self._noise.integers(0, 256, (240, 320, 3), np.uint8)
            self._probe.publish(topics.CAMERA_INFO, make_camera_info(320, 240, 160.0, now))
            self._probe.publish(topics.IMAGE, self._encoder.encode(pixels, now))
            self._probe.publish(BROKEN, self._broken)


@pytest.fixture
def sensors(probe: Any) -> Iterator[Sensors]:
    made = Sensors(probe)
    yield made
    made.stop()


def test_running_graph_is_judged_and_written_as_json(sensors: Sensors, tmp_path: Path) -> None:
    path = tmp_path / 'doctor.json'
    done = subprocess.run(
        [
            *(sys.executable, '-m', 'lnn_control.cli.main', 'doctor'),
            *('--seconds', '20', '--json', str(path)),
        ],
        capture_output=True,
        text=True,
        timeout=600,
    )
    checks = json.loads(path.read_text())
    assert done.returncode == 1, done.stderr
    assert find(checks, 'imu.units')['light'] == 'red'
    assert 'it seems to be in g' in ' '.join(done.stdout.split())
    assert find(checks, 'camera_info') == {
        'name': 'camera_info',
        'light': 'green',
        'measured': '90.0 degrees across',
        'cure': '',
    }
    assert find(checks, 'safety')['measured'] == 'safety_node does not run'


@pytest.mark.parametrize(
    ('options', 'name', 'words'),
    [
        (
            ('--image-transport', 'compressed', '--image-topic', 'other/image'),
            'image.data',
            'compressed image must be JPEG or PNG',
        ),
        (('--image-topic', 'other/image'), 'graph', 'set image_transport:=compressed'),
    ],
    ids=['broken', 'other way'],
)
def test_compressed_images_are_judged(
    options: tuple[str, ...], name: str, words: str, sensors: Sensors, tmp_path: Path
) -> None:
    path = tmp_path / 'doctor.json'
    command = [sys.executable, '-m', 'lnn_control.cli.main', 'doctor', *options]
    done = subprocess.run(
        [*command, '--seconds', '20', '--json', str(path)],
        capture_output=True,
        text=True,
        timeout=600,
    )
    found = find(json.loads(path.read_text()), name)
    assert found['light'] == 'red', done.stderr
    assert words in found['measured']
