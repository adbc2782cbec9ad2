# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import contextlib
import math
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')
pytest.importorskip('pybullet')

from std_srvs.srv import Trigger

from lnn_control.core.messages import VelocityCommand
from lnn_control.data.contract import OUR_CONTRACT
from lnn_control.data.dataset import load_dataset
from lnn_control.data.importer import ImportSettings, import_bags
from lnn_control.imitation.episode_file import read_episode
from lnn_control.nodes import topics
from lnn_control.nodes.conversions import make_twist_stamped, read_twist
from lnn_control.policies.folders import DEFAULT_POLICY, SHIPPED
from tests.nodes.probe import is_standing
from tests.patience import PATIENCE

Bringup = Callable[..., 'BringupRun']
ZERO = (0.0, 0.0, 0.0, 0.0)
MARK = 'LNN_CONTROL_TEST_RUN'
# A busy machine still answers every image.
SLOW_MOTION = 'real_time_factor:=0.3'


class BringupRun:
    """`lnn-control bringup` as a process, its descendants marked by their environment."""

    def __init__(self, words: list[str], log: Path) -> None:
        self._log = log
        self._mark = f'{MARK}={log}'
        command = [sys.executable, '-m', 'lnn_control.cli.main', 'bringup', *words]
        with log.open('w') as stream:
            self.process = subprocess.Popen(
                command,
                stdout=stream,
                stderr=subprocess.STDOUT,
                env={**os.environ, MARK: str(log)},
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    def find_processes(self) -> dict[str, int]:
        """Return the nodes that live: name -> process id."""
        found = {}
        for folder in Path('/proc').iterdir():
            try:
                if self._mark.encode() in (folder / 'environ').read_bytes().split(b'\0'):
                    words = (folder / 'cmdline').read_bytes().decode().split('\0')
                    module = next((w for w in words if w.startswith('lnn_control.')), words[0])
                    found[module.rpartition('.')[2]] = int(folder.name)
            except (OSError, ValueError):
                continue
        return found

    def end(self) -> None:
        """End all in order, so that they leave no shared memory behind, else at once."""
        self.process.terminate()
        try:
            self.process.wait(timeout=PATIENCE)
        finally:
            self.process.kill()
            for process_id in self.find_processes().values():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process_id, signal.SIGKILL)


@pytest.fixture
def bringup(tmp_path: Path) -> Iterator[Bringup]:
    runs: list[BringupRun] = []

    def start(*words: str) -> BringupRun:
        runs.append(BringupRun(list(words), tmp_path / f'bringup_{len(runs)}.log'))
        return runs[-1]

    yield start
    for run in runs:
        run.end()
        print(run.output)  # which pytest shows if the test failed


def is_flying(commands: list[Any], num_images: int = 1) -> Callable[[], bool]:
    """Return whether as many images have been answered by commands that move the vehicle."""

    def has_answered() -> bool:
        moving = [command for command in commands if read_twist(command) != ZERO]
        return len({str(command.header.stamp) for command in moving}) >= num_images

    return has_answered


