# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Two real processes, started by torchrun, talking over this computer's loopback."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch

from lnn_control.imitation.distributed import ALONE, Group, Part, split_step
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.train import Keeping, train
from lnn_control.imitation.trainer import Trainer
from lnn_control.imitation.training_state import STATE_FILE
from tests.imitation import pair
from tests.imitation.posts import KILLED, make_network, make_sequences
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]


def command_pair(folder: Path, *jobs: str, options: Sequence[str] = ()) -> list[str]:
    """Return what lets torchrun start two processes of `tests.imitation.pair`."""
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2']
    return [*launch, *options, '-m', 'tests.imitation.pair', str(folder), *jobs]


def make_environment(life: int = 0) -> dict[str, str]:
    return {**os.environ, 'PYTHONPATH': str(ROOT), pair.LIFE: str(life)}


def run_pair(
    folder: Path, *jobs: str, options: Sequence[str] = (), life: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run it and return what became of it."""
    return subprocess.run(
        command_pair(folder, *jobs, options=options),
        cwd=ROOT,
        env=make_environment(life),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder in which two processes wrote down what they saw of every case."""
    folder = tmp_path_factory.mktemp('pair')
    done = run_pair(folder, 'all', 'whole')
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope='module')
def seen(folder: Path) -> list[dict]:
    return [json.loads((folder / f'seen{rank}.json').read_text()) for rank in range(2)]


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    return torch.load(path, weights_only=True)


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize('unit', [1, 8])
@pytest.mark.parametrize('size', [1, 2, 3, 7, 20])
@pytest.mark.parametrize('num_windows', [1, 5, 8, 19, 48])
def test_every_window_of_a_step_is_in_one_part_of_one_process(unit, size, num_windows):
    rows, drawn = [], set()
    for rank in range(size):
        done = 0
        for part in split_step(num_windows, 8, Group(rank, size, unit=unit)):
            assert unit == 1 or part.rows == slice(0, part.drawn)
            assert part.batch_rows == slice(done, done + part.rows.stop - part.rows.start)
            done = part.batch_rows.stop
            drawn.add((part.first, part.drawn))
            rows += range(part.first + part.rows.start, part.first + part.rows.stop)
    assert rows == list(range(num_windows))
    # The same draws, whoever makes them.
    assert drawn == {(p.first, p.drawn) for p in split_step(num_windows, 8, ALONE)}


def test_parts_by_hand():
    assert list(split_step(11, 8, Group(0, 2))) == [Part(0, 0, 8, slice(0, 5), slice(0, 5))]
    assert list(split_step(11, 8, Group(1, 2))) == [
        Part(0, 0, 8, slice(5, 8), slice(0, 3)),
        Part(1, 8, 3, slice(0, 3), slice(3, 6)),
    ]


@pytest.mark.parametrize('name', pair.CURVES)
def test_two_processes_have_the_losses_of_one(seen, name):
    alone, _ = pair.train_curve(pair.CURVES[name])
    assert len(alone) == 100
    for losses in (seen[0][name], seen[1][name]):
        assert np.array(losses) == pytest.approx(np.array(alone), abs=1e-4)
    # Something was learned, so that equal losses say something.
    assert np.mean(alone[-20:]) < 0.7 * np.mean(alone[:5])


def test_processes_hold_the_very_same_weights(folder):
    first, second = (load_weights(folder / f'weights{rank}.pt') for rank in range(2))
    assert all(equal(first[name], second[name]) for name in pair.CURVES)


def test_weights_are_those_of_one_process_to_the_bit_where_parts_are_whole(folder):
    _, alone = pair.train_curve(pair.CURVES['whole'])
    assert equal(alone.state_dict(), load_weights(folder / 'weights1.pt')['whole'])


def test_interrupt_of_one_process_ends_all_after_the_same_step_and_is_gone_on_with(
    folder, seen, tmp_path
):
    assert seen[0]['interrupted'] == seen[1]['interrupted'] == [1, 2, 3, 4, 5, -1]
    shutil.copytree(folder / 'left', tmp_path / 'left')
    sequences = make_sequences(has_privileged=True)
    network, rows = make_network(sequences), []
    train(network, sequences, KILLED, rows.append, Keeping(tmp_path / 'left', 1e9))
    assert rows[0].step == 6
    # Also by another number of processes.
    whole = load_weights(folder / 'whole0.pt')
    for name, value in network.state_dict().items():
        assert torch.allclose(value, whole[name], atol=1e-3), name


