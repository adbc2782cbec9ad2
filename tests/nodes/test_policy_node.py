# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
import math
import os
import re
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from diagnostic_msgs.msg import DiagnosticStatus
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from rcl_interfaces.srv import SetParameters
from rclpy.parameter import Parameter as RosParameter
from sensor_msgs.msg import Image

from lnn_control.core.appearance import fit_appearance
from lnn_control.core.circuit import parse_circuit
from lnn_control.core.domain import TrainingDomain
from lnn_control.deploy.export import Order, export_checkpoint
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import (
    ImageEncoder,
    make_camera_info,
    make_imu,
    read_twist,
)
from lnn_control.policies.checkpoint import save_checkpoint
from lnn_control.policies.network import Network, NetworkConfig
from tests.deploy.tools import require
from tests.nodes.probe import is_standing, stamp_of
from tests.policies.test_policy_registry import Spin

Start = Callable[..., Any]
Join = Callable[..., tuple[Any, Any]]
# The stamps of these tests are of another day.
TIMELESS = {'max_image_age': 0.0}
ZERO = (0.0, 0.0, 0.0, 0.0)


class Camera:
    """Publishes noise images at 20 Hz by stamp, with the inertial samples between them.

    At that rate by the clock at most, and with few samples, so that no node falls behind further
    and further on a busy machine.
    """

    def __init__(self, probe: Any, width: int = 128, height: int = 72) -> None:
        self._probe = probe
        self._pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
        self._encoder = ImageEncoder()
        self.topic = topics.IMAGE
        self.encoding = 'rgb8'
        self.stamp = 100.0
        self.is_dark = False
        self.has_stamp = True
        self.force = np.array([0.0, 0.0, 9.8])
        self.rates = np.zeros(3)
        self.ahead = 0.0
        self.num_samples = 4
        self.frame = 'imu_link'
        self._noise = np.random.default_rng(1)
        self._shot_at = -math.inf

    def shoot(self) -> None:
        now = time.monotonic()
        if now < self._shot_at + 0.05:
            return
        self._shot_at = now
        self.feel()
        self.stamp += 0.05
        noise = self._noise.integers(0, 3, self._pixels.shape, np.uint8)
        pixels = np.zeros_like(noise) if self.is_dark else self._pixels // 2 + noise
        message: Image = self._encoder.encode(pixels, self.stamp if self.has_stamp else 0.0)
        message.encoding = self.encoding
        self._probe.publish(self.topic, message)

    def feel(self) -> None:
        """Publish the inertial samples up to the next image, without the image."""
        for i in range(self.num_samples):
            rates, force = self._noise.normal(0, 0.02, (2, 3))
            stamp = self.stamp + 0.05 * (i + 1) / self.num_samples + self.ahead
            sample = make_imu(self.rates + rates, self.force + force, stamp)
            sample.header.frame_id = self.frame
            self._probe.publish(topics.IMU, sample)


def change_state(probe: Any, transition: int) -> bool:
    request = ChangeState.Request(transition=Transition(id=transition))
    return bool(probe.call(ChangeState, 'policy_node/change_state', request).success)


def fly(probe: Any) -> None:
    assert change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert change_state(probe, Transition.TRANSITION_ACTIVATE)


def read_state(probe: Any) -> str:
    return str(
        probe.call(GetState, 'policy_node/get_state', GetState.Request()).current_state.label
    )


def find_problem(diagnostics: list[Any]) -> str:
    return str(diagnostics[-1].status[0].message) if diagnostics else ''


