# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The README's Python runs, and those of the page on nodes name every topic and parameter."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / 'README.md').read_text()
NODES = (ROOT / 'docs' / 'nodes.md').read_text()
BLOCKS = re.findall(r'^```(\w*)\n(.*?)^```', README, re.MULTILINE | re.DOTALL)
NODE_NAMES = (
    *('sim_node', 'policy_node', 'safety_node', 'recorder_node'),
    *('px4_node', 'ackermann_node', 'dashboard_node'),
)
LINES = [
    line
    for language, text in BLOCKS
    if language == 'bash'
    for line in text.replace('\\\n', ' ').splitlines()
    if line.strip() and not line.startswith('#')
]
MAKE_TARGETS = [line.split()[1] for line in LINES if line.startswith('make ')]


def test_readme_has_no_command_that_no_test_holds() -> None:
    known = ('make ', 'cd ', '.venv/bin/lnn-control ', '.venv/bin/python -m ')
    assert MAKE_TARGETS == ['demo', 'test']
    assert [line for line in LINES if not line.startswith(known)] == []


@pytest.mark.parametrize('target', MAKE_TARGETS)
def test_make_target_of_readme_exists(target: str) -> None:
    makefile = (ROOT / 'Makefile').read_text()
    assert re.search(rf'^{target}:.*##', makefile, re.MULTILINE), f'no target {target}'


@pytest.mark.parametrize('page', ['README.md', 'docs/simulator.md'])
def test_python_blocks_run(page: str) -> None:
    text = (ROOT / page).read_text()
    blocks = re.findall(r'^```python\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    assert blocks
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, page, 'exec'), names)


@pytest.mark.parametrize(
    'node',
    [
        *('sim_node', 'policy_node', 'safety_node', 'recorder_node', 'teleop_node'),
        *('px4_node', 'ackermann_node', 'dashboard_node'),
    ],
)
def test_page_on_nodes_names_every_parameter(node: str) -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2')
    module = importlib.import_module(f'lnn_control.nodes.{node}')
    missing = [p.name for p in module.PARAMETERS if f'`{p.name}`' not in NODES]
    assert not missing


def test_page_on_nodes_names_every_topic() -> None:
    pytest.importorskip('rclpy', reason='needs ROS 2')
    topics = importlib.import_module('lnn_control.nodes.topics')
    names = {value.name for value in vars(topics).values() if isinstance(value, topics.Topic)}
    assert len(names) > 8
    assert not [name for name in names if f'`{name}`' not in NODES]
