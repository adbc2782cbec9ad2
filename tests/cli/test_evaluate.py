# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from lnn_control.cli import main as cli
from lnn_control.cli.evaluate import Evaluate, choose_cells, choose_stress
from lnn_control.cli.trials import make_env, make_policy
from lnn_control.policies.references import ExpertPolicy
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.trial import run_trial
from lnn_control.policies.policy import Policy
from sim.disturbances import DISTURBANCES, DroppedFrames
from sim.tasks import TASKS
from sim.tasks.fly_to_target import FlyToTarget
from sim.worlds import SEASONS


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
        (['--suite', 'chess'], "'stress'], got 'chess'"),
        (['--world', 'sea'], "['forest', 'road', 'urban'] or module:Name, got 'sea'"),
        (['--season', 'spring'], "got 'spring'"),
        (['--episodes', '0'], 'episodes must be'),
        (['--first-seed', '-5'], 'first_seed must be'),
        (['--processes', '-5'], 'processes must be'),
        (['--suite', 'stress', '--disturbance', 'rain'], "disturbance must be one of ['battery"),
        (['--suite', 'stress', '--level', '0'], 'level must be 1, 2 or 3, got 0'),
        (['--disturbance', 'wind'], "need suite stress, got 'fly_to_target'"),
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
    env = make_env(FlyToTarget())
    for name in ('expert', 'hover'):
        policy = make_policy(name, env)
        assert isinstance(policy, Policy)
        assert policy.name == name
    env.close()


def test_stress_flies_clean_and_disturbed_and_writes_a_record_for_each(tmp_path, capsys):
    summary, results = tmp_path / 'summary.json', tmp_path / 'results.jsonl'
    choice = ['--suite', 'stress', '--disturbance', 'dropped_frames', '--level', '2']
    arguments = ['--checkpoint', 'expert', '--episodes', '1', '--processes', '1']
    files = ['--json', str(summary), '--results', str(results)]
    assert cli.main(['evaluate', *choice, *arguments, *files]) == 0
    records = json.loads(summary.read_text())
    assert [(r['disturbance'], r['level']) for r in records] == [(None, 0), ('dropped_frames', 2)]
    for record in records:
        assert record['suite'] == 'stress'
        assert (record['policy'], record['episodes'], record['successes']) == ('expert', 1, 1)
        assert record['wilson_low'] == pytest.approx(wilson_interval(1, 1)[0])
        assert record['versions']['pybullet']
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    assert [(row['seed'], row['level']) for row in rows] == [(2_000_000, 0), (2_000_000, 2)]
    output = capsys.readouterr().out
    assert 'clean' in output
    assert 'dropped_frames' in output
    assert '1 of 1' in output


def test_stress_asks_for_all_disturbances_at_three_levels_unless_told():
    assert len(choose_stress(None, None)) == 1 + 3 * len(DISTURBANCES)
    assert choose_stress(None, 2)[:2] == [CLEAN, StressCell('image_noise', 2)]
    assert choose_stress('wind', None) == [CLEAN, *(StressCell('wind', n) for n in (1, 2, 3))]


def test_stress_environment_has_the_disturbance_of_its_cell():
    for cell, expected in ((CLEAN, ()), (StressCell('dropped_frames', 3), (DroppedFrames(0.3),))):
        env = make_env(FlyToTarget(season='winter'), cell=cell)
        assert env.simulation.disturbances == expected
        assert env.task.season == 'winter'
        env.close()


def test_all_is_every_task_in_each_of_its_worlds_and_every_season():
    cells = choose_cells(Evaluate(suite='all', world='all', season='all'))
    found = {(cell.task.name, cell.task.world, cell.task.season) for cell in cells}
    expected = {
        (name, world, season)
        for name, kind in TASKS.items()
        for world in kind.worlds
        for season in SEASONS
    }
    assert found == expected
    assert len(cells) == len(expected)


def test_one_row_a_season_is_printed_and_written(tmp_path, capsys, untrained_checkpoint):
    summary = tmp_path / 'summary.json'
    arguments = ['--checkpoint', str(untrained_checkpoint), '--episodes', '1', '--processes', '1']
    assert cli.main(['evaluate', *arguments, '--season', 'all', '--json', str(summary)]) == 0
    records = json.loads(summary.read_text())
    assert [record['season'] for record in records] == list(SEASONS)
    assert all(record['episodes'] == 1 for record in records)
    output = capsys.readouterr().out
    assert all(season in output for season in SEASONS)


def test_who_does_not_look_does_one_season_for_all(tmp_path):
    summary = tmp_path / 'summary.json'
    arguments = ['--checkpoint', 'expert', '--episodes', '1', '--processes', '1']
    assert cli.main(['evaluate', *arguments, '--season', 'all', '--json', str(summary)]) == 0
    assert json.loads(summary.read_text())['season'] == 'all'
    results = []
    for season in ('summer', 'winter'):
        env = make_env(FlyToTarget(season=season), sees=False)
        results.append(run_trial(env, ExpertPolicy(env), 2_000_001))
        env.close()
    assert results[0] == results[1]