def test_node_commands_while_it_is_active(
    probe: Any, start: Start, untrained_checkpoint: Path
) -> None:
    commands, neurons = probe.listen(topics.RAW_COMMAND), probe.listen(topics.NEURONS)
    camera = Camera(probe)
    start('policy_node', policy=untrained_checkpoint, **TIMELESS)
    assert read_state(probe) == 'unconfigured'
    assert change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert read_state(probe) == 'inactive'
    for _ in range(20):
        camera.shoot()
        probe.spin()
    assert not commands
    assert change_state(probe, Transition.TRANSITION_ACTIVATE)
    probe.wait_until(lambda: len(commands) >= 3 and len(neurons) >= 3, camera.shoot)
    assert read_twist(commands[-1]) != ZERO
    assert neurons[-1].name[:1] == ['motor_0']
    assert len(neurons[-1].position) == len(neurons[-1].name) == 36
    # A command carries exactly the stamp of the image it answers.
    assert commands[-1].header.stamp.nanosec % 50_000_000 == 0
    assert change_state(probe, Transition.TRANSITION_DEACTIVATE)
    probe.wait_until(lambda: is_standing(commands))
    num_commands = len(commands)
    for _ in range(20):
        camera.shoot()
        probe.spin()
    assert len(commands) == num_commands
    assert change_state(probe, Transition.TRANSITION_CLEANUP)
    assert read_state(probe) == 'unconfigured'
    fly(probe)
    probe.wait_until(lambda: len(commands) > num_commands, camera.shoot)


def test_larger_image_of_another_encoding_flies_and_wrong_ones_do_not(
    probe: Any, start: Start, untrained_checkpoint: Path
) -> None:
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    run = start('policy_node', policy=untrained_checkpoint, **TIMELESS)
    fly(probe)
    good = Camera(probe, 320, 240)
    good.encoding = 'bgr8'
    # One that moves: of a node on a busy machine the first that is heard may be its stop.
    probe.wait_until(lambda: any(read_twist(command) != ZERO for command in commands), good.shoot)

    small = Camera(probe, 64, 48)
    small.stamp = good.stamp
    probe.wait_until(
        lambda: 'at least 128x72 pixels, got 64x48' in find_problem(diagnostics), small.shoot
    )
    num_diagnostics, last_good = len(diagnostics), good.stamp
    probe.wait_until(lambda: len(diagnostics) > num_diagnostics, small.shoot)

    good.encoding, good.stamp = '16UC1', small.stamp
    diagnostics.clear()
    probe.wait_until(lambda: 'image encoding must be' in find_problem(diagnostics), good.shoot)
    # A command carries the stamp of its image, and none that moves answers a wrong one.
    moving = [command for command in commands if read_twist(command) != ZERO]
    assert max(map(stamp_of, moving)) <= last_good + 1e-6
    assert run.output.count('got 64x48') == 1


def test_broken_checkpoint_fails_to_configure_with_one_line(
    probe: Any, start: Start, tmp_path: Path
) -> None:
    run = start('policy_node', policy=tmp_path / 'nowhere', **TIMELESS)
    assert not change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert read_state(probe) == 'unconfigured'
    assert 'policy must be' in run.output
    assert 'Traceback' not in run.output


def test_finding_that_does_not_exist_cannot_be_tolerated(start: Start) -> None:
    run = start('policy_node', tolerate='imu.frozn')
    assert run.wait() == 1
    assert "got 'imu.frozn'; did you mean 'imu.frozen'?" in run.output
    assert 'Traceback' not in run.output


def test_last_command_is_zero_when_the_node_ends(
    probe: Any, start: Start, untrained_checkpoint: Path
) -> None:
    commands = probe.listen(topics.RAW_COMMAND)
    run = start('policy_node', policy=untrained_checkpoint, **TIMELESS)
    fly(probe)
    probe.wait_until(lambda: commands, Camera(probe).shoot)
    run.send(signal.SIGTERM)
    probe.wait_until(lambda: run.process.poll() is not None)
    probe.wait_until(lambda: is_standing(commands))
    assert run.process.returncode == 0


@pytest.fixture
def trained_checkpoint(tmp_path: Path) -> Path:
    """Return a checkpoint that says that it was trained to hike with a camera of 100 degrees."""
    import torch

    torch.manual_seed(0)
    domain = TrainingDomain(tasks=('hike',), vehicle='quadrotor', camera_fov_deg=(100.0, 100.0))
    save_checkpoint(tmp_path / 'hiker', 'hiker', Network(NetworkConfig()), {}, domain)
    return tmp_path / 'hiker'


def make_info(fov_deg: float) -> Any:
    focal_length_px = 64.0 / math.tan(math.radians(fov_deg) / 2)
    return make_camera_info(128, 72, focal_length_px, 100.0)


