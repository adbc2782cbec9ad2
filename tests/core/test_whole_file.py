# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import errno
import os
import signal
import subprocess
import sys

import pytest

from lnn_control.core.whole_file import remove_unfinished, write_whole
from tests.patience import PATIENCE

WRITE_FOR_EVER = (
    'import sys, time\n'
    'from pathlib import Path\n'
    'from lnn_control.core.whole_file import write_whole\n'
    'with write_whole(Path(sys.argv[1])) as stream:\n'
    '    stream.write(b"half")\n'
    '    stream.flush()\n'
    '    print("writing", flush=True)\n'
    '    time.sleep(600)\n'
)
FILL = (
    'import resource, sys\n'
    'from pathlib import Path\n'
    'from lnn_control.core.whole_file import write_whole\n'
    'resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n'
    'try:\n'
    '    with write_whole(Path(sys.argv[1])) as stream:\n'
    '        stream.write(bytes(100_000))\n'
    'except OSError as error:\n'
    '    print(error.errno, error.filename)\n'
)


def test_file_appears_with_the_end_of_the_block(tmp_path):
    path = tmp_path / 'deep' / 'file'
    with write_whole(path) as stream:
        stream.write(b'all')
        assert not path.exists()
    assert path.read_bytes() == b'all'
    assert list(path.parent.iterdir()) == [path]


def test_failure_keeps_the_old_file_alone(tmp_path):
    (tmp_path / 'file').write_bytes(b'old')
    with pytest.raises(ValueError, match='in between'), write_whole(tmp_path / 'file') as stream:
        stream.write(b'new')
        raise ValueError('in between')
    assert (tmp_path / 'file').read_bytes() == b'old'
    assert len(list(tmp_path.iterdir())) == 1


def test_write_that_the_disk_refuses_names_the_file_and_leaves_nothing(tmp_path):
    done = subprocess.run(
        [sys.executable, '-c', FILL, str(tmp_path / 'file')],
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    assert done.stdout.split() == [f'{errno.EFBIG}', str(tmp_path / 'file')]
    assert not list(tmp_path.iterdir())


def test_what_a_killed_process_left_is_removed_and_what_is_being_written_is_not(tmp_path):
    path = tmp_path / 'e.mcap'
    (tmp_path / 'other.mcap.part').write_bytes(b'of somebody else')
    process = subprocess.Popen(
        [sys.executable, '-c', WRITE_FOR_EVER, str(path)], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b'writing\n'
        assert remove_unfinished(tmp_path, '*.mcap') == []
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait(PATIENCE)
    left = tmp_path / f'e.mcap.{process.pid}.part'
    assert left.read_bytes() == b'half'
    assert remove_unfinished(tmp_path, '*.mcap') == [left]
    assert [file.name for file in tmp_path.iterdir()] == ['other.mcap.part']
