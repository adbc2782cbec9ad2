# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control show` of tasks and suites; of policies, the cards' tests have it."""

import pytest

from lnn_control.cli import main as cli


@pytest.mark.parametrize(
    ('name', 'rows'),
    [
        ('follow', ['follow_target │ forest summer', 'follow_target │ forest winter']),
        ('road', ['keep_lane │ road summer ', 'road summer, image noise, strength 80']),
        ('hike', ['hike │ forest summer']),
    ],
)
def test_suite_says_what_its_task_asks_and_which_rows_it_has(
    name: str, rows: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(['show', name]) == 0
    said = capsys.readouterr().out
    assert '--task-option NAME=VALUE' in said and 'success' in said
    assert f'--suite {name}, usually {40 if name == "road" else 100}' in said
    assert all(row in said for row in rows)


def test_task_that_is_no_suite_has_no_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(['show', 'keep_lane']) == 0
    assert '--suite' not in capsys.readouterr().out


def test_misspelt_name_is_one_line_with_what_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli.main(['show', 'folow']) == 1
    said = capsys.readouterr().err
    assert said.count('\n') == 1
    assert "'keep_lane'] or suites ['cameras'" in said
