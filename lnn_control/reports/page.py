# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""report.html of a run: one file with everything in it, which opens without a network."""

import base64
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import jinja2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from lnn_control.core.flight import FlightRecord
from lnn_control.evaluation.flight import FlightResult
from lnn_control.reports import figures, style
from lnn_control.reports.circuit_view import draw_circuit_view
from lnn_control.reports.onboard import render_frames
from lnn_control.reports.run_folder import PAGE, RecordedFlight, RecordedRun
from lnn_control.reports.video import VideoSettings, write_video

VIDEOS = 'videos'
TEMPLATES = Path(__file__).resolve().parent / 'templates'

# The page moves the drone in steps of this [s].
_TRACK_PERIOD = 0.05
_NUMBERS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')


@dataclass(frozen=True)
class Entry:
    """A name and its value, with a unit and a note where there is one."""

    name: str
    value: str
    unit: str = ''
    note: str = ''


@dataclass(frozen=True)
class FlightView:
    """One flight as the template shows it: texts, drawings and data URLs."""

    anchor: str
    title: str
    sentence: str
    outcome: style.Outcome
    result: FlightResult
    video: str
    poster: str
    thumbnail: str
    map: str
    top_speed: float
    commands: figures.Chart
    neurons: figures.Chart | None
    heights: figures.Chart
    facts: tuple[Entry, ...]
    data: str


def write_page(run: RecordedRun) -> Path:
    """Write report.html and its videos into the run's folder and return the page's path."""
    views = [
        make_flight_view(number, flight, run) for number, flight in enumerate(run.flights, start=1)
    ]
    results = [flight.result for flight in run.flights]
    description = run.description
    created = datetime.fromisoformat(description.created)
    has_circuit = bool(description.neuron_groups)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
    )
    text = environment.get_template('report.html.j2').render(
        title=describe_title(results),
        lead=describe_lead(run),
        created=f'{created.day} {created:%B %Y, %H:%M}',
        key_figures=describe_key_figures(run),
        flights=views,
        circuit=draw_circuit_view(description.neuron_groups, description.synapses)
        if has_circuit
        else '',
        origin=describe_origin(run),
        speed_gradient=style.describe_speed_gradient(),
        positive=style.POSITIVE,
        negative=style.NEGATIVE,
        css=(TEMPLATES / 'report.css').read_text(encoding='utf-8'),
        js=(TEMPLATES / 'report.js').read_text(encoding='utf-8'),
    )
    path = run.folder / PAGE
    part = path.with_name(f'{path.name}.part')
    part.write_text(text, encoding='utf-8')
    part.replace(path)
    return path


def make_flight_view(number: int, flight: RecordedFlight, run: RecordedRun) -> FlightView:
    """Draw everything of one flight; its video is also kept as a file."""
    result, record = flight.result, flight.record
    anchor = f'{number}-{result.world}-{result.season}'
    video = run.folder / VIDEOS / f'{anchor}.mp4'
    video.parent.mkdir(exist_ok=True)
    frames = list(render_frames(record))
    height, width = frames[0][1].shape[:2]
    write_video(video, frames, VideoSettings(width, height, quality=26))
    drawing = figures.draw_map(record)
    groups = run.description.neuron_groups
    has_neurons = bool(groups) and bool(len(record.flight.neurons))
    # Some way into the flight there is more to see than at the start.
    shown = len(frames) // 3
    return FlightView(
        anchor=anchor,
        title=result.name.capitalize(),
        sentence=describe_flight(result, record),
        outcome=style.OUTCOMES[result.trial.outcome],
        result=result,
        video=_embed(video.read_bytes(), 'video/mp4'),
        poster=_embed_image(frames[shown][1]),
        thumbnail=_embed_image(record.flight.images[shown]),
        map=add_drone(drawing.svg),
        top_speed=figures.top_speed(record.flight),
        commands=_add_cursor(figures.draw_commands(record.flight)),
        neurons=_add_cursor(figures.draw_neurons(record.flight, groups)) if has_neurons else None,
        heights=_add_cursor(figures.draw_heights(record)),
        facts=describe_facts(result, record),
        data=describe_motion(record, drawing, float(record.flight.image_times[shown])),
    )


def describe_title(results: Sequence[FlightResult]) -> str:
    """Return what came of all flights, as a headline."""
    count, reached = len(results), sum(result.trial.is_success for result in results)
    if count == 1:
        return 'One flight: target reached' if reached else 'One flight: target missed'
    if reached == count:
        outcome = 'every target reached'
    else:
        outcome = f'{_spell(reached) if reached else "none"} reached the target'
    return f'{_spell(count).capitalize()} flights over ROS 2, {outcome}'


