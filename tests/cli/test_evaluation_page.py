# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import base64
import io
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

av = pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')
pytest.importorskip('jinja2', reason='needs jinja2: pip install ".[report]"')

from lnn_control.cli import main as cli  # noqa: E402
from lnn_control.cli.evaluation_page import (  # noqa: E402
    MAX_PICTURED,
    FlownRow,
    choose_rows,
    describe_strays,
)
from lnn_control.cli.scenarios import Scenario, choose_task, list_scenarios  # noqa: E402
from lnn_control.cli.task_words import describe_task  # noqa: E402
from lnn_control.evaluation.causes import describe_failure, name_cause  # noqa: E402
from lnn_control.evaluation.row_names import name_row  # noqa: E402
from lnn_control.evaluation.suite import SuiteSummary, summarise  # noqa: E402
from lnn_control.evaluation.trial import TrialResult  # noqa: E402
from lnn_control.reports.run_folder import read_run  # noqa: E402
from sim.tasks import TASKS  # noqa: E402
from tests.opened_page import open_page  # noqa: E402

RESULT = TrialResult(7, 'success', 9.0, 9.0, 1.1, 0.5, 0.2, 1.0)


@pytest.fixture(scope='module')
def folder(tmp_path_factory: pytest.TempPathFactory, untrained_checkpoint: Path) -> Path:
    """Evaluate a policy that fails, in rows of two trials."""
    folder = tmp_path_factory.mktemp('evaluated')
    arguments = ['--policy', str(untrained_checkpoint), '--world', 'all', '--episodes', '2']
    arguments += ['--task-option', 'time_limit=1.5', '--processes', '1', '--output', str(folder)]
    arguments += ['--no-references']
    assert cli.main(['evaluate', *arguments]) == 0
    return folder


def test_page_shows_the_trials_that_it_names(folder: Path) -> None:
    lines = (folder / 'trials.jsonl').read_text().splitlines()
    trials = {(t['world'], t['seed']): t for t in map(json.loads, lines)}
    run = read_run(folder)
    rows = [f'{world} summer' for world in TASKS.find('fly_to_target').worlds for _ in range(2)]
    assert [flight.result.row for flight in run.flights] == rows
    for flight in run.flights:
        result, trial = flight.result, flight.result.trial
        flown = trials[result.world, trial.seed]
        assert (trial.outcome, trial.duration) == (flown['outcome'], flown['duration'])
        assert flight.record.flight.outcome == trial.outcome
        np.testing.assert_allclose(flight.record.distances[-1], flown['final_distance'])
        assert 'success' not in result.role
    assert run.description.notes == (), 'flown again, all ended as before'
    assert run.description.task.vehicle == 'quadrotor'


def test_page_is_whole_and_its_videos_play(folder: Path) -> None:
    page = (folder / 'report.html').read_text(encoding='utf-8')
    links = re.findall(r'(?:src|href|poster)="([^"]*)"', page)
    anchors = set(re.findall(r'id="([^"]+)"', page))
    assert all(
        link.startswith('data:') or (link.startswith('#') and link[1:] in anchors)
        for link in links
    )
    videos = re.findall(r'data:video/mp4;base64,([^"]+)', page)
    flights = read_run(folder).flights
    assert len(videos) == len(flights) == 6
    for video, flight in zip(videos, flights, strict=True):
        with av.open(io.BytesIO(base64.b64decode(video))) as container:
            frames = [frame.to_ndarray(format='rgb24') for frame in container.decode(video=0)]
        assert len(frames) == len(flight.record.flight.images)
        assert frames[0].mean() == pytest.approx(flight.record.flight.images[0].mean(), abs=12)


def test_page_labels_each_flight_with_role_seed_and_outcome(folder: Path) -> None:
    page = (folder / 'report.html').read_text(encoding='utf-8')
    sections = page.split('<section class="flight"')[1:]
    for section, flight in zip(sections, read_run(folder).flights, strict=True):
        head = section[: section.index('class="grid"')]
        assert flight.result.role in head
        trial = flight.result.trial
        assert f'Seed {trial.seed}: {name_cause(trial)} after' in head
        assert 'class="badge good"' not in head
    assert '<h1>untrained: 0 of 6 trials succeeded in three rows</h1>' in page


