# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""report.html of a run: one file with everything in it, which opens without a network."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np

from lnn_control.core.flight import FlightRecord
from lnn_control.core.whole_file import write_whole
from lnn_control.evaluation.flight import FlightResult
from lnn_control.reports import figures, style, words
from lnn_control.reports.circuit_view import draw_circuit_view
from lnn_control.reports.html import embed, embed_image, open_template, read_part
from lnn_control.reports.onboard import render_frames
from lnn_control.reports.run_folder import PAGE, RecordedFlight, RecordedRun, TrialRow
from lnn_control.reports.video import VideoSettings, write_video

VIDEOS = 'videos'

# The page moves the drone in steps of this [s].
_TRACK_PERIOD = 0.05


@dataclass(frozen=True)
class FlightView:
    """One flight as the template shows it: texts, drawings and data URLs."""

    anchor: str
    title: str
    sentence: str
    outcome: style.Outcome
    result: FlightResult
    cells: tuple[str, ...]
    video: str
    poster: str
    thumbnail: str
    map: str
    top_speed: float
    has_reach: bool
    has_road: bool
    has_asked: bool
    commands: figures.Chart
    neurons: figures.Chart | None
    heights: figures.Chart
    facts: tuple[words.Entry, ...]
    data: str


@dataclass(frozen=True)
class RowView:
    """One row of trials as the template shows it.

    :param anchor: of the first of its flights, empty where none is shown.
    """

    row: TrialRow
    anchor: str


def write_page(run: RecordedRun, note: Callable[[], None] | None = None) -> Path:
    """Write report.html and its videos into the run's folder and return the page's path.

    :param note: called after every flight that was drawn.
    """
    views = []
    for number, flight in enumerate(run.flights, start=1):
        views.append(make_flight_view(number, flight, run))
        if note is not None:
            note()
    results = [flight.result for flight in run.flights]
    description = run.description
    created = datetime.fromisoformat(description.created)
    has_circuit = bool(description.neuron_groups)
    text = open_template('report.html.j2').render(
        title=words.describe_title(results, description),
        lead=words.describe_lead(description),
        created=f'{created.day} {created:%B %Y, %H:%M}',
        key_figures=words.describe_key_figures(run),
        description=description,
        rows=link_rows(description.rows, views),
        columns=words.describe_columns(description),
        flights=views,
        circuit=draw_circuit_view(description.neuron_groups, description.synapses)
        if has_circuit
        else '',
        origin=words.describe_origin(description),
        speed_gradient=style.describe_speed_gradient(),
        positive=style.POSITIVE,
        negative=style.NEGATIVE,
        css=read_part('report.css'),
        js=read_part('report.js'),
    )
    path = run.folder / PAGE
    with write_whole(path) as stream:
        stream.write(text.encode())
    return path


def link_rows(rows: tuple[TrialRow, ...], views: list[FlightView]) -> list[RowView]:
    """Return the rows of the table, each with where its flights begin."""
    anchors: dict[str, str] = {}
    for view in views:
        anchors.setdefault(view.result.row, view.anchor)
    return [RowView(row, anchors.get(row.name, '')) for row in rows]


def choose_quality(duration: float) -> int:
    """Return the rate factor of videos that last so long together [s], to keep a page bearable.

    Two minutes are shown at their best, which makes some 20 MB. Beyond, six steps halve the bytes.
    """
    steps = 6 * np.log2(max(duration / 120.0, 1.0))
    return int(min(26 + round(steps), 38))


