# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What processes that torchrun started train together; each writes down what it saw."""

import itertools
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from lnn_control.imitation import trainer as trainer_module
from lnn_control.imitation.augment import LEVELS
from lnn_control.imitation.cache import Sequence
from lnn_control.imitation.distributed import ALONE, Group, join_group
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.train import Keeping, train
from lnn_control.policies.network import Network
from tests.imitation.posts import KILLED, SETTINGS, kill_in_write, make_network, make_sequences
from tests.patience import PATIENCE

LIFE = 'LIFE_OF_A_KILLED_TRAINING'
"""Which start of a training that is killed again and again this is, from 0."""
CURVES = {
    # A CPU computes a step in parts of eight windows. The border between processes cuts them,
    'cut': replace(SETTINGS, steps=100, batch_size=11, augmentation=LEVELS['strong']),
    'carried': replace(KILLED, steps=100),
    # or does not, where the batch is a multiple of eight for each.
    'whole': replace(KILLED, steps=100, batch_size=16, windows=SETTINGS.windows),
}
"""Name -> settings of trainings of which every step's losses are compared."""
GPU_CURVE = replace(SETTINGS, steps=20, batch_size=10, augmentation=LEVELS['strong'])


def make_mixed_sequences() -> list[Sequence]:
    """Return flights of which some have no privileged labels and one no segmentation."""
    rng = np.random.default_rng(1)
    mixed = []
    for i, sequence in enumerate(make_sequences(7, has_privileged=True)):
        classes = rng.integers(0, 20, sequence.images.shape[:3], dtype=np.uint8)
        privileged = sequence.privileged if i % 3 else None
        mixed.append(
            replace(sequence, privileged=privileged, segmentation=classes if i != 4 else None)
        )
    return mixed


def train_curve(
    settings: TrainSettings, processes: Group = ALONE, device: str = 'cpu'
) -> tuple[list[list[float]], Network]:
    """Return the losses of every step, and the network."""
    sequences = make_mixed_sequences()
    network = make_network(sequences).to(device)
    rows: list[list[float]] = []
    with fix_type(torch.float32 if settings.batch_size % 16 else None):
        train(
            network,
            sequences,
            settings,
            lambda row: rows.append([row.loss, row.head_loss]),
            processes=processes,
        )
    return rows, network


@contextmanager
def fix_type(dtype: torch.dtype | None) -> Iterator[None]:
    """Compute convolutions in a type, None in that of the device.

    In 16 bits a difference in a sum's last bit now and then rounds a weight the other way, and
    grows: two processes then differ from one as much as one from itself with other such bits.
    """
    choose = trainer_module.choose_dtype
    trainer_module.choose_dtype = choose if dtype is None else lambda device: dtype
    try:
        yield
    finally:
        trainer_module.choose_dtype = choose


def train_to_interrupt(folder: Path, processes: Group) -> list[int]:
    """Train until one process gets Ctrl-C; return the steps of this process."""
    steps: list[int] = []

    def report(row: Any) -> None:
        steps.append(row.step)
        if row.step == 5 and not processes.is_first:
            os.kill(os.getpid(), signal.SIGINT)

    sequences = make_sequences(has_privileged=True)
    try:
        train(
            make_network(sequences),
            sequences,
            KILLED,
            report,
            Keeping(folder, 1e9),
            processes=processes,
        )
    except KeyboardInterrupt:
        steps.append(-1)
    return steps


def train_by_clock(processes: Group) -> list[list[float]]:
    """Train for half a second of clocks that go on when read, in one process three times as fast.

    However busy the computer is, there are several steps in it.
    """
    ticks = itertools.count(0.0, 0.02 if processes.is_first else 0.06)
    trainer_module.time = SimpleNamespace(perf_counter=lambda: next(ticks))
    rows: list[list[float]] = []
    sequences = make_sequences()
    train(
        make_network(sequences),
        sequences,
        replace(SETTINGS, budget_minutes=0.01),
        lambda row: rows.append([row.step, row.learning_rate]),
        processes=processes,
    )
    trainer_module.time = time
    return rows


def diverge(processes: Group) -> str:
    """Train on one flight that is no number, which is one process's at a time."""
    sequences = make_sequences()
    network = make_network(sequences)
    sequences[3].labels[:] = np.nan
    try:
        train(network, sequences, SETTINGS, processes=processes)
    except FloatingPointError as error:
        return str(error)
    return ''


