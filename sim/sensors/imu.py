# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An inertial measurement unit with white noise, turn-on bias and bias drift.

Conventions follow REP-145: body rates and specific force in the body frame, +g upwards at rest.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.frames import GRAVITY

_UPWARDS = np.array([0.0, 0.0, GRAVITY])

IMU_RATE = 200.0
"""Samples a second [Hz]."""


@dataclass(frozen=True)
class ImuParameters:
    """Noise of a Bosch BMI088, typical values of its data sheet (BST-BMI088-DS001).

    :param gyroscope_noise_density: [rad/s/sqrt(Hz)], 0.014 deg/s/sqrt(Hz).
    :param accelerometer_noise_density: [m/s^2/sqrt(Hz)], 175 micro-g/sqrt(Hz).
    :param gyroscope_bias: standard deviation of the turn-on bias that is left after the
        autopilot's calibration [rad/s].
    :param accelerometer_bias: likewise [m/s^2].
    :param gyroscope_random_walk: bias drift [rad/s/sqrt(s)].
    :param accelerometer_random_walk: bias drift [m/s^2/sqrt(s)].
    """

    gyroscope_noise_density: float = 2.44e-4
    accelerometer_noise_density: float = 1.72e-3
    gyroscope_bias: float = 0.003
    accelerometer_bias: float = 0.05
    gyroscope_random_walk: float = 1e-5
    accelerometer_random_walk: float = 3e-4


class Imu:
    """Turns true motion into noisy samples.

    :param rng: source of all noise; the same generator gives the same samples.
    """

    def __init__(self, parameters: ImuParameters, rng: np.random.Generator) -> None:
        self._parameters = parameters
        self._rng = rng
        self._bias = np.concatenate(
            [
                parameters.gyroscope_bias * rng.standard_normal(3),
                parameters.accelerometer_bias * rng.standard_normal(3),
            ]
        )
        drift = [parameters.gyroscope_random_walk] * 3 + [parameters.accelerometer_random_walk] * 3
        noise = [parameters.gyroscope_noise_density] * 3
        noise += [parameters.accelerometer_noise_density] * 3
        self._drift = np.array(drift) / np.sqrt(IMU_RATE)
        self._noise = np.array(noise) * np.sqrt(IMU_RATE)

    def measure(
        self,
        rotation_world_from_body: NDArray[np.float64],
        angular_velocity: NDArray[np.float64],
        acceleration_world: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return one sample: body rates [rad/s] and specific force [m/s^2], each of shape (3,).

        :param acceleration_world: coordinate acceleration, zero when hovering [m/s^2].
        """
        draws = self._rng.standard_normal((2, 6))
        self._bias += self._drift * draws[0]
        force = rotation_world_from_body.T @ (acceleration_world + _UPWARDS)
        sample = np.concatenate([angular_velocity, force]) + self._bias + self._noise * draws[1]
        return sample[:3], sample[3:]
