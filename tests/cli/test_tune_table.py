# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.cli.search import Outcome, Tried
from lnn_control.cli.tune_table import (
    choose_best,
    describe_doubt,
    find_most_told_apart,
    print_trainings,
    rank,
)
from lnn_control.evaluation.statistics import difference_interval

TRIED = [
    Tried(0, {'batch_size': '4'}, Outcome(20, 0.9)),
    Tried(1, {'batch_size': '8'}, Outcome(30, 0.5)),
    Tried(2, {'batch_size': '16'}, Outcome(0, error='training failed: loss is nan')),
    Tried(3, {'batch_size': '32'}, Outcome(30, 0.1)),
]


def test_most_successes_are_best_and_of_equals_the_first_whatever_the_loss():
    assert [one.number for one in rank(TRIED)] == [1, 3, 0, 2]
    assert choose_best(TRIED).number == 1


def test_policies_are_told_apart_where_the_interval_of_their_difference_says_so():
    assert find_most_told_apart(30, 40) == 21
    assert difference_interval(30, 40, 21, 40)[0] > 0 >= difference_interval(30, 40, 22, 40)[0]
    assert find_most_told_apart(1, 2) is None
    text = describe_doubt(TRIED, 40)
    # 30 against 21; 20 and none are further away, the other 30 is not.
    assert 'closer than 22 points' in text
    assert '1 of the other 3 may be as good as the best' in text
    assert 'too few to tell any' in describe_doubt([Tried(0, {}, Outcome(1))], 2)


def test_table_has_the_best_first_and_says_what_failed(capsys):
    print_trainings(TRIED, 40)
    output = capsys.readouterr().out
    places = [output.index(f' 000{number} ') for number in (1, 3, 0, 2)]
    assert places == sorted(places)
    assert '75.0%' in output and '59.8% to 85.8%' in output
    assert 'training 0002 has no policy: training failed: loss is nan' in output
    assert 'The loss is shown, not sought' in output
