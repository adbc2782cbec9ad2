# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Reads the imports of every file and holds the arrows of the design."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# Part -> the parts of ours it may import. `lnn_control` alone is the package with its version.
ALLOWED = {
    'lnn_control': set(),
    'lnn_control.core': set(),
    'lnn_control.liquid': set(),
    'lnn_control.policies': {'lnn_control.core', 'lnn_control.liquid'},
    'lnn_control.deploy': {
        'lnn_control',
        'lnn_control.core',
        'lnn_control.liquid',
        'lnn_control.policies',
    },
    'lnn_control.imitation': {'lnn_control.core', 'lnn_control.liquid', 'lnn_control.policies'},
    'lnn_control.data': {
        'lnn_control',
        'lnn_control.core',
        'lnn_control.policies',
        'lnn_control.imitation',
    },
    'lnn_control.evaluation': {'lnn_control.core', 'lnn_control.liquid', 'lnn_control.policies'},
    'lnn_control.reports': {'lnn_control.core', 'lnn_control.liquid', 'lnn_control.evaluation'},
    'lnn_control.nodes': {'lnn_control.core', 'lnn_control.deploy', 'lnn_control.policies'},
    'lnn_control.bringup': {
        'lnn_control.core',
        'lnn_control.deploy',
        'lnn_control.policies',
        'lnn_control.nodes',
        'sim',
    },
    'lnn_control.cli': {
        'lnn_control',
        'lnn_control.core',
        'lnn_control.liquid',
        'lnn_control.policies',
        'lnn_control.deploy',
        'lnn_control.imitation',
        'lnn_control.data',
        'lnn_control.evaluation',
        'lnn_control.reports',
        'lnn_control.nodes',
        'lnn_control.bringup',
        'sim',
    },
    'sim': {'lnn_control.core'},
}

# Third-party module -> the only places that may import it.
CONFINED = {
    'rclpy': ('lnn_control.nodes', 'lnn_control.bringup'),
    'distributed': ('lnn_control.core.cluster',),
    'pybullet': ('sim',),
    'matplotlib': ('lnn_control.reports',),
}


def list_sources() -> list[Path]:
    return sorted(
        path
        for package in ('lnn_control', 'sim')
        for path in (ROOT / package).rglob('*.py')
        if '__pycache__' not in path.parts
    )


def name_module(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix('').parts
    return '.'.join(parts[:-1] if parts[-1] == '__init__' else parts)


def name_part(module: str) -> str:
    """Return which part of the design a module of ours belongs to."""
    first, _, rest = module.partition('.')
    part = f'{first}.{rest.partition(".")[0]}'
    return part if part in ALLOWED else first


def find_imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports anywhere, relative imports resolved."""
    module = name_module(path)
    package = module if path.name == '__init__.py' else module.rpartition('.')[0]
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split('.')[: -(node.level - 1) or None] if node.level else []
            base = '.'.join([*parents, *filter(None, [node.module])])
            # `from lnn_control import nodes` imports a part as well.
            yield from (f'{base}.{alias.name}' for alias in node.names)


# Alone among the nodes these know the simulator: the node itself and what it is made of.
SIMULATOR_NODE = ('lnn_control.nodes.sim_node', 'lnn_control.nodes.simulated_vehicle')


@pytest.mark.parametrize('path', list_sources(), ids=name_module)
def test_nothing_but_the_simulators_node_imports_its_parts(path: Path) -> None:
    parts = ('lnn_control.nodes.simulated_vehicle',)
    imported = {name for name in find_imports(path) if name.startswith(parts)}
    assert not imported or name_module(path) in SIMULATOR_NODE


@pytest.mark.parametrize('path', list_sources(), ids=name_module)
def test_imports_follow_the_arrows(path: Path) -> None:
    module = name_module(path)
    part = name_part(module)
    allowed = {*ALLOWED[part], part}
    if module in SIMULATOR_NODE:
        allowed.add('sim')
    wrong = {
        imported
        for imported in find_imports(path)
        if imported.partition('.')[0] in ('lnn_control', 'sim')
        and name_part(imported) not in allowed
    }
    assert not wrong, f'{module} must not import {sorted(wrong)}'


@pytest.mark.parametrize('path', list_sources(), ids=name_module)
def test_heavy_libraries_stay_where_they_belong(path: Path) -> None:
    module = name_module(path)
    for library, places in CONFINED.items():
        if any(module == place or module.startswith(f'{place}.') for place in places):
            continue
        wrong = [name for name in find_imports(path) if name.partition('.')[0] == library]
        assert not wrong, f'only {places} may import {library}, {module} does'


def test_every_directory_of_sources_is_a_package() -> None:
    missing = {path.parent for path in list_sources()} - {
        path.parent for path in list_sources() if path.name == '__init__.py'
    }
    assert not missing, f'__init__.py is missing in {sorted(map(str, missing))}'


def test_every_directory_of_tests_is_a_package() -> None:
    # Names of test files repeat, and the pytest plugin of launch_testing, there in every ROS
    # installation, tells them apart by their packages alone.
    folders = {path.parent for path in (ROOT / 'tests').rglob('test_*.py')}
    missing = [folder for folder in folders if not (folder / '__init__.py').is_file()]
    assert not missing, f'__init__.py is missing in {sorted(map(str, missing))}'
