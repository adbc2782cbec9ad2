# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The trials of `lnn-control evaluate`: flown once each, written as they come, gone on with."""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from lnn_control.cli.roster import Part, Post, Roster
from lnn_control.cli.scenarios import Scenario, find_same_flight, make_env
from lnn_control.core.provenance import describe_versions
from lnn_control.core.work import Place
from lnn_control.deploy.provide import provide_policy
from lnn_control.evaluation.row_names import name_row_of_suite
from lnn_control.evaluation.suite import Crew, SuiteSummary, run_jobs, summarise
from lnn_control.evaluation.trial import TrialResult
from lnn_control.evaluation.trial_log import TrialLog, open_log
from lnn_control.policies.packed import pack_policy
from lnn_control.policies.registry import is_blind
from lnn_control.policies.runner import RunnerSettings

TRIALS = 'trials.jsonl'

Flight = tuple[Scenario, int]
"""What is flown once, for however many rows: see :func:`find_same_flight`, and a seed."""


@dataclass(frozen=True)
class FlownPost:
    """A row with its trials, in the order of their seeds."""

    post: Post
    summary: SuiteSummary
    results: list[TrialResult]

    @property
    def row(self) -> tuple[SuiteSummary, list[TrialResult]]:
        """What tables show."""
        return self.summary, self.results


@dataclass(frozen=True)
class FlightSettings:
    """How trials are flown.

    :param place: where. :param runner: of what steps the policies.
    :param backend: what computes them. :param output: folder for the trials; None keeps none.
    """

    place: Place = None
    runner: RunnerSettings = field(default_factory=RunnerSettings)
    backend: str | None = None
    output: Path | None = None

    def provide(self, post: Post) -> str:
        """Return what makes a row's policy; a reference has no backend."""
        is_plain = post.part is Part.REFERENCE
        return post.policy if is_plain else provide_policy(post.policy, self.backend)

    def identify_run(self, post: Post) -> str:
        """Return a digest of all that results depend on beside the row and the seed."""
        packed = pack_policy(self.provide(post))
        runner = self.runner
        told = [packed.text, runner.is_limited, runner.allow_untrained, describe_versions()]
        digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode())
        for name, data in sorted(packed.files.items()):
            digest.update(name.encode() + data)
        return digest.hexdigest()[:16]


def fly_roster(roster: Roster, settings: FlightSettings) -> list[FlownPost]:
    """Fly every trial that the folder does not hold yet, keep it there, and return all rows."""
    with _open_trials(roster, settings) as book, Watch(book) as watch:
        for policy in roster.policies:
            watch.fly(policy, settings)
    return [
        FlownPost(post, summarise_post(post, results), results)
        for post in roster.posts
        for results in [[book.found[post][seed] for seed in post.seeds]]
    ]


def summarise_post(post: Post, results: list[TrialResult]) -> SuiteSummary:
    """Return the rate of a row."""
    described = post.scenario.describe()
    place = {name: described[name] for name in ('suite', 'world', 'season')}
    return summarise(**place, policy=post.policy, results=results)


class TrialBook:
    """What was flown of each row, and what is still to fly.

    :param log: holds the trials that are there and takes new ones. :param runs: by policy.
    """

    def __init__(self, posts: Sequence[Post], log: TrialLog, runs: dict[str, str]) -> None:
        self.posts = posts
        self._log = log
        self._keys: dict[Post, dict[str, Any]] = {
            post: post.scenario.describe() | {'policy': post.policy, 'run': runs[post.policy]}
            for post in posts
        }
        self.found = {post: log.recall(key) for post, key in self._keys.items()}
        self.num_trials = sum(len(post.seeds) for post in posts)
        same = {post: find_same_flight(post.scenario, is_blind(post.policy)) for post in posts}
        # What one row has flown already, another one need not fly.
        flown = {
            (post.policy, same[post], seed): result
            for post in posts
            for seed, result in self.found[post].items()
        }
        self._waiting: dict[str, dict[Flight, list[Post]]] = {name: {} for name in runs}
        for post, seed in [(one, seed) for one in posts for seed in one.seeds]:
            known = flown.get((post.policy, same[post], seed))
            if known is None:
                self._waiting[post.policy].setdefault((same[post], seed), []).append(post)
            elif seed not in self.found[post]:
                self._keep(post, known)

    def list_waiting(self, policy: str) -> list[Flight]:
        """Return what a policy has still to fly, in the order of the rows."""
        return list(self._waiting[policy])

    @property
    def num_waiting(self) -> int:
        """Trials that are still to be flown."""
        return sum(len(posts) for one in self._waiting.values() for posts in one.values())

    def note(self, policy: str, flight: Flight, result: TrialResult) -> list[Post]:
        """Keep the result of a flight and return the rows that it belongs to."""
        posts = self._waiting[policy].pop(flight)
        for post in posts:
            self._keep(post, result)
        return posts

    def is_done(self, post: Post) -> bool:
        """Return whether all trials of a row are there."""
        return all(seed in self.found[post] for seed in post.seeds)

    def _keep(self, post: Post, result: TrialResult) -> None:
        self.found[post][result.seed] = result
        self._log.note(self._keys[post], result)


