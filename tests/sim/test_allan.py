# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The noise of the inertial unit, as an Allan deviation shows it, is that of its parameters."""

from dataclasses import fields
from functools import lru_cache

import numpy as np
import pytest

from sim.sensors.allan import FLICKER_FLOOR, measure_allan_deviation, predict_allan_deviation
from sim.sensors.imu import IMU_RATE, Imu, ImuParameters

NOMINAL = ImuParameters()
KINDS = ('noise_density', 'bias_instability', 'random_walk')
# Flicker noise is a sum of a few processes that ripples about the ideal by at most this.
RIPPLE = {'noise_density': 0.0, 'bias_instability': 0.1, 'random_walk': 0.0}


def keep(*kinds):
    """Return the parameters with all noise but some kinds switched off."""
    names = [f'{sensor}_{kind}' for sensor in ('gyroscope', 'accelerometer') for kind in kinds]
    return ImuParameters(**{
        field.name: getattr(NOMINAL, field.name) if field.name in names else 0.0
        for field in fields(NOMINAL)
    })  # fmt: skip


def get_pair(kind):
    """Return a parameter of the gyroscope's and of the accelerometer's axes, shape (6,)."""
    pair = [getattr(NOMINAL, f'{sensor}_{kind}') for sensor in ('gyroscope', 'accelerometer')]
    return np.repeat(pair, 3)


@lru_cache(maxsize=8)
def draw_record(seconds, rate, *kinds):
    """Return the errors of a unit at rest, averaged down to a rate, shape (n, 6)."""
    imu = Imu(keep(*kinds), np.random.default_rng(11))
    group = round(IMU_RATE / rate)
    blocks = [
        imu.draw_errors(round(100 * IMU_RATE)).reshape(-1, group, 6).mean(axis=1)
        for _ in range(seconds // 100)
    ]
    return np.concatenate(blocks)


def count_degrees_of_freedom(kind, n, m):
    """Return how many independent steps an overlapping Allan variance rests on.

    Howe, Allan and Barnes, Properties of signal sources and measurement methods, 1981, table 2.

    :param n: samples. :param m: samples averaged.
    """
    if kind == 'noise_density':
        return (3 * (n - 1) / (2 * m) - 2 * (n - 2) / n) * 4 * m**2 / (4 * m**2 + 5)
    if kind == 'bias_instability':
        return 5 * n**2 / (4 * m * (n + 3 * m))
    return (n - 2) / m * ((n - 1) ** 2 - 3 * m * (n - 1) + 4 * m**2) / (n - 3) ** 2


def measure_ratio(kind, seconds, rate, times):
    """Return measured over ideal Allan deviation, six axes in one, and its standard errors."""
    record = draw_record(seconds, rate, kind) / get_pair(kind)
    times = np.array(times)
    measured = measure_allan_deviation(record, rate, times)
    unit = {name: float(name == kind) for name in KINDS}
    ideal = predict_allan_deviation(times, **unit)
    freedom = 6 * count_degrees_of_freedom(kind, len(record), times * rate)
    return np.sqrt((measured**2).mean(axis=1)) / ideal, 1 / np.sqrt(2 * freedom)


CASES = [
    ('noise_density', 1000, 200.0, (0.1, 1.0, 10.0)),
    ('bias_instability', 16_000, 1.0, (20.0, 60.0, 200.0)),
    ('random_walk', 8000, 1.0, (5.0, 20.0, 80.0)),
]


@pytest.mark.parametrize(('kind', 'seconds', 'rate', 'times'), CASES)
@pytest.mark.parametrize(('error', 'passes'), [(0.0, True), (0.3, False), (-0.3, False)])
def test_each_noise_has_its_parameter_and_an_error_of_30_percent_shows(
    kind, seconds, rate, times, error, passes
):
    ratio, standard_error = measure_ratio(kind, seconds, rate, times)
    tolerance = RIPPLE[kind] + 4 * standard_error
    assert (np.abs((1 + error) * ratio - 1) < tolerance).all() == passes


@pytest.mark.parametrize(
    ('case', 'slope'), list(zip(CASES, (-0.5, 0.0, 0.5), strict=True)), ids=KINDS
)
def test_each_noise_has_its_slope(case, slope):
    kind, _, _, times = case
    ratio, standard_error = measure_ratio(*case)
    unit = {name: float(name == kind) for name in KINDS}
    deviation = ratio * predict_allan_deviation(times, **unit)
    span = np.log(times[-1] / times[0])
    measured = np.log(deviation[-1] / deviation[0]) / span
    tolerance = (RIPPLE[kind] + 4 * np.hypot(standard_error[0], standard_error[-1])) / span
    assert tolerance < 0.1
    assert measured == pytest.approx(slope, abs=tolerance)


def test_all_noises_together_add_up_and_bottom_out_at_the_bias_instability():
    times = np.array([1.0, 10.0, 100.0])
    record = draw_record(16_000, 1.0, *KINDS)
    measured = measure_allan_deviation(record, 1.0, times)
    for axes, sensor in ((slice(0, 3), 'gyroscope'), (slice(3, 6), 'accelerometer')):
        values = [getattr(NOMINAL, f'{sensor}_{kind}') for kind in KINDS]
        freedom = count_degrees_of_freedom('bias_instability', len(record), times)
        tolerance = 0.1 + 4 / np.sqrt(2 * 3 * freedom)
        pooled = np.sqrt((measured[:, axes] ** 2).mean(axis=1))
        assert (np.abs(pooled / predict_allan_deviation(times, *values) - 1) < tolerance).all()
        lowest = predict_allan_deviation(np.geomspace(1, 1e5, 500), *values).min()
        assert lowest == pytest.approx(values[1], rel=0.03)


def test_deviation_of_a_short_record_is_that_of_a_hand_calculation():
    # Averages of two: 1.5, 2.5, 3.5, 2.5; those two apart differ by 2 and 0.
    record = np.array([[1.0], [2.0], [3.0], [4.0], [1.0]])
    assert measure_allan_deviation(record, 2.0, [1.0]) == pytest.approx(np.sqrt([[4 / 2 / 2]]))
    # Neighbours differ by 1, 1, 1, -3.
    assert measure_allan_deviation(record, 2.0, [0.5]) == pytest.approx(np.sqrt([[12 / 4 / 2]]))


def test_ideal_curve_is_that_of_the_standard():
    assert predict_allan_deviation([1.0, 4.0], 2.0, 0.0, 0.0) == pytest.approx([2.0, 1.0])
    assert predict_allan_deviation([1.0, 4.0], 0.0, 2.0, 0.0) == pytest.approx([1.3286] * 2, 1e-4)
    assert predict_allan_deviation([3.0, 12.0], 0.0, 0.0, 2.0) == pytest.approx([2.0, 4.0])
    assert pytest.approx(0.664, abs=5e-4) == FLICKER_FLOOR


@pytest.mark.parametrize(
    ('shape', 'times', 'message'),
    [
        ((10,), [1.0], r'samples must have shape \(n, m\), got \(10,\)'),
        ((10, 1), [0.7], 'times must be multiples of 0.5 s'),
        ((10, 1), [0.0], 'times must be multiples of 0.5 s'),
        ((10, 1), [3.0], 'times must be at most half the record, 2.5 s'),
    ],
)
def test_impossible_times_are_errors(shape, times, message):
    with pytest.raises(ValueError, match=message):
        measure_allan_deviation(np.zeros(shape), 2.0, times)