def test_rectified_images_are_those_of_the_projection(
    join: Join, trained_checkpoint: Path
) -> None:
    remap = {'camera/image_raw': '/front/image_rect'}
    probe = join_policy(join, remap=remap, policy=trained_checkpoint, task='hike')
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    info = make_info(100.0)
    info.p = make_info(69.0).p
    camera = Camera(probe)
    camera.topic = topics.Topic('/front/image_rect', Image, topics.LATEST_FRAME)

    def shoot() -> None:
        probe.publish(topics.CAMERA_INFO, info)
        camera.shoot()

    probe.wait_until(
        lambda: 'the camera sees 69 degrees across' in find_problem(diagnostics), shoot
    )


def test_camera_that_sees_less_than_trained_is_not_flown_and_named(
    probe: Any, start: Start, trained_checkpoint: Path
) -> None:
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    start('policy_node', policy=trained_checkpoint, task='hike', vehicle='quadrotor', **TIMELESS)
    fly(probe)
    camera = Camera(probe)

    def shoot(fov_deg: float) -> None:
        probe.publish(topics.CAMERA_INFO, make_info(fov_deg))
        camera.shoot()

    # Nobody knows what the camera sees: nothing flies, and it says why.
    probe.wait_until(lambda: 'publish camera_info' in find_problem(diagnostics), camera.shoot)
    assert not commands
    probe.wait_until(
        lambda: 'the camera sees 69 degrees across' in find_problem(diagnostics),
        lambda: shoot(69.0),
    )
    commands.clear()
    for _ in range(20):
        shoot(69.0)
        probe.spin()
    assert not commands
    # A camera that sees more is cropped, and flown.
    probe.wait_until(lambda: commands, lambda: shoot(110.0))
    probe.wait_until(
        lambda: 'the camera sees' not in find_problem(diagnostics), lambda: shoot(110.0)
    )


def test_camera_that_is_known_to_see_less_before_the_flight_is_refused_image_by_image(
    probe: Any, start: Start, trained_checkpoint: Path
) -> None:
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    start('policy_node', policy=trained_checkpoint, task='hike', vehicle='quadrotor', **TIMELESS)
    assert change_state(probe, Transition.TRANSITION_CONFIGURE)
    infos = topics.CAMERA_INFO
    for _ in range(20):
        probe.publish(infos, make_info(69.0))
        probe.spin()
    assert change_state(probe, Transition.TRANSITION_ACTIVATE)
    words = 'the camera sees 69 degrees across'
    probe.wait_until(lambda: words in find_problem(diagnostics), Camera(probe).shoot)
    assert not commands


def test_calibration_of_images_of_another_size_is_a_finding(
    probe: Any, start: Start, trained_checkpoint: Path
) -> None:
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    run = start('policy_node', policy=trained_checkpoint, task='hike', **TIMELESS)
    fly(probe)
    camera = Camera(probe)
    info = make_camera_info(256, 144, 100.0, 100.0)
    info.distortion_model, info.d = 'plumb_bob', [-0.2, 0.05, 0.0, 0.0, 0.0]

    def shoot() -> None:
        probe.publish(topics.CAMERA_INFO, info)
        camera.shoot()

    words = 'camera_info is for 256x144 images, got 128x72'
    probe.wait_until(lambda: words in find_problem(diagnostics), shoot)
    assert 'image.data' in find_problem(diagnostics)
    assert 'Traceback' not in run.output


def test_part_of_the_sensor_that_sees_less_than_trained_is_not_flown(
    join: Join, trained_checkpoint: Path
) -> None:
    probe = join_policy(join, policy=trained_checkpoint, task='hike')
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    camera = Camera(probe)
    info = make_camera_info(256, 144, 128.0 / math.tan(math.radians(50.0)), 100.0)
    roi = info.roi

    def shoot() -> None:
        probe.publish(topics.CAMERA_INFO, info)
        camera.shoot()

    # Of 100 degrees the half of the pixels shows 62, whether or not camera_info says so.
    words = 'image.data: camera_info is for 256x144 images, got 128x72'
    probe.wait_until(lambda: words in find_problem(diagnostics), shoot)
    roi.x_offset, roi.y_offset, roi.width, roi.height = 64, 36, 128, 72
    words = 'the camera sees 61.58 degrees across'
    probe.wait_until(lambda: words in find_problem(diagnostics), shoot)
    assert not commands
    # All of it, two pixels of the sensor to one of the image, is what was trained.
    roi.x_offset, roi.y_offset, roi.width, roi.height = 0, 0, 0, 0
    info.binning_x = info.binning_y = 2
    probe.wait_until(lambda: commands, shoot)


