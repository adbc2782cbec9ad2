# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The page about many evaluations: what it says, and that a browser finds nothing broken."""

import json
import re
from dataclasses import replace
from html import unescape
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')
pytest.importorskip('jinja2', reason='needs jinja2: pip install ".[report]"')

from lnn_control.reports.result_cards import find_frame
from lnn_control.reports.results import SUMMARY, read_results
from lnn_control.reports.results_page import MARKDOWN, write_results
from lnn_control.reports.run_folder import RecordedRun
from tests.browser import Browser
from tests.opened_page import open_page
from tests.reports.conftest import show_trials
from tests.reports.made_results import make_record, make_suites, write_file


@pytest.fixture
def page(run: RecordedRun, tmp_path: Path) -> Path:
    """Return the page of a run folder with two recorded flights and of a file beside it."""
    show_trials(run, run.folder)
    place = {'season': 'winter', 'first_seed': 3}
    # Of the two recorded trials seed 3 succeeded and seed 7 did not.
    write_file(run.folder / SUMMARY, make_record('own', 'tiny', '1111011', **place))
    other = make_record('own', 'runs/<b>gated', '1010000', **place)
    suites = [*make_suites('tiny', '1110', '1100'), *make_suites('runs/<b>gated', '1000', '0000')]
    results = read_results([run.folder, write_file(tmp_path / 'more.json', other, *suites)])
    return write_results(results, tmp_path / 'page')


def read_text(page: Path) -> str:
    """Return what a reader sees of a page, without its marks."""
    body = page.read_text(encoding='utf-8').partition('<body>')[2]
    return ' '.join(unescape(re.sub(r'<[^>]+>', ' ', body)).split())


def test_page_tells_rates_pairs_and_causes(page: Path) -> None:
    text = read_text(page)
    assert 'tiny beside <b>gated' in text
    # Six of seven, with their Wilson interval.
    assert '6 of 7 85.7 % 48.7 to 97.4 %' in text
    assert '<b>gated 7 -57.1' in text
    assert '1 of 7 failed, 1 with the target out of view at the end hit a trunk 1' in text
    told = 'hit a trunk 6.9 m from the start after 4.2 s, target out of view since 3.1 s'
    assert f'7 {told}' in text
    assert f'<b>gated {told}' in text, 'who else flew from the seed of a recorded flight'


def test_page_shows_a_failure_shortly_before_it(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    assert text.count('<video ') == 2
    # The flight lasts 1.5 s; its images are 0.05 s apart, from 0.02 s on.
    assert re.findall(r'<span class="tag">([^<]+)', text) == ['1.0 s before the end']
    frames = [(0.02 + 0.05 * i, np.full((2, 2, 3), i, np.uint8)) for i in range(30)]
    assert find_frame(frames, 0.5)[1].mean() == 9
    assert find_frame(frames, -1.0)[1].mean() == 0


def test_charts_stand_beside_each_video_and_move_with_it(page: Path, run: RecordedRun) -> None:
    text = page.read_text(encoding='utf-8')
    cards = text.split('<article class="flight">')[1:]
    assert len(cards) == 2
    for card in cards:
        card = card[: card.index('</article>')]
        assert card.count('class="cursor"') == card.count('<div class="chart"') == 2
        assert card.count('class="drone"') == 1
        for name in ('forward', 'left', 'up', 'yaw'):
            assert f'id="{name}-flown"' in card
        for group in run.description.neuron_groups:
            assert f'>{group.name}<' in card
        found = re.search(r'<script type="application/json">(.*?)</script>', card, re.DOTALL)
        assert found is not None
        motion = json.loads(found[1])
        x = [place[0] for place in motion['track']['places']]
        assert (np.diff(x) > 0).all(), 'the flight leads along x'


def test_charts_follow_a_click_in_a_browser(page: Path, tmp_path: Path) -> None:
    browser = Browser(tmp_path)
    try:
        browser.open(page.as_uri())
        browser.run('document.documentElement.style.scrollBehavior = "auto"')
        browser.run('document.querySelector(".flight video").dataset.held = "yes"')
        browser.run('document.querySelector(".flight video").pause()')
        before = float(browser.run('document.querySelector(".cursor").getAttribute("x1")'))
        browser.click('.flight .chart svg')
        chart = 'document.querySelector(".flight .chart").dataset'
        ends = [float(browser.run(f'{chart}.{name}')) for name in ('left', 'right')]
        lines = browser.run(
            '[...document.querySelector(".flight").querySelectorAll(".cursor")]'
            '.map((line) => Number(line.getAttribute("x1")))'
        )
        # A click into the middle of the drawing leads all charts of that flight there.
        assert lines[0] == lines[1] != before
        assert ends[0] < lines[0] < ends[1]
        assert abs(lines[0] - sum(ends) / 2) < 0.1 * (ends[1] - ends[0])
    finally:
        browser.close()


def test_a_browser_finds_nothing_broken(page: Path, tmp_path: Path) -> None:
    opened = open_page(page, tmp_path)
    assert opened.console == []
    assert opened.broken == []
    assert (opened.images, opened.videos) == (1, 2)
    assert opened.overflow <= 0


def test_page_needs_no_other_file(page: Path) -> None:
    text = page.read_text(encoding='utf-8')
    links = re.findall(r'(?:src|href|poster)="([^"]*)"', text)
    anchors = set(re.findall(r'id="([^"]+)"', text))
    assert all(
        link.startswith('data:') or (link.startswith('#') and link[1:] in anchors)
        for link in links
    )
    assert 'url(http' not in text
    assert '<b>gated' not in text, 'what a file says is no markup'


def test_markdown_has_the_same_numbers(page: Path) -> None:
    lines = (page.parent / MARKDOWN).read_text(encoding='utf-8').splitlines()
    rates = next(line for line in lines if line.startswith('| forest winter | tiny | 6 of 7'))
    assert '85.7 % | 48.7 to 97.4 %' in rates
    assert any(line.startswith('| tiny | 1 of 7 | hit a trunk 1 | 1 |') for line in lines)
    tables = [line for line in lines if line.startswith('|')]
    assert len(tables) > 30
    for line, following in pairwise(lines):
        if line.startswith('|') and following.startswith('|'):
            assert line.count('|') == following.count('|')


def test_files_without_trials_have_rates_alone(tmp_path: Path) -> None:
    path = write_file(tmp_path / 'r.json', make_record('road', 'p', '10'))
    results = read_results([path])
    (suite,) = results.suites
    rows = {place: replace(row, trials=()) for place, row in suite.rows.items()}
    text = read_text(
        write_results(replace(results, suites=(replace(suite, rows=rows),)), tmp_path / 'page')
    )
    assert '1 of 2 50.0 %' in text
    assert 'Why trials failed' not in text
    assert 'not kept, so no pairs and no causes' in text
