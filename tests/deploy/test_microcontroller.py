# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The example for a flight computer flies on an emulated one and tells what it costs."""

import re
import subprocess
from pathlib import Path

import numpy as np

from lnn_control.deploy.flight import read_vectors
from tests.deploy.conftest import export
from tests.deploy.flights import SMALL
from tests.deploy.tools import require

EXAMPLE = Path(__file__).resolve().parents[2] / 'examples' / 'microcontroller'


def test_example_prints_commands_and_costs(tmp_path: Path, small_checkpoint: Path) -> None:
    require('make', 'arm-none-eabi-gcc', 'qemu-system-arm')
    folder = export(tmp_path / 'c', small_checkpoint, 'c')
    done = subprocess.run(
        ['make', f'EXPORT={folder}', f'BUILD={tmp_path / "build"}', 'IMAGES=12'],
        cwd=EXAMPLE,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ''
    rows = re.findall(r'^ +\d+ +[\d.]+((?: +-?[\d.]+){4})$', done.stdout, re.MULTILINE)
    printed = np.array([row.split() for row in rows], dtype=np.float64)
    _, commands = read_vectors(folder / 'flight.bin', SMALL.preprocessing)
    assert np.abs(printed - commands[:12]).max() < 2e-4
    costs = {
        name: int(value)
        for name, value in re.findall(r'^([a-z ]+): +(\d+)', done.stdout, re.MULTILINE)
    }
    # A weight of a small network is used at least once, and most of them a hundred times.
    assert 10_000 < costs['flash'] < 60_000
    assert 1_000 < costs['static memory'] < 20_000
    assert 500 < costs['stack'] < 4_000
    assert 100_000 < costs['instructions'] < 5_000_000
    assert 'An estimate, not a measurement' in done.stdout
