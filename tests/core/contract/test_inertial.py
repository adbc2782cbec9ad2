# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from lnn_control.core.contract import check_inertial, check_inertial_header
from lnn_control.core.frames import GRAVITY

Rows = NDArray[np.float64]
FINE = [1e-6, 1e-6, 1e-6, -1.0, 0, 0, 0, 0, 0]


def fly(num: int = 200, lean: float = 2.0, turn: float = 0.5) -> tuple[Rows, Rows]:
    """Return rates and force of a second of flight that accelerates and turns, with noise."""
    noise = np.random.default_rng(0)
    rates = noise.normal([0.1, 0.0, turn], 0.05, (num, 3))
    force = noise.normal([lean, 0.0, GRAVITY], 0.3, (num, 3))
    return rates, force


@pytest.mark.parametrize(('lean', 'turn'), [(0.0, 0.0), (2.0, 0.5), (-8.0, -2.0)])
def test_samples_of_a_flight_are_as_they_should_be(lean: float, turn: float) -> None:
    assert check_inertial(*fly(200, lean, turn), is_moving=True) == []


@pytest.mark.parametrize(
    ('change', 'name', 'words'),
    [
        (lambda r, f: (r, f / GRAVITY), 'imu.units', 'it seems to be in g'),
        (lambda r, f: (r * 57.2958, f), 'imu.units', 'it seems to be in deg/s'),
        # Forward, left, up into the optical frame: right, down, forward.
        (
            lambda r, f: (r, np.stack([-f[:, 1], -f[:, 2], f[:, 0]], 1)),
            'imu.frame',
            'along -y, 79 degrees from +z',
        ),
        (lambda r, f: (r, f * [1, -1, -1]), 'imu.frame', 'forward, right, down'),
        (lambda r, f: (r, f[:, [2, 1, 0]]), 'imu.frame', 'the sensor is mounted otherwise'),
        (lambda r, f: (r, f * 0.0), 'imu.gravity', 'with gravity (REP-145)'),
        (lambda r, f: (r, f * 3.0), 'imu.units', 'publish m/s^2'),
        (lambda r, f: (r, np.where(f > 9, np.nan, f)), 'imu.finite', 'NaN or infinity'),
    ],
)
def test_other_units_and_frames_are_named(
    change: Callable[[Rows, Rows], tuple[Rows, Rows]], name: str, words: str
) -> None:
    findings = check_inertial(*change(*fly()))
    assert [finding.name for finding in findings] == [name]
    assert words in findings[0].describe()


def test_samples_that_never_change_are_none_of_a_moving_vehicle() -> None:
    rates, force = np.zeros((50, 3)), np.tile([0.0, 0.0, GRAVITY], (50, 1))
    assert check_inertial(rates, force) == []
    assert [finding.name for finding in check_inertial(rates, force, True)] == ['imu.frozen']


def test_two_samples_are_needed() -> None:
    assert check_inertial(np.zeros((1, 3)), np.zeros((1, 3))) == []


@pytest.mark.parametrize('frame', ['imu_link', 'base_link', 'camera_imu', 'opticalia', 'wedned'])
def test_usual_frames_pass(frame: str) -> None:
    assert check_inertial_header(frame, FINE, FINE) == []


@pytest.mark.parametrize('frame', ['camera_imu_optical_frame', 'base_link_frd', 'NED'])
def test_frames_that_say_that_they_are_others_are_named(frame: str) -> None:
    assert [f.name for f in check_inertial_header(frame, FINE, FINE)] == ['imu.frame']


def test_message_that_says_that_it_has_no_data_is_named() -> None:
    missing = [-1.0] + [0.0] * 8
    findings = check_inertial_header('imu_link', FINE, missing)
    assert [finding.name for finding in findings] == ['imu.missing']
    assert 'there is no force (REP-145)' in findings[0].measured