def test_page_is_drawn_again_from_its_folder(folder: Path, capsys) -> None:
    before = (folder / 'report.html').read_text(encoding='utf-8')
    (folder / 'report.html').unlink()
    assert cli.main(['report', str(folder)]) == 0
    assert str(folder / 'report.html') in capsys.readouterr().out.replace('\n', '')
    assert (folder / 'report.html').read_text(encoding='utf-8') == before


def test_results_of_a_real_folder_open_in_a_browser(folder: Path, tmp_path: Path) -> None:
    assert cli.main(['report', str(folder), '--output', str(tmp_path / 'page')]) == 0
    page = tmp_path / 'page' / 'results.html'
    opened = open_page(page, tmp_path)
    assert (opened.console, opened.broken) == ([], [])
    failures = [
        flight for flight in read_run(folder).flights if not flight.result.trial.is_success
    ]
    assert (opened.videos, opened.images) == (6, len(failures))
    text = page.read_text(encoding='utf-8')
    for flight in failures:
        assert describe_failure(flight.result.trial) in text


def test_who_does_not_look_is_shown_with_images(tmp_path: Path, capsys) -> None:
    arguments = ['--policy', 'hover', '--task', 'follow_target', '--episodes', '1']
    arguments += ['--task-option', 'time_limit=1', '--processes', '1', '--output', str(tmp_path)]
    arguments += ['--no-references']
    assert cli.main(['evaluate', *arguments]) == 0
    assert f'page: {tmp_path / "report.html"}' in capsys.readouterr().out
    run = read_run(tmp_path)
    (flight,) = run.flights
    assert flight.record.flight.images.mean() > 30
    assert flight.result.role == 'the only trial'
    assert run.description.is_blind
    assert run.description.notes == (), 'images change nothing for who does not look'


def make_row(name: str, successes: int) -> FlownRow:
    summary = SuiteSummary('s', 'forest', 'summer', 'p', 10, successes, successes / 10, 0.0, 1.0)
    return FlownRow(name, Scenario('s', choose_task('fly_to_target')), summary, [])


def test_many_rows_are_shown_by_the_first_and_the_worst_in_their_order() -> None:
    rows = [make_row(str(index), 10 - index % 10) for index in range(46)]
    shown = choose_rows(rows)
    # Rates fall from row 0 to 9, from 10 to 19 and so on.
    assert [row.name for row in shown] == ['0', '8', '9', '18', '19', '28', '29', '39']
    assert len(shown) == MAX_PICTURED
    assert choose_rows(rows[:MAX_PICTURED]) == rows[:MAX_PICTURED]


@pytest.mark.parametrize('suite', ['seasons', 'range', 'stress', 'road', 'cameras', 'rover'])
def test_rows_of_a_suite_are_told_apart_in_words(suite: str) -> None:
    names = [name_row(scenario.describe()) for scenario in list_scenarios(suite)]
    assert len(set(names)) == len(names)
    assert not any('_' in name for name in names)


def test_row_is_named_by_what_sets_it_apart() -> None:
    described = {'world': 'forest', 'season': 'dusk', 'disturbance': 'image_noise', 'level': 2}
    assert name_row(described) == 'forest dusk, image noise, level 2'
    assert name_row({'world': 'urban', 'season': 'summer', 'distance': 20.0}) == (
        'urban summer, 20 m'
    )


def test_trials_that_end_otherwise_when_flown_again_are_named() -> None:
    row = replace(
        make_row('forest summer', 1), results=[RESULT], summary=summarise('', '', '', '', [RESULT])
    )
    assert describe_strays([(row, RESULT, RESULT)]) == ()
    (note,) = describe_strays([(row, RESULT, replace(RESULT, duration=8.0))])
    assert 'forest summer, seed 7' in note


@pytest.mark.parametrize('name', sorted(TASKS))
def test_every_task_is_described_in_one_sentence(name: str) -> None:
    words = describe_task(TASKS.find(name))
    assert words.sentence.endswith('.')
    assert '|' not in words.sentence
    assert words.vehicle in ('quadrotor', 'rover', 'car')
