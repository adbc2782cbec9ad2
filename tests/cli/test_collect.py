# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.cli.collect import Collect, describe_settings, plan_folder
from lnn_control.core.streams import stream
from lnn_control.imitation.agreement import is_symmetric
from lnn_control.imitation.collect import CollectSettings
from lnn_control.imitation.domain import find_domain
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import EpisodeFileError, read_episode, write_episode
from lnn_control.policies.checkpoint import save_checkpoint
from lnn_control.policies.network import Network, NetworkConfig
from sim.camera_choice import draw_camera


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
    assert episode.metadata['hold'] == '0.1'
    assert episode.metadata['noise'] == '0.3'
    assert episode.metadata['vehicle'] == 'quadrotor'
    assert is_symmetric([episode.metadata])
    assert episode.metadata['camera_fov_deg'] == '100.0'
    assert episode.metadata['command_limits'] == '3 3 1 1.5'
    assert episode.images.shape[1:] == (72, 128, 3)
    assert episode.labels[10:20, 0].mean() > 0.5
    assert episode.metadata['labels'] == 'privileged'
    assert episode.metadata['renderer'] == 'tiny'
    # The target is in sight, ahead and near at the end of a success.
    assert episode.privileged[-1, 0] > 0.5
    assert episode.privileged[-1, 2] > 0.5 > episode.privileged[0, 2]
    assert episode.privileged[-1, 3] == 1.0
    assert episode.segmentation is None
    assert f'1 episodes, {len(episode)} images' in capsys.readouterr().out
    before = path.stat().st_mtime_ns
    assert cli.main([*arguments, '--first-seed', '5', '--episodes', '1']) == 0
    assert path.stat().st_mtime_ns == before
    assert 'all existed' in capsys.readouterr().out
    line = fail(capsys, *arguments, '--first-seed', '5', '--season', 'winter')
    assert "forest_summer_0000005.mcap has season 'summer', not 'winter'" in line


def test_cameras_vary_from_seed_to_seed_and_the_training_domain_spans_them(tmp_path):
    arguments = ['collect', '--output', str(tmp_path), '--processes', '1', '--hold', '0.1']
    arguments += ['--vary-cameras', '--labels', 'all', '--episodes', '2', '--renderer', 'none']
    assert cli.main([*arguments]) == 0
    episodes = [read_episode(path) for path in sorted(tmp_path.glob('*.mcap'))]
    for seed, episode in enumerate(episodes):
        camera = draw_camera(stream(seed, 'camera'))
        assert episode.metadata['camera_fov_deg'] == str(camera.fov_deg)
        assert episode.metadata['camera_rate'] == str(camera.rate)
        assert episode.metadata['camera_latency'] == str(camera.latency)
        assert np.diff(episode.image_stamps) == pytest.approx(1 / camera.rate)
        assert episode.segmentation.shape == episode.images.shape[:3]
    domain = find_domain([episode.metadata for episode in episodes], max_stride=1)
    fovs = sorted(draw_camera(stream(seed, 'camera')).fov_deg for seed in (0, 1))
    assert domain.camera_fov_deg == tuple(fovs)
    assert domain.camera_pitch_deg[0] < domain.camera_pitch_deg[1]


def test_road_is_not_to_be_learned_from_a_mirror(tmp_path):
    assert not is_symmetric([describe_settings(Collect(tmp_path, task='keep_lane'))])


def test_names_say_world_season_and_seed(tmp_path):
    job = Collect(tmp_path, world='urban', season='winter')
    assert find_path(job, 42).name == 'urban_winter_0000042.mcap'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (
            ['--world', 'sea'],
            "'urban', 'varied_forest'] or module:Name, got 'sea'",
        ),
        (['--season', 'spring'], "got 'spring'"),
        (['--episodes', '0'], 'episodes must be'),
        (['--first-seed', '-1'], 'first_seed must be'),
        (['--processes', '-1'], 'processes must be'),
        (['--first-seed', '1000000', '--episodes', '1'], 'seeds must be below 1000000'),
        (['--first-seed', '999999', '--episodes', '2'], 'got 999999 to 1000000'),
        (['--hold', '-1'], 'hold must be'),
        (['--policy', 'nothing_like_it'], "got 'nothing_like_it'"),
        (['--vary-cameras', '--camera-rate', '30'], '--camera-rate has no effect: every episode'),
        (['--task', 'keep_lane', '--hold', '3'], '--hold has no effect: keep_lane has no hold'),
        (['--expert-share', '0.5'], '--expert-share has no effect: the expert flies'),
    ],
)
def test_bad_input_is_one_line_before_anything_flies(tmp_path, capsys, arguments, message):
    line = fail(capsys, 'collect', '--output', str(tmp_path / 'out'), *arguments)
    assert line.startswith('lnn-control collect: ')
    assert message in line
    assert not (tmp_path / 'out').exists()


