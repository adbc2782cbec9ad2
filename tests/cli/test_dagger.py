# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger` as a user starts it, also killed and started again."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from lnn_control.cli import main as cli
from lnn_control.cli import options, train
from lnn_control.cli.collect import Collect
from lnn_control.cli.dagger import Dagger
from lnn_control.cli.dagger_rounds import list_stages
from lnn_control.cli.dagger_run import check_folder, note_settings
from lnn_control.cli.dagger_together import count_collectors, make_learner
from lnn_control.cli.training_data import open_sources
from lnn_control.imitation.cache import read_all_metadata
from lnn_control.imitation.collectors import Collectors, Flown
from lnn_control.imitation.settings import TrainSettings
from lnn_control.policies.checkpoint import load_network, load_policy, read_config
from tests.patience import PATIENCE

# Short flights over an empty forest floor, a network of few numbers.
FLIGHTS = ['--task-option', 'time_limit=1.5', '--task-option', 'density=0.1']
FLIGHTS += ['--renderer', 'tiny', '--processes', '1']
SIZES = ['--channels', '4', '4', '4', '6', '--num-places', '4', '--num-neurons', '16']
LITTLE = ['--validate-episodes', '1', '--batch-size', '2']
SHORT = [*FLIGHTS, *SIZES, *LITTLE]
QUICK = ['--expert-episodes', '2', '--publish-seconds', '0.5', '--save-seconds', '0.5']
QUICK += ['--flying-share', '1']
OWN = {'batch_size': 8, 'averaging': 0.998, 'finish': 0.35}


