# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Inertial samples as REP-145 has them, and what tells that they are something else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY, ROTATION_BODY_FROM_OPTICAL, Matrix
from lnn_control.data.contract import ImuTopic

ROTATIONS: dict[str, Matrix] = {
    'flu': np.eye(3),
    'frd': np.diag([1.0, -1.0, -1.0]),
    'optical': ROTATION_BODY_FROM_OPTICAL,
}
"""Name of axes -> what turns vectors in them into the body frame."""

# No vehicle turns faster than this for a tenth of the time [rad/s].
_FASTEST = 8.0
# Cosine of how far the mean force may lean from straight up.
_UPRIGHT = 0.7


def convert_imu(samples: NDArray[np.float64], topic: ImuTopic) -> NDArray[np.float32]:
    """Return samples in SI units and the body frame.

    :param samples: body rates and forces as the messages have them, shape (n, 6).
    """
    rotation = ROTATIONS[topic.frame]
    rates = samples[:, :3] @ rotation.T
    force = samples[:, 3:] @ rotation.T * float(topic.force_sign)
    if topic.rate_unit == 'deg/s':
        rates = np.radians(rates)
    if topic.force_unit == 'g':
        force = force * GRAVITY
    return np.hstack([rates, force]).astype(np.float32)


def check_covariance(message: Any) -> None:
    """Check that a message holds what it seems to.

    :raises ValueError: if it says itself that it does not (REP-145: -1 first in the covariance).
    """
    for name in ('angular_velocity', 'linear_acceleration'):
        if getattr(message, f'{name}_covariance')[0] == -1.0:
            raise ValueError(
                f'says that it has no {name} (its covariance begins with -1): choose another '
                'topic, or `imu: null`'
            )


def find_doubt(samples: NDArray[np.floating], topic: ImuTopic) -> str:
    """Return what is wrong with units or axes and what to do; empty if nothing seems to be.

    A vehicle that flies or drives feels, on average, one g upwards.

    :param samples: as :func:`convert_imu` returns them.
    """
    if len(samples) < 10:
        return ''
    fast = float(np.quantile(np.linalg.norm(samples[:, :3], axis=1), 0.9))
    if fast > _FASTEST:
        return (
            f'turns faster than {fast:.1f} rad/s for a tenth of the time: it seems to be in '
            'degrees a second, set imu.rate_unit to deg/s (or imu.check to false)'
        )
    mean = samples[:, 3:].mean(axis=0)
    size = float(np.linalg.norm(mean))
    shown = '[{:.2f}, {:.2f}, {:.2f}] m/s^2'.format(*mean)
    if size < 0.2 * GRAVITY:
        unit = 0.8 < size < 1.2 and abs(mean[2]) > 0.7 * size
        if unit:
            return f'has a mean force of {shown}: it seems to be in g, set imu.force_unit to g'
        return (
            f'has a mean force of {shown}: gravity was taken out, REP-145 wants it in; choose a '
            'topic with raw data, or `imu: null`'
        )
    if not 0.75 * GRAVITY < size < 1.25 * GRAVITY:
        return (
            f'has a mean force of {shown}, a vehicle feels 9.81 m/s^2: see imu.force_unit '
            '(or set imu.check to false)'
        )
    if mean[2] > _UPRIGHT * size:
        return ''
    return f'has a mean force of {shown}, up must be the third axis: {_advise(mean / size, topic)}'


def _advise(direction: NDArray[np.floating], topic: ImuTopic) -> str:
    """Return which axes would put the mean force upright."""
    original = ROTATIONS[topic.frame].T @ direction * float(topic.force_sign)
    if original[2] < -_UPRIGHT:
        return (
            'set imu.frame to frd if its axes are forward-right-down, or imu.force_sign to -1 if '
            'it reports gravity'
        )
    if original[1] < -_UPRIGHT:
        return "set imu.frame to optical: its axes are a camera's"
    return (
        'its axes are none that is known here: turn them in the driver (or set imu.check to false)'
    )
