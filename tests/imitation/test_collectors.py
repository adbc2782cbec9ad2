# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What collectors fly next, also after a kill: new seeds, and failures from shortly before."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.collect import CollectSettings
from lnn_control.imitation.collection import CollectionCrew, EpisodeFolder
from lnn_control.imitation.collectors import Collectors, Flight, FlightPlan, Flown, Schedule
from lnn_control.imitation.episode_file import read_metadata, write_episode
from lnn_control.imitation.retry import RetrySettings
from lnn_control.policies.checkpoint import save_checkpoint
from lnn_control.policies.network import Network, NetworkConfig
from lnn_control.policies.runner import RunnerSettings
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.tasks.fly_to_target import FlyToTarget
from tests.patience import PATIENCE

SETTINGS = RetrySettings(retries=2, retry_share=0.5)


@pytest.fixture
def folder(tmp_path: Path) -> EpisodeFolder:
    (tmp_path / 'episodes').mkdir()
    return EpisodeFolder(tmp_path / 'episodes', 'f', range(100), 'several')


def take(schedule: Schedule, count: int) -> list[tuple[int, int]]:
    """Return what is flown next, where nothing of it ends before the last begins."""
    chosen = [schedule.choose() for _ in range(count)]
    return [tuple(flight) for flight in chosen if flight is not None]


# What is flown next.


def test_without_failures_only_new_seeds_are_flown(folder):
    schedule = Schedule(folder, SETTINGS)
    for seed in range(10):
        assert schedule.choose() == Flight(seed)
        # Neither the expert's collisions nor flights that took too long count.
        pilot, outcome = [
            ('student', 'success'),
            ('student', 'time_limit'),
            ('expert', 'collision'),
        ][seed % 3]
        schedule.note(Flight(seed), pilot, outcome)
    assert schedule.choose() == Flight(10)


def test_failures_are_tried_again_newest_first_and_each_once_before_twice(folder):
    schedule = Schedule(folder, RetrySettings(retries=2, retry_share=1.0))
    assert take(schedule, 3) == [(0, 0), (1, 0), (2, 0)]
    for seed in range(3):
        schedule.note(Flight(seed), 'student', 'collision' if seed != 1 else 'success')
    assert take(schedule, 5) == [(2, 1), (0, 1), (2, 2), (0, 2), (3, 0)]


def test_failed_try_is_not_tried_again(folder):
    schedule = Schedule(folder, RetrySettings(retries=1, retry_share=1.0))
    schedule.note(Flight(0), 'student', 'collision')
    assert take(schedule, 1) == [(0, 1)]
    schedule.note(Flight(0, 1), 'student', 'collision')
    assert take(schedule, 1) == [(0, 0)]


@pytest.mark.parametrize('share', [0.0, 0.25, 0.4, 0.5])
def test_share_of_tries_is_never_above_what_is_allowed(folder, share):
    # A policy that always fails, and two collectors: the results come one flight late.
    schedule = Schedule(folder, RetrySettings(retries=2, retry_share=share))
    flown: list[Flight] = []
    for number in range(60):
        flight = schedule.choose()
        assert flight is not None
        flown.append(flight)
        num_tries = sum(flight.attempt > 0 for flight in flown)
        assert num_tries <= share * len(flown)
        if number:
            schedule.note(flown[-2], 'student', 'out_of_area')
    assert num_tries >= share * len(flown) - 3


def test_schedule_goes_on_where_the_files_end(folder, make_episode):
    def write(seed: int, attempt: int, pilot: str, outcome: str) -> None:
        episode = make_episode()
        episode.metadata.update(seed=str(seed), pilot=pilot, outcome=outcome)
        if attempt:
            episode.metadata['attempt'] = str(attempt)
        write_episode(folder.find_path(seed, attempt), episode)

    write(0, 0, 'expert', 'collision')
    write(1, 0, 'student', 'collision')
    write(2, 0, 'student', 'collision')
    write(3, 0, 'student', 'success')
    # The first try of seed 2 was killed, its second one was not.
    write(2, 2, 'student', 'collision')
    # Seeds that are not to be flown are not flown again either.
    write(100, 0, 'student', 'collision')
    schedule = Schedule(folder, SETTINGS)
    schedule.recall()
    # Three new flights of the policy and one try: another two are allowed.
    assert take(schedule, 3) == [(2, 1), (1, 1), (4, 0)]
    schedule.note(Flight(4), 'student', 'success')
    assert take(schedule, 2) == [(1, 2), (5, 0)]
    for seed in range(5, 10):
        schedule.note(Flight(seed), 'student', 'success')
    assert take(schedule, 1) == [(6, 0)]


