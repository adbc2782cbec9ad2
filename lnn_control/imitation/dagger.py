# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""From nothing to a policy: collectors keep flying the newest weights while a trainer trains on.

DAgger (Ross et al., AISTATS 2011) without rounds. At first the expert flies alone. From the first
published weights on, the policy flies and the expert has the controls for a share of the time; it
labels all that is seen. Where the policy fails, further flights begin shortly before that. The
trainer takes every new episode into its next pass.

All that is done lies in the folder: episodes, each whole or absent, the state of the training and
the time that is used up. So the same call goes on after a kill and loses what was not saved yet.
"""

import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lnn_control.core.checks import check_number
from lnn_control.imitation.cache import Sequence as EpisodeSequence
from lnn_control.imitation.collection import CollectionCrew, EpisodeFolder
from lnn_control.imitation.collectors import Collectors, FlightPlan
from lnn_control.imitation.retry import RetrySettings

# New flights begin a new pass over all data, which has to be planned: so many are waited for, as a
# share of all images, unless a pass ends anyway.
_WORTH_A_PASS = 0.01

EPISODES, FLYING = 'episodes', 'flying'
"""Folders of the episodes and of the newest weights, in the folder of a run."""


@dataclass(frozen=True)
class DaggerSettings:
    """How collecting and training go on side by side."""

    expert_episodes: int = 24
    """Episodes that the expert flies alone before the training begins, or with --init its policy;
    those of --data count."""
    second_noise: float = 0.1
    """Disturbance of every other episode, as a share of each axis's usual speed."""
    publish_seconds: float = 20.0
    """Time after which the newest averaged weights fly [s]."""
    save_seconds: float = 30.0
    """Time after which what was trained is saved [s]."""
    flying_share: float | None = None
    """Share of the time in which episodes are flown; after that, their cores train, too. If not
    given, 0.6 without a GPU and all of it with one, which leaves these cores free anyway."""
    near_failures: RetrySettings = field(default_factory=RetrySettings)
    """Flights that begin shortly before an earlier one failed."""

    def __post_init__(self) -> None:
        check_number('expert_episodes', self.expert_episodes, 1, 10**6)
        check_number('second_noise', self.second_noise, 0.0, 5.0)
        check_number('publish_seconds', self.publish_seconds, 0.1, 3600.0, 's')
        check_number('save_seconds', self.save_seconds, 0.1, 60.0, 's')
        if self.flying_share is not None:
            check_number('flying_share', self.flying_share, 0.0, 1.0)


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    :param share: of the budget that is used up, 0 to 1. :param seconds_left: of it [s].
    :param num_episodes: that are learned from. :param num_images: likewise.
    :param step: of the training; 0 while the first episodes are flown.
    """

    share: float
    seconds_left: float
    num_episodes: int
    num_images: int
    step: int = 0
    loss: float = float('nan')
    images_per_second: float = 0.0


Say = Callable[[Progress], None]


class Budget:
    """Time used up, also by earlier calls that were interrupted.

    :param used: by those [s]. :param total: [s].
    """

    def __init__(self, used: float, total: float) -> None:
        self._began = time.monotonic() - used
        self.total = total

    @property
    def used(self) -> float:
        """Time used up until now [s]."""
        return time.monotonic() - self._began

    @property
    def share(self) -> float:
        """Share of the time that is used up, 0 to 1."""
        return min(self.used / self.total, 1.0)

    @property
    def left(self) -> float:
        """Time left [s]."""
        return max(self.total - self.used, 0.0)


class Learner:
    """The training side: what it learns from grows, and its newest weights fly.

    :param make_trainer: of the first episodes; a :class:`lnn_control.imitation.trainer.Trainer`.
    :param read: returns the episode of a file as it is learned from.
    :param publish: writes a network as the checkpoint that collectors fly.
    :param report: hears of every step. :param known: what is learned from beside what is flown.
    """

    def __init__(
        self,
        make_trainer: Callable[[Sequence[EpisodeSequence]], Any],
        read: Callable[[Path], EpisodeSequence],
        publish: Callable[[Any], None],
        report: Callable[[Any], None] | None = None,
        known: Sequence[EpisodeSequence] = (),
    ) -> None:
        self._make_trainer, self._read, self._publish = make_trainer, read, publish
        self._report = report
        self._waiting = list(known)
        self.trainer: Any = None

    @property
    def num_episodes(self) -> int:
        """Episodes that are learned from or wait for it."""
        known = len(self.trainer.sequences) if self.trainer is not None else 0
        return known + len(self._waiting)

    @property
    def num_images(self) -> int:
        """Images of these episodes."""
        known = self.trainer.sequences if self.trainer is not None else []
        return sum(map(len, itertools.chain(known, self._waiting)))

    def add(self, paths: Sequence[Path]) -> None:
        """Take note of episodes that were flown."""
        self._waiting += [self._read(path) for path in paths]

    def begin(self, state: dict[str, Any] | None = None) -> None:
        """Make the trainer of what there is.

        :param state: of the training before an interruption; it goes on with a new pass.
        """
        self.trainer = self._make_trainer(self._waiting)
        self._waiting = []
        if state is not None:
            self.trainer.load_state_dict(state)
            # There may be more episodes now than then.
            self.trainer.extend([])

    def step(self, seconds: float) -> Any:
        """Train on the next batch, of the episodes that are there by now.

        :param seconds: of the budget that are used up, which the learning rate follows.
        """
        if self._is_worth_a_pass():
            self.trainer.extend(self._waiting)
            self._waiting = []
        self.trainer.position.seconds = seconds
        row = self.trainer.step()
        if self._report is not None:
            self._report(row)
        return row

    def _is_worth_a_pass(self) -> bool:
        """Return whether to learn from what waits now rather than later."""
        if not self._waiting or self.trainer.position.batch == 0:
            return bool(self._waiting)
        known, waiting = (sum(map(len, each)) for each in (self.trainer.sequences, self._waiting))
        return waiting >= _WORTH_A_PASS * known

    def publish(self) -> None:
        """Let the averaged weights fly.

        :raises FloatingPointError: if they are not finite.
        """
        self.trainer.settle()
        network = self.trainer.network
        averaged = type(network)(network.config)
        averaged.load_state_dict({**network.state_dict(), **self.trainer.average.state_dict()})
        self._publish(averaged)


@dataclass(frozen=True)
class Keeper:
    """Who saves a run, and how often.

    :param save: receives the learner and the time used up [s].
    """

    save: Callable[[Learner, float], None]
    settings: DaggerSettings


def learn_while_flying(
    collectors: Collectors,
    learner: Learner,
    budget: Budget,
    keeper: Keeper,
    say: Say,
    land: Callable[[], None],
) -> None:
    """Train until the budget is used up, on all that the collectors fly meanwhile.

    :param land: called once, at the end of that share of the budget in which episodes are flown.
    :raises FloatingPointError: if the loss is not finite.
    :raises ValueError: if the time is up before there is anything to train on.
    :raises OSError: if there is no space left or processes died.
    """
    settings = keeper.settings
    flying_share = 1.0 if settings.flying_share is None else settings.flying_share
    # The expert alone, until there is something to begin with.
    while learner.trainer is None:
        learner.add([flown.path for flown in collectors.take(timeout=0.5)])
        say(Progress(budget.share, budget.left, learner.num_episodes, learner.num_images))
        if learner.num_episodes >= settings.expert_episodes:
            learner.begin()
        elif budget.left <= 0.0:
            raise ValueError(
                f'the time is up, but {learner.num_episodes} of the first '
                f'{settings.expert_episodes} episodes are there: give a longer '
                'budget_minutes or fewer expert_episodes'
            )
    published, saved = time.monotonic(), time.monotonic()
    has_landed = False
    while budget.left > 0.0:
        if not has_landed and flying_share <= budget.share < 1.0:
            land()
            has_landed = True
        learner.add([flown.path for flown in collectors.take(timeout=0.0)])
        row = learner.step(budget.used)
        now = time.monotonic()
        if now - published >= settings.publish_seconds:
            learner.publish()
            published = now
        if now - saved >= settings.save_seconds:
            keeper.save(learner, budget.used)
            saved = now
        say(
            Progress(
                budget.share,
                budget.left,
                learner.num_episodes,
                learner.num_images,
                row.step,
                row.loss,
                row.images_per_second,
            )
        )
    if learner.trainer.position.step == 0:
        raise ValueError('the time is up before the first step: give a longer budget_minutes')
    # With what came after the last step.
    learner.trainer.position.seconds = budget.used
    keeper.save(learner, budget.used)


def make_plan(
    folder: EpisodeFolder, run: Path, crew: CollectionCrew, settings: DaggerSettings
) -> FlightPlan:
    """Return what the collectors of a run fly."""
    second = replace(crew.settings, noise=settings.second_noise)
    return FlightPlan(folder, run / FLYING, crew, second, settings.near_failures)