def test_budget_follows_the_clock_of_the_first_process(seen):
    first, second = seen[0]['by_clock'], seen[1]['by_clock']
    assert first == second
    assert len(first) > 1


def test_loss_that_is_not_finite_in_one_process_ends_all(seen):
    assert seen[0]['diverged'].startswith('loss is nan in epoch 0, step ')
    assert seen[0]['diverged'] == seen[1]['diverged']


def test_first_process_alone_judges_and_writes(seen):
    assert [row['judged'] for row in seen] == [4, 0]
    assert [row['files'] for row in seen] == [[STATE_FILE], []]


def test_no_thread_of_the_group_outlives_it(folder):
    # One that still held a tensor while Python ends would end the process by SIGABRT.
    for rank in range(2):
        threads = json.loads((folder / f'threads{rank}.json').read_text())
        assert threads and not [name for name in threads if 'gloo' in name]


def read_steps(folder: Path, rank: int) -> np.ndarray:
    """Return life, step and process id of every step of a process."""
    path = folder / f'steps{rank}.txt'
    return np.loadtxt(path, dtype=int, ndmin=2) if path.exists() else np.zeros((0, 3), int)


def is_running(process: int) -> bool:
    status = Path(f'/proc/{process}/stat')
    return status.exists() and status.read_text().rpartition(')')[2].split()[0] != 'Z'


def wait_until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_killed_training_started_again_ends_with_the_very_same_weights(folder, tmp_path):
    # First torchrun itself is killed: its processes must not go on beside their successors.
    launch = subprocess.Popen(command_pair(tmp_path, 'stuck'), cwd=ROOT, env=make_environment())
    wait_until(lambda: all(len(read_steps(tmp_path, rank)) == 3 for rank in range(2)))
    launch.kill()
    launch.wait()
    processes = [int(read_steps(tmp_path, rank)[0, 2]) for rank in range(2)]
    wait_until(lambda: not any(map(is_running, processes)))
    # Then a process dies after four steps; torchrun looks seldom, so that the other can speak.
    died = run_pair(tmp_path, 'dying', options=['--monitor-interval=3'])
    assert died.returncode != 0
    assert 'lost another process of this training: start it again' in died.stderr
    # Then the first one dies in its third write, then they go on to the end.
    assert run_pair(tmp_path, 'dying', life=1).returncode != 0
    done = run_pair(tmp_path, 'dying', life=2)
    assert done.returncode == 0, done.stderr
    steps = read_steps(tmp_path, 0)
    lives = [steps[steps[:, 2] == process, 1].tolist() for process in dict.fromkeys(steps[:, 2])]
    assert len(lives) == 4 and lives[0][0] == 1 and lives[-1][-1] == 24
    for life in lives:
        assert life == [*range(life[0], life[-1] + 1)]
    # A step is saved after it was told of: of the last one of a life that is a matter of luck.
    for life, after in pairwise(lives):
        assert after[0] in (life[-1], life[-1] + 1)
    for rank in range(2):
        whole = load_weights(folder / f'whole{rank}.pt')
        assert equal(load_weights(tmp_path / f'killed{rank}.pt'), whole)


def test_processes_of_other_options_are_refused(tmp_path):
    done = run_pair(tmp_path, 'disagree')
    assert done.returncode != 0
    assert 'must be given the same options and episodes, got seed 1 instead of 0' in done.stderr


def test_batch_smaller_than_the_number_of_processes_is_refused():
    sequences = make_sequences()
    with pytest.raises(ValueError, match='batch_size must be at least 3, one window for each'):
        Trainer(
            make_network(sequences), sequences, TrainSettings(batch_size=2), processes=Group(0, 3)
        )


@pytest.mark.skipif(torch.cuda.device_count() < 2, reason='there are no two GPUs')
def test_two_gpus_have_the_losses_of_one(tmp_path):
    done = run_pair(tmp_path, 'gpus')
    assert done.returncode == 0, done.stderr
    rows = [json.loads((tmp_path / f'gpu{rank}.json').read_text()) for rank in range(2)]
    alone, _ = pair.train_curve(pair.GPU_CURVE, device='cuda')
    assert rows[0] == rows[1]
    assert np.array(rows[0]) == pytest.approx(np.array(alone), rel=0.05)
