# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Inertial samples as REP-145 has them, by a contract, and what it should say instead."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.contract import RECORDING, check_inertial, check_inertial_header
from lnn_control.core.contract.inertial import (
    DOWNWARDS,
    IN_DEGREES,
    IN_G,
    OPTICAL,
    WITHOUT_GRAVITY,
)
from lnn_control.core.frames import GRAVITY, ROTATION_BODY_FROM_OPTICAL, Matrix
from lnn_control.data.contract import ImuTopic

ROTATIONS: dict[str, Matrix] = {
    'flu': np.eye(3),
    'frd': np.diag([1.0, -1.0, -1.0]),
    'optical': ROTATION_BODY_FROM_OPTICAL,
}
"""Name of axes -> what turns vectors in them into the body frame."""

# What the samples seem to be -> what to write into the contract.
_CURES = {
    IN_G: 'set imu.force_unit to g',
    IN_DEGREES: 'set imu.rate_unit to deg/s',
    WITHOUT_GRAVITY: 'REP-145 wants it in; choose a topic with raw data, or `imu: null`',
    DOWNWARDS: 'set imu.frame to frd, or imu.force_sign to -1 if it reports gravity',
    OPTICAL: 'set imu.frame to optical',
}
# Fewer samples tell nothing.
_FEWEST = 10


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
    for finding in check_inertial_header(
        '', message.angular_velocity_covariance, message.linear_acceleration_covariance
    ):
        raise ValueError(f'{finding.measured}: choose another topic, or `imu: null`')


def find_doubt(samples: NDArray[np.floating], topic: ImuTopic) -> str:
    """Return what is wrong with units or axes and what to do; empty if nothing seems to be.

    :param samples: of a whole recording, as :func:`convert_imu` returns them.
    """
    if len(samples) < _FEWEST:
        return ''
    findings = check_inertial(samples[:, :3], samples[:, 3:], bounds=RECORDING)
    if not findings:
        return ''
    suspicion, cure = _advise(samples, topic)
    # The worst first: wrong force.
    found = findings[0]
    return f'{found.measured}, expected {found.expected}: {suspicion}{cure}'


def _advise(samples: NDArray[np.floating], topic: ImuTopic) -> tuple[str, str]:
    """Return what the samples seem to be, in the axes that they came in, and what to write."""
    rotation = ROTATIONS[topic.frame]
    force = samples[:, 3:] @ rotation * float(topic.force_sign)
    original = check_inertial(samples[:, :3] @ rotation, force, bounds=RECORDING)
    if not original:
        return '', 'leave imu.frame and imu.force_sign out, its axes are x forward, y left, z up'
    suspicion = original[0].suspicion
    if suspicion in _CURES:
        return f'{suspicion}, ', _CURES[suspicion]
    return '', (
        'it is in units or axes that are none known here; turn and scale them in the driver (or '
        'set imu.check to false)'
    )