# With real flights.

SIZE = (32, 18)


def make_env(cell: str) -> TaskEnv:
    settings = SimulationSettings(renderer='none', camera=PinholeCamera(*SIZE))
    return TaskEnv(FlyToTarget(density=3.0, time_limit=6.0), settings=settings)


def choose_cell(seed: int) -> str:
    return 'the same'


def plan(folder: Path) -> FlightPlan:
    crew = CollectionCrew(
        make_env,
        choose_cell,
        settings=CollectSettings(noise=0.0, expert_share=0.0),
        runner=RunnerSettings(allow_untrained=True),
    )
    return FlightPlan(
        EpisodeFolder(folder / 'episodes', 'f', range(1000), 'several'),
        folder / 'flying',
        crew,
        crew.settings,
        RetrySettings(retry_share=0.5, retry_lead=(0.5, 1.0)),
    )


def save_rammer(folder: Path) -> None:
    """Save a policy that flies straight ahead, whatever it sees."""
    network = Network(
        NetworkConfig(Preprocessing(*SIZE), (4, 4, 4, 6), num_places=4, num_neurons=16)
    )
    with torch.no_grad():
        network.command_scale.fill_(0.0)
        network.command_mean.copy_(torch.tensor([3.0, 0.0, 0.0, 0.0]))
    save_checkpoint(folder / 'flying', 'student', network, {})


def collect(folder: Path, is_enough: Callable[[], bool]) -> list[Flown]:
    """Return what one collector flew until it was enough."""
    flown: list[Flown] = []
    deadline = time.monotonic() + PATIENCE
    with Collectors(plan(folder), 1) as collectors:
        while not is_enough():
            assert time.monotonic() < deadline
            flown += collectors.take(timeout=0.1)
    return flown + collectors.take(timeout=0.0)


def start_collectors(folder: Path) -> 'subprocess.Popen[bytes]':
    script = (
        'import sys\n'
        'from pathlib import Path\n'
        'from tests.imitation.test_collectors import collect\n'
        'if __name__ == "__main__":\n'
        '    collect(Path(sys.argv[1]), lambda: False)\n'
    )
    file = folder / 'collect.py'
    file.write_text(script)
    path = os.pathsep.join(filter(None, [os.getcwd(), os.environ.get('PYTHONPATH')]))
    return subprocess.Popen(
        [sys.executable, str(file), str(folder)], env=os.environ | {'PYTHONPATH': path}
    )


def list_tries(folder: EpisodeFolder) -> set[Path]:
    """Return the files of every try that follows from the failures in a folder."""
    rows = [read_metadata(path) for path in folder.path.glob('*.mcap')]
    failures = [
        int(row['seed'])
        for row in rows
        if 'attempt' not in row and row['outcome'] in ('collision', 'out_of_area')
    ]
    return {folder.find_path(seed, attempt) for seed in failures for attempt in (1, 2)}


def test_killed_collectors_fly_no_episode_twice_and_miss_no_try(tmp_path):
    save_rammer(tmp_path)
    folder = plan(tmp_path).folder
    process = start_collectors(tmp_path)
    deadline = time.monotonic() + PATIENCE
    try:
        # In the middle of a write, after a try was flown.
        while not (list(folder.path.glob('*_retry*.mcap')) and list(folder.path.glob('*.part'))):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.001)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait(PATIENCE)
    kept = {path: path.stat().st_mtime_ns for path in folder.path.glob('*.mcap')}
    wanted = list_tries(folder)
    assert wanted
    flown = collect(tmp_path, lambda: all(path.exists() for path in wanted))
    # Each file once: kept as it was, or flown now.
    paths = [row.path for row in flown]
    assert len(set(paths)) == len(paths)
    assert not set(paths) & kept.keys()
    for path, written_at in kept.items():
        assert path.stat().st_mtime_ns == written_at
    assert not list(folder.path.glob('*.part'))
    # What they are, their files say.
    for path in folder.path.glob('*.mcap'):
        metadata = read_metadata(path)
        assert metadata['pilot'] == 'student'
        seed, attempt = int(metadata['seed']), int(metadata.get('attempt', 0))
        assert path == folder.find_path(seed, attempt)
        assert metadata.get('start') == ('near failure' if attempt else None)
        assert attempt == 0 or path in list_tries(folder)
