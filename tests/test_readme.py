# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every command of the README runs, and its tables name every topic and parameter."""

import importlib
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from lnn_control.bringup.graph import GRAPHS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()
BLOCKS = re.findall(r'^```(\w*)\n(.*?)^```', README, re.MULTILINE | re.DOTALL)
LINES = [
    line
    for language, text in BLOCKS
    if language == 'bash'
    for line in text.replace('\\\n', ' ').splitlines()
    if line.strip() and not line.startswith('#')
]
COMMANDS = [line for line in LINES if line.startswith('.venv/bin/lnn-control ')]
MAKE_TARGETS = [line.split()[1] for line in LINES if line.startswith('make ')]
GRAPH_LINES = re.findall(r'(simulation|robot)(?:_launch\.py)?((?: \w+:=\S+)+)', README)


def make_environment() -> dict[str, str]:
    return {**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)}


def test_readme_has_commands_of_every_kind() -> None:
    others = [
        line for line in LINES if line not in COMMANDS and line.split()[0] not in ('make', 'cd')
    ]
    runnable = [line for line in others if line.startswith('.venv/bin/python -m ')]
    assert len(COMMANDS) >= 3
    assert len(GRAPH_LINES) >= 3
    assert others == runnable, 'a command of the README is held by no test'


@pytest.mark.parametrize('target', MAKE_TARGETS)
def test_make_target_of_readme_exists(target: str) -> None:
    makefile = (ROOT / 'Makefile').read_text()
    assert re.search(rf'^{target}:.*##', makefile, re.MULTILINE), f'no target {target}'


def test_verbs_of_readme_run_in_order(tmp_path: Path) -> None:
    for line in COMMANDS:
        arguments = shlex.split(line)[1:]
        done = subprocess.run(
            [sys.executable, '-m', 'lnn_control.cli.main', *arguments],
            cwd=tmp_path,
            env=make_environment(),
            capture_output=True,
            text=True,
            timeout=1800,
        )
        assert done.returncode == 0, f'{line}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}'


@pytest.mark.parametrize('page', ['README.md', 'docs/simulator.md'])
def test_python_blocks_run(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r'^```python\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, 'exec'), names)


@pytest.mark.parametrize(('graph', 'settings'), GRAPH_LINES)
def test_launch_arguments_of_readme_exist(graph: str, settings: str) -> None:
    known = {argument.name for argument in GRAPHS[graph].arguments}
    named = {word.partition(':=')[0] for word in settings.split()}
    assert named <= known


@pytest.mark.parametrize('node', ['sim_node', 'policy_node', 'safety_node', 'recorder_node'])
def test_readme_names_every_parameter(node: str) -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2')
    module = importlib.import_module(f'lnn_control.nodes.{node}')
    missing = [p.name for p in module.PARAMETERS if f'`{p.name}`' not in README]
    assert not missing


def test_readme_names_every_topic() -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2')
    topics = importlib.import_module('lnn_control.nodes.topics')
    names = {value.name for value in vars(topics).values() if isinstance(value, topics.Topic)}
    assert len(names) > 8
    assert not [name for name in names if f'`{name}`' not in README]
