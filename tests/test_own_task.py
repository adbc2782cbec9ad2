# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The example package does everything that ours do, and docs/extending.md says how.

It is made visible as an installation makes it: its files and its metadata on the path.
"""

import importlib.util
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip('pybullet')

from tests.patience import PATIENCE
from tests.test_commands import cut, list_commands

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = ROOT / 'examples' / 'own_task'
PAGE = (ROOT / 'docs' / 'extending.md').read_text()
COMMANDS = list_commands(PAGE)
# Verb -> what makes its work short.
SHORTER = {
    'collect': '--distance 6',
    'train': '--width-px 16 --height-px 8 --num-neurons 16 --num-places 4 --channels 4 4 4 6',
}
# Kind -> what the package brings, and words of its line.
BROUGHT = {
    'tasks': ('fly_row', 'Fly down a row to the target'),
    'worlds': ('orchard', 'Return an orchard'),
    'policies': ('see_red', 'Turns to what is red'),
    'disturbances': ('glare', 'Glare(radius=0.08)'),
    'verbs': ('snapshot', 'draw what the camera sees'),
}
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


def run(environment: dict[str, str], *words: str, folder: Path = ROOT) -> str:
    """Run Python with arguments that must succeed and return what it prints."""
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def control(environment: dict[str, str], *words: object, folder: Path = ROOT) -> str:
    """Run `lnn-control` and return what it prints."""
    return run(environment, '-m', 'lnn_control.cli.main', *map(str, words), folder=folder)


def list_blocks(language: str) -> list[str]:
    """Return the blocks of the page in a language."""
    return re.findall(rf'^```{language}\n(.*?)^```', PAGE, re.MULTILINE | re.DOTALL)


(PROGRAM,) = (block for block in list_blocks('python') if block.startswith('import gymnasium'))


def find_command(verb: str) -> list[str]:
    """Return the page's only command of a verb."""
    (words,) = (words for words in COMMANDS if words[0] == verb)
    return words


def test_its_own_tests_pass(environment: dict[str, str]) -> None:
    tests = str(EXAMPLE / 'tests')
    assert ' passed' in run(environment, '-m', 'pytest', '-p', 'no:cacheprovider', tests)


@pytest.fixture(scope='module')
def told(environment: dict[str, str]) -> dict[str, str]:
    """Return what some commands print, run one after the other in one process."""
    commands = [f'list {kind}' for kind in BROUGHT] + ['show see_red']
    program = 'import sys; from lnn_control.cli import main as cli\n'
    program += 'for line in sys.argv[1:]: assert cli.main(line.split()) == 0; print("END")'
    said = run(environment, '-c', program, *commands).split('END\n')
    return dict(zip(commands, said[:-1], strict=True))


@pytest.mark.parametrize('kind', BROUGHT)
def test_everything_it_brings_is_listed(told: dict[str, str], kind: str) -> None:
    (name, words), lines = BROUGHT[kind], told[f'list {kind}'].splitlines()
    assert any(line.startswith(f'{name} ') and words in line for line in lines), lines


def test_what_its_policy_says_is_shown_without_markup(told: dict[str, str]) -> None:
    shown = told['show see_red']
    assert 'speed: greatest [m/s]' in shown
    assert ':param' not in shown


def test_commands_of_the_page_run_in_order(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / 'examples').symlink_to(ROOT / 'examples')
    for words in COMMANDS:
        if words[0] not in ('bringup', 'demo'):  # which have tests of their own
            shorter = SHORTER.get(words[0], '').split()
            control(environment, *cut(words), *shorter, folder=tmp_path)
    summary = json.loads((tmp_path / 'runs' / 'see_red' / 'summary.json').read_text())
    assert (summary['task'], summary['world']) == ('fly_row', 'orchard')
    assert (summary['policy'], summary['success_rate']) == ('see_red=1.4', 1.0)
    assert list((tmp_path / 'runs' / 'view').glob('fly_row_orchard_summer_2000000*'))
    trained = json.loads((tmp_path / 'runs' / 'row' / 'config.json').read_text())
    assert trained['domain']['tasks'] == ['fly_row']
    assert (tmp_path / 'start.png').read_bytes().startswith(b'\x89PNG')


def test_page_has_no_command_that_no_test_holds() -> None:
    lines = ''.join(list_blocks('bash')).splitlines()
    others = [line for line in lines if not line.startswith('lnn-control ')]
    assert len(COMMANDS) == len(lines) - len(others)
    assert others == ['pip install examples/own_task', 'pytest examples/own_task/tests']


def test_code_of_the_page_is_that_of_the_example() -> None:
    files = [path.read_text() for path in EXAMPLE.rglob('*') if path.suffix in ('.py', '.toml')]
    parts = [*list_blocks('toml'), *list_blocks('python')]
    unknown = [part for part in parts if not any(part in text for text in files)]
    assert len(parts) >= 10
    assert unknown == [PROGRAM]


def test_gymnasium_makes_its_task(environment: dict[str, str]) -> None:
    fly = """
env.reset(seed=1)
ended = False
while not ended:
    *_, terminated, truncated, info = env.step(env.unwrapped.expert_command())
    ended = terminated or truncated
print(info['outcome'], sorted(info['metrics']))
"""
    assert run(environment, '-c', PROGRAM + fly) == "success ['aside']\n"


@NEEDS_ROS
def test_nodes_fly_its_task_to_the_end(environment: dict[str, str], tmp_path: Path) -> None:
    words = [*find_command('bringup'), 'world:=orchard', 'auto_reset:=false']
    command = [sys.executable, '-m', 'lnn_control.cli.main', *words]
    log = tmp_path / 'bringup.log'
    with log.open('w') as stream:
        bringup = subprocess.Popen(
            [*command, 'task_option:=min_distance=5.5 max_distance=5.5'],
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
    control(environment, *find_command('demo'), '--output', tmp_path)
    (result,) = tmp_path.glob('*/results.jsonl')
    row = json.loads(result.read_text())
    assert (row['world'], row['season'], row['policy']) == ('orchard', 'autumn', 'see_red')
    assert 'Orchard autumn' in result.with_name('report.html').read_text()