def test_broken_checkpoint_is_one_line(tmp_path, capsys):
    (tmp_path / 'config.json').write_text(json.dumps({'format': 'other'}))
    line = fail(capsys, 'collect', '--output', str(tmp_path / 'out'), '--policy', str(tmp_path))
    assert "must have format 'lnn_control/checkpoint/2', got 'other'" in line


def test_output_that_is_a_file_is_one_line(tmp_path, capsys):
    (tmp_path / 'out').write_text('in the way')
    assert 'File exists' in fail(capsys, 'collect', '--output', str(tmp_path / 'out'))


def test_unknown_option_is_wrong_usage(tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        cli.main(['collect', '--output', str(tmp_path), '--wind', '3'])
    assert end.value.code == 2


def find_path(job: Collect, seed: int) -> Path:
    return plan_folder(job, 'expert').find_path(seed)


def check_folder(job: Collect, pilot: str) -> None:
    plan_folder(job, pilot).check()


def write_collected(job: Collect, seed: int, pilot: str = 'expert', **changes: str) -> None:
    """Write an episode as the job would, its metadata changed; an empty value removes a key."""
    metadata = describe_settings(job) | {'seed': f'{seed}', 'pilot': pilot} | changes
    stamps = 1.0 + 0.05 * np.arange(2)
    zeros = np.zeros((2, 4), np.float32)
    episode = Episode(
        images=np.zeros((2, 8, 8, 3), np.uint8),
        image_stamps=stamps,
        imu=np.zeros((2, 6), np.float32),
        imu_stamps=stamps,
        flown=zeros,
        labels=zeros,
        metadata={name: value for name, value in metadata.items() if value},
    )
    write_episode(find_path(job, seed), episode)


def test_goes_on_in_a_folder_of_the_same_settings(tmp_path):
    job = Collect(tmp_path)
    write_collected(job, 7)
    check_folder(job, 'expert')
    check_folder(replace(job, first_seed=500, episodes=3, processes=2), 'expert')


def test_older_episodes_that_do_not_say_how_they_were_collected_are_accepted(tmp_path):
    job = Collect(tmp_path)
    write_collected(job, 7, hold='', noise='', noise_time='')
    write_collected(job, 8, '', **dict.fromkeys(describe_settings(job), ''))
    check_folder(job, 'expert')


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        ({'hold': 3.0}, "hold '4.0', not '3.0'"),
        ({'world': 'urban'}, "world 'forest', not 'urban'"),
        ({'season': 'winter'}, "season 'summer', not 'winter'"),
        ({'settings': CollectSettings(noise=0.5)}, "noise '0.3', not '0.5'"),
        ({'labels': 'all'}, "labels 'privileged', not 'all'"),
        ({'vary_cameras': True}, "cameras 'one', not 'varied'"),
        ({'renderer': 'none'}, "renderer 'tiny', not 'none'"),
        ({'settings': CollectSettings(noise_time=2.0)}, "noise_time '0.8', not '2.0'"),
    ],
)
def test_folder_of_other_settings_is_an_error_that_names_file_and_setting(
    tmp_path, other, message
):
    job = Collect(tmp_path)
    write_collected(job, 7)
    with pytest.raises(ValueError, match=message) as error:
        check_folder(replace(job, **other), 'expert')
    assert 'forest_summer_0000007.mcap' in str(error.value)
    assert '--output' in str(error.value)


def test_folder_of_another_pilot_or_with_renamed_files_is_an_error(tmp_path):
    job = Collect(tmp_path)
    write_collected(job, 7)
    with pytest.raises(ValueError, match="pilot 'expert', not 'forest_cfc'"):
        check_folder(job, 'forest_cfc')
    find_path(job, 7).rename(find_path(job, 9))
    with pytest.raises(ValueError, match="seed '7', not '9'"):
        check_folder(job, 'expert')


def test_retrained_policy_of_the_same_name_is_another_pilot(tmp_path):
    job = Collect(tmp_path / 'data', policy=str(tmp_path / 'policy'))
    network = Network(NetworkConfig())
    save_checkpoint(tmp_path / 'policy', 'forest_cfc', network, {})
    before = describe_settings(job)
    assert before == describe_settings(job)
    assert before['expert_share'] == '0.3'
    assert 'expert_share' not in describe_settings(replace(job, policy='expert'))
    write_collected(job, 7, 'forest_cfc')
    check_folder(job, 'forest_cfc')
    network.gain.data += 1.0
    save_checkpoint(tmp_path / 'policy', 'forest_cfc', network, {})
    with pytest.raises(ValueError, match='weights'):
        check_folder(job, 'forest_cfc')


def test_damaged_episode_in_the_folder_is_an_error(tmp_path):
    (tmp_path / 'e.mcap').write_text('dear diary')
    with pytest.raises(EpisodeFileError, match='no complete MCAP file'):
        check_folder(Collect(tmp_path), 'expert')
