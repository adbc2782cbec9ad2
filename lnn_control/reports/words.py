# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a page says of flights: headlines, sentences and named numbers, without any drawing.

A run over ROS 2 shows every flight and tells of the pipeline. One of trials in an environment
shows a few of many trials, and says of each why it was chosen.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lnn_control.core.flight import FlightRecord
from lnn_control.evaluation.causes import name_cause
from lnn_control.evaluation.flight import FlightResult
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.reports.run_folder import RecordedRun, RunDescription
from lnn_control.reports.style import OUTCOMES, Outcome

_NUMBERS = ('zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine')
_NONE = '\u2013'


@dataclass(frozen=True)
class Entry:
    """A name and its value, with a unit and a note where there is one."""

    name: str
    value: str
    unit: str = ''
    note: str = ''


def describe_outcome(outcome: str, description: RunDescription) -> Outcome:
    """Return how an outcome is called; not every task has a target to reach."""
    if outcome == 'success' and not _tells_of_targets(description):
        return Outcome('Success', 'good')
    return OUTCOMES[outcome]


def _tells_of_targets(description: RunDescription) -> bool:
    """Return whether a page calls success that the target was reached."""
    return description.is_over_ros and description.task.reaches


def describe_title(results: Sequence[FlightResult], description: RunDescription) -> str:
    """Return what came of all flights or trials, as a headline."""
    if not description.is_over_ros:
        successes, trials = count_trials(description)
        rows = len(description.rows)
        where = f' in {_spell(rows)} rows' if rows > 1 else ''
        return f'{description.policy}: {successes} of {trials} trials succeeded{where}'
    count, reached = len(results), sum(result.trial.is_success for result in results)
    tells_of_targets = _tells_of_targets(description)
    what = description.task.trip
    if count == 1:
        if tells_of_targets:
            return f'One {what}: target {"reached" if reached else "missed"}'
        return f'One {what}: {"success" if reached else "failed"}'
    if reached == count:
        outcome = 'every target reached' if tells_of_targets else 'every one a success'
    else:
        does = 'reached the target' if tells_of_targets else 'succeeded'
        outcome = f'{_spell(reached) if reached else "none"} {does}'
    return f'{_spell(count).capitalize()} {what}s over ROS 2, {outcome}'


def count_trials(description: RunDescription) -> tuple[int, int]:
    """Return the successes and the trials of all rows."""
    summaries = [row.summary for row in description.rows]
    return sum(s.successes for s in summaries), sum(s.episodes for s in summaries)


