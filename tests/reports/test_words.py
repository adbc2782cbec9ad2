# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip('matplotlib', reason='needs matplotlib: pip install ".[report]"')

from lnn_control.reports import words
from lnn_control.reports.run_folder import RecordedRun, TaskWords
from tests.reports.conftest import show_trials


@pytest.mark.parametrize(
    ('reached', 'title'),
    [
        ([True], 'One flight: target reached'),
        ([True, True, True, True], 'Four flights over ROS 2, every target reached'),
        ([False, True, False], 'Three flights over ROS 2, one reached the target'),
        ([False, False], 'Two flights over ROS 2, none reached the target'),
    ],
)
def test_title_tells_what_came_of_it(run: RecordedRun, reached: list[bool], title: str) -> None:
    failed, landed = (flight.result for flight in run.flights)
    results = [landed if flag else failed for flag in reached]
    assert words.describe_title(results, run.description) == title


@pytest.mark.parametrize(
    ('is_blind', 'num_parameters', 'lead'),
    [
        (
            False,
            1234,
            'tiny, a neural network of 1,234 parameters, steers a car from camera',
        ),
        (False, 0, 'tiny steers a car from camera and IMU alone.'),
        (True, 0, 'tiny steers a car without a look at the images, which were drawn for this'),
    ],
)
def test_lead_says_who_steers_what_and_by_which_senses(
    run: RecordedRun, is_blind: bool, num_parameters: int, lead: str
) -> None:
    description = replace(
        run.description,
        neuron_groups=(),
        num_parameters=num_parameters,
        is_blind=is_blind,
        task=TaskWords('keep', 'Keep to the lane.', 'car'),
    )
    assert words.describe_lead(description).startswith(f'Keep to the lane. {lead}')


@pytest.mark.parametrize(
    ('outcomes', 'title'),
    [
        (['success'], 'One flight: success'),
        (['collision'], 'One flight: failed'),
        (['success', 'success'], 'Two flights over ROS 2, every one a success'),
        (['success', 'collision'], 'Two flights over ROS 2, one succeeded'),
        (['collision', 'collision'], 'Two flights over ROS 2, none succeeded'),
    ],
)
def test_title_of_a_task_without_a_target_to_reach(
    run: RecordedRun, outcomes: list[str], title: str
) -> None:
    task = TaskWords('follow', 'Follow.', 'quadrotor', reaches=False)
    description = replace(run.description, task=task)
    result = run.flights[0].result
    results = [replace(result, trial=replace(result.trial, outcome=one)) for one in outcomes]
    assert words.describe_title(results, description) == title
    assert words.describe_outcome('success', description).label == 'Success'
    assert words.describe_key_figures(replace(run, description=description))[0].name == 'Succeeded'


def test_ground_vehicle_drives_and_a_road_is_as_long_as_it_is(run: RecordedRun) -> None:
    task = TaskWords('keep', 'Keep to the lane.', 'car', reaches=False, trip='drive')
    result, record = run.flights[0].result, run.flights[0].record
    title = words.describe_title([result], replace(run.description, task=task))
    assert title.startswith('One drive: ')
    road = replace(record.site, road=np.eye(3, 2), shortest_length=409.6)
    sentence = words.describe_flight(result, replace(record, site=road))
    assert sentence.startswith('410 m of road, ')


def test_trials_are_counted_over_all_rows(run: RecordedRun, tmp_path: Path) -> None:
    trials = show_trials(run, tmp_path)
    success, number, *_ = words.describe_key_figures(trials)
    assert (success.value, success.unit) == ('40.0', '% = 8 of 20')
    assert success.note == '95 % Wilson interval 21.9 to 61.3 %'
    assert (number.value, number.unit) == ('20', 'in 2 rows of the same seeds')


def test_measures_of_trials_are_those_of_the_task_and_none_of_a_pipeline(
    run: RecordedRun, tmp_path: Path
) -> None:
    flight = show_trials(run, tmp_path).flights[0]
    facts = {fact.name: fact.value for fact in words.describe_facts(flight.result, flight.record)}
    assert facts['Kept'] == '0.40'
    assert facts['Target in view'] == '90%'
    assert not {'Latency p50', 'cmd_vel', 'Real-time factor'} & set(facts)
    over_ros = words.describe_facts(run.flights[0].result, run.flights[0].record)
    assert {'Latency p50', 'cmd_vel', 'Real-time factor'} <= {fact.name for fact in over_ros}


def test_failure_says_what_was_hit_and_since_when_the_target_was_out_of_view(
    run: RecordedRun, tmp_path: Path
) -> None:
    flight = show_trials(run, tmp_path).flights[1]
    trial = replace(flight.result.trial, hit='trunk', unseen_since=0.4)
    sentence = words.describe_flight(replace(flight.result, trial=trial), flight.record)
    assert sentence.startswith(
        'Seed 7: hit a trunk after 1.5 s, 7.5 m from the target, target out of view since 0.4 s; '
    )


def test_number_that_is_none_is_a_dash() -> None:
    assert words.write_measure(None, 'ms') == words.write_measure(float('inf'), 'm') == '\u2013'
    assert words.write_measure(1.256, 'm') == '1.26 m'


def test_policy_without_a_network_has_none(run: RecordedRun) -> None:
    bare = replace(run.description, num_parameters=0, neuron_groups=(), synapses=())
    entries = words.describe_key_figures(replace(run, description=bare))
    (network,) = [entry for entry in entries if entry.name == 'Network']
    assert (network.value, network.unit) == ('none', '')


def test_network_is_called_what_its_memory_is(run: RecordedRun) -> None:
    liquid = replace(run.description, kind='liquid neural network')
    assert 'A liquid neural network of 7 neurons' in words.describe_lead(liquid)
