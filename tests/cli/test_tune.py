# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control tune` as a user starts it, also killed and started again."""

import json
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from lnn_control.cli import main as cli
from lnn_control.cli import train, validation
from lnn_control.cli.search import open_search
from lnn_control.cli.search_space import read_space
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import write_episode
from lnn_control.imitation.trainer import Trainer
from lnn_control.imitation.training_state import STATE_FILE
from lnn_control.policies.checkpoint import read_config
from tests.patience import PATIENCE

TINY = [
    *('--width-px', '16', '--height-px', '8', '--channels', '4', '4', '4', '6'),
    *('--num-places', '4', '--num-neurons', '16', '--steps', '40', '--save-seconds', '0'),
]
VARIED = ('learning_rate=1e-3:1e-2:log', 'batch_size=1,2', 'heads=true,false')
NUM_TRAININGS = 2
TASK = 'tests.cli.short_flight:ShortFlight'


@pytest.fixture(autouse=True, scope='module')
def same_threads():
    threads = torch.get_num_threads()
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope='module')
def data(tmp_path_factory) -> Path:
    rng = np.random.default_rng(0)
    folder = tmp_path_factory.mktemp('tune') / 'data'
    for seed in range(2):
        episode = Episode(
            images=rng.integers(0, 256, (24, 8, 16, 3), dtype=np.uint8),
            image_stamps=1.0 + 0.05 * np.arange(24),
            imu=rng.normal(size=(240, 6)).astype(np.float32),
            imu_stamps=0.955 + 0.005 * np.arange(240),
            flown=rng.normal(size=(24, 4)).astype(np.float32),
            labels=rng.normal(size=(24, 4)).astype(np.float32),
            metadata={'task': TASK, 'world': 'forest', 'season': 'summer', 'renderer': 'tiny'},
        )
        write_episode(folder / f'{seed}.mcap', episode)
    return folder


def make_words(data: Path, output: Path, *more: str, vary=VARIED) -> list[str]:
    varied = [word for text in vary for word in ('--vary', text)]
    words = ['--data', str(data), '--output', str(output), *varied, *TINY, *more]
    return [*words, '--validate-episodes', '1', '--processes', '1']


