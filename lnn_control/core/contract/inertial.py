# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Whether inertial samples are what REP-145 says, in the body frame of REP-103 and in SI units.

Policies are trained on body rates [rad/s] and specific force [m/s^2], x forward, y left, z up, so
that a vehicle at rest reads +9.81 on z.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.contract.findings import Finding
from lnn_control.core.frames import GRAVITY

# Mean force over a fifth of a second, in which a vehicle may fall or climb with 8 m/s^2 for half
# of the time.
_LEAST_FORCE, _GREATEST_FORCE = 3.0, 20.0
# Mean direction likewise: 8 m/s^2 along the ground lean it by 39 degrees, more while it falls.
_GREATEST_LEAN_DEG = 65.0
# Root mean square likewise; vehicles turn at 2 rad/s at most, tilt faster for a moment, and shake.
_GREATEST_RATE = 5.0
_AXES = ('x', 'y', 'z')
_OTHER_FRAMES = {
    'optical': 'an optical frame (z forward, y down)',
    'frd': 'forward, right, down',
    'ned': 'north, east, down',
}


def check_inertial(
    rates: NDArray[np.floating], force: NDArray[np.floating], is_moving: bool = False
) -> list[Finding]:
    """Check a stretch of samples, a fifth of a second or more, for units, frame and life.

    :param rates: body rates [rad/s], shape (n, 3). :param force: specific force [m/s^2], (n, 3).
    :param is_moving: whether the vehicle was told to move, so that samples cannot stay the same.
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
    findings = [*_check_force(np.asarray(force, np.float64)), *_check_rates(rates)]
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


def _check_force(force: NDArray[np.float64]) -> list[Finding]:
    """Check length and direction of the mean force."""
    mean = force.mean(axis=0)
    length = float(np.linalg.norm(mean))
    expected = f'{GRAVITY:.2f} m/s^2 upwards, as at rest'
    if length < 0.2:
        cure = (
            'publish the acceleration with gravity (REP-145), and not orientation or rates alone'
        )
        return [Finding('imu.gravity', f'the force is {length:.2g} m/s^2', expected, cure)]
    if 0.65 < length < 1.45:
        cure = f'it seems to be in g: publish it times {GRAVITY}'
        return [Finding('imu.units', f'the force is {length:.3g} m/s^2', expected, cure)]
    if not _LEAST_FORCE <= length <= _GREATEST_FORCE:
        cure = 'publish m/s^2 with gravity (REP-145)'
        return [Finding('imu.units', f'the force is {length:.3g} m/s^2', expected, cure)]
    lean_deg = math.degrees(math.acos(min(max(mean[2] / length, -1.0), 1.0)))
    if lean_deg <= _GREATEST_LEAN_DEG:
        return []
    axis = int(np.argmax(np.abs(mean)))
    sign = '+' if mean[axis] > 0 else '-'
    found = f'gravity is felt along {sign}{_AXES[axis]}, {lean_deg:.0f} degrees from +z'
    cure = (
        f'{_guess_frame(axis, sign)}: publish it in base_link, x forward, y left, z up (REP-103)'
    )
    return [Finding('imu.frame', found, 'along +z of the body', cure)]


def _guess_frame(axis: int, sign: str) -> str:
    known = {
        (1, '-'): 'it seems to be an optical frame',
        (2, '-'): 'it seems to be forward, right, down, or the sign of the force is turned',
    }
    return known.get((axis, sign), 'the sensor is mounted otherwise')


def _check_rates(rates: NDArray[np.floating]) -> list[Finding]:
    size = float(np.sqrt(np.mean(np.sum(np.square(rates, dtype=np.float64), axis=1))))
    if size <= _GREATEST_RATE:
        return []
    return [
        Finding(
            'imu.units',
            f'it turns at {size:.3g} rad/s',
            f'at most {_GREATEST_RATE:g} rad/s',
            'it seems to be in deg/s: publish rad/s (REP-103)',
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
    for word, meaning in _OTHER_FRAMES.items():
        if word in frame_id.lower().replace('/', '_').split('_'):
            findings.append(
                Finding(
                    'imu.frame',
                    f'frame_id {frame_id!r} is {meaning}',
                    'a frame with x forward, y left, z up',
                    'publish it in base_link (REP-103), or name the frame what it is',
                )
            )
    return findings
