# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Behaviour cloning: a network learns to command what the expert would have commanded."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lnn_control.imitation.cache import Sequence as EpisodeSequence
from lnn_control.imitation.distributed import ALONE, Group
from lnn_control.imitation.settings import TrainSettings, describe_difference
from lnn_control.imitation.trainer import Report, StepReport, Trainer
from lnn_control.imitation.training_state import (
    TrainingStateError,
    load_state,
    save_state,
)
from lnn_control.policies.network import Network
from lnn_control.policies.network_policy import NetworkPolicy
from lnn_control.policies.policy import Policy

Judge = Callable[[Policy], float]
"""Flies a policy closed loop and returns how good it is; more is better."""

__all__ = ['Judge', 'Report', 'StepReport', 'TrainSettings', 'Trainer', 'train']


@dataclass(frozen=True)
class Keeping:
    """Where and how often a training is saved, and how it is judged on the way.

    :param folder: of the state file. :param seconds: between two saves.
    :param judge: None keeps the last weights instead of the best.
    :param num_judgements: evenly over the training, the last one at its end.
    :param description: what else must be the same to go on, such as the checkpoint started from.
    """

    folder: Path | None = None
    seconds: float = 30.0
    judge: Judge | None = None
    num_judgements: int = 4
    description: tuple[tuple[str, Any], ...] = ()


def fit_normalisation(
    network: Network, sequences: Sequence[EpisodeSequence], is_symmetric: bool = True
) -> None:
    """Set the network's normalisation from the training data.

    :param is_symmetric: whether left and right are alike.
    """
    for name, rows in (
        ('imu', np.concatenate([sequence.imu for sequence in sequences])),
        ('command', np.concatenate([sequence.labels for sequence in sequences])),
    ):
        mean, scale = rows.mean(axis=0), rows.std(axis=0)
        floor = 0.05
        if name == 'command':
            # Up and down are alike, and left and right where the task says so: of those only
            # forward speed has a mean. The floor keeps small corrections of height from weighing
            # as much as a turn.
            mean[[1, 2, 3] if is_symmetric else [2]], floor = 0.0, 0.15
        getattr(network, f'{name}_mean').copy_(torch.from_numpy(mean))
        getattr(network, f'{name}_scale').copy_(torch.from_numpy(np.maximum(scale, floor)))


def train(
    network: Network,
    sequences: Sequence[EpisodeSequence],
    settings: TrainSettings,
    report: Report | None = None,
    keeping: Keeping | None = None,
    is_symmetric: bool = True,
    processes: Group = ALONE,
) -> list[float]:
    """Train a network in place and return the mean loss of every pass over the data.

    What the network ends with are the averaged weights, the best ones where they are judged. An
    unfinished training of the same settings in the folder of `keeping` is gone on with.

    :param processes: that call this with the same arguments; the first one judges, saves and ends
        with the best weights.
    :raises FloatingPointError: if the loss is not finite.
    :raises TrainingStateError: if there is an unfinished training of other settings.
    :raises ConnectionError: if another process is gone.
    :raises KeyboardInterrupt: at Ctrl-C in any process, after saving.
    """
    trainer = Trainer(network, sequences, settings, is_symmetric, processes)
    run = _Run(trainer, keeping or Keeping())
    run.resume()
    with _catch_interrupt(is_once=processes.size == 1) as interrupt:
        while not trainer.is_finished:
            run.judge_if_due()
            row = trainer.step()
            if report is not None:
                report(row)
            if processes.is_any(interrupt.is_set()):
                run.save()
                processes.wait()
                raise KeyboardInterrupt
            run.save_if_due()
    run.judge_if_due()
    run.finish()
    return trainer.losses or [trainer.sums[0] / max(trainer.sums[1], 1.0)]


