# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Whether inertial samples are what REP-145 says, in the body frame of REP-103 and in SI units.

Policies are trained on body rates [rad/s] and specific force [m/s^2], x forward, y left, z up, so
that a vehicle at rest reads +9.81 on z.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.contract.findings import Finding
from lnn_control.core.frame_names import describe_other_axes
from lnn_control.core.frames import GRAVITY


@dataclass(frozen=True)
class Bounds:
    """What a vehicle may feel, on average over the samples that are judged.

    :param least_force: length of the mean force [m/s^2]. :param greatest_force: likewise.
    :param greatest_lean_deg: of the mean force, from straight up.
    :param greatest_rate: root mean square of the body rates [rad/s].
    """

    least_force: float
    greatest_force: float
    greatest_lean_deg: float
    greatest_rate: float


# In 0.16 s a vehicle may fall or climb with 8 m/s^2 for most of the time, as it takes 0.13 s to
# change its climb by 1 m/s so; 8 m/s^2 along the ground lean the force by 39 degrees, more while
# it falls. Vehicles turn at 2 rad/s at most, tilt faster for a moment, and shake.
MOMENT = Bounds(3.0, 20.0, 65.0, 5.0)
"""For 0.16 s or more."""

# What accelerates stops again: in the long run a vehicle feels one g, and that upwards.
RECORDING = Bounds(0.75 * GRAVITY, 1.25 * GRAVITY, 45.0, 5.0)
"""For a whole flight or drive."""

IN_G = 'it seems to be in g'
IN_DEGREES = 'it seems to be in deg/s'
WITHOUT_GRAVITY = 'gravity was taken out'
OPTICAL = 'it seems to be an optical frame'
DOWNWARDS = 'it seems to be forward, right, down, or the sign of the force is turned'
MOUNTED_OTHERWISE = 'the sensor is mounted otherwise'

# Of a force in g, however the vehicle moves; less is none [m/s^2].
_LEAST_G, _GREATEST_G = 0.65, 1.45
_AXES = ('x', 'y', 'z')


def check_inertial(
    rates: NDArray[np.floating],
    force: NDArray[np.floating],
    is_moving: bool = False,
    bounds: Bounds = MOMENT,
) -> list[Finding]:
    """Check a stretch of samples for units, frame and life.

    :param rates: body rates [rad/s], shape (n, 3). :param force: specific force [m/s^2], (n, 3).
    :param is_moving: whether the vehicle was told to move, so that samples cannot stay the same.
    :param bounds: for a stretch of that length.
    """
    if len(rates) < 2:
        return []
    if not (np.isfinite(rates).all() and np.isfinite(force).all()):
        return [
            Finding(
                'imu.finite',
                'samples hold NaN or infinity',
                'finite numbers',
                'look at the driver of the IMU',
            )
        ]
    findings = [
        *_check_force(np.asarray(force, np.float64), bounds),
        *_check_rates(rates, bounds.greatest_rate),
    ]
    if is_moving and not (np.ptp(rates, axis=0).any() or np.ptp(force, axis=0).any()):
        findings.append(
            Finding(
                'imu.frozen',
                f'{len(rates)} samples are all the same while the vehicle is told to move',
                'samples that vary',
                'look at the driver of the IMU, it repeats itself',
            )
        )
    return findings


def _check_force(force: NDArray[np.float64], bounds: Bounds) -> list[Finding]:
    """Check length and direction of the mean force."""
    mean = force.mean(axis=0)
    length = float(np.linalg.norm(mean))
    measured = f'the force is {length:.3g} m/s^2'
    expected = f'{GRAVITY:.2f} m/s^2 upwards, as at rest'
    if length <= _LEAST_G:
        cure = (
            f'{WITHOUT_GRAVITY}: publish the acceleration with gravity (REP-145), and not '
            'orientation or rates alone'
        )
        return [Finding('imu.gravity', measured, expected, cure, suspicion=WITHOUT_GRAVITY)]
    if length < _GREATEST_G:
        cure = f'{IN_G}: publish it times {GRAVITY}'
        return [Finding('imu.units', measured, expected, cure, suspicion=IN_G)]
    if not bounds.least_force <= length <= bounds.greatest_force:
        cure = 'publish m/s^2 with gravity (REP-145)'
        return [Finding('imu.units', measured, expected, cure)]
    lean_deg = math.degrees(math.acos(min(max(mean[2] / length, -1.0), 1.0)))
    if lean_deg <= bounds.greatest_lean_deg:
        return []
    axis = int(np.argmax(np.abs(mean)))
    sign = '+' if mean[axis] > 0 else '-'
    found = f'gravity is felt along {sign}{_AXES[axis]}, {lean_deg:.0f} degrees from +z'
    guess = {(1, '-'): OPTICAL, (2, '-'): DOWNWARDS}.get((axis, sign), MOUNTED_OTHERWISE)
    cure = f'{guess}: publish it in base_link, x forward, y left, z up (REP-103)'
    return [Finding('imu.frame', found, 'along +z of the body', cure, suspicion=guess)]


def _check_rates(rates: NDArray[np.floating], greatest: float) -> list[Finding]:
    size = float(np.sqrt(np.mean(np.sum(np.square(rates, dtype=np.float64), axis=1))))
    if size <= greatest:
        return []
    return [
        Finding(
            'imu.units',
            f'it turns at {size:.3g} rad/s',
            f'at most {greatest:g} rad/s',
            f'{IN_DEGREES}: publish rad/s (REP-103)',
            suspicion=IN_DEGREES,
        )
    ]


def check_inertial_header(
    frame_id: str, rates_covariance: Sequence[float], force_covariance: Sequence[float]
) -> list[Finding]:
    """Check what a message says of itself: its frame, and whether it has data at all.

    :param rates_covariance: the nine numbers of the message; by REP-145 a first one of -1 says
        that there are no rates. :param force_covariance: likewise.
    """
    findings = []
    for name, covariance in (('rates', rates_covariance), ('force', force_covariance)):
        if len(covariance) and covariance[0] == -1.0:
            findings.append(
                Finding(
                    'imu.missing',
                    f'covariance[0] = -1 says that there is no {name} (REP-145)',
                    'body rates and specific force',
                    'switch it on in the driver of the IMU',
                )
            )
    if other_axes := describe_other_axes(frame_id):
        findings.append(
            Finding(
                'imu.frame',
                f'frame_id {frame_id!r} is {other_axes}',
                'a frame with x forward, y left, z up',
                'publish it in base_link (REP-103), or name the frame what it is',
            )
        )
    return findings