def _spell(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def describe_lead(description: RunDescription) -> str:
    """Return what was asked and who did it, in two sentences."""
    neurons = count_neurons(description)
    parameters = f'{description.num_parameters:,} parameters'
    if neurons:
        who = f'a {description.kind} of {neurons} neurons, {parameters} in all,'
    elif description.num_parameters:
        who = f'{description.policy}, a {description.kind} of {parameters},'
    else:
        who = description.policy
    if description.is_blind:
        how = 'without a look at the images, which were drawn for this page only'
    else:
        how = 'from camera and IMU alone'
    # The name of a policy stays as it is written.
    who = who if who.startswith(description.policy) else who[:1].upper() + who[1:]
    does = f'{who} steers a {description.task.vehicle} {how}.'
    return f'{description.task.sentence} {does}'.strip()


def count_neurons(description: RunDescription) -> int:
    """Return the neurons of all groups together."""
    return sum(group.stop - group.start for group in description.neuron_groups)


def describe_key_figures(run: RecordedRun) -> tuple[Entry, ...]:
    """Return the four numbers on top of the page."""
    description = run.description
    results = [flight.result for flight in run.flights]
    rate = float(np.mean([result.command_rate for result in results]))
    factor = float(np.mean([result.real_time_factor for result in results]))
    groups = ', '.join(f'{g.stop - g.start} {g.name}' for g in description.neuron_groups)
    circuit = Entry('Circuit', f'{count_neurons(description)}', 'neurons', groups)
    if not groups:
        size = (f'{description.num_parameters:,}', 'parameters')
        circuit = Entry('Network', *(size if description.num_parameters else ('none', '')))
    if not description.is_over_ros:
        commands = Entry('Commands', f'{rate:.1f}', 'Hz', 'one an image, closed loop')
        return (*_describe_success(description), commands, circuit)
    latencies_ms = np.concatenate([flight.record.flight.latencies for flight in run.flights]) * 1e3
    p50, p99 = np.percentile(latencies_ms, (50, 99))
    reached = sum(result.trial.is_success for result in results)
    tells_of_targets = _tells_of_targets(description)
    name, note = ('Targets reached', 'staying near it') if tells_of_targets else ('Succeeded', '')
    return (
        Entry(name, f'{reached}', f'of {len(results)}', note),
        Entry('Camera to command', f'{p50:.1f}', 'ms', f'median; 99 % within {p99:.1f} ms'),
        Entry('Commands', f'{rate:.1f}', 'Hz', f'one an image; real-time factor {factor:.2f}'),
        circuit,
    )


def _describe_success(description: RunDescription) -> tuple[Entry, Entry]:
    successes, trials = count_trials(description)
    low, high = wilson_interval(successes, trials)
    interval = f'95 % Wilson interval {100 * low:.1f} to {100 * high:.1f} %'
    seed = description.settings.get('first_seed')
    seeds = '' if seed is None else f'seeds from {seed} on'
    rows = len(description.rows)
    rate = f'{100 * successes / trials:.1f}'
    where = f'in {rows} rows of the same seeds' if rows > 1 else ''
    return (
        Entry('Succeeded', rate, f'% = {successes} of {trials}', interval),
        Entry('Trials', f'{trials}', where, seeds),
    )


def describe_flight_title(result: FlightResult) -> str:
    """Return where it flew, and why it is shown."""
    return ' · '.join(part for part in (result.name.capitalize(), result.role) if part)


def describe_flight(result: FlightResult, record: FlightRecord) -> str:
    """Return one sentence about a flight."""
    site = record.site
    around = f'{len(site.circles) + len(site.boxes)} obstacles around'
    trial = result.trial
    if not result.role:
        begun_at = float(np.linalg.norm(site.target[:2] - site.start))
        far = f'{begun_at:.1f} m to the target'
        if len(site.road):
            far = f'{site.shortest_length:.0f} m of road'
        return f'{far}, {around}, seed {trial.seed}'
    end = 'success' if trial.is_success else name_cause(trial)
    end += f' after {trial.duration:.1f} s'
    if not trial.is_success:
        what = 'of the way left' if len(site.road) else 'from the target'
        end += f', {_measure_left(result)} {what}'
        if trial.unseen_since is not None:
            end += f', target out of view since {trial.unseen_since:.1f} s'
    return f'Seed {trial.seed}: {end}; {around}'


COLUMNS = ('Time', 'Path over shortest', 'Smallest clearance')
PIPELINE_COLUMNS = ('Command rate', 'Latency p50', 'Latency p99')
TRIAL_COLUMNS = ('Command change', 'Target in view', 'Left at the end')


def describe_columns(description: RunDescription) -> tuple[str, ...]:
    """Return the columns of the table of flights."""
    return (*COLUMNS, *(PIPELINE_COLUMNS if description.is_over_ros else TRIAL_COLUMNS))


def describe_cells(result: FlightResult, description: RunDescription) -> tuple[str, ...]:
    """Return the values of a flight below those columns."""
    trial = result.trial
    ratio = f'{trial.path_ratio:.2f}' if trial.is_success else _NONE
    cells = (f'{trial.duration:.1f} s', ratio, write_measure(trial.clearance, 'm'))
    if description.is_over_ros:
        latencies = (result.latency_p50_ms, result.latency_p99_ms)
        texts = (write_measure(value, 'ms', 1) for value in latencies)
        return (*cells, f'{result.command_rate:.1f} Hz', *texts)
    seen = _NONE if trial.in_view is None else f'{trial.in_view:.0%}'
    return (*cells, f'{trial.command_change:.2f} m/s²', seen, _measure_left(result))


def _measure_left(result: FlightResult) -> str:
    """Return what was left to do at the end; a lap may end a little beyond the line."""
    return f'{max(result.trial.final_distance, 0.0):.1f} m'


def write_measure(value: float | None, unit: str, digits: int = 2) -> str:
    """Return a number with its unit, a dash where there is none."""
    if value is None or not math.isfinite(value):
        return _NONE
    return f'{value:.{digits}f} {unit}'


def describe_facts(result: FlightResult, record: FlightRecord) -> tuple[Entry, ...]:
    """Return the measures of a flight."""
    trial = result.trial
    ratio = f'{trial.path_ratio:.2f}' if trial.is_success else _NONE
    is_over_ros = result.latency_p50_ms is not None
    left = 'Way left' if len(record.site.road) else 'Left to the target'
    facts = (
        Entry('Time', f'{trial.duration:.1f} s'),
        Entry('Path flown', f'{trial.path_length:.1f} m'),
        Entry('Path over shortest', ratio),
        Entry('Smallest clearance', write_measure(trial.clearance, 'm')),
        Entry('Top speed', f'{record.flight.speeds.max(initial=0.0):.1f} m/s'),
        Entry(left, _measure_left(result)),
        Entry('Command change', f'{trial.command_change:.2f} m/s²'),
    )
    if not is_over_ros:
        seen = _NONE if trial.in_view is None else f'{trial.in_view:.0%}'
        measures = (
            Entry(
                name.replace('_', ' ').capitalize(),
                f'{value:.0f}' if float(value).is_integer() else f'{value:.2f}',
            )
            for name, value in trial.metrics.items()
        )
        return (*facts, Entry('Target in view', seen), *measures)
    return (
        *facts,
        Entry('Images', f'{result.num_images}'),
        Entry('Latency p50', write_measure(result.latency_p50_ms, 'ms', 1)),
        Entry('Latency p99', write_measure(result.latency_p99_ms, 'ms', 1)),
        Entry('cmd_vel', write_measure(result.cmd_vel_rate, 'Hz', 0)),
        Entry('Real-time factor', f'{result.real_time_factor:.2f}'),
    )


def describe_origin(description: RunDescription) -> tuple[Entry, ...]:
    """Return settings and versions: all that is needed to fly it again."""
    settings = [Entry(name, str(value)) for name, value in description.settings.items()]
    versions = [Entry(name, value) for name, value in description.versions.items()]
    return (Entry('policy', description.policy), *settings, *versions)
