# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from lnn_control.cli import main as cli
from lnn_control.cli.evaluate import make_env, make_policy
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.policies.policy import Policy


def fail(capsys, *arguments: str) -> str:
    """Evaluate with arguments that must end with 1 and one line; return the line."""
    assert cli.main(['evaluate', '--episodes', '1', *arguments]) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def test_expert_is_judged_and_the_summary_has_the_agreed_form(tmp_path, capsys):
    summary, results = tmp_path / 'new' / 'summary.json', tmp_path / 'results.jsonl'
    arguments = ['--checkpoint', 'expert', '--episodes', '1', '--processes', '1']
    files = ['--json', str(summary), '--results', str(results)]
    assert cli.main(['evaluate', *arguments, *files]) == 0
    record = json.loads(summary.read_text())
    versions = record.pop('versions')
    low, high = wilson_interval(1, 1)
    assert record == {
        'suite': 'fly_to_target',
        'world': 'forest',
        'season': 'summer',
        'policy': 'expert',
        'episodes': 1,
        'successes': 1,
        'success_rate': 1.0,
        'wilson_low': pytest.approx(low),
        'wilson_high': pytest.approx(high),
    }
    assert versions['pybullet']
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [row['seed'] for row in rows] == [2_000_000]
    assert rows[0]['outcome'] == 'success'
    assert 0.95 < rows[0]['path_ratio'] < 1.5
    assert rows[0]['clearance'] > 0.35
    output = capsys.readouterr().out
    assert '1 of 1 = 100.0%' in output


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--suite', 'chess'], "suite must be one of ['fly_to_target'], got 'chess'"),
        (['--world', 'sea'], "world must be one of ['forest', 'urban'], got 'sea'"),
        (['--season', 'spring'], "got 'spring'"),
        (['--episodes', '0'], 'episodes must be'),
        (['--first-seed', '-5'], 'first_seed must be'),
        (['--processes', '-5'], 'processes must be'),
        (['--checkpoint', 'nothing_like_it'], "got 'nothing_like_it'"),
    ],
)
def test_bad_input_is_one_line_before_anything_flies(capsys, arguments, message):
    line = fail(capsys, '--checkpoint', 'hover', *arguments)
    assert line.startswith('lnn-control evaluate: ')
    assert message in line


@pytest.mark.parametrize('option', ['--json', '--results'])
def test_files_that_cannot_be_written_are_found_before_anything_flies(tmp_path, capsys, option):
    (tmp_path / 'file').write_text('in the way')
    assert 'Is a directory' in fail(capsys, '--checkpoint', 'hover', option, str(tmp_path))
    below = str(tmp_path / 'file' / 'out')
    line = fail(capsys, '--checkpoint', 'hover', option, below)
    assert 'Not a directory' in line or 'File exists' in line


def test_every_policy_can_be_made_by_name():
    env = make_env('forest', 'summer')
    for name in ('expert', 'hover'):
        policy = make_policy(name, env)
        assert isinstance(policy, Policy)
        assert policy.name == name
    env.close()