def make_flight_view(number: int, flight: RecordedFlight, run: RecordedRun) -> FlightView:
    """Draw everything of one flight; its video is also kept as a file."""
    result, record = flight.result, flight.record
    anchor = f'{number}-{result.world}-{result.season}'
    video = run.folder / VIDEOS / f'{anchor}.mp4'
    video.parent.mkdir(exist_ok=True)
    frames = list(render_frames(record))
    height, width = frames[0][1].shape[:2]
    quality = choose_quality(sum(one.result.trial.duration for one in run.flights))
    write_video(video, frames, VideoSettings(width, height, quality=quality))
    drawing = figures.draw_map(record)
    groups = run.description.neuron_groups
    has_neurons = bool(groups) and bool(len(record.flight.neurons))
    # Some way into the flight there is more to see than at the start.
    shown = len(frames) // 3
    return FlightView(
        anchor=anchor,
        title=words.describe_flight_title(result),
        sentence=words.describe_flight(result, record),
        outcome=words.describe_outcome(result.trial.outcome, run.description),
        result=result,
        cells=words.describe_cells(result, run.description),
        video=embed(video.read_bytes(), 'video/mp4'),
        poster=embed_image(frames[shown][1]),
        thumbnail=embed_image(record.flight.images[shown]),
        map=add_markers(drawing.svg, has_moved_target(record)),
        top_speed=figures.top_speed(record.flight),
        has_reach=record.site.reach > 0.0,
        has_road=bool(len(record.site.road)),
        has_asked=bool(len(record.flight.asked)),
        commands=add_cursor(figures.draw_commands(record.flight)),
        neurons=add_cursor(figures.draw_neurons(record.flight, groups)) if has_neurons else None,
        heights=add_cursor(figures.draw_heights(record)),
        facts=words.describe_facts(result, record),
        data=describe_motion(record, drawing, float(record.flight.image_times[shown])),
    )


def describe_motion(record: FlightRecord, drawing: figures.Map, shown: float) -> str:
    """Return JSON of what moves with the video: vehicle and target on the map, and the neurons.

    :param shown: time at which the page rests until the video plays [s].
    """
    flight = record.flight
    times = np.arange(0.0, max(flight.duration, _TRACK_PERIOD), _TRACK_PERIOD)
    rows = np.maximum(np.searchsorted(flight.pose_times, times, side='right') - 1, 0)
    # In a drawing y points down and angles turn clockwise.
    turns = -np.degrees(flight.yaws[rows])[:, None]
    places = np.hstack([drawing.place(flight.positions_world[rows]), turns])
    targets = (
        drawing.place(flight.targets_world[rows]) if has_moved_target(record) else np.zeros((0, 2))
    )
    activity = np.clip(np.rint(flight.neurons * 100), -100, 100).astype(int)
    motion = {
        'begin': round(float(flight.image_times[0]), 3),
        'shown': round(shown, 3),
        'track': {'times': times.round(3).tolist(), 'places': places.round(1).tolist()},
        'targets': targets.round(1).tolist(),
        'neurons': {
            'times': flight.neuron_times.round(3).tolist(),
            'activity': activity.tolist(),
        },
    }
    return json.dumps(motion, separators=(',', ':')).replace('<', '\\u003c')


def has_moved_target(record: FlightRecord) -> bool:
    """Return whether the target was somewhere else later."""
    places = record.flight.targets_world
    return bool(len(places)) and bool(np.ptp(places, axis=0).max() > 0.01)


def add_markers(svg: str, has_target: bool) -> str:
    """Return a map with an arrow in it, and a ring around the target, that a script can move."""
    markers = '<g class="drone"><path d="M 13 0 L -8 8 L -4 0 L -8 -8 Z"/></g>'
    if has_target:
        markers = f'<circle class="goal" r="9"/>{markers}'
    shape = 'preserveAspectRatio="xMidYMid slice" role="img" aria-label="map of the flight"'
    return svg.replace('<svg ', f'<svg {shape} ', 1).replace('</svg>', f'{markers}</svg>')


def add_cursor(chart: figures.Chart) -> figures.Chart:
    """Return a chart with an upright line in it that a script can move along its time axis."""
    line = f'<line class="cursor" x1="{chart.left}" x2="{chart.left}" y1="2" y2="{chart.bottom}"/>'
    return replace(chart, svg=chart.svg.replace('</svg>', f'{line}</svg>'))
