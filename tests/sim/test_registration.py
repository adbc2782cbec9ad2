# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Tasks are environments of Gymnasium by their names, also those of other packages."""

import subprocess
import sys
from pathlib import Path

import gymnasium
import pytest

import sim
from sim.tasks import TASKS


@pytest.mark.parametrize(
    ('task', 'name'),
    [
        ('fly_to_target', 'lnn_control/FlyToTarget-v0'),
        ('hike', 'lnn_control/Hike-v0'),
        ('find-exit 2', 'lnn_control/FindExit2-v0'),
        ('findExit', 'lnn_control/FindExit-v0'),
    ],
)
def test_names_of_environments_are_those_of_tasks_in_camel_case(task, name):
    assert sim.name_environment(task) == name


def test_every_task_is_registered_once():
    sim.register_environments()
    registered = [name for name in gymnasium.registry if name.startswith('lnn_control/')]
    assert sorted(registered) == sorted(map(sim.name_environment, TASKS))


def run(program: str, *, path: Path) -> str:
    """Return what a program prints in a process of its own that finds packages in a folder."""
    program = f'import sys; sys.path.insert(0, {str(path)!r}); {program}'
    return subprocess.run(
        [sys.executable, '-c', program], check=True, capture_output=True, text=True
    ).stdout


def offer_task(folder: Path) -> None:
    """Write a package with a task that raises when it is imported, as installed by pip."""
    (folder / 'foreign.py').write_text('raise SystemExit("imported")\n')
    metadata = folder / 'foreign-1.0.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text('Metadata-Version: 2.1\nName: foreign\nVersion: 1.0\n')
    (metadata / 'entry_points.txt').write_text(
        '[lnn_control.tasks]\nfind_exit = foreign:FindExit\n'
    )


def test_task_of_another_package_is_registered_without_being_imported(tmp_path):
    offer_task(tmp_path)
    found = run(
        'import sim, gymnasium; print(gymnasium.spec("lnn_control/FindExit-v0").kwargs)',
        path=tmp_path,
    )
    assert found == "{'task': 'find_exit'}\n"


def test_gymnasium_imports_the_simulator_by_itself(tmp_path):
    program = (
        'import gymnasium; env = gymnasium.make("sim:lnn_control/KeepLane-v0"); '
        'print(type(env.unwrapped.task).__name__); env.close()'
    )
    assert run(program, path=tmp_path) == 'KeepLane\n'
