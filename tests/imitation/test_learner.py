# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The training side of a run whose data grows."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from lnn_control.imitation import dagger
from lnn_control.imitation.collectors import Flight, Flown
from lnn_control.imitation.dagger import (
    Budget,
    DaggerSettings,
    Keeper,
    Learner,
    Progress,
    learn_while_flying,
)
from lnn_control.imitation.trainer import Trainer
from tests.imitation.posts import SETTINGS, make_network, make_sequences


def make_learner(rows: list[Any]) -> Learner:
    """Return a learner from flights whose files are named by their numbers."""
    flights = make_sequences()
    return Learner(
        lambda sequences: Trainer(make_network(sequences), sequences, SETTINGS),
        lambda path: flights[int(path.name)],
        lambda network: None,
        rows.append,
    )


class Crew:
    """Collectors whose flights have all landed already."""

    def __init__(self, count: int) -> None:
        self.flown = [
            Flown(Flight(number), Path(f'{number}'), 'expert', 'reached', 9)
            for number in range(count)
        ]

    def take(self, timeout: float) -> list[Flown]:
        flown, self.flown = self.flown, []
        return flown


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a tenth of a second pass whenever somebody looks at the clock."""
    ticks = itertools.count()
    monkeypatch.setattr(dagger.time, 'monotonic', lambda: next(ticks) / 10)


def learn(crew: Crew, learner: Learner, seconds: float, share: float) -> list[float]:
    """Learn for some time and return the share that was over whenever flying was to end."""
    settings = DaggerSettings(expert_episodes=3, flying_share=share)
    budget, landings = Budget(0.0, seconds), []
    told: list[Progress] = []

    def land() -> None:
        landings.append(budget.share)

    keeper = Keeper(lambda learner, used: None, settings)
    learn_while_flying(crew, learner, budget, keeper, told.append, land)  # type: ignore[arg-type]
    assert told[-1].step == learner.trainer.position.step > 0
    return landings


@pytest.mark.usefixtures('ticking')
def test_flying_ends_once_and_learning_goes_on() -> None:
    rows: list[Any] = []
    (landed,) = learn(Crew(3), make_learner(rows), 9.0, 0.5)
    assert 0.5 <= landed < 1.0
    # Steps are told of with the share of the time that was used up before them.
    assert any(row.seconds > 9.0 * landed for row in rows)


@pytest.mark.usefixtures('ticking')
def test_flying_need_not_end() -> None:
    assert learn(Crew(3), make_learner([]), 9.0, 1.0) == []


def test_too_little_time_for_the_expert_is_said() -> None:
    with pytest.raises(ValueError, match='2 of the first 3 episodes are there'):
        learn(Crew(2), make_learner([]), 0.2, 1.0)


@pytest.mark.usefixtures('ticking')
def test_too_little_time_for_a_step_is_said() -> None:
    with pytest.raises(ValueError, match='before the first step'):
        learn(Crew(3), make_learner([]), 0.4, 1.0)


def test_new_flights_begin_a_pass_when_they_are_worth_it_or_one_ends_anyway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dagger, '_WORTH_A_PASS', 0.5)
    rows: list[Any] = []
    learner = make_learner(rows)

    def add(*numbers: int) -> None:
        learner.add([Path(f'{number}') for number in numbers])

    add(0, 1, 2)
    learner.begin()
    learner.step(0.0)
    add(3)
    # A third of what there is: not now, but when the pass is over.
    while learner.trainer.position.batch != 0:
        assert len(learner.trainer.sequences) == 3
        learner.step(0.0)
    assert learner.num_episodes == 4
    learner.step(0.0)
    assert len(learner.trainer.sequences) == 4
    add(4, 5)
    learner.step(0.0)
    assert len(learner.trainer.sequences) == 6
    assert learner.trainer.position.batch == 1
    assert [row.step for row in rows] == list(range(1, learner.trainer.position.step + 1))
