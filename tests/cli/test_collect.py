# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json

import pytest

from lnn_control.cli import main as cli
from lnn_control.cli.collect import Collect, find_path
from lnn_control.imitation.episode_file import read_episode


def fail(capsys, *arguments: str) -> str:
    """Run a verb that must end with 1 and one line; return the line."""
    assert cli.main([*arguments]) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def test_records_expert_flights_once_and_goes_on_where_it_stopped(tmp_path, capsys):
    arguments = ['collect', '--output', str(tmp_path), '--processes', '1', '--hold', '0.1']
    assert cli.main([*arguments, '--first-seed', '5', '--episodes', '1']) == 0
    path = tmp_path / 'forest_summer_0000005.mcap'
    episode = read_episode(path)
    assert episode.metadata['seed'] == '5'
    assert episode.metadata['pilot'] == 'expert'
    assert episode.metadata['outcome'] == 'success'
    assert episode.metadata['world'] == 'forest'
    assert episode.metadata['torch']
    assert episode.images.shape[1:] == (72, 128, 3)
    assert episode.labels[10:20, 0].mean() > 0.5
    assert f'1 episodes, {len(episode)} images' in capsys.readouterr().out
    before = path.stat().st_mtime_ns
    assert cli.main([*arguments, '--first-seed', '5', '--episodes', '1']) == 0
    assert path.stat().st_mtime_ns == before
    assert 'all existed' in capsys.readouterr().out


def test_names_say_world_season_and_seed(tmp_path):
    job = Collect(tmp_path, world='urban', season='winter')
    assert find_path(job, 42).name == 'urban_winter_0000042.mcap'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--world', 'sea'], "world must be one of ['forest', 'urban'], got 'sea'"),
        (['--season', 'spring'], "got 'spring'"),
        (['--episodes', '0'], 'episodes must be'),
        (['--first-seed', '-1'], 'first_seed must be'),
        (['--processes', '-1'], 'processes must be'),
        (['--hold', '-1'], 'hold must be'),
        (['--checkpoint', 'nothing_like_it'], "got 'nothing_like_it'"),
    ],
)
def test_bad_input_is_one_line_before_anything_flies(tmp_path, capsys, arguments, message):
    line = fail(capsys, 'collect', '--output', str(tmp_path / 'out'), *arguments)
    assert line.startswith('lnn-control collect: ')
    assert message in line
    assert not (tmp_path / 'out').exists()


def test_broken_checkpoint_is_one_line(tmp_path, capsys):
    (tmp_path / 'config.json').write_text(json.dumps({'format': 'other'}))
    line = fail(
        capsys, 'collect', '--output', str(tmp_path / 'out'), '--checkpoint', str(tmp_path)
    )
    assert "must have format 'lnn_control/checkpoint/1', got 'other'" in line


def test_output_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / 'out').write_text('in the way')
    assert 'File exists' in fail(capsys, 'collect', '--output', str(tmp_path / 'out'))


def test_unknown_option_is_wrong_usage(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['collect', '--output', str(tmp_path), '--wind', '3'])
    assert end.value.code == 2
