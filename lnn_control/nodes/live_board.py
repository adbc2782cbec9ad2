# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The newest of everything that the dashboard's page shows, each with the age it has.

One thread writes, one a browser reads. Time is the steady clock in float seconds.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

# So long after it was heard last a reading is no longer how things are [s]. A second is many
# messages of camera and policy, and more than a pause of a busy machine.
_LONGEST_SILENCE = 1.0
DIAGNOSTICS = 'diagnostics/'
"""Names of readings of diagnostics begin so."""
_SILENCES = {DIAGNOSTICS: 3.0}
"""Beginning of a name -> its own longest silence [s]: nodes say how they are once a second."""


@dataclass(frozen=True)
class Reading:
    """One thing that was heard.

    :param value: as JSON has it. :param heard_at: when it was heard last [s].
    :param version: grows with each new value.
    :param is_lasting: whether silence says nothing, as of what is published once for all.
    """

    value: Any
    heard_at: float
    version: int
    is_lasting: bool = False

    def is_live(self, name: str, now: float) -> bool:
        """Return whether it tells how things are now."""
        limit = next(
            (limit for prefix, limit in _SILENCES.items() if name.startswith(prefix)),
            _LONGEST_SILENCE,
        )
        return self.is_lasting or now - self.heard_at <= limit


class LiveBoard:
    """Holds the newest reading of each name.

    :param on_watch: called, from any thread, when a browser begins or ceases to look.
    """

    def __init__(self, on_watch: Callable[[], None]) -> None:
        self._on_watch = on_watch
        self._lock = threading.Lock()
        self._readings: dict[str, Reading] = {}
        self._num_watchers = 0

    @property
    def num_watchers(self) -> int:
        """How many browsers look."""
        with self._lock:
            return self._num_watchers

    def put(self, name: str, value: Any, now: float, is_lasting: bool = False) -> None:
        """Note what was heard.

        :param value: anything that JSON has, without NaN or infinity.
        """
        with self._lock:
            before = self._readings.get(name)
            version = 0 if before is None else before.version + 1
            self._readings[name] = Reading(value, now, version, is_lasting)

    def confirm(self, name: str, now: float) -> None:
        """Note that what was heard last still holds, if anything was."""
        with self._lock:
            if name in self._readings:
                self._readings[name] = replace(self._readings[name], heard_at=now)

    def tell(self, told: Mapping[str, int], now: float) -> tuple[dict[str, Any], dict[str, int]]:
        """Return what a browser is to be told, and the versions that it knows then.

        :param told: name -> version that it knows.
        :return: `values` that are new to it; `ages` of all that was ever heard [s]; `live`, the
            names of those that tell how things are now.
        """
        with self._lock:
            readings = dict(self._readings)
        event = {
            'values': {
                name: reading.value
                for name, reading in readings.items()
                if told.get(name) != reading.version
            },
            'ages': {name: round(now - reading.heard_at, 2) for name, reading in readings.items()},
            'live': [name for name, reading in readings.items() if reading.is_live(name, now)],
        }
        return event, {name: reading.version for name, reading in readings.items()}

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Count a browser that looks inside this context."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def _count(self, difference: int) -> None:
        with self._lock:
            self._num_watchers += difference
        self._on_watch()
