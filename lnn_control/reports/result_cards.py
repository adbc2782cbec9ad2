# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A recorded flight on a page of results: its video, its map with all who flew there, its end."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnn_control.evaluation.causes import describe_failure
from lnn_control.evaluation.trial import TrialResult
from lnn_control.reports import figures, style, words
from lnn_control.reports.html import embed, embed_image
from lnn_control.reports.onboard import render_frames
from lnn_control.reports.page import add_cursor, add_markers, describe_motion, has_moved_target
from lnn_control.reports.result_figures import OtherPath, choose_colours, draw_shared_map
from lnn_control.reports.results import RecordedTrialOfRow, ResultRow, Results
from lnn_control.reports.video import VideoSettings, write_video

BEFORE = 1.0
"""How long before a failure its picture was taken [s]."""

Frame = tuple[float, NDArray[np.uint8]]


@dataclass(frozen=True)
class OtherFlight:
    """Who else flew from the same seed, and how that ended. :param role: of its colour."""

    policy: str
    role: str
    end: str


@dataclass(frozen=True)
class FlightCard:
    """A recorded flight as the template shows it.

    :param role: why it was chosen. :param before: picture shortly before a failure, and when that
        was; empty of a success.
    :param has_asked: whether the chart of commands also has those before the limits.
    :param neurons: None of a policy without a circuit.
    :param data: JSON of what moves with the video.
    """

    title: str
    role: str
    outcome: style.Outcome
    sentence: str
    video: str
    poster: str
    before: str
    before_words: str
    map: str
    top_speed: float
    commands: figures.Chart
    has_asked: bool
    neurons: figures.Chart | None
    facts: tuple[words.Entry, ...]
    others: tuple[OtherFlight, ...]
    data: str


def draw_card(recorded: RecordedTrialOfRow, results: Results, quality: int) -> FlightCard:
    """Draw everything of a recorded flight.

    :param quality: rate factor of its video.
    """
    row, trial, record = recorded.row, recorded.flight.result.trial, recorded.flight.record
    frames = list(render_frames(record))
    others = find_others(row, trial.seed, results)
    roles = choose_colours(results.policies)
    has_failed = not trial.is_success
    shown_at, picture = find_frame(frames, record.flight.duration - BEFORE)
    shared = [OtherPath(roles[name], one) for name, one in others.items()]
    drawing = draw_shared_map(record, shared)
    groups = recorded.neuron_groups
    has_neurons = bool(groups) and bool(len(record.flight.neurons))
    # Some way into the flight there is more to see than at the start.
    resting_at, poster = frames[len(frames) // 3]
    return FlightCard(
        title=f'{row.summary.suite.replace("_", " ").capitalize()}: {row.name}',
        role=recorded.flight.result.role,
        outcome=style.OUTCOMES[trial.outcome] if has_failed else style.Outcome('Success', 'good'),
        sentence=f'{row.policy}, seed {trial.seed}: {_describe_end(trial)}',
        video=embed(_encode(frames, quality), 'video/mp4'),
        poster=embed_image(poster),
        before=embed_image(picture) if has_failed else '',
        before_words=f'{record.flight.duration - shown_at:.1f} s before the end',
        map=add_markers(drawing.svg, has_moved_target(record)),
        top_speed=figures.top_speed(record.flight),
        commands=add_cursor(figures.draw_commands(record.flight)),
        has_asked=bool(len(record.flight.asked)),
        neurons=add_cursor(figures.draw_neurons(record.flight, groups)) if has_neurons else None,
        facts=words.describe_facts(recorded.flight.result, record),
        others=tuple(
            OtherFlight(name, roles[name], _describe_end(one)) for name, one in others.items()
        ),
        data=describe_motion(record, drawing, resting_at),
    )


def _describe_end(trial: TrialResult) -> str:
    return f'success after {trial.duration:.1f} s' if trial.is_success else describe_failure(trial)


def find_others(row: ResultRow, seed: int, results: Results) -> dict[str, TrialResult]:
    """Return what other policies flew from a seed of a row, by policy, where paths were kept."""
    return {
        other.policy: trial
        for other in results.rows
        if other.key == row.key and other.policy != row.policy
        for trial in other.trials
        if trial.seed == seed and len(trial.path) > 1
    }


def find_frame(frames: Sequence[Frame], time: float) -> Frame:
    """Return the latest frame that is not later than a time [s]; the first one before any."""
    earlier = [frame for frame in frames if frame[0] <= time]
    return earlier[-1] if earlier else frames[0]


def _encode(frames: Sequence[Frame], quality: int) -> bytes:
    """Return frames as an .mp4 file."""
    height, width = frames[0][1].shape[:2]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / 'flight.mp4'
        write_video(path, frames, VideoSettings(width, height, quality=quality))
        return path.read_bytes()
