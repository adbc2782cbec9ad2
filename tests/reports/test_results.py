# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from pathlib import Path

import pytest

pytest.importorskip('matplotlib', reason='needs matplotlib: pip install ".[report]"')

from lnn_control.reports.result_views import describe_key_figures, describe_title, view_suite
from lnn_control.reports.results import pair_rows, read_results
from tests.reports.made_results import make_record, make_suites, make_trial, write_file


def test_files_are_put_together_by_suite_row_and_policy(tmp_path: Path) -> None:
    mine = write_file(tmp_path / 'mine.json', *make_suites('runs/mine', '1111', '1100'))
    other = write_file(tmp_path / 'other.json', *make_suites('hover', '1000', '0000'))
    results = read_results([mine, other])
    assert results.policies == ('mine', 'hover')
    assert [suite.name for suite in results.suites] == ['seasons', 'range', 'stress']
    rows = results.suites[1].list_rows()
    assert [(row.name, row.policy, row.summary.successes) for row in rows] == [
        ('forest summer, 10 m', 'mine', 4),
        ('forest summer, 10 m', 'hover', 1),
        ('forest summer, 20 m', 'mine', 2),
        ('forest summer, 20 m', 'hover', 0),
    ]
    assert results.rows[0].trials[0] == make_trial(10, True)
    assert results.recordings == ()


def test_paths_of_policies_that_end_alike_are_told_whole(tmp_path: Path) -> None:
    records = [make_record('road', policy, '10') for policy in ('a/best', 'b/best', 'c')]
    assert read_results([write_file(tmp_path / 'r.json', *records)]).policies == (
        *('a/best', 'b/best', 'c'),
    )


def test_other_backends_and_limits_are_other_policies(tmp_path: Path) -> None:
    plain, onnx = make_record('road', 'p', '11'), make_record('road', 'p', '10', backend='onnx')
    free = make_record('road', 'p', '00', limits=False)
    results = read_results([write_file(tmp_path / 'r.json', plain, onnx, free)])
    assert results.policies == ('p', 'p by onnx', 'p without limits')
    assert len(results.suites[0].keys) == 1


def test_other_seeds_of_a_row_add_to_it(tmp_path: Path) -> None:
    files = [
        write_file(tmp_path / f'{seed}.json', make_record('road', 'p', marks, first_seed=seed))
        for seed, marks in ((10, '110'), (13, '1111'), (10, '110'))
    ]
    (row,) = read_results(files).rows
    assert (row.summary.successes, row.summary.episodes) == (6, 7)
    assert [trial.seed for trial in row.trials] == list(range(10, 17))


def test_files_that_tell_differently_of_a_seed_are_an_error(tmp_path: Path) -> None:
    one = write_file(tmp_path / 'one.json', make_record('road', 'p', '110'))
    two = write_file(tmp_path / 'two.json', make_record('road', 'p', '100'))
    with pytest.raises(ValueError, match=r'one\.json and .*two\.json .* seed 11 ends otherwise'):
        read_results([one, two])


def test_policies_are_paired_on_the_seeds_of_both(tmp_path: Path) -> None:
    first = make_record('road', 'p', '1100', first_seed=10)
    second = make_record('road', 'q', '0111', first_seed=11)
    third = make_record('road', 'r', '1', first_seed=90)
    path = write_file(tmp_path / 'r.json', first, second, third)
    one, two, three = read_results([path]).rows
    pair = pair_rows(one, two)
    assert pair is not None
    # Seeds 11, 12, 13: 1, 0, 0 and 0, 1, 1.
    assert (pair.num_pairs, pair.num_lost, pair.num_won) == (3, 1, 2)
    assert pair_rows(one, three) is None


def test_files_of_earlier_versions_have_rates_and_no_trials(tmp_path: Path) -> None:
    record = make_record('road', 'p', '110')
    del record['trials']
    path = tmp_path / 'old.json'
    path.write_text(json.dumps(record))
    (row,) = read_results([path]).rows
    assert (row.summary.successes, row.trials, row.failures) == (2, (), ())


def test_failures_come_soonest_first(tmp_path: Path) -> None:
    path = write_file(tmp_path / 'r.json', make_record('road', 'p', '0100'))
    (row,) = read_results([path]).rows
    assert [trial.seed for trial in row.failures] == [10, 12, 13]


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('{', 'must be JSON'),
        ('[3]', 'one lacks'),
        ('{"suite": "road"}', "lacks .*'success_rate'"),
    ],
)
def test_other_files_are_errors_with_the_cure(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / 'other.json'
    path.write_text(text)
    with pytest.raises(ValueError, match=f'other.json.*{message}.*evaluate --json'):
        read_results([path])
    with pytest.raises(FileNotFoundError, match=r'must hold summary\.json.*evaluate --json'):
        read_results([tmp_path])


def make_with_references(path: Path) -> Path:
    """Write two suites of two policies, beside each of which a reference flew one seed."""
    records = [
        make_record('seasons', 'fly', '1110'),
        make_record('road', 'drive', '1000'),
    ]
    for record in records:
        record['references'] = [make_record(record['suite'], 'hover', '0')]
        for one in record['references']:
            del one['first_seed'], one['versions']
    return write_file(path, *records)


def test_references_are_rows_that_nobody_is_compared_with(tmp_path: Path) -> None:
    results = read_results([make_with_references(tmp_path / 'r.json')])
    assert results.policies == ('fly', 'drive', 'hover')
    assert results.references == ['hover']
    assert results.first_policies == ['fly', 'drive']
    rows = [(row.summary.suite, row.policy, row.is_reference) for row in results.rows]
    assert rows == [
        *(('seasons', 'fly', False), ('seasons', 'hover', True)),
        *(('road', 'drive', False), ('road', 'hover', True)),
    ]
    views = [view_suite(suite, results.policies) for suite in results.suites]
    assert [len(view.rates) for view in views] == [2, 2]
    for view, name in zip(views, ('fly', 'drive'), strict=True):
        assert view.pairs == ()
        assert [one.policy for one in view.causes] == [name]
        assert {one.policy for one in view.failures} == {name}
    # Each suite has a policy of its own: together they are what the page is about.
    assert describe_title(results) == 'fly and drive: 4 of 8 trials succeeded'
    assert describe_key_figures(results)[3].value == '4'


def test_reference_that_was_asked_for_elsewhere_is_compared(tmp_path: Path) -> None:
    first = make_with_references(tmp_path / 'r.json')
    asked = write_file(tmp_path / 'h.json', make_record('seasons', 'hover', '0101'))
    results = read_results([first, asked])
    assert results.references == []
    view = view_suite(results.suites[0], results.policies)
    assert [(pair.beside, pair.policy, pair.num_pairs) for pair in view.pairs] == [
        ('fly', 'hover', 4)
    ]
    (road,) = (suite for suite in results.suites if suite.name == 'road')
    assert view_suite(road, results.policies).pairs == ()