def test_camera_info_that_becomes_unreadable_in_flight_stops_until_a_good_one_comes(
    join: Join, trained_checkpoint: Path
) -> None:
    probe = join_policy(join, policy=trained_checkpoint, task='hike')
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    camera, good = Camera(probe), make_info(100.0)
    junk, blank, off = (make_info(100.0) for _ in range(3))
    junk.distortion_model, blank.k, off.k = 'junk', [math.nan] * 9, [0.0] * 9

    def shoot(info: Any) -> None:
        probe.publish(topics.CAMERA_INFO, info)
        camera.shoot()

    for bad, words in ((junk, "got 'junk'"), (blank, 'got 128x72, nan'), (off, '0 and 0 px')):
        commands.clear()
        probe.wait_until(lambda: commands and not is_standing(commands), lambda: shoot(good))
        probe.wait_until(lambda: is_standing(commands), lambda bad=bad: shoot(bad))
        commands.clear()
        diagnostics.clear()
        probe.wait_until(lambda: len(diagnostics) > 2, lambda bad=bad: shoot(bad))
        assert not commands
        # The first may still tell of the flight before.
        for told in diagnostics[1:]:
            assert told.status[0].level == DiagnosticStatus.ERROR
            assert told.status[0].message.count('image.lens') == 1
            assert words in told.status[0].message
    probe.wait_until(lambda: commands and not is_standing(commands), lambda: shoot(good))
    probe.wait_until(lambda: 'image' not in find_problem(diagnostics), lambda: shoot(good))


class Lose(Spin):
    """One that cannot be made, for a reason that nobody foresaw."""

    def __init__(self) -> None:
        raise KeyError('weights')


def test_policy_that_cannot_be_made_fails_to_configure_with_one_line(
    probe: Any, start: Start
) -> None:
    run = start('policy_node', policy='tests.nodes.test_policy_node:Lose', **TIMELESS)
    assert not change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert read_state(probe) == 'unconfigured'
    assert "KeyError: 'weights'" in run.output
    assert 'Traceback' not in run.output


@pytest.mark.parametrize(
    ('parameters', 'message'),
    [
        ({'task': 'keep_lane'}, 'it was trained for hike, not for keep_lane'),
        ({'vehicle': 'car'}, 'it was trained on a quadrotor, not on a car'),
        ({'camera_fov_deg': 69.0}, 'the camera sees 69 degrees across, trained was 100'),
    ],
)
def test_policy_of_another_task_or_vehicle_fails_to_configure(
    parameters: dict[str, Any],
    message: str,
    probe: Any,
    start: Start,
    trained_checkpoint: Path,
) -> None:
    run = start('policy_node', policy=trained_checkpoint, **parameters, **TIMELESS)
    assert not change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert read_state(probe) == 'unconfigured'
    assert message in run.output
    assert 'Traceback' not in run.output


def test_policy_that_is_told_to_flies_what_it_was_not_trained_for(
    probe: Any, start: Start, trained_checkpoint: Path
) -> None:
    commands = probe.listen(topics.RAW_COMMAND)
    start(
        'policy_node',
        policy=trained_checkpoint,
        task='keep_lane',
        allow_untrained=True,
        **TIMELESS,
    )
    fly(probe)
    probe.wait_until(lambda: commands, Camera(probe).shoot)


def test_policy_of_another_package_flies(probe: Any, start: Start) -> None:
    commands = probe.listen(topics.RAW_COMMAND)
    start('policy_node', policy='tests.policies.test_policy_registry:Spin=0.7', **TIMELESS)
    fly(probe)
    probe.wait_until(lambda: commands, Camera(probe).shoot)
    assert read_twist(commands[-1]) == (0.0, 0.0, 0.0, pytest.approx(0.7))