@pytest.mark.skipif(sys.platform != 'linux', reason='reads /proc')
def test_policy_flies_until_the_signal_and_nothing_is_left(
    probe: Any, bringup: Bringup, untrained_checkpoint: Path, tmp_path: Path
) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    run = bringup(
        'simulation',
        SLOW_MOTION,
        'auto_reset:=false',
        'season:=winter',
        f'policy:={untrained_checkpoint}',
        'record:=true',
        f'output:={tmp_path / "recordings"}',
    )
    probe.wait_until(lambda: is_flying(commands, 10)() or run.process.poll() is not None)
    assert run.process.poll() is None, run.output
    assert set(run.find_processes()) >= {
        'main',
        'sim_node',
        'safety_node',
        'policy_node',
        'recorder_node',
    }
    run.process.send_signal(signal.SIGINT)
    probe.wait_until(lambda: run.process.poll() is not None)
    assert run.process.returncode == 0, run.output
    assert run.find_processes() == {}
    probe.wait_until(lambda: is_standing(commands))
    assert not list((tmp_path / 'recordings').glob('*.part'))
    # More than one where so many images were lost that the recorder saw a gap.
    settings = ImportSettings(keep_going=True)
    list(import_bags([tmp_path / 'recordings'], OUR_CONTRACT, tmp_path / 'set', settings))
    paths = load_dataset(tmp_path / 'set').list_paths()
    episode = read_episode(max(paths, key=lambda path: path.stat().st_size))
    assert episode.images.shape[1:] == (72, 128, 3)
    assert abs(episode.flown).max() > 0.0
    # What the recorder was told of the flight.
    assert episode.metadata['vehicle'] == 'quadrotor'
    assert episode.metadata['task'] == 'fly_to_target'
    assert float(episode.metadata['camera_fov_deg']) == pytest.approx(100.0, abs=0.1)


@pytest.mark.skipif(sys.platform != 'linux', reason='needs PR_SET_PDEATHSIG')
def test_killed_bringup_leaves_nothing(
    probe: Any, bringup: Bringup, untrained_checkpoint: Path
) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    run = bringup('simulation', SLOW_MOTION, f'policy:={untrained_checkpoint}')
    probe.wait_until(lambda: is_flying(commands)() or run.process.poll() is not None)
    assert run.process.poll() is None, run.output
    run.process.kill()
    run.process.wait()
    probe.wait_until(lambda: not run.find_processes())
    probe.wait_until(lambda: is_standing(commands))


def test_pilot_and_emergency_stop_outlive_policy_and_recorder(
    probe: Any, bringup: Bringup, untrained_checkpoint: Path, tmp_path: Path
) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    states = probe.listen(topics.SAFETY_STATE)
    run = bringup(
        'simulation',
        SLOW_MOTION,
        'auto_reset:=false',
        f'policy:={untrained_checkpoint}',
        'record:=true',
        f'output:={tmp_path / "recordings"}',
    )

    def wait_for(condition: Callable[[], Any], doing: Callable[[], None] | None = None) -> None:
        probe.wait_until(lambda: condition() or run.process.poll() is not None, doing)
        assert run.process.poll() is None, run.output

    def lose(name: str) -> None:
        os.kill(run.find_processes()[name], signal.SIGKILL)
        line = f'bringup: error: {name} was ended by SIGKILL: '
        wait_for(lambda: line in run.output)
        assert run.output.count(line) == 1

    def push() -> None:
        probe.publish(topics.MANUAL_STAMPED, make_twist_stamped(VelocityCommand(vx=0.7), 0.0))

    wait_for(lambda: is_flying(commands)() and 'bringup: flying' in run.output)
    lose('recorder_node')
    heard = len(commands)
    wait_for(lambda: is_flying(commands[heard:])())
    lose('policy_node')
    # Zero, over and over, and why.
    wait_for(lambda: states[-1].data.startswith('hovering: '))
    wait_for(lambda: is_standing(commands))
    heard = len(commands)
    wait_for(lambda: len(commands) > heard + 10)
    assert is_standing(commands)
    wait_for(lambda: read_twist(commands[-1])[0] > 0.5, push)
    assert states[-1].data.startswith('manual')
    stop = probe.call(Trigger, 'safety_node/emergency_stop', Trigger.Request())
    assert stop.success
    wait_for(lambda: is_standing(commands), push)
    assert {'sim_node', 'safety_node'} <= set(run.find_processes())
    run.process.send_signal(signal.SIGINT)
    assert run.process.wait(timeout=PATIENCE) == 1, run.output
    assert run.find_processes() == {}