def fail(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert cli.main(['dagger', *arguments]) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def start(*arguments: str) -> 'subprocess.Popen[str]':
    return subprocess.Popen(
        [sys.executable, '-m', 'lnn_control.cli.main', 'dagger', *arguments],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for(path: Path, process: 'subprocess.Popen[str]') -> None:
    deadline = time.monotonic() + PATIENCE
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.05)


def wait_for_student(folder: Path, process: 'subprocess.Popen[str]') -> None:
    deadline = time.monotonic() + PATIENCE
    while 'student' not in {episode['pilot'] for episode in read_all_metadata(folder)}:
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_killed_run_goes_on_and_ends_with_a_described_policy(tmp_path: Path) -> None:
    words = ['--output', str(tmp_path), '--budget-minutes', '0.6', *SHORT, *QUICK]
    # Killed while the expert flies alone, then when the policy has flown, then left to end.
    killed = start(*words)
    wait_for(tmp_path / 'episodes', killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    killed = start(*words)
    wait_for(tmp_path / 'training_state.pt', killed)
    wait_for_student(tmp_path / 'episodes', killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = {path.name: path.read_bytes() for path in (tmp_path / 'episodes').glob('*.mcap')}
    assert len(before) >= 2
    done = start(*words)
    output, _ = done.communicate(timeout=PATIENCE)
    assert done.returncode == 0, output

    # Nothing is flown twice, and nothing half written is left.
    for name, data in before.items():
        assert (tmp_path / 'episodes' / name).read_bytes() == data
    assert not list(tmp_path.rglob('*.part'))
    assert not (tmp_path / 'training_state.pt').exists()
    episodes = read_all_metadata(tmp_path / 'episodes')
    flights = {(episode['seed'], episode.get('attempt', '0')) for episode in episodes}
    assert len(flights) == len(episodes)
    assert {'expert', 'student'} == {episode['pilot'] for episode in episodes}

    policy = load_policy(tmp_path)
    assert policy.name == tmp_path.name
    assert policy.domain.tasks == ('fly_to_target',)
    assert policy.circuit.num_parameters < 20_000
    training = read_config(tmp_path)['training']
    # What landed after the last step was not learned from.
    assert len(before) <= training['data']['episodes'] <= len(episodes)
    assert 36.0 <= training['seconds'] < 180.0
    assert json.loads((tmp_path / 'validation.json').read_text())['episodes'] == 1
    card = (tmp_path / 'README.md').read_text()
    assert 'lnn-control dagger --output' in card
    assert list((tmp_path / 'tensorboard').glob('events.*'))


@pytest.fixture(scope='module')
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two flights of the expert, and a policy that learned from them."""
    folder = tmp_path_factory.mktemp('known')
    flights, policy = str(folder / 'flights'), str(folder / 'policy')
    assert cli.main(['collect', '--output', flights, '--episodes', '2', *FLIGHTS]) == 0
    words = ['--data', flights, '--output', policy, '--steps', '2', '--batch-size', '2', *SIZES]
    assert cli.main(['train', *words]) == 0
    return folder


def test_run_goes_on_from_a_policy_and_its_flights(known: Path, tmp_path: Path) -> None:
    words = ['--data', str(known / 'flights'), '--init', str(known / 'policy')]
    words += ['--first-seed', '10', '--budget-minutes', '0.4', *FLIGHTS, *LITTLE, *QUICK]
    assert cli.main(['dagger', '--output', str(tmp_path), *words]) == 0
    episodes = read_all_metadata(tmp_path / 'episodes')
    assert {episode['pilot'] for episode in episodes} == {'student'}
    training = read_config(tmp_path)['training']
    assert training['init'] == str(known / 'policy')
    # Those it was given are learned from as well as those that it flew.
    assert 2 < training['data']['episodes'] <= 2 + len(episodes)
    network, before = load_network(tmp_path), load_network(known / 'policy')
    assert network.config == before.config
    assert torch.equal(network.imu_mean, before.imu_mean)
    assert not torch.equal(network.gain, before.gain)


def test_flights_of_another_renderer_are_refused_before_anything_flies(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['--output', str(tmp_path / 'run'), '--data', str(known / 'flights')]
    message = fail(capsys, *words, '--renderer', 'none')
    assert "must be of one renderer, got 'none' (flights of this run) and 'tiny'" in message
    assert not list(tmp_path.rglob('*.mcap'))


def test_policy_of_another_vehicle_is_refused_before_anything_flies(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ['--output', str(tmp_path / 'run'), '--init', str(known / 'policy')]
    message = fail(capsys, *words, '--task', 'drive_to_target', '--renderer', 'none')
    assert f"one vehicle, got 'quadrotor' (policy {known / 'policy'}) and 'rover'" in message
    assert not list(tmp_path.rglob('*.mcap'))


def test_flights_of_another_renderer_in_the_folder_are_refused_before_more_are_flown(
    known: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(known / 'flights', tmp_path / 'run' / 'episodes')
    before = sorted(tmp_path.rglob('*.mcap'))
    message = fail(capsys, '--output', str(tmp_path / 'run'), '--renderer', 'none')
    assert "must be of one renderer, got 'none' (flights of this run) and 'tiny'" in message
    assert sorted(tmp_path.rglob('*.mcap')) == before


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--season', 'winter'], 'season winter instead of summer'),
        (['--budget-minutes', '3'], 'budget_minutes 3.0 instead of 45.0'),
        (['--renderer', 'tiny'], 'renderer tiny instead of auto'),
        (['--rounds', '1'], 'way round by round instead of side by side'),
    ],
)
@pytest.mark.parametrize('kept', ['episodes/forest_summer_0000000.mcap', 'config.json'])
def test_run_goes_on_with_its_own_settings_only(
    words: list[str],
    message: str,
    kept: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    job = Dagger(tmp_path, settings=TrainSettings(**OWN, budget_minutes=45.0))
    note_settings(job)
    (tmp_path / kept).parent.mkdir(exist_ok=True)
    (tmp_path / kept).touch()
    said = fail(capsys, '--output', str(tmp_path), *words)
    assert f'{tmp_path} holds a run of other settings' in said
    assert message in said


def test_settings_of_a_run_that_came_to_nothing_may_be_corrected(tmp_path: Path) -> None:
    note_settings(Dagger(tmp_path))
    other = Dagger(tmp_path, season='winter')
    check_folder(other)
    note_settings(other)
    assert json.loads((tmp_path / 'run.json').read_text())['season'] == 'winter'


def test_more_rounds_may_follow_but_no_other_episodes(tmp_path: Path) -> None:
    note_settings(Dagger(tmp_path, rounds=1, episodes=2))
    (tmp_path / 'config.json').touch()
    check_folder(Dagger(tmp_path, rounds=5, episodes=2))
    with pytest.raises(ValueError, match='episodes 3 instead of 2'):
        check_folder(Dagger(tmp_path, rounds=1, episodes=3))


@pytest.mark.parametrize('words', [[], ['--rounds', '1']])
def test_policy_of_another_verb_is_neither_described_nor_replaced(
    words: list[str], known: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (known / 'policy' / 'config.json').read_bytes()
    message = fail(capsys, '--output', str(known / 'policy'), *words)
    assert f'{known / "policy"} holds a policy that dagger did not train' in message
    assert (known / 'policy' / 'config.json').read_bytes() == before
    assert not (known / 'policy' / 'episodes').exists()


@pytest.mark.parametrize(('said', 'mirror'), [(None, 0.5), (False, 0.0)])
def test_user_may_say_that_left_and_right_are_not_alike(
    said: bool | None, mirror: float, known: Path, tmp_path: Path
) -> None:
    settings = TrainSettings(batch_size=2, is_symmetric=said)
    job = Dagger(tmp_path, settings=settings, device='cpu')
    earlier = open_sources([str(known / 'flights')], job.network.preprocessing, print)
    learner = make_learner(job, job.trained, load_network(known / 'policy'), earlier, print)
    learner.begin()
    assert learner.trainer.strength.mirror == mirror


@pytest.mark.parametrize(
    ('error', 'line'),
    [
        (
            OSError(errno.ENOSPC, 'No space left on device', 'run/episodes/a.mcap'),
            'No space left on device; free some: what was flown is kept, the same command goes on '
            'from {run}: run/episodes/a.mcap',
        ),
        (
            ChildProcessError('2 processes were killed'),
            '2 processes were killed; what was flown is kept, the same command goes on from {run}',
        ),
    ],
)
def test_full_disk_and_dead_processes_are_told_with_what_to_do(
    error: OSError,
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fall(self: Collectors, timeout: float) -> list[Flown]:
        raise error

    monkeypatch.setattr(Collectors, 'take', fall)
    said = fail(capsys, '--output', str(tmp_path), '--budget-minutes', '1', *SHORT)
    assert said == f'lnn-control dagger: {line.format(run=tmp_path)}\n'


def test_rounds_are_the_same_whether_killed_or_not(tmp_path: Path) -> None:
    words = ['--rounds', '1', '--episodes', '2', '--epochs', '2', *SHORT, '--save-seconds', '0.1']
    words = ['--name', 'same', *words]
    assert cli.main(['dagger', '--output', str(tmp_path / 'whole'), *words]) == 0
    folder = tmp_path / 'killed'
    for landmark in ('episodes/0', 'rounds/0', 'episodes/1/.cache'):
        process = start('--output', str(folder), *words)
        wait_for(folder / landmark, process)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert cli.main(['dagger', '--output', str(folder), *words]) == 0
    name = 'model.safetensors'
    assert (folder / name).read_bytes() == (tmp_path / 'whole' / name).read_bytes()
    assert load_policy(folder).name == 'same'


def test_stages_of_rounds_start_from_the_one_before() -> None:
    arguments = ['--rounds', '1', '--memory', 'gru', '--learning-rate', '1e-3', '--noise', '0.2']
    job = Dagger(Path('x'), rounds=1, episodes=7)
    first, second, third, fourth = list_stages(job, [*arguments, '--task', 'hike'])
    assert first[:3] == ['collect', '--output', 'x/episodes/0']
    assert 'hike' in first and '--noise' in first and '--policy' not in first
    assert '--memory' in second and '--learning-rate' in second
    assert third[third.index('--policy') + 1] == 'x/rounds/0'
    assert third[third.index('--first-seed') + 1] == '7'
    assert fourth[fourth.index('--init') + 1] == 'x/rounds/0'
    assert '--memory' not in fourth and '--learning-rate' in fourth


def test_rounds_may_start_from_a_policy_and_its_flights() -> None:
    job = Dagger(Path('x'), rounds=1, data=('old',), init='before')
    first, second, third, fourth = list_stages(job, ['--rounds', '1'])
    assert first[first.index('--policy') + 1] == 'before'
    assert second[second.index('--init') + 1] == 'before'
    assert third[third.index('--policy') + 1] == fourth[fourth.index('--init') + 1] == 'x/rounds/0'
    for stage in (second, fourth):
        assert stage[1:5] == ['--data', 'x/episodes', '--data', 'old']


@pytest.mark.parametrize(
    'words',
    [['--steps', '3'], ['--augmentation=none'], ['--finish', '0.1', '--max-parameters', '30000']],
)
def test_rounds_train_as_the_options_of_dagger_say(words: list[str]) -> None:
    arguments = ['--output', 'x', '--rounds', '1', *words]
    job = options.read_options(Dagger, 'dagger', arguments)
    flight, training, *_ = list_stages(job, arguments)
    trained = options.read_options(train.Train, 'train', training[1:])
    assert trained.settings == job.settings
    assert trained.max_parameters == job.max_parameters
    assert trained.augmentation == job.augmentation
    assert options.read_options(Collect, 'collect', flight[1:]).renderer == job.renderer


@pytest.mark.parametrize(
    ('device', 'processes', 'count'), [('cpu', 4, 3), ('cpu', 1, 1), ('cuda', 4, 4)]
)
def test_a_core_trains_where_no_gpu_does(
    device: str, processes: int, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(train, 'choose_device', lambda name: torch.device(device))
    job = Dagger(Path('x'), processes=processes, device=device)
    assert count_collectors(job) == count


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--epochs', '3'], '--epochs has no effect: it needs --rounds'),
        (['--rounds', '1', '--budget-minutes', '3'], '--budget-minutes has no effect: rounds'),
        (['--rounds', '1', '--retries', '1'], '--retries has no effect: rounds collect and'),
        (['--rounds', '1', '--num-neurons', '400'], 'must have at most 20000 parameters'),
        (['--rounds', '1', '--augmentation', 'wild'], 'augmentation must be one of'),
        (['--rounds', '1', '--init', 'forest_cfc', '--sparsity', '0.4'], '--sparsity has no effe'),
        (['--rounds', '1', '--data', 'nowhere'], 'nowhere'),
        (['--task', 'chess'], 'task must be one of'),
        (['--num-neurons', '400'], 'must have at most 20000 parameters, got 156966'),
        (['--augmentation', 'wild'], 'augmentation must be one of'),
        (['--task', 'keep_lane', '--hold', '3'], '--hold has no effect'),
    ],
)
def test_bad_input_is_one_line_before_anything_flies(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fail(capsys, '--output', str(tmp_path / 'run'), *words)
    assert not list(tmp_path.rglob('*.mcap'))


def test_value_out_of_its_range_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        cli.main(['dagger', '--output', str(tmp_path / 'run'), '--retry-lead', '3', '2'])
    assert end.value.code == 2
    assert 'the second of retry_lead must be' in capsys.readouterr().err
    assert not (tmp_path / 'run').exists()
