# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import os
import re
import signal
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from lnn_control.cli import main as cli
from tests.patience import PATIENCE

TOKEN = 'abcdefgh-ijklmnop_1'


@pytest.mark.parametrize(
    ('words', 'line'),
    [
        (['--address', 'my-robot'], 'address must be an IP address of this machine'),
        (['--token', 'short'], 'token must be 16 or more letters'),
        (['--port', '99999'], 'port must be 0 to 65535, got 99999'),
    ],
)
def test_wrong_usage_is_refused_before_a_node_starts(
    words: list[str], line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(['dashboard', *words])
    assert end.value.code == 2
    assert line in ' '.join(capsys.readouterr().err.split())


def test_bad_namespace_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['dashboard', '--namespace', 'a-b']) == 1
    error = capsys.readouterr().err
    assert error.startswith('lnn-control dashboard: namespace must be a ROS name such as drone_1')
    assert error.count('\n') == 1


def test_page_opens_with_the_token_given_and_closes_with_ctrl_c(tmp_path: Path) -> None:
    log = tmp_path / 'dashboard.log'
    words = ['--address', '0.0.0.0', '--port', '0', '--token', TOKEN, '--namespace', 'drone']
    with log.open('w') as stream:
        process = subprocess.Popen(
            [sys.executable, '-m', 'lnn_control.cli.main', 'dashboard', *words],
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while 'open http' not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)
        found = re.search(rf'open http://\S+:(\d+)/\?token={TOKEN} ', log.read_text())
        assert found is not None, log.read_text()
        # No user of the machine reads the token of the node in the list of processes.
        children = Path(f'/proc/{process.pid}/task/{process.pid}/children')
        if children.exists():
            (child,) = children.read_text().split()
            assert TOKEN not in Path(f'/proc/{child}/cmdline').read_text()
        connection = HTTPConnection('127.0.0.1', int(found[1]), timeout=PATIENCE)
        connection.request('GET', '/')
        assert connection.getresponse().status == 403
        connection.request('GET', f'/?token={TOKEN}')
        assert connection.getresponse().status == 303
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=PATIENCE) == 0
        assert log.read_text().endswith('dashboard: the page is closed\n')
    finally:
        process.kill()
    assert 'LNN_CONTROL_TOKEN' not in os.environ
