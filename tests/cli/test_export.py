# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The verb export, from a checkpoint to a program that has been flown."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.policies.folders import DEFAULT_POLICY
from tests.deploy.test_c_program import make
from tests.deploy.tools import require


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """Export with arguments that must end with 1 and one line; return the line."""
    assert cli.main(['export', *arguments]) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def test_policy_is_flown_written_and_compared(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    require('gcc', 'make')
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    folder = tmp_path / 'c'
    words = ['--to', 'c', '--images', '16', '--encoder', 'int8', '--calibration-images', '24']
    assert cli.main(['export', '--output', str(folder), *words]) == 0
    output = capsys.readouterr().out
    assert f'{DEFAULT_POLICY} as c, encoder in int8: {folder}' in output
    assert float(re.search(r'within (\S+) m/s of PyTorch', output)[1]) < 1e-4  # type: ignore[index]
    flight = json.loads((folder / 'manifest.json').read_text())['flight']
    assert flight['num_images'] == 16 and flight['num_starts'] >= 2
    assert flight['longest_gap'] > 1.9
    assert make(folder, 'build/gcc-O2.commands').returncode == 0
    answered = np.fromfile(folder / 'build' / 'gcc-O2.commands', np.float32).reshape(16, 40)
    assert np.isfinite(answered).all()
    # An exported policy is named as any other one.
    trial = ['--policy', str(folder), '--backend', 'c', '--episodes', '1', '--processes', '1']
    summary = tmp_path / 'summary.json'
    assert cli.main(['evaluate', *trial, '--json', str(summary)]) == 0
    assert json.loads(summary.read_text())['backend'] == 'c'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--policy', 'expert'], 'checkpoint must be a folder with config.json'),
        (['--images', '4'], r'images must be a finite number in \[16, '),
        (['--to', 'onnx', '--encoder', 'int8'], 'only c has it, not onnx'),
    ],
)
def test_wrong_order_is_refused_before_anything_flies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    folder = tmp_path / 'new'
    assert re.search(message, fail(capsys, '--output', str(folder), *arguments))
    assert not folder.exists()


def test_folder_with_other_files_is_refused_before_anything_flies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / 'notes.txt').write_text('mine')
    assert 'it holds notes.txt' in fail(capsys, '--output', str(tmp_path))
