# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What is imported is declared in setup.py and package.xml, and nothing else.

Compared are the imports that the files write down with the requirements, by names of modules; and
each extra is enough for its part.
"""

import ast
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import setuptools
from setuptools import build_meta

from lnn_control.core.extras import BY_THEMSELVES, ONLY_WITH_ROS
from lnn_control.core.extras import EXTRAS as CURES

ROOT = Path(__file__).parents[1]
OURS = {'lnn_control', 'sim', 'tests', 'benchmarks', 'examples', 'own_task'}
BASE = {'numpy'}
NETWORKS = {*BASE, 'torch'}

# Requirement -> its modules, where the name does not say so.
MODULES = {
    'mcap-ros2-support': {'mcap_ros2'},
    'opencv-python': {'cv2'},
    'Pillow': {'PIL'},
    'pybullet': {'pybullet', 'pybullet_utils'},
    'pyserial': {'serial'},
    'PyYAML': {'yaml'},
}
# Requirement that no file of ours imports -> why it is needed all the same.
THROUGH_ANOTHER = {
    'black': 'mkdocstrings writes signatures with it, in a fifth of the time of ruff',
    'mkdocs': 'a program of make docs',
    'mkdocs-material': 'the theme of mkdocs.yml',
    'mkdocstrings-python': 'the plugin of mkdocs.yml that reads docstrings',
    'moviepy': "gymnasium's RecordVideo writes with it",
    'onnx': 'torch.onnx.export writes with it',
    'onnxscript': 'torch.onnx.export translates with it',
    'mypy': 'a program of make lint',
    'pyserial': 'pymavlink opens serial ports such as /dev/ttyACM0 with it',
    'pytest-xdist': 'make test shares the tests among cores with it',
    'ruff': 'a program of make lint',
    'tensorboard': 'torch.utils.tensorboard writes with it',
}
# Imported where it is there, never required -> why.
NOT_REQUIRED = {
    'gym_pybullet_drones': 'a peer of the benchmarks, in an environment of its own',
    'PyFlyt': 'a peer of the benchmarks, in an environment of its own',
    'launch': 'comes with ROS 2 alone, the one on PyPI is something else',
    'launch_ros': 'comes with ROS 2 alone',
    'rerun': 'one format of `data export`: 170 MB that nothing else needs',
}

# Module -> the key of package.xml, where it is not the module's own name or python3-<name>.
ROSDEP_KEYS = {
    'PIL': 'python3-pil',
    'cv2': 'python3-opencv',
    'gymnasium': 'python3-gymnasium-pip',
    'mcap': 'mcap-ros2-support',
    'mcap_ros2': 'mcap-ros2-support',
    'onnxruntime': 'python3-onnxruntime-pip',
    'pybullet': 'python3-pybullet-pip',
    'pybullet_utils': 'python3-pybullet-pip',
    'rosbags': 'python3-rosbags-pip',
    'torch': 'python3-pytorch-pip',
}
# Key of package.xml that no import asks for -> why it is there.
WITHOUT_IMPORT = {
    'python3-serial': THROUGH_ANOTHER['pyserial'],
    'ros2launch': 'the command ros2 launch of the README',
}

# Extra -> the packages and verbs that it makes whole, with all that they import of ours.
PARTS = {
    'deploy': (
        'lnn_control.deploy',
        'lnn_control.policies.backends.onnx_policy',
        'lnn_control.cli.export',
    ),
    'liquid': ('lnn_control.liquid',),
    'cluster': ('lnn_control.core.cluster',),
    'data': ('lnn_control.data', 'lnn_control.imitation.episode_file'),
    'gl': ('sim.renderers', 'sim.renderers.gl'),
    'imitation': (
        'lnn_control.imitation',
        'lnn_control.policies',
        'lnn_control.evaluation',
        'lnn_control.cli.train',
        'lnn_control.cli.card',
    ),
    'report': ('lnn_control.reports', 'lnn_control.cli.report'),
    'ros': ('lnn_control.nodes', 'lnn_control.bringup', 'lnn_control.cli.bringup'),
    'vehicle': (
        'lnn_control.nodes.policy_node',
        'lnn_control.nodes.safety_node',
        'lnn_control.nodes.recorder_node',
        'lnn_control.bringup.launch_description',
        'lnn_control.cli.bringup',
        'lnn_control.policies.backends.c_policy',
        'lnn_control.policies.backends.onnx_policy',
    ),
    'tune': ('lnn_control.cli.tune',),
    'sim': ('sim', 'lnn_control.cli.list', 'lnn_control.cli.show', 'lnn_control.cli.completion'),
}
# Module of ours that needs more than the extra of its part: the extra that it needs besides.
NEEDS_BESIDES = {
    'lnn_control.policies.backends.onnx_policy': 'deploy',
    'lnn_control.policies.checkpoint': 'liquid',
    'lnn_control.cli.validation': 'sim',
    'lnn_control.core.cluster': 'cluster',
    'lnn_control.nodes.mavlink_node': 'mavlink',
    'lnn_control.nodes.sim_node': 'sim',
    'lnn_control.nodes.simulated_vehicle': 'sim',
    'sim.renderers.gl': 'gl',
}


@cache
def read_setup() -> dict[str, Any]:
    """Return what setup.py passes to setuptools."""
    given: dict[str, Any] = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(ROOT)
        patch.setattr(setuptools, 'setup', lambda **keywords: given.update(keywords))
        runpy.run_path(str(ROOT / 'setup.py'))
    return given


def list_requirements(*extras: str) -> set[str]:
    """Return the names of what extras require."""
    lines = [line for extra in extras for line in read_setup()['extras_require'][extra]]
    return {re.match(r'[\w.-]+', line).group() for line in lines}  # type: ignore[union-attr]


def list_modules(requirement: str) -> set[str]:
    """Return the modules that a requirement brings."""
    if requirement.startswith('ros-'):
        return {requirement.removeprefix('ros-').replace('-', '_')}
    return MODULES.get(requirement, {requirement.replace('-', '_')})


def list_modules_of(*extras: str) -> set[str]:
    """Return the modules that extras bring."""
    return set().union(*map(list_modules, list_requirements(*extras)))


def find_imports(path: Path) -> Iterator[str]:
    """Yield every module that a file imports when it runs, or asks pytest for."""
    waiting: list[ast.AST] = [ast.parse(path.read_text(encoding='utf-8'))]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING':
            waiting += node.orelse
            continue
        waiting += ast.iter_child_nodes(node)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module
            yield from (f'{node.module}.{alias.name}' for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == 'pytest.importorskip':
            yield ast.literal_eval(node.args[0])


@cache
def find_third_party(*folders: str) -> frozenset[str]:
    """Return the packages of others that the files of some folders import."""
    files = [path for folder in folders for path in sorted((ROOT / folder).rglob('*.py'))]
    assert files
    names = {name.partition('.')[0] for path in files for name in find_imports(path)}
    return frozenset(names - OURS - set(sys.stdlib_module_names))


def test_every_import_of_the_packages_is_in_the_extra_all() -> None:
    imported = find_third_party('lnn_control', 'sim', 'launch') - set(NOT_REQUIRED)
    assert imported - BASE - list_modules_of('all') == set()


def test_every_import_of_tests_and_benchmarks_is_required_by_setup() -> None:
    imported = find_third_party('tests', 'benchmarks', 'examples') - set(NOT_REQUIRED)
    assert imported - BASE - list_modules_of('all', 'test') == set()


def test_extras_of_users_require_only_what_is_imported() -> None:
    imported = find_third_party('lnn_control', 'sim', 'launch')
    unused = {
        requirement
        for requirement in list_requirements('all') - set(THROUGH_ANOTHER)
        if not list_modules(requirement) & imported
    }
    assert unused == set()


def test_extras_of_developers_require_only_what_is_imported() -> None:
    imported = find_third_party('tests', 'benchmarks')
    unused = {
        requirement
        for requirement in list_requirements('test', 'dev') - set(THROUGH_ANOTHER)
        if not list_modules(requirement) & imported
    }
    assert unused == set()


def test_exceptions_are_needed() -> None:
    everything = set(read_setup()['extras_require'])
    assert set(THROUGH_ANOTHER) <= list_requirements(*everything)
    assert set(NOT_REQUIRED) <= find_third_party('lnn_control', 'launch', 'benchmarks')
    assert not set(NOT_REQUIRED) & list_modules_of(*everything)


def test_extra_vehicle_brings_no_torch() -> None:
    assert 'torch' not in list_requirements('vehicle')
    assert list_requirements('ros') - list_requirements('vehicle') == {'torch'}


def test_base_requires_numpy_alone() -> None:
    names = {re.split('[<>=]', line)[0] for line in read_setup()['install_requires']}
    assert names == BASE


def test_all_holds_every_extra_that_a_user_may_run() -> None:
    extras = read_setup()['extras_require']
    users = set(extras) - {'all', 'test', 'dev'}
    assert all(set(extras[name]) <= set(extras['all']) and extras[name] for name in users)
    assert list_requirements('all') - list_requirements(*users) == {'torchdiffeq'}


def test_make_setup_brings_everything_but_the_ros_wheels_where_ros_is_sourced() -> None:
    line = re.search(r'^WITHOUT_ROS := (.+)$', (ROOT / 'Makefile').read_text(), re.MULTILINE)
    assert line is not None
    everything = set(read_setup()['extras_require'])
    assert set(line[1].split(',')) == everything - {'ros', 'vehicle', 'all', 'test', 'dev'}


def read_package_xml(tag: str) -> set[str]:
    """Return the keys that package.xml declares with a tag."""
    found = ElementTree.parse(ROOT / 'package.xml').getroot().iter(tag)
    return {element.text for element in found if element.text is not None}


def read_without_key() -> set[str]:
    """Return the modules that package.xml tells a person to install, line by line."""
    text = (ROOT / 'package.xml').read_text()
    lists = re.findall(r'^ *(?:to run|to test): (.+)$', text, re.MULTILINE)
    assert len(lists) == 2
    return set(' '.join(lists).split())


@pytest.mark.parametrize(
    ('tag', 'folders'),
    [('exec_depend', ('lnn_control', 'sim', 'launch')), ('test_depend', ('tests',))],
)
def test_package_xml_names_what_is_imported_and_nothing_else(
    tag: str, folders: tuple[str, ...]
) -> None:
    keys = {
        module: {module, f'python3-{module}', ROSDEP_KEYS.get(module, module)}
        for module in find_third_party(*folders)
    }
    declared = read_package_xml(tag)
    there = declared | (read_package_xml('exec_depend') if tag == 'test_depend' else set())
    missing = {module for module in keys if not keys[module] & there}
    assert missing - set(NOT_REQUIRED) <= read_without_key()
    assert declared - set(WITHOUT_IMPORT) <= set().union(*keys.values())


def test_package_xml_tells_a_person_only_what_is_required_and_has_no_key() -> None:
    told = read_without_key()
    assert told <= list_modules_of('all', 'test')
    declared = read_package_xml('exec_depend') | read_package_xml('test_depend')
    assert not {key for name in told for key in (name, f'python3-{name}')} & declared


def list_own_files() -> dict[str, Path]:
    """Return the modules of ours, by name."""
    found = {}
    for package in ('lnn_control', 'sim'):
        for path in sorted((ROOT / package).rglob('*.py')):
            name = '.'.join(path.relative_to(ROOT).with_suffix('').parts)
            found[name.removesuffix('.__init__')] = path
    return found


def find_needs(part: str) -> set[str]:
    """Return the packages of others that a part and what it imports of ours import."""
    own = list_own_files()
    waiting = [name for name in own if name == part or name.startswith(f'{part}.')]
    seen, needs = set(), set()
    while waiting:
        module = waiting.pop()
        if module in seen or (module in NEEDS_BESIDES and module != part):
            continue
        seen.add(module)
        # Importing a module runs the packages that it is in.
        waiting += [parent for parent in [module.rpartition('.')[0]] if parent in own]
        for name in find_imports(own[module]):
            if name in own:
                waiting.append(name)
            elif name.partition('.')[0] not in OURS:
                needs.add(name.partition('.')[0])
    return needs - set(sys.stdlib_module_names) - BASE - set(NOT_REQUIRED) - {'torchdiffeq'}


@pytest.mark.parametrize(
    ('extra', 'part'), [(extra, part) for extra, parts in PARTS.items() for part in parts]
)
def test_extra_is_enough_for_its_part(extra: str, part: str) -> None:
    assert find_needs(part) <= list_modules_of(extra)


def test_every_missing_module_has_a_cure_that_brings_it() -> None:
    imported = find_third_party('lnn_control', 'sim', 'launch') - BASE - set(ONLY_WITH_ROS)
    assert imported <= set(CURES) | set(BY_THEMSELVES)
    assert set(BY_THEMSELVES) <= set(NOT_REQUIRED)
    for module, extra in CURES.items():
        assert module in list_modules_of(extra), f'{extra} does not bring {module}'


# Imports nothing but what is given, the standard library and our own.
BLOCK_OTHERS = """
import importlib.abc, sys
ALLOWED = {allowed!r} | set(sys.stdlib_module_names)
class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] not in ALLOWED:
            raise ModuleNotFoundError(f'No module named {{name!r}}', name=name)
