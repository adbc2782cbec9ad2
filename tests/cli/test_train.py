# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lnn_control.cli import main as cli
from lnn_control.imitation.episode import Episode
from lnn_control.imitation.episode_file import read_episode, write_episode
from lnn_control.policies.checkpoint import load_network, load_policy
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]

TINY_ENCODER = [
    *('--width-px', '16', '--height-px', '8'),
    *('--channels', '4', '4', '4', '6', '--num-places', '4'),
]
TINY = [*TINY_ENCODER, '--num-neurons', '16']


@pytest.fixture
def data(tmp_path):
    rng = np.random.default_rng(0)
    for seed in range(2):
        episode = Episode(
            images=rng.integers(0, 256, (24, 8, 16, 3), dtype=np.uint8),
            image_stamps=1.0 + 0.05 * np.arange(24),
            imu=rng.normal(size=(240, 6)).astype(np.float32),
            imu_stamps=0.955 + 0.005 * np.arange(240),
            flown=rng.normal(size=(24, 4)).astype(np.float32),
            labels=rng.normal(size=(24, 4)).astype(np.float32),
        )
        write_episode(tmp_path / 'data' / f'{seed}.mcap', episode)
    threads = torch.get_num_threads()
    yield tmp_path / 'data'
    torch.set_num_threads(threads)


def train(data, output, *more: str) -> int:
    sizes = [] if '--init' in more else TINY
    words = ['train', '--data', str(data), '--output', str(output), '--epochs', '2', *sizes]
    return cli.main([*words, *more])


def fail(capsys, *arguments) -> str:
    """Train with arguments that must end with 1 and one line; return the line."""
    assert train(*arguments) == 1
    output = capsys.readouterr().err
    assert output.count('\n') == 1, output
    return output


def test_writes_a_checkpoint_that_says_where_it_comes_from(data, tmp_path):
    assert train(data, tmp_path / 'out', '--name', 'tiny') == 0
    config = json.loads((tmp_path / 'out' / 'config.json').read_text())
    assert config['name'] == 'tiny'
    training = config['training']
    assert training['data'] == {'episodes': 2, 'images': 48, 'places': []}
    assert len(training['losses']) == 2
    assert training['settings']['epochs'] == 2
    assert training['versions']['torch']
    network = load_network(tmp_path / 'out')
    assert network.config.num_neurons == 16
    assert network.num_parameters() == config['num_parameters']
    # Normalisation comes from the data.
    assert network.imu_scale.std() > 0


def test_name_is_that_of_the_output_folder_and_the_domain_that_of_the_data(data, tmp_path):
    for path in data.glob('*.mcap'):
        episode = read_episode(path)
        episode.metadata.update(task='hike', vehicle='quadrotor', camera_rate='20.0')
        write_episode(path, episode)
    assert train(data, tmp_path / 'mine', '--max-stride', '2') == 0
    policy = load_policy(tmp_path / 'mine')
    assert policy.name == 'mine'
    assert policy.domain.tasks == ('hike',)
    assert policy.domain.vehicle == 'quadrotor'
    assert policy.domain.camera_rate == (10.0, 20.0)
    assert policy.domain.camera_fov_deg is None
    assert policy.domain.appearance is not None


def test_sizes_have_no_effect_beside_a_checkpoint_to_start_from(data, tmp_path, capsys):
    assert train(data, tmp_path / 'first') == 0
    capsys.readouterr()
    more = ['--init', str(tmp_path / 'first'), '--num-neurons', '20', '--width-px', '32']
    line = fail(capsys, data, tmp_path / 'second', *more)
    assert '--num-neurons and --width-px have no effect: the network is that of' in line


def test_same_seed_writes_the_same_weights_and_another_one_differs(data, tmp_path):
    for name, seed in (('a', '3'), ('b', '3'), ('c', '4')):
        assert train(data, tmp_path / name, '--seed', seed) == 0
    weights = {n: (tmp_path / n / 'model.safetensors').read_bytes() for n in 'abc'}
    assert weights['a'] == weights['b'] != weights['c']


