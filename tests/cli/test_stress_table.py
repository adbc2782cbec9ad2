# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from lnn_control.cli.stress_table import name_cell, print_stress
from lnn_control.evaluation.stress import CLEAN, StressCell
from lnn_control.evaluation.suite import summarise
from lnn_control.evaluation.trial import TrialResult

DARKER = StressCell('darker', 3)


def make_results(outcomes: str) -> list[TrialResult]:
    names = {'1': 'success', '0': 'collision'}
    return [TrialResult(i, names[c], 1, 1, 1, 1, 1, 1) for i, c in enumerate(outcomes)]


def test_table_shows_success_interval_and_drop_against_clean(capsys):
    results = {CLEAN: make_results('1110'), DARKER: make_results('1001')}
    summaries = {
        cell: summarise('stress', 'forest', 'summer', 'mine', flown)
        for cell, flown in results.items()
    }
    print_stress(summaries, results)
    lines = capsys.readouterr().out.splitlines()
    clean = next(line for line in lines if 'clean' in line and '│' in line)
    darker = next(line for line in lines if 'darker' in line)
    assert '3 of 4' in clean
    assert [part.strip() for part in darker.split('│')[1:-1]] == [
        *('darker', '3', '2 of 4', '15.0% to 85.0%', '25.0', '2', '1')
    ]


def test_cells_are_called_by_disturbance_and_level():
    assert name_cell(CLEAN) == 'clean'
    assert name_cell(DARKER) == 'darker 3'
