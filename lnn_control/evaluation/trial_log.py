# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Trials as JSON lines, written as they come, so that an evaluation can go on where it was."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TextIO

from lnn_control.core.whole_file import write_whole
from lnn_control.evaluation.trial import TrialResult

_RESULT = frozenset(entry.name for entry in fields(TrialResult))
_LATER = frozenset({'hit', 'unseen_since', 'from_start', 'path'})
"""What files of earlier versions do not hold."""


class TrialLog:
    """Remembers trials by what names their row and their seed.

    :param lines: where they are written; None keeps them nowhere.
    :param known: what was there already, by row.
    """

    def __init__(
        self, lines: TextIO | None = None, known: Mapping[str, list[TrialResult]] | None = None
    ) -> None:
        self._lines, self._known = lines, known or {}

    def recall(self, row: Mapping[str, Any]) -> dict[int, TrialResult]:
        """Return the trials of a row that were flown already, by their seeds."""
        return {result.seed: result for result in self._known.get(_name(row), [])}

    def note(self, row: Mapping[str, Any], result: TrialResult) -> None:
        """Write a trial. :param row: what names its row, told apart from any other."""
        if self._lines is not None:
            print(json.dumps(dict(row) | asdict(result)), file=self._lines, flush=True)


@contextmanager
def open_log(path: Path, runs: frozenset[str]) -> Iterator[tuple[TrialLog, int]]:
    """Open a file of trials to go on with, and say how many of other runs were dropped from it.

    :param runs: what rows name as their 'run': trials of others are not comparable any more.
    :raises OSError: if the file cannot be written.
    """
    kept: list[str] = []
    known: dict[str, list[TrialResult]] = {}
    num_dropped = 0
    for line in _read_lines(path):
        found = _read_trial(line)
        if found is None or found[0].get('run') not in runs:
            num_dropped += found is not None
            continue
        kept.append(line)
        known.setdefault(_name(found[0]), []).append(found[1])
    with write_whole(path) as stream:
        stream.write(''.join(f'{line}\n' for line in kept).encode())
    with open(path, 'a', encoding='utf-8') as lines:
        yield TrialLog(lines, known), num_dropped


def _read_lines(path: Path) -> list[str]:
    return path.read_text(encoding='utf-8').splitlines() if path.exists() else []


def _read_trial(line: str) -> tuple[dict[str, Any], TrialResult] | None:
    """Return what names a row and its trial, None for a line that a kill has cut."""
    try:
        values = json.loads(line)
        row = {name: value for name, value in values.items() if name not in _RESULT}
        return row, read_result(values)
    except (ValueError, KeyError, AttributeError):
        return None


def read_result(values: Mapping[str, Any]) -> TrialResult:
    """Return a trial from the values that a line of JSON holds, whatever else it holds.

    :raises KeyError: if one is missing that every version has written.
    """
    present = {name for name in _RESULT if name in values or name not in _LATER}
    return TrialResult(**{name: values[name] for name in present})


def _name(row: Mapping[str, Any]) -> str:
    return json.dumps(dict(row), sort_keys=True)