def test_goes_on_from_a_checkpoint_with_its_network_and_normalisation(data, tmp_path):
    assert train(data, tmp_path / 'first') == 0
    more = ['--init', str(tmp_path / 'first'), '--learning-rate', '1e-7']
    assert train(data, tmp_path / 'second', *more) == 0
    first, second = load_network(tmp_path / 'first'), load_network(tmp_path / 'second')
    assert second.config == first.config
    assert torch.equal(first.imu_mean, second.imu_mean)
    for key, value in first.state_dict().items():
        assert torch.allclose(value.float(), second.state_dict()[key].float(), atol=1e-4), key


def test_bad_input_is_one_line(data, tmp_path, capsys):
    out = tmp_path / 'out'
    assert 'found none: run `lnn-control collect` first' in fail(capsys, tmp_path / 'no', out)
    assert "got 'nothing'" in fail(capsys, data, out, '--init', 'nothing')
    assert 'threads must be' in fail(capsys, data, out, '--threads', '-2')
    (data / 'broken.mcap').write_bytes(b'broken')
    assert 'broken.mcap is no complete MCAP file' in fail(capsys, data, out)


def test_output_that_cannot_be_is_found_before_the_training(data, tmp_path, capsys):
    (tmp_path / 'file').write_text('in the way')
    line = fail(capsys, data, tmp_path / 'file' / 'out')
    assert 'Not a directory' in line or 'File exists' in line
    assert not (data / '.cache').exists()


def test_training_that_diverges_is_one_line_and_leaves_no_checkpoint(
    data, tmp_path, capsys, monkeypatch
):
    from lnn_control.imitation import train as training

    def diverge(*arguments):
        raise FloatingPointError('loss is nan in epoch 0, step 0: lower learning_rate')

    monkeypatch.setattr(training, 'train', diverge)
    assert 'training failed: loss is nan' in fail(capsys, data, tmp_path / 'out')
    assert not list((tmp_path / 'out').iterdir())


@pytest.mark.parametrize('memory', ['lstm', 'one_frame'])
def test_trains_any_memory_that_is_named(data, tmp_path, memory):
    more = ['--data', str(data), '--output', str(tmp_path / 'out'), '--epochs', '1']
    assert cli.main(['train', *more, *TINY_ENCODER, '--memory', memory]) == 0
    assert load_network(tmp_path / 'out').config.memory == memory


def test_network_larger_than_allowed_is_refused_before_the_data_is_read(data, tmp_path, capsys):
    line = fail(capsys, data, tmp_path / 'out', '--max-parameters', '1000')
    assert 'must have at most 1000 parameters, got' in line
    assert all(f'{part} ' in line for part in ('encoder', 'memory', 'head'))
    assert train(data, tmp_path / 'out', '--max-parameters', '20000') == 0


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        (('--memory', 'lstmm'), "did you mean 'lstm'"),
        (('--memory', 'lstm', '--sparsity', '0.4'), "has no option 'sparsity'"),
        (('--memory', 'tcn', '--memory-option', 'kernel=2'), "did you mean 'kernel_size'"),
    ],
)
def test_unknown_memory_or_an_option_without_effect_is_wrong_usage(
    data, tmp_path, capsys, more, message
):
    words = ['train', '--data', str(data), '--output', str(tmp_path / 'out')]
    with pytest.raises(SystemExit) as end:
        cli.main([*words, *more])
    assert end.value.code == 2
    shown = ' '.join(capsys.readouterr().err.replace('│', ' ').split())
    assert message in shown


def test_level_of_augmentation_is_changed_by_single_strengths(data, tmp_path):
    more = ['--augmentation', 'strong', '--gamma', '0.1', '--steps', '2']
    words = ['train', '--data', str(data), '--output', str(tmp_path / 'out'), *TINY, *more]
    assert cli.main(words) == 0
    config = json.loads((tmp_path / 'out' / 'config.json').read_text())
    strengths = config['training']['settings']['augmentation']
    assert strengths['gamma'] == 0.1
    assert strengths['haze'] == 0.3
    assert strengths['image_noise'] == 0.06


def test_wrong_values_and_options_without_effect_are_one_line(data, tmp_path, capsys):
    out = tmp_path / 'out'
    for more, message in (
        (('--augmentation', 'wild'), "augmentation must be one of ['none', 'weak', 'strong']"),
        (('--device', 'tpu'), "device must be one of ['auto', 'cpu', 'cuda']"),
        (('--steps', '3'), '--epochs has no effect: steps says when to end'),
        (('--validate-episodes', '0'), 'validate_episodes must be'),
        (('--validate-episodes', '3'), 'validation needs a task, but no episode names one'),
    ):
        assert message in fail(capsys, data, out, *more)


