# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A search that is written down as it goes, in a journal of Optuna, and goes on from it.

What is tried next follows from the seed and from what came of all before it, so that a search that
was killed goes on with what it would have tried anyway.
"""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lnn_control.cli.search_space import Choices, Dimension, Point, Range, Space, count_points
from lnn_control.core.folder_lock import hold_folder
from lnn_control.core.streams import stream
from lnn_control.imitation.settings import describe_difference

if TYPE_CHECKING:
    from optuna import Study
    from optuna.distributions import BaseDistribution
    from optuna.samplers import BaseSampler
    from optuna.trial import FrozenTrial

JOURNAL = 'journal.log'
_STUDY = 'tune'
_SETTINGS, _NEXT = 'settings', 'next'


class Proposal(NamedTuple):
    """What is to be tried next: the number of the training, from 0, and its point."""

    number: int
    point: Point


@dataclass(frozen=True)
class Outcome:
    """What came of a training.

    :param successes: of the trials that judged it. :param loss: mean of its last pass over the
        data. :param seconds: that it trained [s].
    :param error: why there is no policy; it counts as one that never succeeds.
    """

    successes: int
    loss: float | None = None
    seconds: float | None = None
    error: str | None = None


@dataclass(frozen=True)
class Tried:
    """A training that is done, and what came of it."""

    number: int
    point: Point
    outcome: Outcome


@contextmanager
def open_search(
    folder: Path, space: Space, seed: int, settings: Mapping[str, Any]
) -> Iterator['Search']:
    """Open the search in a folder, or begin one, for this process alone.

    :param settings: what must be the same to go on, as JSON has it.
    :raises ValueError: if another process searches there, or it is a search of other settings.
    """
    with hold_folder(folder, 'searching'):
        path = folder / JOURNAL
        path.touch()
        mend_journal(path)
        search = Search(path, space, seed)
        search.check_settings(settings)
        yield search


def mend_journal(path: Path) -> None:
    """Remove what a killed process has left of a journal: half a line and a lock."""
    data = path.read_bytes()
    os.truncate(path, data.rfind(b'\n') + 1)
    for lock in path.parent.glob(f'{path.name}.lock*'):
        lock.unlink()


class Search:
    """What was tried so far, and what to try next. Made by :func:`open_search`.

    :param path: of the journal. :param seed: of what is drawn.
    """

    def __init__(self, path: Path, space: Space, seed: int) -> None:
        import optuna
        from optuna.storages import JournalStorage
        from optuna.storages.journal import JournalFileBackend

        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space, self._seed = space, seed
        self._distributions = {d.option.name: _make_distribution(d) for d in space}
        self._study = optuna.create_study(
            storage=JournalStorage(JournalFileBackend(str(path))),
            study_name=_STUDY,
            direction='maximize',
            load_if_exists=True,
        )

    def check_settings(self, settings: Mapping[str, Any]) -> None:
        """Write the settings down, or compare them with those of the search that is gone on with.

        :raises ValueError: if they differ; the message names what.
        """
        now = json.loads(json.dumps(settings))
        before = self._study.user_attrs.get(_SETTINGS)
        if before is None:
            self._study.set_user_attr(_SETTINGS, now)
            return
        difference = describe_difference(before, now)
        if difference:
            raise ValueError(
                f'the folder holds a search of other settings ({difference}): give the same ones '
                'to go on, or another --output'
            )

    @property
    def tried(self) -> list[Tried]:
        """What was tried so far, in order."""
        return [
            Tried(number, trial.params, Outcome(**trial.user_attrs))
            for number, trial in enumerate(self._list_trials())
        ]

    def _list_trials(self) -> 'list[FrozenTrial]':
        return self._study.get_trials(deepcopy=False)

    def propose(self) -> Proposal | None:
        """Return what to try next, the same until something came of it; None if all was tried."""
        number = len(self._list_trials())
        kept = self._study.user_attrs.get(_NEXT, {})
        if kept.get('number') == number:
            return Proposal(number, kept['point'])
        point = self._draw(number)
        if point is None:
            return None
        # Another release of Optuna may draw another one: what was begun is ended as it was begun.
        self._study.set_user_attr(_NEXT, {'number': number, 'point': dict(point)})
        return Proposal(number, point)

    def record(self, proposal: Proposal, outcome: Outcome, num_judging: int) -> None:
        """Write down what came of a proposal, in one stroke.

        :param num_judging: trials that judged it.
        """
        from optuna.trial import create_trial

        self._study.add_trial(
            create_trial(
                params=dict(proposal.point),
                distributions=self._distributions,
                value=outcome.successes / num_judging,
                user_attrs=asdict(outcome),
            )
        )

    def _draw(self, number: int) -> Point | None:
        """Return the point of a training; None if none is left that was not tried."""
        from optuna.samplers import RandomSampler, TPESampler

        trials = self._list_trials()
        before = [trial.params for trial in trials]
        count = count_points(self._space)
        if count is not None and len({tuple(sorted(p.items())) for p in before}) >= count:
            return None
        first, others = (
            int(n) for n in stream(self._seed, 'tuning', number).integers(2**31, size=2)
        )
        point = self._ask(TPESampler(seed=first), trials)
        # Flown again, the same training tells nothing new.
        sampler = RandomSampler(seed=others)
        while count is not None and point in before:
            point = self._ask(sampler, [])
        return point

    def _ask(self, sampler: 'BaseSampler', trials: 'list[FrozenTrial]') -> Point:
        """Return what a sampler tries after some trials."""
        import optuna

        # In memory: the journal has nothing but what is done.
        study: Study = optuna.create_study(direction='maximize', sampler=sampler)
        study.add_trials(trials)
        drawn = study.ask(self._distributions).params
        ranges = {d.option.name: d for d in self._space if isinstance(d, Range)}
        return {n: ranges[n].round(v) if n in ranges else v for n, v in drawn.items()}


def _make_distribution(dimension: Dimension) -> 'BaseDistribution':
    """Return what Optuna draws a label from."""
    from optuna.distributions import (
        CategoricalDistribution,
        FloatDistribution,
        IntDistribution,
    )

    if isinstance(dimension, Choices):
        return CategoricalDistribution(dimension.labels)
    if not isinstance(dimension, Range):
        raise TypeError(f'dimension must be Choices or Range, got {dimension!r}')
    if dimension.is_integer:
        return IntDistribution(int(dimension.low), int(dimension.high), log=dimension.is_log)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.is_log)
