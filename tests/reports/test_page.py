# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import base64
import io
import json
import re

import numpy as np
import pytest

av = pytest.importorskip('av', reason='needs PyAV: pip install ".[report]"')
pytest.importorskip('jinja2', reason='needs jinja2: pip install ".[report]"')

from lnn_control.reports.page import choose_quality, write_page  # noqa: E402
from lnn_control.reports.run_folder import PAGE, RecordedRun  # noqa: E402
from lnn_control.reports.style import OUTCOMES  # noqa: E402
from tests.reports.conftest import show_trials  # noqa: E402


@pytest.fixture(scope='module')
def page(shared_run: RecordedRun) -> str:
    path = write_page(shared_run)
    assert path == shared_run.folder / PAGE
    return path.read_text(encoding='utf-8')


def test_page_needs_nothing_from_outside(page: str) -> None:
    links = re.findall(r'(?:src|href|poster)="([^"]*)"', page)
    assert links
    assert all(link.startswith(('data:', '#')) for link in links)
    outside = re.findall(r'https?:|//[a-z]+\.|url\(|@import', re.sub(r'base64,[^"]+', '', page))
    assert [entry for entry in outside if entry != 'url('] == []


def test_page_names_each_flight_and_its_result(page: str) -> None:
    for title, outcome in (('Forest winter', 'collision'), ('Urban summer', 'success')):
        section = page[page.index(f'<h2>{title}</h2>') :]
        assert OUTCOMES[outcome].label in section[:800]
    assert 'Two flights over ROS 2, one reached the target' in page
    assert page.count('<section class="flight"') == 2


def test_page_embeds_videos_of_all_images(page: str) -> None:
    videos = re.findall(r'data:video/mp4;base64,([^"]+)', page)
    assert len(videos) == 2
    with av.open(io.BytesIO(base64.b64decode(videos[0]))) as container:
        frames = list(container.decode(video=0))
        assert container.streams.video[0].codec_context.pix_fmt == 'yuv420p'
    assert len(frames) == 30
    assert (frames[0].width, frames[0].height) == (640, 360)


def test_motion_follows_the_flight(page: str, shared_run: RecordedRun) -> None:
    text = re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)
    assert text is not None
    motion = json.loads(text[1])
    flight = shared_run.flights[0].record.flight
    assert len(motion['neurons']['activity']) == len(flight.neurons)
    expected = np.clip(np.rint(flight.neurons[5] * 100), -100, 100)
    assert motion['neurons']['activity'][5] == expected.tolist()
    x = [place[0] for place in motion['track']['places']]
    assert (np.diff(x) > 0).all(), 'the flight leads along x'
    assert motion['begin'] == pytest.approx(flight.image_times[0])


def test_settings_are_shown_as_text(page: str) -> None:
    assert '&lt;b&gt;bold&lt;/b&gt;' in page
    assert '<b>bold</b>' not in page


def test_page_without_a_circuit_has_none(run: RecordedRun) -> None:
    from dataclasses import replace

    bare = replace(run.description, neuron_groups=(), synapses=())
    page = write_page(replace(run, description=bare)).read_text(encoding='utf-8')
    assert 'data-neuron' not in page
    assert 'Neuron activity' not in page


@pytest.mark.parametrize(('duration', 'quality'), [(60.0, 26), (240.0, 32), (1e5, 38)])
def test_longer_videos_have_a_lower_quality(duration: float, quality: int) -> None:
    assert choose_quality(duration) == quality


def test_page_of_flights_over_ros_tells_of_the_pipeline(page: str) -> None:
    for words in ('Camera to command', 'Latency p50', 'safety_node', 'after the safety limits'):
        assert words in page
    assert 'Wilson' not in page


@pytest.fixture(scope='module')
def trials_page(shared_run: RecordedRun, tmp_path_factory: pytest.TempPathFactory) -> str:
    run = show_trials(shared_run, tmp_path_factory.mktemp('trials'))
    return write_page(run).read_text(encoding='utf-8')


def test_page_of_trials_has_a_table_of_all_rows_linked_to_what_is_shown(trials_page: str) -> None:
    table = trials_page[trials_page.index('<table class="rows">') :]
    table = table[: table.index('</table>')]
    assert '<a href="#1-forest-winter">Forest winter</a>' in table
    assert '<td>7</td>' in table
    assert '70.0 %' in table
    assert '39.7 to 89.2 %' in table
    assert 'Urban summer, level 2</td>' in table, 'without a link: nothing is shown of it'
    assert 'tiny: 8 of 20 trials succeeded in two rows' in trials_page
    assert 'Pictures of one row.' in trials_page


def test_page_of_trials_labels_each_flight_by_its_role_and_its_own_outcome(
    trials_page: str,
) -> None:
    sections = trials_page.split('<section class="flight"')[1:]
    heads = [section[: section.index('class="grid"')] for section in sections]
    assert 'Forest winter · best: the fastest success' in heads[0]
    assert 'Seed 3: success after 1.5 s' in heads[0]
    assert 'class="badge good"' in heads[0]
    assert 'Forest winter · worst: failed soonest' in heads[1]
    assert 'Seed 7: hit something after 1.5 s, 7.5 m from the target' in heads[1]
    assert 'class="badge bad"' in heads[1]
    assert 'Success' not in heads[1]


def test_page_of_trials_says_nothing_of_ros(trials_page: str) -> None:
    text = re.sub(r'base64,[^"]+', '', trials_page)
    for words in ('ROS', 'Latency', 'safety', 'sim_node', 'DDS'):
        assert words not in text
    assert 'Find the door. A neural network of 7 neurons, 1,234 parameters in all,' in text


def test_target_that_moved_is_on_the_map_and_moves(trials_page: str) -> None:
    sections = trials_page.split('<section class="flight"')[1:]
    assert ['class="goal"' in section for section in sections] == [True, False]
    text = re.search(r'<script type="application/json">(.*?)</script>', sections[0], re.DOTALL)
    assert text is not None
    motion = json.loads(text[1])
    assert len(motion['targets']) == len(motion['track']['times'])
    assert (np.diff([x for x, _ in motion['targets']]) >= 0).all()