def kill_in_training(words: list[str], folder: Path) -> int:
    """Start a search, kill it when a training has saved its state, and return its steps."""
    process = subprocess.Popen(
        [sys.executable, '-m', 'lnn_control.cli.main', 'tune', *words],
        env={**os.environ, 'OMP_NUM_THREADS': '1'},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        deadline = time.monotonic() + PATIENCE
        while not (folder / STATE_FILE).exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < deadline
            time.sleep(0.01)
    finally:
        process.kill()
        process.communicate()
    state = torch.load(folder / STATE_FILE, weights_only=True)
    return int(state['trainer']['position']['step'])


@pytest.fixture(scope='module')
def search(data) -> tuple[Path, list[int], list[int]]:
    """Search, killed in the first training, and return its folder, steps then and gone on from."""
    output = data.parent / 'search'
    words = make_words(data, output, '--trainings', f'{NUM_TRAININGS}')
    killed = kill_in_training(words, output / 'trainings' / '0000')
    resumed = []
    load = Trainer.load_state_dict

    def note(trainer, state):
        load(trainer, state)
        resumed.append(trainer.position.step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Trainer, 'load_state_dict', note)
        assert cli.main(['tune', *words]) == 0
    return output, [killed], resumed


def read_results(output: Path) -> dict:
    return json.loads((output / 'tune.json').read_text())


def test_killed_search_goes_on_with_the_training_it_was_in(search):
    output, killed, resumed = search
    assert resumed == killed and 0 < killed[0] < 40
    # Nothing is counted twice, nothing half done is left.
    assert [row['number'] for row in read_results(output)['trainings']] == [0, 1]
    assert not list(output.rglob('*.part')) and not list(output.rglob(STATE_FILE))
    assert not list(output.glob('journal.log.lock*'))


def test_killed_search_tries_what_it_would_have_tried(search, tmp_path):
    rows = read_results(search[0])['trainings']
    with open_search(tmp_path, read_space(VARIED, set()), 0, {}) as fresh:
        assert fresh.propose().point == rows[0]['values']


def test_values_reach_the_training(search):
    output, *_ = search
    for row in read_results(output)['trainings']:
        settings = read_config(output / row['folder'])['training']['settings']
        assert settings['learning_rate'] == row['values']['learning_rate']
        assert settings['batch_size'] == int(row['values']['batch_size'])
        assert settings['heads'] == (row['values']['heads'] == 'true')
        assert settings['steps'] == 40


def test_best_is_trained_to_the_same_weights_by_its_command(search, tmp_path):
    output, *_ = search
    results = read_results(output)
    program, verb, *words = shlex.split(results['train'])
    assert (program, verb) == ('lnn-control', 'train')
    words[words.index('--output') + 1] = str(tmp_path)
    assert cli.main([verb, *words]) == 0
    best = output / results['trainings'][results['best']]['folder']
    name = 'model.safetensors'
    assert (tmp_path / name).read_bytes() == (best / name).read_bytes()


def test_results_say_what_was_searched_and_where_they_come_from(search):
    output, *_ = search
    results = read_results(output)
    assert results['command'].startswith('lnn-control tune --data')
    assert results['versions']['optuna'] and results['versions']['commit']
    judged = results['settings']['judged']
    assert (judged['first_seed'], judged['episodes']) == (1_000_000, 1)
    assert judged['task'] == 'short_flight'
    assert results['settings']['vary']['batch_size'] == ['1', '2']
    # The untrained policy hovers, which is all that is asked.
    assert [row['successes'] for row in results['trainings']] == [1, 1]
    assert results['best'] == 0
    assert results['trainings'][0]['wilson_low'] == pytest.approx(0.2065, abs=1e-4)
    assert (output / 'tune.png').stat().st_size > 10_000


def test_finished_search_is_shown_again_and_trains_nothing(search, data, capsys, monkeypatch):
    output, *_ = search
    monkeypatch.setattr(train, 'train_policy', lambda job: pytest.fail('trained again'))
    words = make_words(data, output, '--trainings', f'{NUM_TRAININGS}')
    assert cli.main(['tune', *words]) == 0
    shown = capsys.readouterr().out
    assert '2 trainings, 1 validation trials each' in shown
    assert 'too few to tell any training from the best' in shown
    assert f'lnn-control train --output {output}/best' in shown


def test_search_of_other_settings_or_data_is_refused(search, data, capsys):
    words = make_words(data, search[0], '--seed', '3')
    assert cli.main(['tune', *words]) == 1
    line = capsys.readouterr().err
    assert line.count('\n') == 1 and 'other settings (seed 3 instead of 0)' in line


def test_trainings_of_a_search_whose_journal_is_gone_are_not_taken_over(data, tmp_path, capsys):
    (tmp_path / 'trainings' / '0000').mkdir(parents=True)
    assert cli.main(['tune', *make_words(data, tmp_path)]) == 1
    assert 'holds trainings without the journal.log of their search' in capsys.readouterr().err


def test_training_that_diverges_counts_as_no_success_and_the_search_goes_on(
    data, tmp_path, capsys, monkeypatch
):
    step, flown = Trainer.step, []

    def diverge(trainer):
        if trainer.settings.batch_size == 2:
            raise FloatingPointError('loss is nan in epoch 0, step 0: lower learning_rate')
        return step(trainer)

    def make_judge(episodes, count, processes):
        return lambda policy: flown.append(policy.name) or 1.0

    monkeypatch.setattr(Trainer, 'step', diverge)
    monkeypatch.setattr(validation, 'make_judge', make_judge)
    assert cli.main(['tune', *make_words(data, tmp_path, vary=['batch_size=1,2'])]) == 0
    output = capsys.readouterr().out
    assert 'all 2 combinations are trained' in output
    assert 'has no policy: training failed: loss is nan' in output
    results = read_results(tmp_path)
    by_size = {row['values']['batch_size']: row for row in results['trainings']}
    assert by_size['2']['success_rate'] == 0.0 and 'nan' in by_size['2']['error']
    assert by_size['1']['success_rate'] == 1.0 and len(flown) == 1
    assert results['best'] == by_size['1']['number']


def test_search_stopped_in_the_flights_flies_again_but_does_not_train_again(
    data, tmp_path, capsys, monkeypatch
):
    trained, judged = [], []

    def train_policy(job):
        trained.append(job.output.name)
        return real(job)

    def make_judge(episodes, count, processes):
        def judge(policy):
            judged.append(policy.name)
            if len(judged) == 1:
                raise KeyboardInterrupt
            return 0.0

        return judge

    real = train.train_policy
    monkeypatch.setattr(train, 'train_policy', train_policy)
    monkeypatch.setattr(validation, 'make_judge', make_judge)
    words = make_words(data, tmp_path, '--trainings', '1', vary=['batch_size=1,2'])
    assert cli.main(['tune', *words]) == 130
    assert f'stopped: the same command goes on from {tmp_path}' in capsys.readouterr().out
    assert cli.main(['tune', *words]) == 0
    assert (trained, judged) == (['0000'], ['0000', '0000'])
    assert len(read_results(tmp_path)['trainings']) == 1


@pytest.mark.parametrize(
    ('vary', 'more', 'message'),
    [
        ((), (), 'nothing to search: say what to --vary'),
        (('lerning_rate=1e-3,1e-2',), (), "did you mean 'learning_rate'"),
        (('learning_rate=1e-3:5',), (), 'must be a finite number in [1e-07, 1], got 5'),
        (('batch_size=4,0',), (), 'train refuses batch_size 0: batch_size must be'),
        (('augmentation=weak,wild',), (), "must be one of ['none', 'weak', 'strong']"),
        (('memory=ncp_cfc,lstmm',), (), "did you mean 'lstm'"),
        (('memory=ncp_cfc,lstm', 'sparsity=0.4,0.5'), (), "refuses memory lstm, sparsity 0.4: "),
        (('num_places=2,200',), (), 'num_places 200'),
        (('num_neurons=16:400',), ('--max-parameters', '20000'), 'at most 20000 parameters'),
        (('init=forest_cfc,nothing',), (), "got 'nothing'"),
        (('epochs=2,4',), (), '--epochs has no effect: steps says when to end'),
        (('batch_size=1,2',), ('--trainings', '0'), 'trainings must be'),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_before_anything_is_trained(
    data, tmp_path, capsys, vary, more, message
):
    words = make_words(data, tmp_path / 'out', *more, vary=vary)
    for name in ('num_places', 'num_neurons'):
        if any(text.startswith(name) for text in vary):
            place = words.index(f'--{name.replace("_", "-")}')
            del words[place : place + 2]
    if vary and vary[0].startswith(('init', 'memory')):
        # The sizes have no effect beside those.
        words = [*words[: words.index(TINY[0])], *words[words.index('--steps') :]]
    assert cli.main(['tune', *words]) == 1
    line = capsys.readouterr().err
    assert line.count('\n') == 1 and message in line, line
    assert not (tmp_path / 'out').exists()


def test_images_smaller_than_a_network_are_found_before_anything_is_trained(
    data, tmp_path, capsys
):
    words = make_words(data, tmp_path / 'out', vary=['width_px=16,32'])
    del words[words.index('--width-px') : words.index('--width-px') + 2]
    assert cli.main(['tune', *words]) == 1
    assert 'must be at least 32x8 pixels, got 16x8' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


def test_episodes_without_a_task_cannot_be_judged(data, tmp_path, capsys):
    from lnn_control.imitation.episode_file import read_episode

    episode = read_episode(data / '0.mcap')
    episode.metadata.clear()
    write_episode(tmp_path / 'data' / '0.mcap', episode)
    words = make_words(tmp_path / 'data', tmp_path / 'out')
    assert cli.main(['tune', *words]) == 1
    assert 'validation needs a task, but no episode names one' in capsys.readouterr().err
