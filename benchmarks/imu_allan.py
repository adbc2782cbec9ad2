# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Draw the Allan deviation of the simulated inertial unit beside what its parameters ask for.

python -m benchmarks.imu_allan [--hours 8] [--out docs/images/imu_allan.png]
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY
from lnn_control.reports.sensors import AllanCurve, plot_allan
from sim.sensors.allan import measure_allan_deviation, predict_allan_deviation
from sim.sensors.imu import IMU_RATE, Imu, ImuParameters

_SHORTEST = 0.1
_BLOCK_SECONDS = 100


def draw_record(parameters: ImuParameters, seconds: float, seed: int) -> NDArray[np.float64]:
    """Return the errors of a unit at rest, averaged over every 0.1 s, shape (n, 6)."""
    imu = Imu(parameters, np.random.default_rng(seed))
    group = round(IMU_RATE * _SHORTEST)
    blocks = [
        imu.draw_errors(round(IMU_RATE * _BLOCK_SECONDS)).reshape(-1, group, 6).mean(axis=1)
        for _ in range(round(seconds / _BLOCK_SECONDS))
    ]
    return np.concatenate(blocks)


def measure_curves(parameters: ImuParameters, seconds: float, seed: int) -> list[AllanCurve]:
    """Return the curves of gyroscope and accelerometer in their makers' units."""
    record = draw_record(parameters, seconds, seed)
    # The longest time leaves the record some ten independent steps.
    samples = np.unique(np.geomspace(1, len(record) / 10, 40).round())
    times = samples * _SHORTEST
    measured = measure_allan_deviation(record, 1 / _SHORTEST, times)
    curves = []
    for sensor, unit, scale, columns in (
        ('gyroscope', 'deg/h', np.degrees(3600.0), slice(0, 3)),
        ('accelerometer', 'micro-g', 1e6 / GRAVITY, slice(3, 6)),
    ):
        kinds = ('noise_density', 'bias_instability', 'random_walk')
        values = [getattr(parameters, f'{sensor}_{kind}') for kind in kinds]
        parts = {
            kind.replace('_', ' '): scale * predict_allan_deviation(times, *row)
            for kind, row in zip(kinds, np.diag(values), strict=True)
        }
        ideal = scale * predict_allan_deviation(times, *values)
        title = f'BMI088, {sensor}'
        curves.append(AllanCurve(title, unit, times, scale * measured[:, columns], ideal, parts))
    return curves


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--hours', type=float, default=8.0, help='length of the record')
    parser.add_argument('--out', type=Path, default=Path('docs/images/imu_allan.png'))
    arguments = parser.parse_args()
    if arguments.hours < 1:
        parser.error(f'--hours must be at least 1, got {arguments.hours}')
    curves = measure_curves(ImuParameters(), 3600 * arguments.hours, seed=0)
    for curve in curves:
        print(f'{curve.title} [{curve.unit}]: time [s], measured, from the parameters')
        for time in (1.0, 10.0, 100.0, 1000.0):
            index = int(np.argmin(np.abs(np.log(curve.times / time))))
            pooled = np.sqrt((curve.measured[index] ** 2).mean())
            print(f'{curve.times[index]:8.1f} {pooled:9.2f} {curve.ideal[index]:9.2f}')
    plot_allan(curves).savefig(arguments.out, dpi=130)


if __name__ == '__main__':
    main()
