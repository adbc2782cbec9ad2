# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A run folder with two flights made by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.circuit import NeuronGroup, Synapse
from lnn_control.core.flight import Flight, FlightRecord, Site, save_flight
from lnn_control.evaluation.flight import FlightName, measure_flight, note_trial, to_line
from lnn_control.evaluation.recording import RecordedTrial
from lnn_control.evaluation.suite import SuiteSummary
from lnn_control.evaluation.trial import TrialResult
from lnn_control.reports.run_folder import (
    RESULTS,
    RecordedRun,
    RunDescription,
    TaskWords,
    TrialRow,
    read_run,
    write_description,
)

NUM_IMAGES = 30


@pytest.fixture(scope='session')
def record() -> FlightRecord:
    """Return 1.5 s along x, past a trunk and a box, without reaching the target."""
    rng = np.random.default_rng(3)
    image_times = 0.02 + 0.05 * np.arange(NUM_IMAGES)
    pose_times = np.arange(0.0, 1.5, 0.02)
    positions = np.stack(
        [1.2 * pose_times, 0.2 * pose_times, np.full_like(pose_times, 1.5)], axis=1
    )
    command_times = np.arange(0.0, 1.5, 0.015)
    commands = np.zeros((len(command_times), 4))
    commands[:, 0], commands[:, 3] = 1.2, 0.3 * np.sin(4 * command_times)
    flight = Flight(
        images=rng.integers(0, 255, (NUM_IMAGES, 72, 128, 3), dtype=np.uint8),
        image_times=image_times,
        positions_world=positions,
        yaws=np.full_like(pose_times, 0.16),
        velocities=np.tile([1.2, 0.2, 0.0], (len(pose_times), 1)),
        pose_times=pose_times,
        commands=commands,
        command_times=command_times,
        neurons=np.sin(np.outer(image_times, np.arange(9))).astype(np.float32),
        neuron_times=image_times,
        latencies=np.linspace(0.002, 0.004, NUM_IMAGES),
        outcome='collision',
        duration=1.5,
        wall_duration=1.5,
    )
    site = Site(
        circles=np.array([[1.0, 1.0, 0.25]]),
        boxes=np.array([[3.0, -1.0, 1.0, 0.5, 0.3]]),
        start=np.zeros(2),
        target=np.array([9.0, 0.0, 0.4]),
        reach=2.5,
        shortest_path=np.array([[0.0, 0.0], [9.0, 0.0]]),
        shortest_length=6.5,
        time_limit=30.0,
    )
    return FlightRecord(flight, site, np.full(len(pose_times), 0.8))


@pytest.fixture
def run(record: FlightRecord, tmp_path: Path) -> RecordedRun:
    """Return a run with a collision in the forest and a success in town."""
    return write_run(record, tmp_path)


@pytest.fixture(scope='session')
def shared_run(record: FlightRecord, tmp_path_factory: pytest.TempPathFactory) -> RecordedRun:
    """Return such a run for tests that change nothing in it."""
    return write_run(record, tmp_path_factory.mktemp('run'))


def write_run(record: FlightRecord, folder: Path) -> RecordedRun:
    landed = replace(record, flight=replace(record.flight, outcome='success'))
    lines = []
    for number, (world, season, one) in enumerate(
        [('forest', 'winter', record), ('urban', 'summer', landed)], start=1
    ):
        path = f'flights/{number}.npz'
        save_flight(folder / path, one)
        lines.append(to_line(measure_flight(FlightName(world, season, 7, 'tiny', path), one)))
    (folder / RESULTS).write_text('\n'.join(lines) + '\n')
    groups = (
        NeuronGroup('inter', 4, 7),
        NeuronGroup('command', 2, 4),
        NeuronGroup('motor', 0, 2),
    )
    synapses = (Synapse(4, 2, 1), Synapse(2, 3, -1), Synapse(3, 0, 1))
    description = RunDescription(
        created='2026-11-22T10:00:00+00:00',
        policy='tiny',
        num_parameters=1234,
        neuron_groups=groups,
        synapses=synapses,
        settings={'seed': 7, 'checkpoint': '<b>bold</b>'},
        versions={'python': '3.11', 'commit': 'abc'},
    )
    write_description(folder, description)
    return read_run(folder)


def show_trials(run: RecordedRun, folder: Path) -> RecordedRun:
    """Write the same flights as the best and the worst of ten trials; the best's target walked."""
    lines = []
    for role, outcome, seed in (
        ('best: the fastest success', 'success', 3),
        ('worst: failed soonest', 'collision', 7),
    ):
        record = run.flights[0].record
        flight = replace(record.flight, outcome=outcome, latencies=np.zeros(0))
        if outcome == 'success':
            along = np.outer(flight.pose_times, [1.0, 0.0, 0.0])
            flight = replace(flight, targets_world=record.site.target + along)
        result = TrialResult(seed, outcome, 1.5, 1.8, 1.2, 0.8, 0.3, 7.5, 0.9, {'kept': 0.4})
        path = f'flights/{seed}.npz'
        save_flight(folder / path, replace(record, flight=flight))
        name = FlightName('forest', 'winter', seed, 'tiny', path, 'forest winter', role)
        lines.append(to_line(note_trial(name, RecordedTrial(result, flight, record.clearances))))
    (folder / RESULTS).write_text('\n'.join(lines) + '\n')
    rows = (
        TrialRow(
            'forest winter',
            SuiteSummary('own', 'forest', 'winter', 'tiny', 10, 7, 0.7, 0.3968, 0.8922),
        ),
        TrialRow(
            'urban summer, level 2',
            SuiteSummary('own', 'urban', 'summer', 'tiny', 10, 1, 0.1, 0.018, 0.404),
        ),
    )
    description = replace(
        run.description,
        task=TaskWords('own', 'Find the door.', 'rover'),
        rows=rows,
        notes=('Pictures of one row.',),
    )
    write_description(folder, description)
    return read_run(folder)
