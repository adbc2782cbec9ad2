# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path

import pytest

from lnn_control.cli import main as cli


def add_verb(monkeypatch: pytest.MonkeyPatch, run: Callable[[list[str]], int]) -> None:
    module = types.ModuleType('lnn_control_test_verb')
    module.main = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(cli.VERBS._own, 'fly', module)
    monkeypatch.delitem(cli.VERBS._loaded, 'fly', raising=False)


@pytest.mark.parametrize('verb', sorted(cli.VERBS))
def test_every_verb_is_a_module_with_main(verb: str) -> None:
    assert callable(cli.VERBS[verb].main)
    assert cli.summarise_verb(verb)


def test_help_lists_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['--help']) == 0
    text = capsys.readouterr().out
    assert all(f'  {verb} ' in text for verb in cli.VERBS)


def test_unknown_verb_names_the_closest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['bringpu']) == 2
    assert "did you mean 'bringup'?" in capsys.readouterr().err


def test_verb_gets_its_arguments_and_gives_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    add_verb(monkeypatch, len)
    assert cli.main(['fly', 'a', 'b', 'c']) == 3


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (ValueError('speed must be\n positive'), 'speed must be positive'),
        (FileNotFoundError(2, 'No such file or directory', 'x.yaml'), 'directory: x.yaml'),
        (OSError(28, 'No space left for the state'), 'fly: No space left for the state'),
        (ModuleNotFoundError('no', name='rclpy'), 'pip install "lnn_control[ros]"'),
    ],
)
def test_bad_input_prints_one_line(
    error: Exception,
    line: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(arguments: list[str]) -> int:
        raise error

    add_verb(monkeypatch, fail)
    monkeypatch.delenv('LNN_CONTROL_TRACEBACK', raising=False)
    assert cli.main(['fly']) == 1
    output = capsys.readouterr().err
    assert line in output
    assert output.count('\n') == 1


def test_bugs_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(arguments: list[str]) -> int:
        raise ZeroDivisionError

    add_verb(monkeypatch, fail)
    with pytest.raises(ZeroDivisionError):
        cli.main(['fly'])


def test_foreign_package_in_the_way_of_the_simulator_is_named(tmp_path: Path) -> None:
    (tmp_path / 'sim').mkdir()
    (tmp_path / 'sim' / '__init__.py').write_text('raise SystemExit("was run")\n')
    root = Path(cli.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, '-m', 'lnn_control.cli.main', 'list', 'tasks'],
        cwd=root.parent,
        env={**os.environ, 'PYTHONPATH': f'{tmp_path}:{root}'},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert f'another package called sim lies in the way: {tmp_path}/sim' in done.stderr
    assert done.stderr.count('\n') == 1
