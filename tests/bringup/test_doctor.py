# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from sensor_msgs.msg import CompressedImage

from lnn_control.bringup import machine_check
from lnn_control.cli import main as cli
from lnn_control.core.checkup import Check, Light, choose_exit_code, read_finding
from lnn_control.core.contract import check_inertial
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import ImageEncoder, make_camera_info, make_imu
from tests.nodes.conftest import join_graph
from tests.patience import PATIENCE

MODULE = 'lnn_control.cli.main'
INFO = topics.CAMERA_INFO
OTHER_SIZE = topics.Topic('other_size/camera_info', INFO.type, INFO.qos)
FEW_COEFFICIENTS = topics.Topic('few_coefficients/camera_info', INFO.type, INFO.qos)
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
            for topic, size, distortion in (
                (OTHER_SIZE, (640, 480), [0.1, 0.0, 0.0, 0.0, 0.0]),
                (FEW_COEFFICIENTS, (320, 240), [0.1, 0.0, 0.1]),
            ):
                info = make_camera_info(*size, 160.0, now)
                info.d = distortion
                self._probe.publish(topic, info)
            self._probe.publish(topics.IMAGE, self._encoder.encode(pixels, now))
            self._probe.publish(BROKEN, self._broken)


# Name -> options of the doctor. What one hears is no business of the others: all listen at once.
LISTENERS = {
    'plain': (),
    'broken': ('--image-transport', 'compressed', '--image-topic', 'other/image'),
    'other way': ('--image-topic', 'other/image'),
    'other size': ('--info-topic', OTHER_SIZE.name),
    'few coefficients': ('--info-topic', FEW_COEFFICIENTS.name),
}


class Judged(NamedTuple):
    """What a doctor found of the sensors."""

    code: int
    said: str
    errors: str
    checks: list[dict[str, str]]


@pytest.fixture(scope='module')
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Judged]:
    """Return what each doctor found in 20 s, enough on a busy machine to hear of all topics."""
    folder, command = tmp_path_factory.mktemp('doctor'), [sys.executable, '-m', MODULE, 'doctor']
    with join_graph([]) as probe:
        sensors = Sensors(probe)
        try:
            running = {
                name: subprocess.Popen(
                    [*command, *options, '--seconds', '20', '--json', str(folder / name)],
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
                for name, options in LISTENERS.items()
            }
            said = {name: each.communicate(timeout=PATIENCE) for name, each in running.items()}
        finally:
            sensors.stop()
    return {
        name: Judged(each.returncode, *said[name], json.loads((folder / name).read_text()))
        for name, each in running.items()
    }


def test_running_graph_is_judged_and_written_as_json(judged: dict[str, Judged]) -> None:
    code, said, errors, checks = judged['plain']
    assert code == 1, errors
    assert find(checks, 'imu.units')['light'] == 'red'
    assert 'it seems to be in g' in ' '.join(said.split())
    assert find(checks, 'camera_info') == {
        'name': 'camera_info',
        'light': 'green',
        'measured': '90.0 degrees across',
        'cure': '',
    }
    assert find(checks, 'safety')['measured'] == 'safety_node does not run'


@pytest.mark.parametrize(
    ('listener', 'name', 'words'),
    [
        ('broken', 'image.data', 'compressed image must be JPEG or PNG'),
        ('other way', 'graph', 'set image_transport:=compressed'),
        ('other size', 'image.data', 'camera_info is for 640x480 images, got 320x240'),
        ('few coefficients', 'camera_info', '4 or 5 or 8 or 12 or 14 coefficients D'),
    ],
)
def test_what_contradicts_itself_is_a_finding(
    listener: str, name: str, words: str, judged: dict[str, Judged]
) -> None:
    found = find(judged[listener].checks, name)
    assert found['light'] == 'red', judged[listener].errors
    assert words in found['measured']


def test_stamps_are_compared_with_the_clock_of_a_simulation(start: Any, tmp_path: Path) -> None:
    pytest.importorskip('pybullet')
    start('sim_node')
    command = [sys.executable, '-m', MODULE, 'doctor', '--seconds', '15', '--namespace', '/']
    subprocess.run(
        [*command, '--json', str(tmp_path / 'found.json')], check=False, timeout=PATIENCE
    )
    checks = json.loads((tmp_path / 'found.json').read_text())
    red = [check for check in checks if check['light'] == 'red']
    assert not [check for check in red if check['name'].startswith('image')], red
    images = find(checks, 'images')['measured']
    age_ms = int(images.partition(', ')[2].partition(' ms old')[0])
    assert -1000 < age_ms < 1000


def test_namespace_that_is_none_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['doctor', '--namespace', 'a-b']) == 1
    said = capsys.readouterr().err
    assert "namespace must be a ROS name such as drone_1, got 'a-b'" in said
    assert said.count('\n') == 1
