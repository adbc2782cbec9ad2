# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The training side of a run whose data grows."""

from pathlib import Path

import pytest

from lnn_control.imitation import dagger
from lnn_control.imitation.dagger import Learner
from lnn_control.imitation.trainer import Trainer
from tests.imitation.posts import SETTINGS, make_network, make_sequences


def test_new_flights_begin_a_pass_when_they_are_worth_it_or_one_ends_anyway(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(dagger, '_WORTH_A_PASS', 0.5)
    flights, rows = make_sequences(), []
    learner = Learner(
        lambda sequences: Trainer(make_network(sequences), sequences, SETTINGS),
        lambda path: flights[int(path.name)],
        lambda network: None,
        rows.append,
    )

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