def test_expert_cannot_fly_from_sensors_and_says_so(probe: Any, start: Start) -> None:
    run = start('policy_node', policy='expert', **TIMELESS)
    assert not change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert 'cannot fly from sensors alone' in run.output


@pytest.mark.parametrize('target', ['c', 'onnx'])
def test_exported_policy_flies_where_neither_torch_nor_opencv_can_be_imported(
    probe: Any,
    start: Start,
    untrained_checkpoint: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    target: str,
) -> None:
    if target == 'c':
        require('gcc')
    else:
        pytest.importorskip('onnxscript')
    folder, blocked = tmp_path / 'exported', tmp_path / 'blocked'
    export_checkpoint(untrained_checkpoint, folder, Order(target))
    blocked.mkdir()
    for name in ('torch', 'cv2'):
        (blocked / f'{name}.py').write_text(f'raise ImportError("no {name} here")\n')
    path = os.pathsep.join(filter(None, [str(blocked), os.environ.get('PYTHONPATH')]))
    monkeypatch.setenv('PYTHONPATH', path)
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    commands, neurons = probe.listen(topics.RAW_COMMAND), probe.listen(topics.NEURONS)
    run = start('policy_node', policy=folder, backend=target, **TIMELESS)
    fly(probe)
    probe.wait_until(lambda: commands and neurons, Camera(probe).shoot)
    assert read_twist(commands[-1]) != ZERO
    assert len(neurons[-1].position) == 36
    ready = re.search(r'loaded policy untrained: ready after ([\d.]+) s, (\d+) MiB', run.output)
    assert ready is not None
    assert 10 < int(ready[2]) < {'c': 90, 'onnx': 150}[target]


def test_backend_that_the_policy_does_not_have_is_a_failure(probe: Any, start: Start) -> None:
    run = start('policy_node', policy='hover', backend='c')
    assert not change_state(probe, Transition.TRANSITION_CONFIGURE)
    assert "backend c has no effect: policy 'hover' is neither a checkpoint" in run.output


# In this process: what needs no signal.

SPIN = 'tests.policies.test_policy_registry:Spin=0.7'


def join_policy(join: Join, **parameters: Any) -> Any:
    from lnn_control.nodes.policy_node import PolicyNode

    return join(PolicyNode, 'policy_node', **{'policy': SPIN, **TIMELESS, **parameters})[0]


C, CL, A, D = (
    Transition.TRANSITION_CONFIGURE,
    Transition.TRANSITION_CLEANUP,
    Transition.TRANSITION_ACTIVATE,
    Transition.TRANSITION_DEACTIVATE,
)
SHUT_DOWN = Transition.TRANSITION_ACTIVE_SHUTDOWN


def test_transitions_that_are_not_allowed_are_refused_and_the_node_lives(join: Join) -> None:
    probe = join_policy(join)
    steps = [(A, 0), (D, 0), (C, 1), (C, 0), (D, 0), (A, 1), (A, 0), (CL, 0), (99, 0)]
    steps += [(D, 1), (CL, 1), (C, 1), (A, 1), (SHUT_DOWN, 1), (C, 0)]
    for transition, is_allowed in steps:
        assert change_state(probe, transition) == bool(is_allowed)
    assert read_state(probe) == 'finalized'


def test_label_of_a_transition_is_understood(join: Join) -> None:
    probe = join_policy(join)

    def change(label: str) -> bool:
        request = ChangeState.Request(transition=Transition(label=label))
        return bool(probe.call(ChangeState, 'policy_node/change_state', request).success)

    assert not change('activate')
    assert change('configure')
    assert not change('fly')


