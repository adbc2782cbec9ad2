# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of recorded flights: what lies where, and what flew.

`run.json` describes the run, `results.jsonl` holds one record a flight, `flights/` the flights.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TypeAlias

from lnn_control.core.circuit import NeuronGroup, Synapse
from lnn_control.core.config import parse_config
from lnn_control.core.flight import FlightRecord, load_flight
from lnn_control.evaluation.flight import FlightResult, read_results
from lnn_control.evaluation.suite import SuiteSummary

Setting: TypeAlias = bool | int | float | str

DESCRIPTION = 'run.json'
RESULTS = 'results.jsonl'
FLIGHTS = 'flights'
PAGE = 'report.html'
POLICIES = 'policies'
"""Where several policies flew, each has a run folder in this one."""


@dataclass(frozen=True)
class TaskWords:
    """What was asked, for a reader.

    :param name: of the task. :param sentence: that says what it is.
    :param vehicle: that had to do it.
    :param reaches: whether success is to reach a target and to stay there.
    :param trip: what a trial is called: a flight, or a drive of a vehicle on the ground.
    """

    name: str = ''
    sentence: str = ''
    vehicle: str = 'vehicle'
    reaches: bool = True
    trip: str = 'flight'


@dataclass(frozen=True)
class TrialRow:
    """One row of trials, of which some flights are shown.

    :param name: as flights have it in `row`.
    """

    name: str
    summary: SuiteSummary


@dataclass(frozen=True)
class RunDescription:
    """What flew, how, and on what.

    :param created: date and time, ISO 8601.
    :param neuron_groups: in the order that signals travel; empty without a circuit.
    :param settings: of the run, as given or by default.
    :param versions: of everything the result depends on, and the commit.
    :param task: what was asked.
    :param kind: what the policy's network is called.
    :param is_blind: whether the policy looks at no image.
    :param rows: of trials in an environment; none of flights over ROS 2, which are all shown.
    :param notes: sentences about what is shown.
    """

    created: str
    policy: str
    num_parameters: int
    neuron_groups: tuple[NeuronGroup, ...]
    synapses: tuple[Synapse, ...]
    settings: dict[str, Setting]
    versions: dict[str, str]
    task: TaskWords = field(default_factory=TaskWords)
    kind: str = 'neural network'
    is_blind: bool = False
    rows: tuple[TrialRow, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_over_ros(self) -> bool:
        """Whether the flights are those of nodes, else trials in an environment."""
        return not self.rows


@dataclass(frozen=True, eq=False)
class RecordedFlight:
    """A result with the flight it was measured from."""

    result: FlightResult
    record: FlightRecord


@dataclass(frozen=True, eq=False)
class RecordedRun:
    """All of a run folder."""

    folder: Path
    description: RunDescription
    flights: tuple[RecordedFlight, ...]


def write_description(folder: Path, description: RunDescription) -> None:
    """Write run.json."""
    text = json.dumps(asdict(description), indent=2)
    (folder / DESCRIPTION).write_text(text + '\n', encoding='utf-8')


def read_run(folder: Path) -> RecordedRun:
    """Read a run folder.

    :raises ValueError: if it is none, or holds no flight.
    """
    for name in (DESCRIPTION, RESULTS):
        if not (folder / name).is_file():
            raise ValueError(
                f'run folder must hold {DESCRIPTION} and {RESULTS}, but {folder} has no {name}: '
                'give a folder that `lnn-control demo` or `lnn-control evaluate --output` wrote'
            )
    path = folder / DESCRIPTION
    try:
        values = json.loads(path.read_text(encoding='utf-8'))
    except json.JSONDecodeError as error:
        raise ValueError(f'{path} must be JSON, but cannot be read: {error}') from error
    description = parse_config(RunDescription, values, str(path))
    results = read_results(folder / RESULTS)
    if not results:
        raise ValueError(f'{folder / RESULTS} must hold at least one flight, but is empty')
    flights = tuple(RecordedFlight(r, load_flight(folder / r.flight)) for r in results)
    return RecordedRun(folder, description, flights)
