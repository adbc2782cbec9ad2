# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What docs/security.md says of files and ports, read in the sources."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from lnn_control.bringup.graph import GRAPHS

ROOT = Path(__file__).parents[1]
SOURCES = sorted(path for part in ('lnn_control', 'sim') for path in (ROOT / part).rglob('*.py'))
# Sends work between processes of one cluster, as the page says.
BY_PICKLE = ROOT / 'lnn_control' / 'core' / 'cluster.py'


def find_calls(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield name and keywords of every call in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Call):
            yield (
                ast.unparse(node.func),
                {word.arg or '': ast.unparse(word.value) for word in node.keywords},
            )


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_file_is_unpickled(path: Path) -> None:
    for name, keywords in find_calls(path):
        if name == 'torch.load':
            assert keywords.get('weights_only') == 'True', f'{path} must load weights only'
        if name in ('np.load', 'numpy.load'):
            assert keywords.get('allow_pickle', 'False') == 'False'
        assert name not in ('yaml.load', 'yaml.unsafe_load', 'eval', 'exec')
        assert path == BY_PICKLE or not name.startswith('pickle.load'), f'{path} unpickles'


@pytest.mark.parametrize('path', SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_listens_to_the_network_by_itself(path: Path) -> None:
    assert '0.0.0.0' not in path.read_text(encoding='utf-8')


def test_mavlink_listens_on_the_loopback_unless_told() -> None:
    text = (ROOT / 'config' / 'mavlink_node.yaml').read_text()
    assert 'device: udpin:127.0.0.1:14550' in text


def test_dashboard_listens_on_the_loopback_unless_told() -> None:
    text = (ROOT / 'config' / 'dashboard_node.yaml').read_text()
    assert 'address: 127.0.0.1' in text
    # Nothing of ours that starts nodes starts it along.
    for name in ('simulation', 'robot'):
        assert 'dashboard_node' not in {node.name for node in GRAPHS[name].nodes}
