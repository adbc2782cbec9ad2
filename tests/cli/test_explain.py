# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control explain` on a short flight of the shipped policy."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.policies.folders import DEFAULT_POLICY, POLICY_OF_TASK

SHORT = ['--episodes', '1', '--task-option', 'time_limit=1.5', '--renderer', 'tiny']


def test_page_and_numbers_of_a_flight(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['explain', '--output', str(tmp_path), *SHORT]) == 0
    said = capsys.readouterr().out
    found = json.loads((tmp_path / 'explain.json').read_text())
    changes = np.array(found['lesion_rms'])
    assert changes.shape == (36, 4)
    assert len(found['median_time_constants']) == 36
    similarity = found['attention_similarity'][DEFAULT_POLICY]
    assert 1.0 >= similarity[0] >= similarity[-1] > 0.0

    # The neuron that is named is the one whose number it bears.
    kind, number, moved = re.search(
        r'forward moves most without (\w+) (\d+) by ([\d.]+)', said
    ).groups()
    start, stop = found['neuron_groups'][kind]
    assert start <= int(number) < stop
    assert changes[int(number), 0] == changes[:, 0].max() == pytest.approx(float(moved), abs=1e-3)

    page = (tmp_path / 'explain.html').read_text()
    assert all(f'id="{part}"' in page for part in ('attention', 'time', 'lesions'))
    assert page.count('<img ') == 12
    assert not re.search(r'(src|href)="(?!data:|#)', page)


def test_who_flies_is_the_shipped_policy_of_the_task(tmp_path: Path) -> None:
    assert cli.main(['explain', '--output', str(tmp_path), '--task', 'hike', *SHORT]) == 0
    found = json.loads((tmp_path / 'explain.json').read_text())
    assert list(found['attention_similarity']) == [POLICY_OF_TASK['hike']]


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--policy', 'hover'], "must be a checkpoint, whose network can be seen, got 'hover'"),
        (['--against', DEFAULT_POLICY], 'policies must have different names'),
        (['--policy', 'expert'], 'knows the truth of a simulation'),
        (['--episodes', '0'], 'episodes must be'),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(['explain', '--output', str(tmp_path / 'run'), *words]) == 1
    said = capsys.readouterr().err
    assert message in said and said.count('\n') == 1
    assert not (tmp_path / 'run').exists()