class _Run:
    """A trainer with what is kept of it: the state on disk and the best weights so far."""

    def __init__(self, trainer: Trainer, keeping: Keeping) -> None:
        self.trainer, self.keeping = trainer, keeping
        self.scores: list[float] = []
        self.best: dict[str, torch.Tensor] | None = None
        self.last_save = time.monotonic()

    def describe(self) -> dict[str, Any]:
        """Return what must be the same to go on."""
        described = asdict(self.trainer.settings) | dict(self.keeping.description)
        judgements = self.keeping.num_judgements if self.keeping.judge is not None else 0
        return described | {'judgements': judgements}

    def resume(self) -> None:
        """Go on from the state on disk, if there is one; the first process reads it for all."""
        self._check_agreement()
        processes = self.trainer.processes
        state = processes.tell(self._read_state() if processes.is_first else None)
        if state is not None:
            self.trainer.load_state_dict(state['trainer'])
            self.scores, self.best = list(state['scores']), state['best']

    def _check_agreement(self) -> None:
        """See that all processes do the same; they are started one computer at a time."""
        processes = self.trainer.processes
        if processes.size == 1:
            return
        mine = {**self.describe(), 'episodes': self.trainer.identify_data()}
        difference = describe_difference(processes.tell(mine), mine)
        if difference:
            raise ValueError(
                'all processes of a training must be given the same options and episodes, got '
                f'{difference} in process {processes.rank}'
            )

    def _read_state(self) -> dict[str, Any] | None:
        """Return the state on disk, None if there is none."""
        folder = self.keeping.folder
        state = None if folder is None else load_state(folder)
        if state is None:
            return None
        difference = describe_difference(state['settings'], self.describe())
        if not difference and state['trainer']['data'] != self.trainer.identify_data():
            difference = 'other episodes'
        if difference:
            raise TrainingStateError(
                f'{folder} holds an unfinished training of other settings ({difference}): give '
                'the same ones to go on, or another --output'
            )
        return state

    def save(self) -> None:
        """Write the state, if it has a place."""
        if self.keeping.folder is not None and self.trainer.processes.is_first:
            state = {
                'settings': self.describe(),
                'trainer': self.trainer.state_dict(),
                'scores': self.scores,
                'best': self.best,
            }
            save_state(self.keeping.folder, state)
        self.last_save = time.monotonic()

    def save_if_due(self) -> None:
        """Save if the last time is long enough ago."""
        if time.monotonic() - self.last_save >= self.keeping.seconds:
            self.save()

    def judge_if_due(self) -> None:
        """Fly the averaged weights where the share of training that is done asks for it."""
        judge, count = self.keeping.judge, self.keeping.num_judgements
        due = (len(self.scores) + 1) / count
        is_due = len(self.scores) < count and self.trainer.share >= due
        if judge is None or not is_due or not self.trainer.processes.is_first:
            return
        self.trainer.settle()
        self.save()
        weights = self.trainer.average.state_dict()
        score = float(judge(NetworkPolicy('candidate', self._make_network(weights))))
        # Of equals the later one has seen more.
        if not self.scores or score >= max(self.scores):
            self.best = weights
        self.scores.append(score)

    def _make_network(self, weights: dict[str, torch.Tensor]) -> Network:
        """Return another network of given weights, on the CPU."""
        trained = self.trainer.network
        network = type(trained)(trained.config)
        network.load_state_dict({**trained.state_dict(), **weights})
        return network

    def finish(self) -> None:
        """Give the network the weights that are kept."""
        self.trainer.settle()
        weights = self.best or self.trainer.average.state_dict()
        network = self.trainer.network
        network.load_state_dict({**network.state_dict(), **weights})
        network.eval()


@contextmanager
def _catch_interrupt(is_once: bool = True) -> Iterator[threading.Event]:
    """Note Ctrl-C instead of ending within a step.

    :param is_once: the second one ends at once. Who starts several processes may pass on to them
        what they have got already, and kills them where they take long.
    """
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def note(*_: Any) -> None:
        event.set()
        if is_once:
            signal.signal(signal.SIGINT, before)

    before = signal.signal(signal.SIGINT, note)
    try:
        yield event
    finally:
        signal.signal(signal.SIGINT, before)
