# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""From somebody else's bag to a policy and a page, as a user types it."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from lnn_control.cli import main as cli
from lnn_control.cli.training_data import open_sources, parse_source
from lnn_control.core.observation import Preprocessing
from lnn_control.data.contract import load_contract
from lnn_control.data.dataset import load_dataset
from lnn_control.imitation.episode_file import read_metadata, write_episode
from lnn_control.policies.checkpoint import load_policy
from tests.data.conftest import make_flight
from tests.data.made_bags import START, Sent, answer, image, record, see_and_feel
from tests.data.test_damaged_bags import make_truncated
from tests.data.test_importer import make_other_flight

__all__ = ['make_flight']

SIZE = Preprocessing(32, 18)


@pytest.fixture
def small(tmp_path: Path) -> tuple[str, str]:
    """Return the words that name a contract of our topics, for images as small as those here."""
    path = tmp_path / 'small.yaml'
    path.write_text(
        'camera: {topic: /camera/image_raw, size: [32, 18]}\n'
        'imu: {topic: /imu/data_raw}\ncommand: {topic: /cmd_vel}\n'
    )
    return '--contract', str(path)


def run(*words: object) -> int:
    return cli.main([str(word) for word in words])


def edit(path: Path, *changes: tuple[str, str]) -> None:
    """Change lines of a contract as a user does."""
    text = path.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text)


def test_bag_of_another_robot_becomes_a_policy_and_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in 'ab':
        record(tmp_path / 'bags' / name, make_other_flight(num_images=24))
    contract, data = tmp_path / 'robot.yaml', tmp_path / 'set'
    assert run('data', 'contract', tmp_path / 'bags', '--contract', contract) == 0
    edit(
        contract,
        ('fov_deg: null', 'fov_deg: 90.0'),
        ('limits: null', 'limits: [3.0, 2.0, 1.0, 1.5]'),
    )
    assert load_contract(contract).command.frame == 'enu'
    assert run('data', 'info', tmp_path / 'bags', '--json', tmp_path / 'info.json') == 0
    assert run('data', 'check', tmp_path / 'bags', '--contract', contract) == 0
    capsys.readouterr()
    words = ('--contract', contract, '--output', data)
    assert run('data', 'import', tmp_path / 'bags', *words) == 0
    assert '2 episodes, 48 images' in capsys.readouterr().out
    (bag, _) = json.loads((tmp_path / 'info.json').read_text())
    assert {topic['topic'] for topic in bag['topics']} >= {'/uav/front/image', '/mavros/imu/data'}

    policy = tmp_path / 'policy'
    settings = ('--steps', 2, '--batch-size', 1, '--window-length', 8, '--warm-up', 2)
    assert run('train', '--data', data, '--output', policy, '--seed', 1, *settings) == 0
    domain = load_policy(str(policy)).domain
    assert domain.camera_fov_deg == (90.0, 90.0)
    assert domain.command_limits == (3.0, 2.0, 1.0, 1.5)

    summary = tmp_path / 'replay.json'
    words = ('--policy', policy, '--contract', contract, '--json', summary)
    assert run('replay', tmp_path / 'bags' / 'a', *words, '--most-difference', 50) == 0
    assert run('replay', data, '--policy', policy, '--most-difference', 0.0) == 1
    values = json.loads(summary.read_text())
    assert values['is_within'] and len(values['rms']) == 4


def test_pages_show_videos_commands_and_answers(
    tmp_path: Path, untrained_checkpoint: Path
) -> None:
    pytest.importorskip('av', reason='needs: pip install ".[report]"')
    record(tmp_path / 'bags' / 'a', make_other_flight(num_images=24))
    contract = tmp_path / 'robot.yaml'
    assert run('data', 'contract', tmp_path / 'bags', '--contract', contract) == 0
    words = ('--contract', contract, '--output', tmp_path / 'page')
    assert run('data', 'view', tmp_path / 'bags', *words) == 0
    text = (tmp_path / 'page' / 'data.html').read_text()
    assert text.count('<section class="flight"') == 1
    assert (tmp_path / 'page' / 'videos' / 'episode-1.mp4').stat().st_size > 500
    words = ('--policy', untrained_checkpoint, *words)
    assert run('replay', tmp_path / 'bags', *words) == 0
    text = (tmp_path / 'page' / 'replay.html').read_text()
    assert 'thick as the policy answers' in text and 'Neuron activity' in text
    assert len(re.findall(r'data:image/jpeg', text)) >= 6 + 4
    # Everything but the videos is in the page.
    assert set(re.findall(r'(?:src|href)="(?!data:|#)([^"]+)"', text)) == {'videos/episode-1.mp4'}