sys.meta_path.insert(0, Block())
"""


def list_base_modules() -> set[str]:
    """Return the modules that an installation of torch and numpy alone has."""
    installed, waiting = set(), list(NETWORKS)
    while waiting:
        name = waiting.pop().lower().replace('_', '-')
        if name not in installed:
            installed.add(name)
            required = metadata.requires(name) or [] if is_installed(name) else []
            waiting += [
                re.match(r'[\w.-]+', line).group()  # type: ignore[union-attr]
                for line in required
                if 'extra ==' not in line
            ]
    return {
        module
        for module, names in metadata.packages_distributions().items()
        if any(name.lower().replace('_', '-') in installed for name in names)
    }


def is_installed(name: str) -> bool:
    """Return whether a distribution is there: markers leave some out."""
    return any(True for _ in metadata.Distribution.discover(name=name))


def run_with_base_only(program: str) -> subprocess.CompletedProcess[str]:
    """Run Python where only torch and numpy are installed, as far as imports can tell."""
    allowed = {'lnn_control', 'sim', *list_base_modules()}
    return subprocess.run(
        [sys.executable, '-c', BLOCK_OTHERS.format(allowed=allowed) + program],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_snippets_of_the_liquid_library_need_torch_and_numpy_alone() -> None:
    text = (ROOT / 'docs' / 'liquid.md').read_text()
    blocks = re.findall(r'^```python\n(.*?)^```', text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 3
    done = run_with_base_only('\n'.join(blocks) + '\nprint(type(layer).__module__)')
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == 'lnn_control.liquid.cfc'


@pytest.mark.parametrize(
    ('verb', 'line'),
    [
        ('train', "lnn-control train: Python module 'tyro' is missing: install it with "
                  'pip install "lnn_control[all]"\n'),
        ('sim', "lnn-control sim: Python module 'cv2' is missing: install it with "
                'pip install "lnn_control[all]"\n'),
    ],
)  # fmt: skip
def test_verb_without_its_extra_prints_the_cure_alone(verb: str, line: str) -> None:
    done = run_with_base_only(
        f'from lnn_control.cli.main import main\nsys.exit(main([{verb!r}, "x"]))'
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, '', line)


def test_help_needs_no_extra() -> None:
    done = run_with_base_only('from lnn_control.cli.main import main\nsys.exit(main(["--help"]))')
    assert done.returncode == 0 and 'evaluate' in done.stdout, done.stderr


# Folder of the repository -> where the wheel has its files.
PLACES = {
    'lnn_control': 'lnn_control',
    'sim': 'sim',
    'config': 'lnn_control-{version}.data/data/share/lnn_control/config',
    'launch': 'lnn_control-{version}.data/data/share/lnn_control/launch',
    'libexec': 'lnn_control-{version}.data/data/lib/lnn_control',
    'resource': 'lnn_control-{version}.data/data/share/ament_index/resource_index/packages',
}


def test_wheel_holds_every_file_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('setuptools', '70.1', reason='older ones make no wheel on their own')
    source, expected = tmp_path / 'source', set()
    version = read_setup()['version']
    for folder, place in PLACES.items():
        skipped = shutil.ignore_patterns('__pycache__')
        copy = shutil.copytree(ROOT / folder, source / folder, ignore=skipped)
        names = [path.relative_to(copy).as_posix() for path in copy.rglob('*') if path.is_file()]
        expected |= {f'{place.format(version=version)}/{name}' for name in names}
    for name in ('setup.py', 'setup.cfg', 'pyproject.toml', 'package.xml'):
        shutil.copy(ROOT / name, source)
    monkeypatch.chdir(source)
    wheel = zipfile.ZipFile(tmp_path / build_meta.build_wheel(str(tmp_path)))
    assert expected - set(wheel.namelist()) == set()
