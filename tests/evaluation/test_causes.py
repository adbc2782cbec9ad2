# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import asdict

import pytest

from lnn_control.evaluation.causes import count_causes, count_unseen, describe_failure, name_cause
from lnn_control.evaluation.trial import TrialResult
from lnn_control.evaluation.trial_log import open_log, read_result


def make_result(outcome: str, **more) -> TrialResult:
    return TrialResult(7, outcome, 5.0, 1.0, 1.0, 1.0, 1.0, 1.0, **more)


@pytest.mark.parametrize(
    ('result', 'cause'),
    [
        (make_result('collision', hit='trunk'), 'hit a trunk'),
        (make_result('collision', hit='advertising column'), 'hit an advertising column'),
        (make_result('collision', hit='ground'), 'hit the ground'),
        (make_result('collision'), 'hit something'),
        (make_result('out_of_area', unseen_since=1.0), 'left the area'),
        (make_result('time_limit'), 'ran out of time'),
        (make_result('time_limit', unseen_since=3.5), 'ran out of time'),
        (make_result('time_limit', unseen_since=3.0), 'lost the target'),
    ],
)
def test_cause_is_what_was_hit_lost_or_left(result: TrialResult, cause: str) -> None:
    assert name_cause(result) == cause


def test_failure_is_told_with_place_time_and_sight() -> None:
    result = make_result('collision', hit='trunk', from_start=6.94, unseen_since=3.1)
    assert describe_failure(result) == (
        'hit a trunk 6.9 m from the start after 5.0 s, target out of view since 3.1 s'
    )
    assert describe_failure(make_result('collision')) == 'hit something after 5.0 s'


def test_only_failures_are_counted() -> None:
    results = [
        make_result('success', unseen_since=1.0),
        make_result('collision', hit='bush', unseen_since=1.0),
        make_result('collision', hit='bush'),
        make_result('time_limit'),
    ]
    assert count_causes(results) == {'hit a bush': 2, 'ran out of time': 1}
    assert count_unseen(results) == 1


def test_trials_of_earlier_versions_are_read_without_a_cause(tmp_path) -> None:
    new = make_result('collision', hit='trunk', from_start=6.9, path=((0.0, 0.0), (1.0, 2.0)))
    values = json.loads(json.dumps(asdict(new)))
    assert read_result(values) == new
    later = ('hit', 'unseen_since', 'from_start', 'path')
    old = {name: value for name, value in values.items() if name not in later}
    assert read_result(old) == make_result('collision')
    with pytest.raises(KeyError, match='outcome'):
        read_result({k: v for k, v in values.items() if k != 'outcome'})
    path = tmp_path / 'trials.jsonl'
    path.write_text(json.dumps(old | {'run': 'r'}) + '\n')
    with open_log(path, frozenset({'r'})) as (log, num_dropped):
        assert num_dropped == 0
        assert log.recall({'run': 'r'}) == {7: make_result('collision')}
