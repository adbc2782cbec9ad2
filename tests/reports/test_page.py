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

from lnn_control.evaluation.flight import FlightResult  # noqa: E402
from lnn_control.reports.page import describe_title, write_page  # noqa: E402
from lnn_control.reports.run_folder import PAGE, RecordedRun  # noqa: E402
from lnn_control.reports.style import OUTCOMES  # noqa: E402


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


@pytest.mark.parametrize(
    ('reached', 'title'),
    [
        ([True], 'One flight: target reached'),
        ([True, True, True, True], 'Four flights over ROS 2, every target reached'),
        ([False, True, False], 'Three flights over ROS 2, one reached the target'),
        ([False, False], 'Two flights over ROS 2, none reached the target'),
    ],
)
def test_title_tells_what_came_of_it(run: RecordedRun, reached: list[bool], title: str) -> None:
    failed, landed = (flight.result for flight in run.flights)
    results: list[FlightResult] = [landed if flag else failed for flag in reached]
    assert describe_title(results) == title