def test_safety_node_that_dies_is_named_and_ends_all(
    probe: Any, bringup: Bringup, untrained_checkpoint: Path
) -> None:
    commands = probe.listen(topics.COMMAND_STAMPED)
    run = bringup('simulation', SLOW_MOTION, f'policy:={untrained_checkpoint}')
    probe.wait_until(lambda: is_flying(commands)() or run.process.poll() is not None)
    assert run.process.poll() is None, run.output
    os.kill(run.find_processes()['safety_node'], signal.SIGKILL)
    probe.wait_until(lambda: run.process.poll() is not None)
    assert run.process.returncode == 1, run.output
    assert 'bringup: safety_node was ended by SIGKILL: ' in run.output
    assert run.find_processes() == {}


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('season:=monsoon', "season must be one of ['autumn'"),
        ('task_option:=colour=3', "sim_node ended (1): fly_to_target has no option 'colour'"),
        ('policy:=/nowhere', 'policy_node cannot be configured'),
    ],
)
def test_bad_input_ends_with_its_reason(
    word: str, message: str, bringup: Bringup, untrained_checkpoint: Path
) -> None:
    run = bringup('simulation', f'policy:={untrained_checkpoint}', word)
    assert run.process.wait(timeout=PATIENCE) == 1, run.output
    assert message in run.output
    assert 'Traceback' not in run.output
    assert run.find_processes() == {}


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('camera_fov_deg:=69.0', 'the camera sees 69 degrees across, trained was 100'),
        ('camera_pitch_deg:=15.0', 'looks down by 15 degrees, trained was 0'),
        ('camera_rate:=40.0', 'gives 40 images a second, trained was 6.667 to 20'),
        ('task:=hike', 'trained for fly_to_target, not for hike'),
    ],
)
def test_simulation_that_the_policy_was_not_trained_for_does_not_fly(
    word: str, message: str, bringup: Bringup
) -> None:
    run = bringup('simulation', f'policy:={DEFAULT_POLICY}', word)
    assert run.process.wait(timeout=PATIENCE) == 1, run.output
    assert message in run.output
    assert 'flying' not in run.output
    assert run.find_processes() == {}


def test_car_drives_as_fast_as_cars_may(probe: Any, bringup: Bringup) -> None:
    odometry = probe.listen(topics.ODOMETRY)
    policy = 'policy:=tests.policies.test_policy_registry:Drive=6'
    bringup('simulation', 'task:=keep_lane', policy)
    # A quadrotor is held to 3 m/s.
    probe.wait_until(lambda: odometry and odometry[-1].twist.twist.linear.x > 4.0)


def test_second_commander_in_the_domain_is_refused(
    probe: Any, bringup: Bringup, untrained_checkpoint: Path
) -> None:
    probe.publish(topics.COMMAND_STAMPED, make_twist_stamped(VelocityCommand(), 0.0))
    run = bringup('simulation', f'policy:={untrained_checkpoint}')
    probe.wait_until(lambda: run.process.poll() is not None)
    assert run.process.returncode == 1, run.output
    assert 'somebody else publishes cmd_vel' in run.output


@pytest.mark.skipif(
    not (SHIPPED / DEFAULT_POLICY / 'config.json').is_file(), reason='no checkpoint is shipped'
)
def test_shipped_policy_flies_towards_the_target(probe: Any, bringup: Bringup) -> None:
    odometry, targets = probe.listen(topics.ODOMETRY), probe.listen(topics.TARGET_POSE)
    run = bringup('simulation', SLOW_MOTION, 'auto_reset:=false')

    def measure_distance() -> float:
        here, there = odometry[-1].pose.pose.position, targets[-1].pose.position
        return math.hypot(there.x - here.x, there.y - here.y)

    probe.wait_until(lambda: (odometry and targets) or run.process.poll() is not None)
    assert run.process.poll() is None, run.output
    start = measure_distance()
    probe.wait_until(lambda: measure_distance() < start - 2.0 or run.process.poll() is not None)
    assert run.process.poll() is None, run.output
