# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Result files made by hand, as `lnn-control evaluate --json` writes them."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lnn_control.evaluation.suite import summarise, write_records
from lnn_control.evaluation.trial import TrialResult

PATH = ((0.0, 0.0), (3.0, 1.0), (6.0, 0.5))


def make_trial(seed: int, is_success: bool) -> TrialResult:
    """Return a success, or a collision with a trunk after the target left the view."""
    measures = (9.0, 9.5, 1.1, 0.6, 0.4, 2.0) if is_success else (4.2, 7.0, 1.0, 0.3, 0.5, 6.0)
    known: dict[str, Any] = {'metrics': {'held': 2.0}, 'from_start': 6.9, 'path': PATH}
    known |= {} if is_success else {'hit': 'trunk', 'unseen_since': 3.1}
    return TrialResult(seed, 'success' if is_success else 'collision', *measures, **known)


def make_record(
    suite: str, policy: str, outcomes: str, first_seed: int = 10, **described: Any
) -> dict[str, Any]:
    """Return a row. :param outcomes: 1 a success, 0 a failure, one a seed."""
    trials = [make_trial(first_seed + i, mark == '1') for i, mark in enumerate(outcomes)]
    place = {'world': 'forest', 'season': 'summer'}
    place |= {name: described.pop(name) for name in place if name in described}
    summary = summarise(suite, policy=policy, results=trials, **place)
    beside = {'first_seed': first_seed, 'versions': {'commit': 'abc'}}
    told = {'task': 'fly_to_target', **described, **beside}
    return asdict(summary) | told | {'trials': [asdict(trial) for trial in trials]}


def write_file(path: Path, *records: dict[str, Any]) -> Path:
    """Write rows into a file and return its path."""
    path.write_text(write_records(records), encoding='utf-8')
    return path


def make_suites(policy: str, good: str, bad: str) -> list[dict[str, Any]]:
    """Return rows of three suites of which the harder ones go badly."""
    return [
        make_record('seasons', policy, good, season='autumn'),
        make_record('seasons', policy, bad, season='winter'),
        make_record('range', policy, good, distance=10.0),
        make_record('range', policy, bad, distance=20.0),
        make_record('stress', policy, good, disturbance=None, level=0),
        make_record('stress', policy, good, disturbance='wind', level=1),
        make_record('stress', policy, bad, disturbance='wind', level=2),
    ]
