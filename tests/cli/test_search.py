# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Searches that go on from their journal, whatever ended them, without a training."""

import math
from pathlib import Path

import pytest

from lnn_control.cli.search import JOURNAL, Outcome, mend_journal, open_search
from lnn_control.cli.search_space import read_space

SPACE = read_space(
    ('learning_rate=1e-3:1e-2:log', 'batch_size=1:64', 'augmentation=weak,strong'), set()
)
NUM_JUDGING = 20


def fly(point) -> Outcome:
    """Return what came of a point: best at a rate of 3e-3 and with strong augmentation."""
    off = abs(math.log(point['learning_rate'] / 3e-3))
    return Outcome(max(0, round(15 - 10 * off) + 5 * (point['augmentation'] == 'strong')), 0.5)


def search(folder: Path, count: int, seed: int = 0, space=SPACE):
    """Try until there are so many, and return all."""
    with open_search(folder, space, seed, {'space': 1}) as opened:
        while len(opened.tried) < count and (proposal := opened.propose()) is not None:
            opened.record(proposal, fly(proposal.point), NUM_JUDGING)
        return opened.tried


def test_what_is_tried_is_the_same_whether_in_one_go_or_in_many(tmp_path):
    whole = search(tmp_path / 'whole', 14)
    for count in (1, 2, 5, 11, 14):
        parts = search(tmp_path / 'parts', count)
    assert parts == whole
    assert [one.number for one in whole] == list(range(14))
    assert all(one.outcome == fly(one.point) for one in whole)
    assert search(tmp_path / 'other', 3, seed=1) != whole[:3]
    # No two begin alike, as they would if each started its random numbers anew.
    assert len({one.point['learning_rate'] for one in whole}) == 14
    assert all(1e-3 <= one.point['learning_rate'] <= 1e-2 for one in whole)
    assert {type(one.point['batch_size']) for one in whole} == {int}


def test_search_learns_from_what_came_of_the_earlier_ones(tmp_path):
    tried = search(tmp_path, 40)
    means = [sum(one.outcome.successes for one in part) / 10 for part in (tried[:10], tried[30:])]
    assert means[1] > means[0] + 2


def test_what_was_begun_is_proposed_until_something_came_of_it(tmp_path):
    with open_search(tmp_path, SPACE, 0, {}) as first:
        begun = first.propose()
        assert first.propose() == begun
    # Even if it were drawn otherwise now.
    with open_search(tmp_path, SPACE, 7, {}) as second:
        assert second.propose() == begun
        second.record(begun, fly(begun.point), NUM_JUDGING)
        assert second.propose().number == 1
        assert [one.point for one in second.tried] == [begun.point]


@pytest.mark.parametrize('cut', [1, 40])
def test_journal_with_half_a_line_and_a_lock_left_goes_on(tmp_path, cut):
    whole = search(tmp_path / 'whole', 3)
    folder = tmp_path / 'killed'
    search(folder, 2)
    journal = folder / JOURNAL
    journal.write_bytes(journal.read_bytes()[:-cut])
    lock = journal.with_name(f'{JOURNAL}.lock')
    lock.symlink_to(journal)
    mend_journal(journal)
    assert not lock.is_symlink()  # Optuna itself would wait for half a minute
    assert search(folder, 3) == whole


def test_lists_end_when_every_combination_is_tried_once(tmp_path):
    space = read_space(('batch_size=4:6', 'augmentation=weak,strong'), set())
    with open_search(tmp_path, space, 0, {}) as opened:
        while (proposal := opened.propose()) is not None:
            opened.record(proposal, Outcome(0), NUM_JUDGING)
        points = [tuple(one.point.items()) for one in opened.tried]
    assert len(points) == len(set(points)) == 6


def test_search_of_other_settings_is_refused_and_names_them(tmp_path):
    with open_search(tmp_path, SPACE, 0, {'steps': 3, 'vary': {'a': [1, 2]}}):
        pass
    with (
        pytest.raises(ValueError, match=r'other settings \(steps 4 instead of 3, a \[1\] instead'),
        open_search(tmp_path, SPACE, 0, {'steps': 4, 'vary': {'a': (1,)}}),
    ):
        pass


def test_second_process_in_a_folder_is_refused(tmp_path):
    with (
        open_search(tmp_path, SPACE, 0, {}),
        pytest.raises(ValueError, match='another process is searching in'),
        open_search(tmp_path, SPACE, 0, {}),
    ):
        pass
    with open_search(tmp_path, SPACE, 0, {}):
        pass
