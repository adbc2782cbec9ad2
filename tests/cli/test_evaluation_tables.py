# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.cli.evaluation_tables import (
    Row,
    print_causes,
    print_stress,
    print_summary,
    print_table,
)
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.suite import summarise
from lnn_control.evaluation.trial import TrialResult

DARKER = StressCell('darker', 3)


def make_row(outcomes: str, season: str = 'summer') -> Row:
    names = {'1': 'success', '0': 'collision'}
    results = [
        TrialResult(i, names[c], i, 1, 1.25, 1, 1, 1, in_view=0.5) for i, c in enumerate(outcomes)
    ]
    return summarise('stress', 'forest', season, 'mine', results), results


def test_table_shows_success_interval_and_drop_against_clean(capsys):
    print_stress({CLEAN: make_row('1110'), DARKER: make_row('1001')})
    lines = capsys.readouterr().out.splitlines()
    clean = next(line for line in lines if 'clean' in line and '│' in line)
    darker = next(line for line in lines if 'darker' in line)
    assert '3 of 4' in clean
    assert [part.strip() for part in darker.split('│')[1:-1]] == [
        *('darker', '3', '2 of 4', '15.0% to 85.0%', '25.0', '2', '1')
    ]


def test_table_has_a_row_for_each_season_with_means_over_its_successes(capsys):
    print_table([make_row('1010'), make_row('0000', 'winter')])
    lines = capsys.readouterr().out.splitlines()
    summer, winter = (next(x for x in lines if word in x) for word in ('summer', 'winter'))
    cells = [part.strip() for part in summer.split('│')[1:-1]]
    assert cells == [
        *(
            'stress',
            'forest',
            'summer',
            '2',
            '15.0% to 85.0%',
            '1.0',
            '1.25',
            '1.00',
            '1.00',
            '50%',
        )
    ]
    assert [part.strip() for part in winter.split('│')[4:7]] == ['0', '0.0% to 49.0%', '-']


def test_summary_shows_what_the_task_itself_measures(capsys):
    results = [
        TrialResult(i, outcome, 1, 1, 1, 1, 1, 1, metrics={'targets_reached': count})
        for i, (outcome, count) in enumerate((('success', 5), ('collision', 2)))
    ]
    print_summary(summarise('hike', 'forest', 'summer', 'mine', results), results)
    line = next(x for x in capsys.readouterr().out.splitlines() if 'targets_reached' in x)
    assert [part.strip() for part in line.split('│')[1:-1]] == [
        *('targets_reached, mean of all trials', '3.50')
    ]


def test_failures_are_counted_by_cause_row_by_row(capsys):
    hits = [
        TrialResult(i, 'collision', 3, 1, 1, 1, 1, 1, hit=hit, unseen_since=since)
        for i, (hit, since) in enumerate((('trunk', 1.0), ('bush', None), ('trunk', None)))
    ]
    row = summarise('seasons', 'forest', 'winter', 'mine', hits), hits
    print_causes(['forest summer', 'forest winter'], [make_row('111'), row])
    text = capsys.readouterr().out
    assert 'forest summer' not in text
    line = next(x for x in text.splitlines() if 'forest winter' in x)
    assert [part.strip() for part in line.split('│')[1:-1]] == [
        *('mine', 'forest winter', '3 of 3', 'hit a trunk 2, hit a bush 1', '1')
    ]
    print_causes(['forest summer'], [make_row('111')])
    assert capsys.readouterr().out == ''


def test_units_are_printed(capsys):
    row = make_row('110')
    print_summary(*row)
    text = capsys.readouterr().out
    for unit in ('time [s]', 'clearance [m]', 'change [m/s^2]', 'in view [% of time]'):
        assert unit in text
    print_table([row, row])
    text = capsys.readouterr().out
    assert '[s]' in text and '[m]' in text and '[m/s^2]' in text
    assert 'nan' not in text


def test_seeds_that_failed_soonest_are_named(capsys):
    print_summary(*make_row('1010'))
    assert '1 (collision at 1.0 s), 3 (collision at 3.0 s)' in capsys.readouterr().out
    print_summary(*make_row('11'))
    lines = capsys.readouterr().out.splitlines()
    assert 'none' in next(line for line in lines if 'failed' in line)