def test_policy_is_changed_while_it_is_not_active_and_not_in_flight(join: Join) -> None:
    probe = join_policy(join)
    commands = probe.listen(topics.RAW_COMMAND)

    def change(policy: str) -> Any:
        parameters = [RosParameter('policy', value=policy).to_parameter_msg()]
        request = SetParameters.Request(parameters=parameters)
        return probe.call(SetParameters, 'policy_node/set_parameters', request).results[0]

    fly(probe)
    camera = Camera(probe)
    probe.wait_until(lambda: commands and read_twist(commands[-1])[3] > 0.69, camera.shoot)
    refused = change('tests.policies.test_policy_registry:Spin=0.2')
    assert not refused.successful
    assert refused.reason.endswith('while the node is not active: deactivate it first')
    assert change_state(probe, D)
    wrong = change('/nowhere')
    assert not wrong.successful
    assert 'policy must be' in wrong.reason
    assert change('tests.policies.test_policy_registry:Spin=0.2').successful
    assert change_state(probe, A)
    probe.wait_until(
        lambda: read_twist(commands[-1])[3] == pytest.approx(0.2, abs=1e-6), camera.shoot
    )


@pytest.mark.parametrize(
    ('fault', 'words'),
    [
        ({'force': np.array([0.0, 0.0, 1.0])}, 'it seems to be in g'),
        ({'rates': np.array([30.0, 0.0, 0.0])}, 'it seems to be in deg/s'),
        ({'force': np.array([0.0, -9.8, 0.0])}, 'it seems to be an optical frame'),
        ({'frame': 'imu_optical_frame'}, 'is an optical frame'),
        ({'ahead': 5.0}, 'imu.clock: the stamps of the IMU are'),
        ({'num_samples': 0}, 'imu.silent'),
        ({'has_stamp': False}, 'image.stamp: the stamp is zero'),
        ({'is_dark': True}, 'image.black'),
        ({'encoding': 'mono8'}, 'image.colour'),
    ],
    ids=str,
)
def test_sensor_that_goes_wrong_stops_the_policy_and_is_named(
    fault: dict[str, Any], words: str, join: Join
) -> None:
    probe = join_policy(join)
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    camera = Camera(probe)
    probe.wait_until(lambda: commands and not is_standing(commands), camera.shoot)
    for name, value in fault.items():
        setattr(camera, name, value)
    probe.wait_until(lambda: words in find_problem(diagnostics), camera.shoot)
    probe.wait_until(lambda: is_standing(commands))
    assert diagnostics[-1].status[0].level == DiagnosticStatus.ERROR


def test_inertial_unit_that_goes_wrong_stops_the_policy_before_the_next_image(join: Join) -> None:
    probe = join_policy(join)
    commands = probe.listen(topics.RAW_COMMAND)
    fly(probe)
    camera = Camera(probe)
    probe.wait_until(lambda: commands and not is_standing(commands), camera.shoot)
    camera.force = np.array([0.0, 0.0, 1.0])
    probe.wait_until(lambda: is_standing(commands), camera.feel)


def test_fast_camera_is_answered_though_samples_come_after_its_images(join: Join) -> None:
    probe = join_policy(join, imu_wait=0.5)
    commands = probe.listen(topics.RAW_COMMAND)
    fly(probe)
    camera = Camera(probe)
    probe.wait_until(lambda: commands and not is_standing(commands), camera.shoot)
    # Samples stay two images behind: each waits, and the next one comes before it has waited.
    camera.ahead = -0.15
    commands.clear()
    probe.wait_until(lambda: len(commands) > 2 and not is_standing(commands), camera.shoot)


def test_node_that_was_held_up_does_not_take_the_imu_for_silent(probe: Any, start: Start) -> None:
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    # Long, so that a busy machine does not make the IMU of this test silent.
    run = start('policy_node', policy=SPIN, imu_silence=1.0, **TIMELESS)
    fly(probe)
    camera = Camera(probe)

    def shoot_for(seconds: float) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            camera.shoot()
            probe.spin()

    probe.wait_until(lambda: commands and not is_standing(commands), camera.shoot)
    shoot_for(1.0)
    diagnostics.clear()
    for _ in range(3):
        run.send(signal.SIGSTOP)
        # Longer than the silence that counts; what comes meanwhile waits to be read.
        shoot_for(1.5)
        run.send(signal.SIGCONT)
        shoot_for(0.5)
    assert diagnostics
    assert not [one for one in diagnostics if 'imu.silent' in one.status[0].message]


