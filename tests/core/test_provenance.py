# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
import platform
import shutil
import subprocess

import pytest

from lnn_control.core import provenance
from lnn_control.core.provenance import PACKAGES, describe_versions, find_commit


def test_versions_name_python_every_package_and_the_commit():
    versions = describe_versions()
    assert versions['python'] == platform.python_version()
    assert set(PACKAGES) < set(versions)
    assert versions['numpy'][0].isdigit()
    assert all(isinstance(value, str) and value for value in versions.values())


def test_package_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setattr(provenance, 'PACKAGES', ('no_such_package_of_ours',))
    assert describe_versions()['no_such_package_of_ours'] == 'not installed'


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """Return a repository of one commit that stands in for the source tree."""
    file = tmp_path / 'lnn_control' / 'core' / 'provenance.py'
    file.parent.mkdir(parents=True)
    file.write_text('one\n')
    if shutil.which('git') is None:
        pytest.skip('needs git')
    # Hooks, signatures and other wishes of whoever runs the tests are theirs.
    for name in ('GIT_CONFIG_GLOBAL', 'GIT_CONFIG_SYSTEM'):
        monkeypatch.setenv(name, os.devnull)
    for name in ('GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(provenance, '__file__', str(file))
    identity = ['-c', 'user.name=a', '-c', 'user.email=a@b.invalid']
    for arguments in (['init', '-q'], ['add', '.'], [*identity, 'commit', '-q', '-m', 'one']):
        subprocess.run(['git', '-C', str(tmp_path), *arguments], check=True)
    return file


def test_commit_is_marked_when_files_have_changed(repository):
    commit = find_commit()
    assert len(commit) >= 12
    assert int(commit, 16) > 0
    repository.write_text('two\n')
    assert find_commit() == f'{commit}+'


def test_commit_is_unknown_without_git_or_repository(repository, monkeypatch, tmp_path):
    monkeypatch.setenv('PATH', str(tmp_path))
    assert find_commit() == 'unknown'
    monkeypatch.undo()
    monkeypatch.setattr(provenance, '__file__', '/nowhere/lnn_control/core/provenance.py')
    assert find_commit() == 'unknown'
