# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import errno
import fcntl
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lnn_control.cli import main as cli
from lnn_control.core.folder_lock import hold_folder

HOLD = """
import sys, time
from pathlib import Path
from lnn_control.core.folder_lock import hold_folder
with hold_folder(Path(sys.argv[1])):
    print('held', flush=True)
    time.sleep(600)
"""


def test_folder_is_for_one_process_until_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / 'a folder'
    other = subprocess.Popen(
        [sys.executable, '-c', HOLD, str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert other.stdout is not None
    assert other.stdout.readline() == 'held\n'
    taken = pytest.raises(ValueError, match='another process is working in')
    with taken, hold_folder(folder):
        pass
    other.send_signal(signal.SIGKILL)
    other.communicate()
    with hold_folder(folder):
        assert not list(folder.iterdir())


def test_what_killed_processes_left_half_written_in_it_is_gone(tmp_path: Path) -> None:
    left = [tmp_path / 'config.json.17.part', tmp_path / 'flying' / 'config.json.4711.part']
    # A recording grows under its own name and can be repaired.
    kept = [tmp_path / 'flight.mcap.part', tmp_path / 'recordings' / 'flight.mcap.part']
    for path in (*left, *kept):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b'half')
    with hold_folder(tmp_path):
        assert sorted(tmp_path.rglob('*.part')) == kept


def test_file_system_without_locks_lets_everybody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EBADF, 'Bad file descriptor')

    monkeypatch.setattr(fcntl, 'flock', refuse)
    with hold_folder(tmp_path), hold_folder(tmp_path):
        pass


@pytest.mark.parametrize('verb', [['collect'], ['train', '--data', 'x'], ['dagger']])
def test_verb_leaves_a_folder_alone_that_another_one_works_in(
    verb: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold_folder(tmp_path):
        assert cli.main([*verb, '--output', str(tmp_path)]) == 1
    assert f'another process is working in {tmp_path}: wait' in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
