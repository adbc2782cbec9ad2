# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

from lnn_control.core.flight import Flight, FlightRecord, Site, load_flight, save_flight


@pytest.fixture
def record() -> FlightRecord:
    rng = np.random.default_rng(0)
    flight = Flight(
        images=rng.integers(0, 255, (3, 4, 6, 3), dtype=np.uint8),
        image_times=np.array([0.0, 0.05, 0.1]),
        positions_world=np.array([[0.0, 0.0, 1.5], [3.0, 4.0, 1.5]]),
        yaws=np.array([0.0, 0.1]),
        velocities=np.array([[0.0, 0.0, 0.0], [3.0, 4.0, 0.0]]),
        pose_times=np.array([0.0, 0.1]),
        commands=np.ones((2, 4)),
        command_times=np.array([0.0, 0.1]),
        neurons=rng.random((3, 5), dtype=np.float32),
        neuron_times=np.array([0.0, 0.05, 0.1]),
        latencies=np.array([0.003]),
        outcome='collision',
        duration=0.1,
        wall_duration=0.2,
    )
    site = Site(
        circles=np.array([[1.0, 2.0, 0.3]]),
        boxes=np.zeros((0, 5)),
        start=np.zeros(2),
        target=np.array([3.0, 4.0, 0.5]),
        reach=2.5,
        shortest_path=np.array([[0.0, 0.0], [3.0, 4.0]]),
        shortest_length=2.5,
        time_limit=30.0,
    )
    return FlightRecord(flight, site, np.array([1.0, 0.5]))


def test_record_survives_the_disk(record: FlightRecord, tmp_path: Path) -> None:
    path = tmp_path / 'flights' / '1.npz'
    save_flight(path, record)
    loaded = load_flight(path)
    for part in ('flight', 'site'):
        before, after = getattr(record, part), getattr(loaded, part)
        for entry in fields(before):
            np.testing.assert_array_equal(getattr(after, entry.name), getattr(before, entry.name))
    np.testing.assert_array_equal(loaded.clearances, record.clearances)
    assert loaded.flight.outcome == 'collision'
    assert loaded.flight.images.dtype == np.uint8
    assert not list(tmp_path.rglob('*.part'))


def test_file_of_an_earlier_version_is_read(record: FlightRecord, tmp_path: Path) -> None:
    path = tmp_path / 'now.npz'
    save_flight(path, record)
    later = {'flight.distances', 'flight.targets_world', 'site.stops', 'site.walk'}
    later |= {'site.road', 'site.road_width'}
    with np.load(path) as stored:
        assert later <= set(stored.files)
        np.savez(tmp_path / 'then.npz', **{n: stored[n] for n in stored.files if n not in later})
    loaded = load_flight(tmp_path / 'then.npz')
    assert loaded.site.road.shape == loaded.site.walk.shape == (0, 2)
    np.testing.assert_array_equal(loaded.distances, record.distances)


def test_distances_are_those_that_the_task_counted(record: FlightRecord) -> None:
    counted = replace(record.flight, distances=np.array([7.0, 6.0]))
    np.testing.assert_array_equal(replace(record, flight=counted).distances, [7.0, 6.0])


def test_edges_of_a_road_lie_half_its_width_aside(record: FlightRecord) -> None:
    angle = np.linspace(0.0, 2 * np.pi, 40, endpoint=False)
    circle = 20.0 * np.column_stack([np.cos(angle), np.sin(angle)])
    left, right = replace(record.site, road=circle, road_width=7.0).road_edges
    np.testing.assert_allclose(np.linalg.norm(left, axis=1), 16.5)
    np.testing.assert_allclose(np.linalg.norm(right, axis=1), 23.5)


def test_speeds_and_distances(record: FlightRecord) -> None:
    np.testing.assert_allclose(record.flight.speeds, [0.0, 5.0])
    distances = record.site.distance_to_target(record.flight.positions_world)
    np.testing.assert_allclose(distances, [np.sqrt(26.0), 1.0])


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'yaws': np.zeros(3)}, 'yaws must have one row for each of pose_times, got 3 and 2'),
        ({'image_times': np.array([0.1, 0.05, 0.2])}, 'image_times must ascend'),
        ({'commands': np.ones((2, 3))}, r'commands must have shape \(None, 4\), got \(2, 3\)'),
        ({'distances': np.zeros(3)}, 'distances must have one row for each of pose_times'),
        ({'duration': -1.0}, 'duration must be a finite number'),
        ({'velocities': np.full((2, 3), np.nan)}, 'velocities must be finite'),
    ],
)
def test_what_does_not_fit_is_named(
    record: FlightRecord, changes: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        replace(record.flight, **changes)


def test_clearances_belong_to_poses(record: FlightRecord) -> None:
    with pytest.raises(ValueError, match=r'clearances must have shape \(2,\), got \(1,\)'):
        replace(record, clearances=np.array([1.0]))


@pytest.mark.parametrize('content', [b'', b'not a zip file', b'PK\x03\x04 cut short'])
def test_broken_file_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / 'broken.npz'
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'broken\.npz must be a recorded flight'):
        load_flight(path)


def test_missing_file_stays_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load_flight(tmp_path / 'none.npz')