def _spell(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def describe_lead(run: RecordedRun) -> str:
    """Return what flew, in two sentences."""
    description = run.description
    neurons = sum(group.stop - group.start for group in description.neuron_groups)
    circuit = f'a liquid network of {neurons} neurons' if neurons else 'a policy'
    return (
        f'From camera and IMU alone, {circuit} steers a quadrotor between obstacles to a red '
        f'camping chair. The same {description.num_parameters:,} parameters fly every world.'
    )


def describe_key_figures(run: RecordedRun) -> tuple[Entry, ...]:
    """Return the four numbers on top of the page."""
    results = [flight.result for flight in run.flights]
    latencies_ms = np.concatenate([flight.record.flight.latencies for flight in run.flights]) * 1e3
    p50, p99 = np.percentile(latencies_ms, (50, 99))
    reached = sum(result.trial.is_success for result in results)
    rate = float(np.mean([result.command_rate for result in results]))
    factor = float(np.mean([result.real_time_factor for result in results]))
    groups = ', '.join(f'{g.stop - g.start} {g.name}' for g in run.description.neuron_groups)
    neurons = sum(g.stop - g.start for g in run.description.neuron_groups)
    return (
        Entry('Targets reached', f'{reached}', f'of {len(results)}', 'hovering near it for 2 s'),
        Entry('Camera to command', f'{p50:.1f}', 'ms', f'median; 99 % within {p99:.1f} ms'),
        Entry('Commands', f'{rate:.1f}', 'Hz', f'one an image; real-time factor {factor:.2f}'),
        Entry('Circuit', f'{neurons}', 'neurons', groups or 'none recorded'),
    )


def describe_flight(result: FlightResult, record: FlightRecord) -> str:
    """Return one sentence about a flight."""
    begun_at = float(np.linalg.norm(record.site.target[:2] - record.site.start))
    return (
        f'{begun_at:.1f} m to the target, {len(record.site.circles) + len(record.site.boxes)} '
        f'obstacles around, seed {result.trial.seed}'
    )


def describe_facts(result: FlightResult, record: FlightRecord) -> tuple[Entry, ...]:
    """Return the measures of a flight."""
    trial = result.trial
    ratio = f'{trial.path_ratio:.2f}' if trial.is_success else '\u2013'
    return (
        Entry('Time', f'{trial.duration:.1f} s'),
        Entry('Path flown', f'{trial.path_length:.1f} m'),
        Entry('Path over shortest', ratio),
        Entry('Smallest clearance', f'{trial.clearance:.2f} m'),
        Entry('Top speed', f'{record.flight.speeds.max(initial=0.0):.1f} m/s'),
        Entry('Left to the target', f'{trial.final_distance:.1f} m'),
        Entry('Command change', f'{trial.command_change:.2f} m/s²'),
        Entry('Images', f'{result.num_images}'),
        Entry('Latency p50', f'{result.latency_p50_ms:.1f} ms'),
        Entry('Latency p99', f'{result.latency_p99_ms:.1f} ms'),
        Entry('cmd_vel', f'{result.cmd_vel_rate:.0f} Hz'),
        Entry('Real-time factor', f'{result.real_time_factor:.2f}'),
    )


def describe_origin(run: RecordedRun) -> tuple[Entry, ...]:
    """Return settings and versions: all that is needed to fly it again."""
    description = run.description
    settings = [Entry(name, str(value)) for name, value in description.settings.items()]
    versions = [Entry(name, value) for name, value in description.versions.items()]
    return (Entry('policy', description.policy), *settings, *versions)


def describe_motion(record: FlightRecord, drawing: figures.Map, shown: float) -> str:
    """Return JSON of what moves with the video: the drone on the map and the neurons.

    :param shown: time at which the page rests until the video plays [s].
    """
    flight = record.flight
    times = np.arange(0.0, max(flight.duration, _TRACK_PERIOD), _TRACK_PERIOD)
    rows = np.maximum(np.searchsorted(flight.pose_times, times, side='right') - 1, 0)
    # In a drawing y points down and angles turn clockwise.
    turns = -np.degrees(flight.yaws[rows])[:, None]
    places = np.hstack([drawing.place(flight.positions_world[rows]), turns])
    activity = np.clip(np.rint(flight.neurons * 100), -100, 100).astype(int)
    motion = {
        'begin': round(float(flight.image_times[0]), 3),
        'shown': round(shown, 3),
        'track': {'times': times.round(3).tolist(), 'places': places.round(1).tolist()},
        'neurons': {
            'times': flight.neuron_times.round(3).tolist(),
            'activity': activity.tolist(),
        },
    }
    return json.dumps(motion, separators=(',', ':')).replace('<', '\\u003c')


def add_drone(svg: str) -> str:
    """Return a map with an arrow in it that a script can move."""
    arrow = '<g class="drone"><path d="M 13 0 L -8 8 L -4 0 L -8 -8 Z"/></g>'
    shape = 'preserveAspectRatio="xMidYMid slice" role="img" aria-label="map of the flight"'
    return svg.replace('<svg ', f'<svg {shape} ', 1).replace('</svg>', f'{arrow}</svg>')


def _add_cursor(chart: figures.Chart) -> figures.Chart:
    line = f'<line class="cursor" x1="{chart.left}" x2="{chart.left}" y1="2" y2="{chart.bottom}"/>'
    return replace(chart, svg=chart.svg.replace('</svg>', f'{line}</svg>'))


def _embed(data: bytes, kind: str) -> str:
    return f'data:{kind};base64,{base64.b64encode(data).decode("ascii")}'


def _embed_image(pixels: NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, 'JPEG', quality=85)
    return _embed(stream.getvalue(), 'image/jpeg')