def test_damaged_episode_among_others_is_named_as_such(data, tmp_path, capsys):
    path = sorted(data.glob('*.mcap'))[0]
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    line = fail(capsys, data, tmp_path / 'out')
    assert f'{path} is no complete MCAP file' in line
    assert not list(data.rglob('imported*'))


def test_training_without_data_says_what_is_missing(tmp_path, capsys):
    assert cli.main(['train', '--output', str(tmp_path / 'out')]) == 1
    assert 'give --data FOLDER' in capsys.readouterr().err
    assert not (tmp_path / 'out').exists()


@pytest.mark.parametrize('name', ['vehicle', 'renderer'])
def test_data_of_two_vehicles_or_renderers_is_one_line(data, tmp_path, capsys, name):
    for path, value in zip(sorted(data.glob('*.mcap')), ('one', 'two'), strict=True):
        episode = read_episode(path)
        episode.metadata[name] = value
        write_episode(path, episode)
    line = fail(capsys, data, tmp_path / 'out')
    assert f"episodes must be of one {name}, got 'one' (0.mcap) and 'two' (1.mcap)" in line


def test_left_training_goes_on_with_the_same_command_alone(data, tmp_path, capsys, monkeypatch):
    from lnn_control.imitation.trainer import Trainer

    step = Trainer.step

    def run_out_of_memory(trainer):
        if trainer.position.step == 2:
            raise torch.cuda.OutOfMemoryError('CUDA out of memory')
        return step(trainer)

    out = tmp_path / 'out'
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, 'step', run_out_of_memory)
        line = fail(capsys, data, out, '--save-seconds', '0', '--batch-size', '1')
    assert 'too little memory for --batch-size 1: halve it, or use --device cpu' in line
    assert (out / 'training_state.pt').exists()
    line = fail(capsys, data, out, '--batch-size', '2')
    assert 'batch_size 2 instead of 1' in line
    assert train(data, out, '--batch-size', '1') == 0
    assert not (out / 'training_state.pt').exists()
    assert train(data, tmp_path / 'whole', '--batch-size', '1') == 0
    weights = [(tmp_path / n / 'model.safetensors').read_bytes() for n in ('out', 'whole')]
    assert weights[0] == weights[1]


def test_scalars_are_written_for_tensorboard(data, tmp_path):
    assert train(data, tmp_path / 'out', '--batch-size', '1') == 0
    files = list((tmp_path / 'out' / 'tensorboard').iterdir())
    assert b'images_per_second' in b''.join(file.read_bytes() for file in files)


def start_two(*words: str) -> subprocess.CompletedProcess[str]:
    """Run a verb as torchrun starts two processes of it."""
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2']
    return subprocess.run(
        [*launch, '-m', 'lnn_control.cli.main', *words],
        env={**os.environ, 'PYTHONPATH': str(ROOT)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


def test_two_processes_write_one_checkpoint_with_the_losses_of_one(data, tmp_path):
    words = ['--data', str(data), '--epochs', '2', *TINY]
    done = start_two('train', *words, '--output', str(tmp_path / 'two'))
    assert done.returncode == 0, done.stderr
    assert done.stdout.count('2 episodes, 48 images') == done.stdout.count('loss by epoch') == 1
    assert train(data, tmp_path / 'one') == 0
    one, two = (
        json.loads((tmp_path / name / 'config.json').read_text())['training']['losses']
        for name in ('one', 'two')
    )
    assert two == pytest.approx(one, abs=1e-4)
    assert len(list((tmp_path / 'two' / 'tensorboard').iterdir())) == 1


def test_what_two_processes_both_fail_at_is_told_once(data, tmp_path):
    for words, message in (
        (['--data', str(tmp_path / 'no')], 'found none: run `lnn-control collect` first'),
        (['--data', str(data), '--batch-size', '1', *TINY], 'batch_size must be at least 2'),
    ):
        done = start_two('train', *words, '--output', str(tmp_path / 'out'))
        assert done.returncode != 0
        assert done.stderr.count('lnn-control train: ') == done.stderr.count(message) == 1
    assert 'only train works in several processes' in start_two('evaluate').stderr
