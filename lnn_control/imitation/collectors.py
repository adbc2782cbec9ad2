# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Processes that fly one episode after another, always with the newest weights.

What is flown next follows from the files that are there, so that a run which was killed goes on.
"""

import heapq
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from lnn_control.core.processes import Workers, map_in_processes
from lnn_control.core.whole_file import remove_unfinished
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.collection import EXPERT, CollectionCrew, EpisodeFolder
from lnn_control.imitation.episode_file import read_episode, read_metadata, write_episode
from lnn_control.imitation.retry import RetrySettings, is_failure, plan_retry
from lnn_control.policies.cockpit import Cockpit
from lnn_control.policies.folders import is_checkpoint
from lnn_control.policies.runner import PolicyRunner


@dataclass(frozen=True)
class FlightPlan:
    """What collectors fly, and with what they fly it; picklable.

    :param folder: of the episodes; its seeds are those that may be flown.
    :param weights: folder of the newest checkpoint; none lies there at first.
    :param crew: who makes environments; its settings are those of every first episode.
    :param second: of every other episode.
    :param near_failures: how flights begin near a failure.
    :param prepare: called with an episode's file, so that whoever trains finds it prepared.
    """

    folder: EpisodeFolder
    weights: Path
    crew: CollectionCrew
    second: CollectSettings = field(default_factory=CollectSettings)
    near_failures: RetrySettings = field(default_factory=RetrySettings)
    prepare: Callable[[Path], object] | None = None


class Flight(NamedTuple):
    """What is to be flown.

    :param attempt: 0 begins at the seed's start, others near the failure of that flight.
    """

    seed: int
    attempt: int = 0


class Flown(NamedTuple):
    """An episode that was flown and written."""

    flight: Flight
    path: Path
    pilot: str
    outcome: str
    num_images: int


class Schedule:
    """Says what is flown next: a new seed, or that of a failure from shortly before it.

    :param folder: what lies in it is not flown again. :param settings: for failures.
    """

    def __init__(self, folder: EpisodeFolder, settings: RetrySettings) -> None:
        self._folder, self._settings = folder, settings
        self._seeds = iter(folder.seeds)
        # First attempts come before second ones, and of each the newest failure's.
        self._waiting: list[tuple[int, int]] = []
        self._num_new = self._num_retries = 0

    def recall(self) -> None:
        """Take note of what earlier runs have flown, as the files themselves say.

        :raises EpisodeFileError: if a file is damaged.
        """
        for path in self._folder.path.glob(f'{self._folder.name}_*.mcap'):
            said = read_metadata(path)
            flight = Flight(int(said.get('seed', -1)), int(said.get('attempt', 0)))
            if flight.seed in self._folder.seeds:
                self._num_retries += flight.attempt > 0
                self.note(flight, said['pilot'], said['outcome'])

    def note(self, flight: Flight, pilot: str, outcome: str) -> None:
        """Take note of a flight that ended: where the policy failed, others may begin."""
        if flight.attempt or pilot == EXPERT:
            return
        self._num_new += 1
        if not is_failure(outcome):
            return
        for attempt in range(1, self._settings.retries + 1):
            if not self._folder.find_path(flight.seed, attempt).exists():
                heapq.heappush(self._waiting, (attempt, -flight.seed))

    def choose(self) -> Flight | None:
        """Return what is to be flown next, None when everything was."""
        # With this one too, their share must be within what is allowed.
        total = self._num_new + self._num_retries + 1
        if self._waiting and self._num_retries + 1 <= self._settings.retry_share * total:
            self._num_retries += 1
            attempt, negative_seed = heapq.heappop(self._waiting)
            return Flight(-negative_seed, attempt)
        for seed in self._seeds:
            if not self._folder.find_path(seed).exists():
                return Flight(seed)
        return None


class _Station:
    """What one process flies with: its environment and the newest weights that it has seen."""

    def __init__(self, plan: FlightPlan) -> None:
        self.plan = plan
        self._cockpit: Cockpit[None] = Cockpit(plan.crew.make_env, lambda env: None)
        self._seen: int | None = None
        self._runner: PolicyRunner | None = None

    def fly(self, flight: Flight) -> Flown:
        """Fly an episode, with the newest weights if there are any, and write it."""
        plan, (seed, attempt) = self.plan, flight
        env, _ = self._cockpit.enter(plan.crew.choose_cell(seed))
        settings = plan.second if (seed + attempt) % 2 else plan.crew.settings
        retry = None
        if attempt:
            failed = read_episode(plan.folder.find_path(seed))
            retry = plan_retry(failed, seed, attempt, plan.near_failures)
        episode = collect_episode(env, seed, settings, self._find_runner(), retry)
        described = {} if plan.crew.describe_env is None else plan.crew.describe_env(env)
        episode.metadata.update({**plan.folder.shared, **described})
        path = plan.folder.find_path(seed, attempt)
        write_episode(path, episode)
        if plan.prepare is not None:
            plan.prepare(path)
        pilot, outcome = episode.metadata['pilot'], episode.metadata['outcome']
        return Flown(flight, path, pilot, outcome, len(episode))

    def _find_runner(self) -> PolicyRunner | None:
        """Return what runs the newest policy, None as long as there is none."""
        from lnn_control.policies.checkpoint import load_policy

        weights = self.plan.weights
        if not is_checkpoint(weights):
            return None
        changed = (weights / 'model.safetensors').stat().st_mtime_ns
        if changed != self._seen:
            self._runner = PolicyRunner(load_policy(weights), self.plan.crew.runner)
            self._seen = changed
        return self._runner


def _enter(plan: FlightPlan) -> _Station:
    import torch

    torch.set_num_threads(1)
    return _Station(plan)


def _fly(station: _Station, flight: Flight) -> Flown:
    return station.fly(flight)


class Collectors:
    """Processes that fly one episode after another until they are stopped.

    :param count: of the processes.
    """

    def __init__(self, plan: FlightPlan, count: int) -> None:
        self._plan, self._count = plan, count
        self._flown: queue.SimpleQueue[Flown | BaseException] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name='collectors', daemon=True)

    def __enter__(self) -> 'Collectors':
        self._plan.folder.path.mkdir(parents=True, exist_ok=True)
        remove_unfinished(self._plan.folder.path, '*.mcap')
        self._thread.start()
        return self

    def land(self) -> None:
        """Begin no more flights; those under way may be lost."""
        self._stop.set()

    def __exit__(self, *error: object) -> None:
        self.land()
        self._thread.join()
        remove_unfinished(self._plan.folder.path, '*.mcap')

    def take(self, timeout: float) -> list[Flown]:
        """Return what was flown since the last time; wait for something up to a time [s].

        :raises OSError: if there is no space left or processes died.
        """
        found: list[Flown] = []
        while True:
            try:
                item = self._flown.get(timeout=0.0 if found else timeout)
            except queue.Empty:
                return found
            if isinstance(item, BaseException):
                raise item
            found.append(item)

    def _list_flights(self, schedule: Schedule) -> Iterator[Flight]:
        """Yield what is to be flown; nothing once the collectors are stopped."""
        while not self._stop.is_set():
            flight = schedule.choose()
            if flight is None:
                return
            yield flight

    def _run(self) -> None:
        schedule = Schedule(self._plan.folder, self._plan.near_failures)
        workers = Workers(self._count, _enter, (self._plan,))
        flights = map_in_processes(_fly, self._list_flights(schedule), workers, is_ordered=False)
        try:
            schedule.recall()
            for flown in flights:
                schedule.note(flown.flight, flown.pilot, flown.outcome)
                self._flown.put(flown)
                if self._stop.is_set():
                    break
        except Exception as error:  # raised again where somebody hears it
            self._flown.put(error)
        finally:
            flights.close()  # type: ignore[attr-defined]
