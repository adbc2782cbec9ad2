# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every `lnn-control` command of the README and the docs runs, long ones with their counts cut.

The first of each verb, by the README, starts as a user starts it; the others run in the process
of the tests, which has imported already what takes each seconds.
"""

import importlib.util
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from lnn_control.bringup.graph import GRAPHS
from lnn_control.cli import main as cli
from lnn_control.cli import options
from tests.dask_cluster import DaskCluster
from tests.patience import PATIENCE

ROOT = Path(__file__).resolve().parents[1]
# One more page, docs/extending.md, needs the package that it explains: test_own_task.py runs it.
DOCS = sorted(p for p in (ROOT / 'docs').glob('*.md') if p.name != 'extending.md')
PAGES = ['README.md', *(str(path.relative_to(ROOT)) for path in DOCS)]
RECIPES = [
    *sorted(ROOT.glob('lnn_control/checkpoints/*/README.md')),
    *sorted(ROOT.glob('examples/*.sh')),
    *sorted(ROOT.glob('examples/*.sbatch')),
]
# Option -> the most that a test takes of it.
MOST = {
    '--episodes': 1,
    '--epochs': 1,
    '--processes': 2,
    '--duration': 2,
    '--budget-minutes': 0.2,
    '--validate-episodes': 1,
    '--trainings': 1,
    '--steps': 5,
}
# Verbs that start nodes -> what they say once these run.
RUNNING = {'bringup': 'bringup: flying', 'dashboard': 'open http://127.0.0.1:'}
# Verbs whose work follows from another option.
ADDED = {
    'sim': ['--duration', '2'],
    'evaluate': ['--episodes', '1'],
    'collect': ['--episodes', '1'],
    'train': ['--epochs', '1'],
    'dashboard': ['--port', '0'],
}


def list_commands(text: str) -> list[list[str]]:
    """Return the words of every command in the fenced blocks of a page, or in a script.

    What torchrun would start several times is there once.
    """
    blocks = re.findall(r'^```\w*\n(.*?)^```', text, re.MULTILINE | re.DOTALL) or [text]
    lines = '\n'.join(blocks).replace('\\\n', ' ').splitlines()
    pattern = re.compile(
        r'^(?:\$ )?(?:.*torchrun .* --no-python +)?(?:\.venv/bin/)?lnn-control (.+)$'
    )
    return [shlex.split(found[1]) for line in lines if (found := pattern.match(line.strip()))]


def cut(words: list[str]) -> list[str]:
    """Return a command with its counts cut to what a test takes."""
    words = list(words)
    for option, most in MOST.items():
        if option in words:
            place = words.index(option) + 1
            words[place] = f'{min(float(words[place]), most):g}'
    verb = words[0]
    if verb in ADDED and words[:2] != ['sim', 'gallery'] and '--help' not in words:
        name, value = ADDED[verb]
        words += [] if name in words or '--steps' in words else [name, value]
    if verb == 'evaluate' and 'all' in words:
        words += ['--no-references']  # which fly beside the rows of other commands
    if verb == 'dagger':
        words += ['--expert-episodes', '1', '--validate-episodes', '1']
        words += ['--task-option', 'time_limit=2']
    if verb == 'export':
        words += ['--images', '16', '--calibration-images', '16']
    if words[:2] == ['sim', 'gallery']:
        words += ['--size', '32x32', *([] if '--episodes' in words else ['--episodes', '1'])]
    return words


@pytest.fixture(scope='module')
def cluster_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the address of a cluster of one worker, instead of that in the pages."""
    with DaskCluster(tmp_path_factory.mktemp('cluster')) as cluster:
        cluster.add_workers(1)
        yield cluster.address


def make_environment() -> dict[str, str]:
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}


def start(words: list[str], folder: Path) -> tuple[int, str]:
    """Run a command as a user does; return its exit code and what it said."""
    done = subprocess.run(
        [sys.executable, '-m', 'lnn_control.cli.main', *words],
        cwd=folder,
        env=make_environment(),
        capture_output=True,
        text=True,
        timeout=1800,
    )
    return done.returncode, f'{done.stdout[-2000:]}\n{done.stderr[-2000:]}'


