# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""PyBullet comes up without a word, and standard output works afterwards."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
from sim.engine import connect, connect_by_number, pybullet

client = connect()
number = connect_by_number()
assert client.isConnected() and pybullet.isConnected(number)
print('done')
"""


def test_engine_prints_nothing_of_its_own() -> None:
    done = subprocess.run(
        [sys.executable, '-c', PROGRAM], cwd=ROOT, capture_output=True, text=True, timeout=600
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, 'done\n', '')
