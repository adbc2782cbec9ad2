# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from lnn_control.reports.run_folder import DESCRIPTION, RESULTS, RecordedRun, read_run


def test_run_is_read_as_it_was_written(run: RecordedRun) -> None:
    assert [flight.result.name for flight in run.flights] == ['forest winter', 'urban summer']
    assert run.description.neuron_groups[0].name == 'inter'
    assert run.description.settings['seed'] == 7
    assert len(run.flights[0].record.flight.images) == run.flights[0].result.num_images


def test_other_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r'has no run\.json: give a folder that `lnn-control'):
        read_run(tmp_path)


def test_run_without_flights_is_refused(run: RecordedRun) -> None:
    (run.folder / RESULTS).write_text('')
    with pytest.raises(ValueError, match='at least one flight, but is empty'):
        read_run(run.folder)


def test_broken_description_is_named(run: RecordedRun) -> None:
    (run.folder / DESCRIPTION).write_text('{')
    with pytest.raises(ValueError, match=r'run\.json must be JSON'):
        read_run(run.folder)