def test_check_names_what_is_wrong_and_repair_mends_the_file(
    tmp_path: Path, small, capsys: pytest.CaptureFixture[str]
) -> None:
    make_truncated(tmp_path)
    bag = tmp_path / 'bag.mcap'
    assert run('data', 'check', bag, '--json', tmp_path / 'found.json', *small) == 1
    assert 'loss: ' in capsys.readouterr().out
    (problem,) = json.loads((tmp_path / 'found.json').read_text())
    assert problem['kind'] == 'damaged' and problem['file'] == str(bag)
    assert run('data', 'info', bag) == 1
    assert run('data', 'repair', bag, '--output', tmp_path / 'new') == 0
    assert 'messages on 3 topics' in capsys.readouterr().out
    assert run('data', 'check', tmp_path / 'new', *small) == 0
    assert 'nothing is wrong' in capsys.readouterr().out


def test_bag_that_cannot_be_read_keeps_nobody_from_the_others(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / 'bags' / 'whole', [*see_and_feel(), *answer()])
    (tmp_path / 'bags' / 'a.mcap').write_text('dear diary, today I flew')
    (tmp_path / 'bags' / 'gone.mcap').symlink_to(tmp_path / 'nowhere')
    assert run('data', 'info', tmp_path / 'bags', '--json', tmp_path / 'info.json') == 1
    assert 'a.mcap is no bag' in capsys.readouterr().out
    rows = json.loads((tmp_path / 'info.json').read_text())
    assert [len(row['topics']) for row in rows] == [0, 0, 3]
    for number in (1, 2):
        assert run('data', 'repair', tmp_path / 'bags', '--output', tmp_path / 'new') == 1
        out = capsys.readouterr().out
        assert 'a was not repaired' in out and 'gone.mcap cannot be opened' in out
        assert ('whole.mcap is there already' in out) == (number == 2)
    assert [path.name for path in (tmp_path / 'new').iterdir()] == ['whole.mcap']


