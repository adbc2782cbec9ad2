# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

from lnn_control.cli import main as cli
from lnn_control.policies.checkpoint import save_checkpoint
from lnn_control.policies.network import Network, NetworkConfig


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    training = {'data': {'episodes': 2, 'images': 9}, 'versions': {'torch': '2'}}
    save_checkpoint(tmp_path / 'mine', 'mine', Network(NetworkConfig()), training)
    return tmp_path / 'mine'


def write_result(path: Path, **changes: object) -> Path:
    result = {
        'suite': 'hike',
        'world': 'forest',
        'season': 'summer',
        'policy': 'runs/mine',
        'episodes': 10,
        'successes': 7,
        'wilson_low': 0.4,
        'wilson_high': 0.9,
    }
    path.write_text(json.dumps(result | changes))
    return path


def write_card(folder: Path, result: Path) -> int:
    recipe = folder.parent / 'recipe.sh'
    recipe.write_text('lnn-control train --data d --output mine\n')
    words = ['--policy', str(folder), '--json', str(result), '--recipe', str(recipe)]
    return cli.main(['card', *words])


def test_card_says_what_was_measured_with_which_options(folder: Path, tmp_path: Path) -> None:
    result = write_result(tmp_path / 'a.json', task_option={'num_targets': 3})
    assert write_card(folder, result) == 0
    card = (folder / 'README.md').read_text()
    assert '| hike, num_targets 3 | forest | summer | 7 of 10 = 70.0%' in card
    assert 'lnn-control train --data d --output mine' in card


def test_results_of_another_policy_are_refused(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write_card(folder, write_result(tmp_path / 'a.json', policy='hover')) == 1
    error = capsys.readouterr().err
    assert 'results must be of policy mine, got those of hover' in error
    assert not (folder / 'README.md').exists()
