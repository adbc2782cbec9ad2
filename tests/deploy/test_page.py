# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The script of docs/deploy.md flies a recorded flight with numpy and onnxruntime alone."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import numpy as np

from tests.deploy.conftest import export

PAGE = Path(__file__).resolve().parents[2] / 'docs' / 'deploy.md'


def read_script() -> str:
    blocks = re.findall(r'^```python\n(.*?)^```', PAGE.read_text(), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    return str(blocks[0])


def test_script_is_short_and_needs_numpy_and_onnxruntime_alone() -> None:
    script = read_script()
    assert len(script.splitlines()) <= 40
    imported = {
        alias.name
        for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert imported - set(sys.stdlib_module_names) == {'numpy', 'onnxruntime'}


def test_script_reproduces_the_flight_and_notices_another_one(
    tmp_path: Path, small_checkpoint: Path
) -> None:
    folder = export(tmp_path / 'onnx', small_checkpoint, 'onnx')
    command = [sys.executable, '-c', read_script(), str(folder)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith('16 images, largest difference ')
    rows = np.fromfile(folder / 'flight.bin', np.uint8).reshape(16, -1)
    rows[:, 72:] = 255 - rows[:, 72:]
    rows.tofile(folder / 'flight.bin')
    assert subprocess.run(command, capture_output=True, text=True).returncode == 1