def test_reader_that_fell_behind_takes_the_newest_inertial_samples_alone(probe: Any) -> None:
    samples = probe.listen(topics.IMU)
    camera = Camera(probe)
    probe.wait_until(lambda: samples, camera.feel)
    # Two seconds of an IMU while nobody listens.
    camera.num_samples = 400
    camera.feel()
    samples.clear()
    camera.num_samples = 1
    camera.stamp += 1.0
    probe.wait_until(lambda: samples and stamp_of(samples[-1]) > 101.0, camera.feel)
    # Half a second of them: later ones would look like a clock that is wrong.
    assert len(samples) < 100


def test_finding_that_is_tolerated_warns_only(join: Join) -> None:
    probe = join_policy(join, tolerate='imu.units')
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    doubts = probe.listen(topics.DOUBT)
    fly(probe)
    camera = Camera(probe)
    camera.force = np.array([0.0, 0.0, 1.0])
    probe.wait_until(lambda: 'imu.units' in find_problem(diagnostics), camera.shoot)
    probe.wait_until(lambda: commands and not is_standing(commands), camera.shoot)
    probe.wait_until(lambda: doubts)


def test_images_that_are_old_when_they_come_are_not_flown(join: Join) -> None:
    probe = join_policy(join, max_image_age=20.0)
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    camera = Camera(probe)

    def shoot(age: float) -> Callable[[], None]:
        def take() -> None:
            camera.stamp = time.time() - age
            camera.shoot()

        return take

    probe.wait_until(lambda: commands and not is_standing(commands), shoot(0.05))
    probe.wait_until(lambda: 'image.age: images are' in find_problem(diagnostics), shoot(60.0))
    probe.wait_until(lambda: is_standing(commands))


def test_silent_sensors_are_findings_without_a_clock(join: Join) -> None:
    probe = join_policy(join)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    fly(probe)
    words = 'image.silent: no message for more than 0.5 s, expected messages on camera/image_raw'
    probe.wait_until(lambda: words in find_problem(diagnostics))
    assert 'imu.silent' in find_problem(diagnostics)


def test_missing_clock_is_a_finding(join: Join) -> None:
    probe = join_policy(join, use_sim_time=True)
    diagnostics = probe.listen(topics.DIAGNOSTICS)
    assert change_state(probe, C)
    probe.wait_until(lambda: 'clock.silent' in find_problem(diagnostics))


class Look(Spin):
    """Turns, and counts how often it is asked what it looks at."""

    num_maps = 0

    def map_saliency(self, image: np.ndarray) -> np.ndarray:
        type(self).num_maps += 1
        return np.linspace(0.0, 1.0, image.shape[1], dtype=np.float32)[None].repeat(72, axis=0)


def test_saliency_is_made_only_while_somebody_listens(join: Join) -> None:
    probe = join_policy(join, policy='tests.nodes.test_policy_node:Look')
    commands, camera = probe.listen(topics.RAW_COMMAND), Camera(probe)
    fly(probe)
    probe.wait_until(lambda: len(commands) >= 5, camera.shoot)
    assert Look.num_maps == 0

    maps: list[Image] = []
    topic = topics.SALIENCY
    listener = probe.node.create_subscription(topic.type, topic.name, maps.append, topic.qos)
    probe.wait_until(lambda: len(maps) >= 3, camera.shoot)
    assert (maps[-1].encoding, maps[-1].width, maps[-1].height) == ('mono8', 128, 72)
    assert (maps[-1].data[0], maps[-1].data[127]) == (0, 255)
    # Exactly the stamp of the image that was answered.
    assert maps[-1].header.stamp in [command.header.stamp for command in commands]

    probe.node.destroy_subscription(listener)
    probe.wait_until(lambda: probe.node.count_subscribers(topic.name) == 0, camera.shoot)
    num_maps, num_commands = Look.num_maps, len(commands)
    probe.wait_until(lambda: len(commands) >= num_commands + 5, camera.shoot)
    assert Look.num_maps <= num_maps + 1  # one may have been on its way


