# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The example package does everything that ours do, and docs/extending.md says how.

It is made visible as an installation makes it: its files and its metadata on the path.
"""

import importlib.util
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('pybullet')

from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / 'examples' / 'own_task'
PAGE = ROOT / 'docs' / 'extending.md'
SHORT = ('min_distance=5.5', 'max_distance=5.5')
NEEDS_ROS = pytest.mark.skipif(
    importlib.util.find_spec('rclpy') is None, reason='needs ROS 2: pip install ".[ros]"'
)


@pytest.fixture(scope='module')
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return the environment of a process that finds the example as an installed package."""
    site = tmp_path_factory.mktemp('site')
    source = shutil.copytree(EXAMPLE, site / 'source')
    make = 'import sys; from setuptools import build_meta as backend; '
    make += 'backend.prepare_metadata_for_build_wheel(sys.argv[1])'
    command = [sys.executable, '-c', make, str(site)]
    subprocess.run(command, cwd=source, check=True, capture_output=True)
    shutil.move(source / 'own_task', site)
    shutil.rmtree(source)
    assert list(site.glob('own_task-*.dist-info/entry_points.txt'))
    return {**os.environ, 'PYTHONPATH': f'{ROOT}{os.pathsep}{site}', 'COLUMNS': '200'}


def run(environment: dict[str, str], *words: str) -> str:
    """Run Python with arguments that must succeed and return what it prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def control(environment: dict[str, str], *words: object) -> str:
    """Run `lnn-control` and return what it prints."""
    return run(environment, '-m', 'lnn_control.cli.main', *map(str, words))


def give_options(*options: str) -> list[str]:
    """Return options of a task as words of a command line."""
    return [word for option in options for word in ('--task-option', option)]


def test_its_own_tests_pass(environment: dict[str, str]) -> None:
    tests = str(EXAMPLE / 'tests')
    assert ' passed' in run(environment, '-m', 'pytest', '-p', 'no:cacheprovider', tests)


@pytest.mark.parametrize(
    ('kind', 'name', 'words'),
    [
        ('tasks', 'fly_row', 'Fly down a row to the target'),
        ('worlds', 'orchard', 'Return an orchard'),
        ('policies', 'see_red', 'Turns to what is red'),
        ('disturbances', 'glare', 'Glare(radius=0.08)'),
        ('verbs', 'snapshot', 'draw what the camera sees'),
    ],
)
def test_everything_it_brings_is_listed(
    environment: dict[str, str], kind: str, name: str, words: str
) -> None:
    lines = control(environment, 'list', kind).splitlines()
    assert any(line.startswith(f'{name} ') and words in line for line in lines), lines


def test_its_task_and_policy_are_shown(environment: dict[str, str]) -> None:
    assert 'greatest distance from the middle of the row [m]' in control(
        environment, 'show', 'fly_row'
    )
    assert 'speed' in control(environment, 'show', 'see_red')


def test_its_policy_flies_its_task_in_its_world(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / 'summary.json'
    words = ('--world', 'orchard', '--season', 'winter', '--policy', 'see_red=1.4')
    short = give_options(*SHORT)
    control(environment, 'evaluate', '--task', 'fly_row', *words, *short, '--episodes', 2,
            '--processes', 1, '--json', file)  # fmt: skip
    summary = json.loads(file.read_text())
    assert summary['success_rate'] == 1.0
    assert (summary['task'], summary['world']) == ('fly_row', 'orchard')
    assert summary['policy'] == 'see_red=1.4'


def test_its_parts_go_with_ours_without_being_registered(
    environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / 'summary.json'
    world = 'own_task.orchard:build_orchard'
    control(environment, 'evaluate', '--policy', 'expert', '--world', world, '--disturbance',
            'glare', '--level', 3, '--episodes', 1, '--processes', 1, '--json', file)  # fmt: skip
    summary = json.loads(file.read_text())
    assert (summary['world'], summary['disturbance'], summary['level']) == (world, 'glare', 3)
    assert summary['success_rate'] == 1.0


def test_network_learns_its_task_and_flies_it(environment: dict[str, str], tmp_path: Path) -> None:
    data, trained, file = tmp_path / 'data', tmp_path / 'trained', tmp_path / 'summary.json'
    short = give_options(*SHORT, 'hold=1')
    control(environment, 'collect', '--task', 'fly_row', *short, '--episodes', 2,
            '--processes', 1, '--output', data)  # fmt: skip
    control(environment, 'train', '--data', data, '--output', trained, '--epochs', 1,
            '--width-px', 16, '--height-px', 8, '--num-neurons', 16, '--num-places', 4,
            '--channels', 4, 4, 4, 6)  # fmt: skip
    assert json.loads((trained / 'config.json').read_text())['domain']['tasks'] == ['fly_row']
    control(environment, 'evaluate', '--policy', trained, '--task', 'fly_row',
            *give_options('time_limit=2'), '--episodes', 1, '--processes', 1,
            '--json', file)  # fmt: skip
    assert json.loads(file.read_text())['policy'] == str(trained)


def test_gymnasium_makes_its_task(environment: dict[str, str]) -> None:
    program = """if True:
        import gymnasium
        env = gymnasium.make('sim:lnn_control/FlyRow-v0', season='autumn', max_distance=8.0)
        env.reset(seed=1)
        ended = False
        while not ended:
            *_, terminated, truncated, info = env.step(env.unwrapped.expert_command())
            ended = terminated or truncated
        print(info['outcome'], sorted(info['metrics']))
    """
    assert run(environment, '-c', program) == "success ['aside']\n"


def test_its_world_is_looked_at(environment: dict[str, str], tmp_path: Path) -> None:
    words = ('--task', 'fly_row', '--policy', 'see_red', '--renderer', 'tiny', '--size', '64x36')
    control(environment, 'sim', 'view', *words, '--duration', 0.5, '--output', tmp_path)
    assert list(tmp_path.glob('fly_row_orchard_summer_2000000*'))


def test_its_verb_draws_a_picture(environment: dict[str, str], tmp_path: Path) -> None:
    picture = tmp_path / 'start.png'
    assert str(picture) in control(environment, 'snapshot', '--output', picture)
    assert picture.read_bytes().startswith(b'\x89PNG')


@NEEDS_ROS
def test_nodes_fly_its_task_to_the_end(environment: dict[str, str], tmp_path: Path) -> None:
    words = ['task:=fly_row', 'world:=orchard', 'policy:=see_red', 'auto_reset:=false']
    command = [sys.executable, '-m', 'lnn_control.cli.main', 'bringup', 'simulation', *words]
    log = tmp_path / 'bringup.log'
    with log.open('w') as stream:
        bringup = subprocess.Popen(
            [*command, f'task_option:={" ".join(SHORT)}'],
            env=environment,
            stdout=stream,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while ': success after' not in log.read_text():
            assert bringup.poll() is None and time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        bringup.send_signal(signal.SIGINT)
        assert bringup.wait(timeout=PATIENCE) == 0, log.read_text()
    finally:
        bringup.kill()


@NEEDS_ROS
def test_demo_flies_its_policy_in_its_world_onto_a_page(
    environment: dict[str, str], tmp_path: Path
) -> None:
    pytest.importorskip('matplotlib', reason='needs the extra report')
    control(environment, 'demo', '--policy', 'see_red', '--scene', 'orchard/autumn/2000000',
            '--output', tmp_path)  # fmt: skip
    (result,) = tmp_path.glob('*/results.jsonl')
    row = json.loads(result.read_text())
    assert (row['world'], row['season'], row['policy']) == ('orchard', 'autumn', 'see_red')
    assert 'Orchard autumn' in result.with_name('report.html').read_text()
