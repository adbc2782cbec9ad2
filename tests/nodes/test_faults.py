# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every kind of fault of the benchmark once, with real processes: a vehicle stands, and flies on.

How soon is the benchmark's business: a busy machine may take its time here.
"""

from collections.abc import Iterator

import pytest

pytest.importorskip('rclpy', reason='needs ROS 2: pip install ".[ros]"')

from benchmarks.faults import FAULTS, Patience, Rig, Trial, is_beyond, run_trial, summarise


@pytest.fixture(scope='module')
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    made = Rig(tmp_path_factory.mktemp('rig'), Patience(timeout=5.0, watch=120.0))
    try:
        made.revive()
        yield made
    finally:
        made.close()


@pytest.mark.parametrize('kind', FAULTS)
def test_vehicle_keeps_its_limits_stands_where_that_is_the_rule_and_flies_on(
    kind: str, rig: Rig
) -> None:
    trial = run_trial(rig, kind)
    assert trial.has_recovered
    if FAULTS[kind].stops:
        assert trial.stop_ms is not None
    else:
        assert not trial.is_unsafe


def test_command_beyond_a_limit_is_noticed() -> None:
    assert not is_beyond([(0.0, (1.5, 0.0, 0.5, -0.7))])
    for values in ((1.2, 1.2, 0, 0), (0, 0, -0.6, 0), (0, 0, 0, 0.8), (float('nan'), 0, 0, 0)):
        assert is_beyond([(0.0, values)])


def test_figures_count_late_stops_of_the_kinds_that_must_stop() -> None:
    trials = [
        Trial('camera_stops', 200.0, False, True),
        Trial('camera_stops', 420.0, True, True),
        Trial('huge_commands', 900.0, False, False),
    ]
    summary = summarise(trials)
    assert (summary['trials'], summary['unsafe'], summary['max_ms']) == (3, 1, 420.0)
    assert summary['kinds']['camera_stops']['p50_ms'] == 310.0
    assert summary['kinds']['huge_commands']['recovered'] == 0