def test_checkpoint_tells_what_it_looks_at_and_another_policy_that_it_cannot(
    probe: Any, start: Start, untrained_checkpoint: Path
) -> None:
    maps, circuits = probe.listen(topics.SALIENCY), probe.listen(topics.CIRCUIT)
    camera = Camera(probe, 320, 240)
    run = start('policy_node', policy=untrained_checkpoint, **TIMELESS)
    fly(probe)
    probe.wait_until(lambda: maps, camera.shoot)
    assert (maps[-1].width, maps[-1].height) == (320, 240)
    assert max(maps[-1].data) > 200  # 255 in the policy's own, smaller image
    assert maps[-1].header.frame_id == 'camera_optical_frame'
    inside = json.loads(circuits[-1].data)
    assert inside['policy'] == 'untrained'
    assert parse_circuit(inside).num_neurons == 36
    assert len(inside['synapses']) > 100
    run.end()

    run = start('policy_node', policy='hover', **TIMELESS)
    fly(probe)
    words = 'nothing comes on policy/saliency: policy hover cannot tell what it looks at'
    probe.wait_until(lambda: words in run.output, camera.shoot)
    for _ in range(10):
        camera.shoot()
        probe.spin()
    assert run.output.count('nothing comes on') == 1


def test_error_of_a_policy_does_not_end_the_node(probe: Any, start: Start) -> None:
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    run = start('policy_node', policy='tests.policies.test_policy_registry:Break', **TIMELESS)
    fly(probe)
    camera = Camera(probe)
    words = 'no command for this image: RuntimeError: the third image is too much'
    probe.wait_until(lambda: words in find_problem(diagnostics), camera.shoot)
    assert diagnostics[-1].status[0].level == DiagnosticStatus.ERROR
    # Not left to safety_node's time-out, and told once, with where it happened.
    probe.wait_until(lambda: is_standing(commands))
    for _ in range(20):
        camera.shoot()
        probe.spin()
    assert run.output.count('Traceback') == 1
    assert 'in __call__' in run.output
    assert read_state(probe) == 'active'
    assert change_state(probe, D)
    probe.wait_until(lambda: is_standing(commands))


def make_noise(light: float = 1.0) -> np.ndarray:
    """Return images like those of the camera of these tests."""
    noise = np.random.default_rng(5)
    pixels = noise.integers(0, 256, (40, 72, 128, 3), np.uint8) // 2
    return (pixels * light).astype(np.uint8)


LIGHTS = (0.5, 0.75, 1.0, 1.25, 1.5)


class Familiar(Spin):
    """One that knows what it was trained on: what the camera of these tests shows."""

    def __init__(self) -> None:
        super().__init__('0.7')
        self.domain = TrainingDomain(
            appearance=fit_appearance([make_noise(light) for light in LIGHTS])
        )


@pytest.mark.parametrize(
    ('light', 'haze', 'words', 'is_slowed'),
    [(0.3, 0, 'image.unusual', False), (0.5, 127, 'image.strange', True)],
    ids=['shade', 'fog'],
)
def test_images_unlike_the_training_are_told_and_slow_where_they_are_strange(
    light: float, haze: int, words: str, is_slowed: bool, join: Join
) -> None:
    probe = join_policy(
        join, policy=f'{__name__}:Familiar', tolerate='"imu.clock imu.silent imu.rate"'
    )
    commands, diagnostics = probe.listen(topics.RAW_COMMAND), probe.listen(topics.DIAGNOSTICS)
    doubts = probe.listen(topics.DOUBT)
    fly(probe)
    camera = Camera(probe)
    probe.wait_until(lambda: len(commands) > 30, camera.shoot)
    assert 'image.un' not in find_problem(diagnostics)
    camera._pixels = (camera._pixels * light + haze).astype(np.uint8)
    probe.wait_until(lambda: words in find_problem(diagnostics), camera.shoot)
    if is_slowed:
        probe.wait_until(lambda: doubts and doubts[-1].data, camera.shoot)
    assert any(doubt.data for doubt in doubts) == is_slowed
    assert diagnostics[-1].status[0].level == DiagnosticStatus.WARN
    assert not is_standing(commands)


def test_policy_that_does_not_know_its_training_says_so_once(
    join: Join, capfd: pytest.CaptureFixture[str]
) -> None:
    probe = join_policy(join)
    assert change_state(probe, C)
    words = 'does not say what its training looked like'
    assert capfd.readouterr().err.count(words) == 1