@contextmanager
def _open_trials(roster: Roster, settings: FlightSettings) -> Iterator[TrialBook]:
    """Open the file of the single trials, or none."""
    if settings.output is None:
        # Nobody reads what was flown by whom where no trial is written down.
        yield TrialBook(roster.posts, TrialLog(), dict.fromkeys(roster.policies, ''))
        return
    runs = {post.policy: settings.identify_run(post) for post in roster.posts}
    path = settings.output / TRIALS
    with open_log(path, frozenset(runs.values())) as (log, num_dropped):
        if num_dropped:
            print(
                f'{path}: {num_dropped} trials of other policies, settings or versions are left '
                'out'
            )
        yield TrialBook(roster.posts, log, runs)


class Watch:
    """Flies what waits in a book, and shows how far it is and how long the rest takes.

    Where nobody sees a bar move, such as in a log file, it prints a line for every row.
    """

    def __init__(self, book: TrialBook) -> None:
        self._book = book
        self._start, self._num_before = time.monotonic(), book.num_waiting
        self._progress = Progress(
            TextColumn('{task.description}'),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn('left'),
            TimeRemainingColumn(),
            speed_estimate_period=600.0,
        )
        num_there = book.num_trials - book.num_waiting
        self._bar = self._progress.add_task('', total=book.num_trials, completed=num_there)

    def __enter__(self) -> 'Watch':
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def fly(self, policy: str, settings: FlightSettings) -> None:
        """Fly what waits for a policy."""
        flights = self._book.list_waiting(policy)
        if not flights:
            return
        post = next(post for post in self._book.posts if post.policy == policy)
        packed = pack_policy(settings.provide(post))
        crew = Crew(partial(make_env, is_blind=is_blind(policy)), packed, settings.runner)
        results = run_jobs(crew, flights, settings.place)
        for flight, result in zip(flights, results, strict=True):
            self._tell(self._book.note(policy, flight, result))

    def _tell(self, posts: Sequence[Post]) -> None:
        """Move the bar, or print a line for rows that are done."""
        words = f'{posts[0].policy}, {name_row_of_suite(posts[0].scenario.describe())}'
        self._progress.update(self._bar, advance=len(posts), description=words)
        if sys.stdout.isatty():
            return
        for post in filter(self._book.is_done, posts):
            results = self._book.found[post]
            num_good = sum(results[seed].is_success for seed in post.seeds)
            words = f'{post.policy}, {name_row_of_suite(post.scenario.describe())}'
            print(f'{words}: {num_good} of {len(post.seeds)}, {self._estimate()}', flush=True)

    def _estimate(self) -> str:
        """Return in words how long what waits will take."""
        num_left = self._book.num_waiting
        seconds = (time.monotonic() - self._start) / max(self._num_before - num_left, 1) * num_left
        return f'{num_left} trials to go, {describe_time(seconds)}' if num_left else 'all flown'


def describe_time(seconds: float) -> str:
    """Return a time in words, in the unit that suits."""
    if seconds < 90:
        return f'{seconds:.0f} s'
    return f'{seconds / 60:.0f} min'