def run_here(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Run a command in this process; return the same."""
    code = cli.main(words)
    return code, '\n'.join(capsys.readouterr())


def run(words: list[str], do: Callable[[list[str]], tuple[int, str]]) -> None:
    """Run a command; where a machine is so busy that its time was up before it had begun, again
    with twice that, as it asks for.
    """
    code, said = do(words)
    while code == 1 and 'the time is up' in said and '--budget-minutes' in words:
        place = words.index('--budget-minutes') + 1
        words = [*words[:place], f'{2 * float(words[place]):g}', *words[place + 1 :]]
        assert float(words[place]) * 60 < PATIENCE, said
        shutil.rmtree(words[words.index('--output') + 1])
        code, said = do(words)
    assert code == 0, f'{" ".join(words)}\n{said}'


def run_until_running(words: list[str], folder: Path) -> None:
    """Start nodes, wait until they run, end them as Ctrl-C does."""
    log = folder / f'{words[0]}.log'
    with log.open('w') as stream:
        process = subprocess.Popen(
            [sys.executable, '-m', 'lnn_control.cli.main', *words],
            cwd=folder,
            env=make_environment(),
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while RUNNING[words[0]] not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0, log.read_text()
    finally:
        process.kill()


def bring_bags(folder: Path) -> None:
    """Record what the pages call bags: a flight of another vehicle."""
    from tests.data.made_bags import record
    from tests.data.test_importer import make_other_flight

    record(folder / 'bags' / 'flight', make_other_flight(num_images=60))
    record(folder / 'bags' / 'another', make_other_flight(num_images=30))


def list_verbs(page: str) -> set[str]:
    """Return the verbs of a page's commands."""
    return {words[0] for words in list_commands((ROOT / page).read_text())}


def test_pages_have_commands_of_every_verb_that_flies_or_trains() -> None:
    verbs = set().union(*map(list_verbs, PAGES))
    assert {'bringup', 'collect', 'train', 'evaluate', 'sim', 'list', 'show'} <= verbs
    assert verbs <= set(cli.VERBS)


@pytest.mark.parametrize('page', PAGES)
def test_commands_of_a_page_run_in_order(
    page: str,
    tmp_path: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    has_ros = importlib.util.find_spec('rclpy') is not None
    has_dask = importlib.util.find_spec('distributed') is not None
    commands = list_commands((ROOT / page).read_text())
    if any('bags' in words for words in commands):
        bring_bags(tmp_path)
    started = set() if page == PAGES[0] else list_verbs(PAGES[0])
    for words in commands:
        if words[0] in (*RUNNING, 'demo') and not has_ros:
            continue
        if '--cluster' in words:
            if not has_dask:
                continue
            address: str = request.getfixturevalue('cluster_address')
            words[words.index('--cluster') + 1] = address
        if words[0] in RUNNING and '--help' not in words:
            run_until_running(cut(words), tmp_path)
        elif words[0] in started:
            run(cut(words), partial(run_here, capsys=capsys))
        else:
            run(cut(words), partial(start, folder=tmp_path))
            started.add(words[0])


@pytest.mark.parametrize('path', RECIPES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_of_a_recipe_are_understood(path: Path) -> None:
    commands = list_commands(path.read_text())
    assert commands or path.suffix == '.sh'
    for verb, *rest in commands:
        assert options.read_options(cli.VERBS[verb].OPTIONS, verb, rest) is not None


@pytest.mark.parametrize('page', PAGES)
def test_launch_arguments_of_a_page_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    for graph, settings in re.findall(r'(simulation|robot)(?:_launch\.py)?((?: \w+:=\S+)+)', text):
        known = {argument.name: argument for argument in GRAPHS[graph].arguments}
        for word in settings.split():
            name, _, value = word.partition(':=')
            assert name in known, f'{graph} has no argument {name}'
            choices = known[name].choices
            assert not choices or value in choices or ':' in value
