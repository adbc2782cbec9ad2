# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Policies for a backend: exported on first use, by another process, and kept."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lnn_control.deploy import provide
from lnn_control.deploy.provide import BackendError, needs_torch, provide_policy
from lnn_control.policies.backends.deployment import read_manifest


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let every test begin with an empty cache of its own."""
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'cache'))
    return tmp_path / 'cache'


def test_checkpoint_is_exported_once_without_torch_in_this_process(
    small_checkpoint: Path, cache: Path
) -> None:
    program = (
        'import sys\n'
        'from lnn_control.deploy.provide import provide_policy\n'
        f'print(provide_policy({str(small_checkpoint)!r}, "c"))\n'
        'assert "torch" not in sys.modules\n'
    )
    run = [sys.executable, '-c', program]
    first, second = (
        subprocess.run(run, capture_output=True, text=True, check=True).stdout.strip()
        for _ in range(2)
    )
    assert first == second
    assert read_manifest(Path(first)).name == 'small'
    assert [path.name for path in (cache / 'lnn_control' / 'exports').iterdir()] == [
        Path(first).name
    ]


@pytest.mark.parametrize('name', ['model.safetensors', 'config.json'])
def test_changed_checkpoint_is_exported_anew(
    small_checkpoint: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    def export(checkpoint: Path, folder: Path, target: str) -> None:
        folder.mkdir()
        (folder / 'manifest.json').touch()

    # What the exporter writes is none of this test's business.
    monkeypatch.setattr(provide, '_export_in_own_process', export)
    copy = shutil.copytree(small_checkpoint, tmp_path / 'small')
    before = provide_policy(str(copy), 'c')
    assert provide_policy(str(copy), 'c') == before
    content = bytearray((copy / name).read_bytes())
    content[-2] ^= 1
    (copy / name).write_bytes(content)
    assert provide_policy(str(copy), 'c') != before


def test_policy_stays_as_it_is_where_nothing_is_to_be_exported(
    small_checkpoint: Path, exported: Path
) -> None:
    target = read_manifest(exported).target
    assert provide_policy('hover', None) == 'hover'
    assert provide_policy(str(small_checkpoint), 'torch') == str(small_checkpoint)
    assert provide_policy(str(exported), None) == str(exported)
    assert provide_policy(str(exported), target) == str(exported)
    assert needs_torch(str(small_checkpoint)) and not needs_torch(str(exported))
    assert not needs_torch('hover')


def test_backend_that_does_not_fit_is_refused(exported: Path) -> None:
    other = {'onnx': 'c', 'c': 'onnx'}[read_manifest(exported).target]
    with pytest.raises(BackendError, match=f'was exported to .*, not to {other}'):
        provide_policy(str(exported), other)
    with pytest.raises(BackendError, match="no effect: policy 'hover' is neither a checkpoint"):
        provide_policy('hover', 'c')
    with pytest.raises(BackendError, match=r"one of \['torch', 'onnx', 'c'\], got 'tensorrt'"):
        provide_policy('forest_cfc', 'tensorrt')


def test_without_torch_it_says_how_to_export_elsewhere(
    small_checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provide, 'TORCH', 'torch_that_is_nowhere')
    with pytest.raises(BackendError, match='on a computer that has it, lnn-control export'):
        provide_policy(str(small_checkpoint), 'c')


def test_export_that_fails_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / 'config.json').write_text('{}')
    with pytest.raises(BackendError, match=r'cannot be exported to c: .*must have format'):
        provide_policy(str(tmp_path), 'c')