@pytest.mark.parametrize('verb', ['info', 'check', 'repair', 'import', 'view', 'export'])
def test_nothing_to_read_is_an_error(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = [] if verb in ('info', 'check') else ['--output', tmp_path / 'out']
    assert run('data', verb, *output) == 1
    assert f'no bag was named: lnn-control data {verb} BAG' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_schema_is_json_and_a_contract_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run('data', 'contract', '--schema') == 0
    assert 'camera' in json.loads(capsys.readouterr().out)['properties']
    record(tmp_path / 'bag', [*see_and_feel(), *answer()])
    assert run('data', 'contract', tmp_path / 'bag') == 0
    assert 'topic: /camera/image_raw' in capsys.readouterr().out
    (tmp_path / 'mine.yaml').write_text('camera: {topic: /mine}\n')
    assert run('data', 'contract', tmp_path / 'bag', '--contract', tmp_path / 'mine.yaml') == 1
    assert 'is there already' in capsys.readouterr().err


# What --data of train takes.


def test_recordings_of_our_nodes_are_trained_on_as_they_are(tmp_path: Path) -> None:
    record(tmp_path / 'a', [*see_and_feel(), *answer()])
    said: list[str] = []
    (source,) = open_sources([str(tmp_path)], SIZE, said.append)
    assert len(source.paths) == 1 and 'holds recordings: importing' in said[0]
    # Again nothing is read; what was written again is imported again.
    before = source.paths[0].stat().st_mtime_ns
    (source,) = open_sources([str(tmp_path)], SIZE, said.append)
    assert source.paths[0].stat().st_mtime_ns == before
    shutil.rmtree(tmp_path / 'a')
    record(tmp_path / 'a', [*see_and_feel(30), *answer(30)])
    (source,) = open_sources([str(tmp_path)], SIZE, said.append)
    assert read_metadata(source.paths[0])['source'] == 'a'


def test_several_folders_have_weights_and_data_sets_keep_episodes_back(
    tmp_path: Path, make_flight, small
) -> None:
    write_episode(tmp_path / 'flown' / 'e.mcap', make_flight(6))
    for number in range(9):
        record(tmp_path / 'bags' / f'{number}', [*see_and_feel(), *answer()])
    assert run('data', 'import', tmp_path / 'bags', '--output', tmp_path / 'set', *small) == 0
    said: list[str] = []
    data = [f'{tmp_path}/set=2.5', f'{tmp_path}/flown']
    first, second = open_sources(data, SIZE, said.append)
    assert (first.weight, len(first.paths)) == (2.5, 8)
    assert (second.weight, len(second.paths)) == (1.0, 1)
    assert said == [f'{tmp_path}/set: 1 episodes are kept for validation and test']


@pytest.mark.parametrize(
    ('text', 'folder', 'weight'),
    [('a', 'a', 1.0), ('a=2', 'a', 2.0), ('a=0.5', 'a', 0.5), ('a=b', 'a=b', 1.0)],
)
def test_weight_stands_after_the_folder(text: str, folder: str, weight: float) -> None:
    assert parse_source(text) == (Path(folder), weight)


@pytest.mark.parametrize('number', ['0', '-1', '1000'])
def test_weight_that_is_none_is_an_error(number: str) -> None:
    with pytest.raises(ValueError, match='must be above 0'):
        parse_source(f'a={number}')


def test_data_set_without_an_episode_is_an_error_for_whoever_reads_it(
    tmp_path: Path, small, capsys: pytest.CaptureFixture[str]
) -> None:
    record(tmp_path / 'bags' / 'a', [*see_and_feel(), *answer()])
    folder = tmp_path / 'set'
    assert run('data', 'import', tmp_path / 'bags', '--output', folder, *small) == 0
    (folder / 'episodes.jsonl').write_text('')
    assert run('data', 'check', folder) == 1
    assert 'holds no episode' in capsys.readouterr().out
    for words in (('data', 'export'), ('data', 'export', '--format', 'robomimic')):
        assert run(*words, folder, '--output', tmp_path / 'out') == 1
        assert 'holds no episode to export' in capsys.readouterr().err
    assert run('train', '--data', folder, '--output', tmp_path / 'policy') == 1
    assert 'holds no episode to learn from' in capsys.readouterr().err


def test_unfinished_data_set_is_refused(tmp_path: Path, small) -> None:
    record(tmp_path / 'bags' / 'a', [*see_and_feel(), *answer()])
    folder = tmp_path / 'set'
    assert run('data', 'import', tmp_path / 'bags', '--output', folder, *small) == 0
    text = (folder / 'dataset.json').read_text()
    (folder / 'dataset.json').write_text(
        text.replace('"is_complete": true', '"is_complete": false')
    )
    assert not load_dataset(folder).is_complete
    with pytest.raises(ValueError, match='is not finished'):
        open_sources([str(folder)], SIZE, print)


def test_import_that_leaves_nothing_fails_and_says_why(
    tmp_path: Path, small, capsys: pytest.CaptureFixture[str]
) -> None:
    sent = [Sent('/camera/image_raw', START, image(START, np.zeros((18, 32, 3), np.uint8)))]
    record(tmp_path / 'bags' / 'a', sent)
    words = ('data', 'import', tmp_path / 'bags', '--output', tmp_path / 'set', *small)
    assert run(*words) == 1
    assert 'has no /cmd_vel and no /imu/data_raw' in capsys.readouterr().err
    assert run(*words, '--keep-going') == 1
    out = capsys.readouterr().out
    assert 'left out' in out and 'nothing to learn from' in out
