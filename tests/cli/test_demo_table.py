# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import io

import pytest
from rich.console import Console

from lnn_control.cli.demo_table import OUTCOMES, DemoTable, FlightStatus
from lnn_control.evaluation.flight import FlightResult
from lnn_control.evaluation.trial import TrialResult
from lnn_control.reports import style

NAMES = [('forest', 'summer'), ('urban', 'summer')]


def make_result(outcome: str) -> FlightResult:
    trial = TrialResult(7, outcome, 9.1, 8.0, 1.12, 0.87, 0.3, 2.0)
    return FlightResult(
        'forest', 'summer', 'a_policy', trial, 20.0, 70.0, 3.21, 12.9, 1.0, 180, 'flights/1.npz'
    )


def print_table(*results: FlightResult, is_terminal: bool = False, reaches: bool = True) -> str:
    stream = io.StringIO()
    console = Console(file=stream, width=80, force_terminal=is_terminal, legacy_windows=False)
    with DemoTable(console, NAMES, reaches) as table:
        table.note('Flight 1 of 2')
        table.update(FlightStatus(1.5, 6.3, 0.4, 0.003))
        for result in results:
            table.add(result)
    return stream.getvalue()


def test_table_shows_every_measure_in_80_columns() -> None:
    text = print_table(make_result('success'), make_result('collision'))
    lines = text.splitlines()
    assert 'Flight 1 of 2' in lines
    assert max(map(len, lines)) <= 80
    for title in ('[s]', '[m]', '[Hz]', 'latency [ms]', 'shortest'):
        assert title in text
    (row,) = [line for line in lines if 'forest' in line]
    assert ' '.join(row.split()) == 'forest summer reached 9.1 1.12 0.87 20.0 3.2 12.9'


def test_path_of_a_failure_is_not_compared() -> None:
    text = print_table(make_result('collision'))
    (row,) = [line for line in text.splitlines() if 'forest' in line]
    assert row.split()[2:5] == ['collision', '9.1', '-']


def test_live_table_shows_the_distance_to_go() -> None:
    text = print_table(make_result('success'), is_terminal=True)
    assert 'reached' in text
    assert 'waits' in text


def test_task_without_a_target_to_reach_succeeds() -> None:
    text = print_table(make_result('success'), make_result('collision'), reaches=False)
    assert 'success' in text and 'reached' not in text and 'collision' in text


@pytest.mark.parametrize('outcomes', [OUTCOMES, style.OUTCOMES])
def test_every_outcome_has_a_name(outcomes: dict[str, object]) -> None:
    from sim.tasks.task import Outcome

    assert set(outcomes) == {outcome.value for outcome in Outcome}
