# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import importlib
import sys
from pathlib import Path

import pytest

from lnn_control.core.simulator import ForeignSimulatorError, import_simulator


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Python searches first, with nothing of `sim` loaded yet."""
    loaded = [name for name in sys.modules if name == 'sim' or name.startswith('sim.')]
    for name in loaded:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def test_own_simulator_is_imported():
    module = import_simulator()
    assert module is importlib.import_module('sim')
    assert Path(module.__file__ or '').parts[-2:] == ('sim', '__init__.py')


@pytest.mark.parametrize('file', ['sim.py', 'sim/__init__.py'])
def test_package_in_the_way_is_named_and_not_run(path: Path, file: str):
    (path / file).parent.mkdir(exist_ok=True)
    (path / file).write_text('raise SystemExit("ran")\n')
    with pytest.raises(ForeignSimulatorError) as caught:
        import_simulator()
    assert f'another package called sim lies in the way: {path / file}; ' in str(caught.value)
    assert 'start from another directory' in str(caught.value)
    assert 'sim' not in sys.modules


def test_folder_without_python_is_not_in_the_way(path: Path):
    # A namespace package comes after every regular one.
    (path / 'sim').mkdir()
    (path / 'sim' / 'notes.txt').write_text('')
    assert import_simulator().__name__ == 'sim'
    for name in [name for name in sys.modules if name == 'sim' or name.startswith('sim.')]:
        del sys.modules[name]
