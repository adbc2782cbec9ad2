# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.flight import Flight, FlightRecord, Site
from lnn_control.evaluation.flight import (
    FlightName,
    FlightResult,
    measure_flight,
    read_results,
    to_line,
)

NAME = FlightName('forest', 'winter', 7, 'a_policy', 'flights/1.npz')


@pytest.fixture
def record() -> FlightRecord:
    """Two seconds straight ahead at 2 m/s, an image every half second, two commands an image."""
    pose_times = np.linspace(0.0, 2.0, 101)
    image_times = np.array([0.0, 0.5, 1.0, 1.5])
    command_times = np.arange(0.01, 2.0, 0.25)
    forward = np.repeat([1.0, 2.0, 2.0, 1.0], 2)
    positions = np.stack([2.0 * pose_times, 0 * pose_times, 0 * pose_times + 1.5], axis=1)
    flight = Flight(
        images=np.zeros((4, 2, 2, 3), dtype=np.uint8),
        image_times=image_times,
        positions_world=positions,
        yaws=0 * pose_times,
        velocities=np.tile([2.0, 0.0, 0.0], (101, 1)),
        pose_times=pose_times,
        commands=np.stack([forward, *3 * [0 * forward]], axis=1),
        command_times=command_times,
        neurons=np.zeros((0, 0), dtype=np.float32),
        neuron_times=np.zeros(0),
        latencies=np.array([0.001, 0.002, 0.003, 0.103]),
        outcome='success',
        duration=2.0,
        wall_duration=4.0,
    )
    site = Site(
        circles=np.zeros((0, 3)),
        boxes=np.zeros((0, 5)),
        start=np.zeros(2),
        target=np.array([6.0, 0.0, 1.5]),
        reach=2.5,
        shortest_path=np.array([[0.0, 0.0], [6.0, 0.0]]),
        shortest_length=3.2,
        time_limit=30.0,
    )
    clearances = np.concatenate([np.linspace(3.0, 0.4, 51), np.linspace(0.4, 2.0, 50)])
    return FlightRecord(flight, site, clearances)


def test_measures_are_those_counted_by_hand(record: FlightRecord) -> None:
    result = measure_flight(NAME, record)
    assert result.trial.path_length == pytest.approx(4.0)
    assert result.trial.path_ratio == pytest.approx(4.0 / 3.2)
    assert result.trial.clearance == pytest.approx(0.4)
    assert result.trial.final_distance == pytest.approx(2.0)
    assert result.trial.is_success
    assert result.command_rate == pytest.approx(2.0)  # four answers in two seconds
    assert result.cmd_vel_rate == pytest.approx(4.0)
    assert result.latency_p50_ms == pytest.approx(2.5)
    assert result.latency_p99_ms == pytest.approx(100.0)
    assert result.real_time_factor == pytest.approx(0.5)
    assert result.num_images == 4


def test_command_change_ignores_repeats_between_images(record: FlightRecord) -> None:
    # At the images after the first the latest commands are 1, 2 and 2 m/s.
    result = measure_flight(NAME, record)
    assert result.trial.command_change == pytest.approx((1.0 + 0.0) / 0.5 / 2)


def test_flight_without_answers_is_no_flight(record: FlightRecord) -> None:
    silent = replace(record, flight=replace(record.flight, latencies=np.zeros(0)))
    with pytest.raises(ValueError, match='got 101 poses and 0 answers'):
        measure_flight(NAME, silent)


def test_results_survive_the_file(record: FlightRecord, tmp_path: Path) -> None:
    result = measure_flight(NAME, record)
    other = replace(result, season='summer')
    path = tmp_path / 'results.jsonl'
    path.write_text(f'{to_line(result)}\n{to_line(other)}\n')
    assert read_results(path) == [result, other]


def test_record_has_the_agreed_fields(record: FlightRecord) -> None:
    line = json.loads(to_line(measure_flight(NAME, record)))
    assert set(line) == set(FlightResult.__dataclass_fields__)
    assert line['trial']['seed'] == 7
    assert line['trial']['outcome'] == 'success'
    assert line['flight'] == 'flights/1.npz'


@pytest.mark.parametrize(
    ('line', 'message'),
    [('{"world":', r'jsonl:1 must be JSON'), ('{"wrld": 1}', r"unknown key 'wrld', did you mean")],
)
def test_broken_line_is_named(line: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / 'results.jsonl'
    path.write_text(line + '\n')
    with pytest.raises(ValueError, match=message):
        read_results(path)
