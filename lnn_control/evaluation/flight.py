# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a recorded flight came to: the measures of a trial and, over ROS 2, of the pipeline."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lnn_control.core.config import parse_config
from lnn_control.core.flight import FlightRecord
from lnn_control.evaluation.recording import RecordedTrial
from lnn_control.evaluation.trial import (
    TrialResult,
    measure_command_change,
    measure_path,
    trace_path,
)


@dataclass(frozen=True)
class FlightResult:
    """One record of results.jsonl.

    :param trial: measured as in any other closed-loop trial.
    :param command_rate: new commands a simulated second, one an image [Hz].
    :param cmd_vel_rate: all commands that reached the vehicle [Hz]; safety repeats them. None
        without ROS 2.
    :param latency_p50_ms: wall time from publishing an image to the arrival of its command; None
        without ROS 2. :param latency_p99_ms: likewise.
    :param real_time_factor: simulated seconds a second.
    :param num_images: that were recorded.
    :param flight: the recorded flight, relative to the run's folder.
    :param row: name of the trials that it was chosen from; empty where every flight is shown.
    :param role: why it was chosen.
    """

    world: str
    season: str
    policy: str
    trial: TrialResult
    command_rate: float
    cmd_vel_rate: float | None
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    real_time_factor: float
    num_images: int
    flight: str
    row: str = ''
    role: str = ''

    @property
    def name(self) -> str:
        """World and season as words, or the row's name."""
        return self.row or f'{self.world} {self.season}'


@dataclass(frozen=True)
class FlightName:
    """Which flight it was.

    :param path: of the recorded flight, relative to the run's folder.
    :param row: see :class:`FlightResult`. :param role: likewise.
    """

    world: str
    season: str
    seed: int
    policy: str
    path: str
    row: str = ''
    role: str = ''


def note_trial(name: FlightName, recorded: RecordedTrial) -> FlightResult:
    """Return the result of a trial in an environment as that of a flight, without a pipeline."""
    flight = recorded.flight
    return FlightResult(
        name.world,
        name.season,
        name.policy,
        recorded.result,
        command_rate=round(len(flight.commands) / max(flight.duration, 1e-6), 3),
        cmd_vel_rate=None,
        latency_p50_ms=None,
        latency_p99_ms=None,
        real_time_factor=round(flight.duration / max(flight.wall_duration, 1e-6), 3),
        num_images=len(flight.images),
        flight=name.path,
        row=name.row,
        role=name.role,
    )


def measure_flight(name: FlightName, record: FlightRecord) -> FlightResult:
    """Return the measures of a flight that was recorded over ROS 2.

    :raises ValueError: if no command answered an image or no pose was recorded.
    """
    flight = record.flight
    if not len(flight.latencies) or not len(flight.pose_times):
        raise ValueError(
            f'a flight must hold poses and commands that answer images, got '
            f'{len(flight.pose_times)} poses and {len(flight.latencies)} answers'
        )
    duration = max(flight.duration, 1e-6)
    p50, p99 = np.percentile(flight.latencies * 1e3, (50, 99))
    return FlightResult(
        name.world,
        name.season,
        name.policy,
        _measure_trial(name.seed, record),
        command_rate=round(len(flight.latencies) / duration, 3),
        cmd_vel_rate=round(len(flight.command_times) / duration, 3),
        latency_p50_ms=round(float(p50), 3),
        latency_p99_ms=round(float(p99), 3),
        real_time_factor=round(flight.duration / max(flight.wall_duration, 1e-6), 3),
        num_images=len(flight.images),
        flight=name.path,
        row=name.row,
        role=name.role,
    )


def _measure_trial(seed: int, record: FlightRecord) -> TrialResult:
    flight, site = record.flight, record.site
    # Commands repeat between images: their change counts from one image to the next.
    new = np.searchsorted(flight.command_times, flight.image_times[1:], side='right') - 1
    commands = flight.commands[np.maximum(new, 0)].astype(np.float32)
    elapsed = np.diff(flight.image_times)
    from_start, path = trace_path(flight.positions_world)
    return TrialResult(
        seed,
        flight.outcome,
        round(flight.duration, 3),
        *measure_path(flight.positions_world, site.shortest_length),
        float(record.clearances.min()),
        measure_command_change(commands, elapsed),
        float(record.distances[-1]),
        from_start=from_start,
        path=path,
    )


def to_line(result: FlightResult) -> str:
    """Return a result as one line of JSON."""
    return json.dumps(asdict(result))


def read_results(path: Path) -> list[FlightResult]:
    """Read results.jsonl.

    :raises ValueError: if a line is not a result.
    """
    lines = [line for line in path.read_text(encoding='utf-8').splitlines() if line.strip()]
    return [
        parse_config(FlightResult, _parse(line, f'{path}:{number}'), f'{path}:{number}')
        for number, line in enumerate(lines, start=1)
    ]


def _parse(line: str, source: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise ValueError(f'{source} must be JSON, but cannot be read: {error}') from error
