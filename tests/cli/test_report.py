# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')
pytest.importorskip('jinja2', reason='needs jinja2: pip install ".[report]"')

from lnn_control.cli import main as cli
from tests.reports.made_results import make_record, write_file


def test_result_files_become_a_page_and_markdown(tmp_path: Path, capsys) -> None:
    files = [
        write_file(tmp_path / f'{policy}.json', make_record('road', policy, marks))
        for policy, marks in (('one', '110'), ('two', '100'))
    ]
    assert cli.main(['report', *map(str, files), '--output', str(tmp_path / 'page')]) == 0
    assert f'page: {tmp_path / "page" / "results.html"}' in capsys.readouterr().out
    assert 'one beside two' in (tmp_path / 'page' / 'results.html').read_text(encoding='utf-8')
    assert '| two | 3 | -33.3 |' in (tmp_path / 'page' / 'results.md').read_text(encoding='utf-8')


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['a.json'], '--output'),
        (['a', 'b'], '--output'),
        (['a', '--pictures'], '--pictures has no effect'),
        (['a.json', '--pictures', '--output', 'x'], 'with --pictures expected one run folder'),
        (['nowhere.json', '--output', 'x'], 'nowhere.json'),
    ],
)
def test_what_cannot_be_drawn_is_told_in_one_line(
    words: list[str], message: str, tmp_path: Path, monkeypatch, capsys
) -> None:
    monkeypatch.chdir(tmp_path)
    write_file(tmp_path / 'a.json', make_record('road', 'p', '1'))
    assert cli.main(['report', *words]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count('\n') == 1