def train_best(folder: Path, processes: Group) -> tuple[int, Network]:
    """Train with a judge; return how often this process judged, and the network."""
    judged: list[int] = []

    def judge(policy: Any) -> float:
        judged.append(1)
        return -float(len(judged))

    sequences = make_sequences()
    network = make_network(sequences)
    train(network, sequences, SETTINGS, keeping=Keeping(folder, 0.0, judge), processes=processes)
    return len(judged), network


def disagree(folder: Path, processes: Group) -> None:
    """Train with another seed in each process."""
    sequences = make_sequences()
    settings = replace(SETTINGS, seed=processes.rank)
    train(make_network(sequences), sequences, settings, processes=processes)


def train_all(folder: Path, processes: Group) -> None:
    """Go through all of the above."""
    seen: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    for name, settings in CURVES.items():
        seen[name], network = train_curve(settings, processes)
        weights[name] = network.state_dict()
    seen['interrupted'] = train_to_interrupt(folder / 'left', processes)
    seen['by_clock'] = train_by_clock(processes)
    seen['diverged'] = diverge(processes)
    own = folder / f'judged{processes.rank}'
    seen['judged'], _ = train_best(own, processes)
    seen['files'] = sorted(path.name for path in own.glob('*'))
    (folder / f'seen{processes.rank}.json').write_text(json.dumps(seen))
    torch.save(weights, folder / f'weights{processes.rank}.pt')


def train_noting(folder: Path, processes: Group, act: Callable[[int], None]) -> None:
    """Train KILLED, saving after every step, and note steps and process.

    :param act: hears which step of this life is done, from 1.
    """
    life, rank = os.environ.get(LIFE, '0'), processes.rank
    first: list[int] = []

    def report(row: Any) -> None:
        first.append(row.step)
        with open(folder / f'steps{rank}.txt', 'a') as stream:
            stream.write(f'{life} {row.step} {os.getpid()}\n')
        act(row.step - first[0] + 1)

    sequences = make_sequences(has_privileged=True)
    network = make_network(sequences)
    train(network, sequences, KILLED, report, Keeping(folder / 'kept', 0.0), processes=processes)
    torch.save(network.state_dict(), folder / f'killed{rank}.pt')


def train_stuck(folder: Path, processes: Group) -> None:
    """Train until one process stands still after its third step."""

    def act(step: int) -> None:
        if step == 3 and not processes.is_first:
            time.sleep(PATIENCE)

    train_noting(folder, processes, act)


def train_dying(folder: Path, processes: Group) -> None:
    """Train; a process dies in the first life after four steps, one in the second in a write."""
    life = int(os.environ.get(LIFE, '0'))

    def act(step: int) -> None:
        if life == 0 and step == 4 and not processes.is_first:
            os.kill(os.getpid(), signal.SIGKILL)

    if life == 1 and processes.is_first:
        kill_in_write(3)
    train_noting(folder, processes, act)


def train_whole(folder: Path, processes: Group) -> None:
    """Train KILLED in one go."""
    sequences = make_sequences(has_privileged=True)
    network = make_network(sequences)
    train(network, sequences, KILLED, processes=processes)
    torch.save(network.state_dict(), folder / f'whole{processes.rank}.pt')


def train_on_gpus(folder: Path, processes: Group) -> None:
    """Train a curve, each process on a GPU of its own."""
    torch.cuda.set_device(processes.local_rank)
    rows, _ = train_curve(GPU_CURVE, processes, f'cuda:{processes.local_rank}')
    (folder / f'gpu{processes.rank}.json').write_text(json.dumps(rows))


def name_threads() -> list[str]:
    """Return the names of all threads of this process, also of those that Python did not start."""
    return [path.read_text().strip() for path in Path('/proc/self/task').glob('*/comm')]


JOBS = {
    'all': train_all,
    'whole': train_whole,
    'stuck': train_stuck,
    'dying': train_dying,
    'disagree': disagree,
    'gpus': train_on_gpus,
}
"""Name of what the processes do -> the function that does it."""

if __name__ == '__main__':
    torch.set_num_threads(1)
    with join_group() as group:
        for name in sys.argv[2:]:
            JOBS[name](Path(sys.argv[1]), group)
    (Path(sys.argv[1]) / f'threads{group.rank}.json').write_text(json.dumps(name_threads()))
