# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""An inertial measurement unit with white noise and biases that never rest.

Conventions follow REP-145: body rates and specific force in the body frame, +g upwards at rest.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.checks import check_number
from lnn_control.core.frames import GRAVITY

_UPWARDS = np.array([0.0, 0.0, GRAVITY])

IMU_RATE = 200.0
"""Samples a second [Hz]."""

FLICKER_TIMES = (10.0, 100.0, 1000.0)
"""Time constants of the processes whose sum is the bias instability [s]."""

# A ladder of equal Lorentzian spectra, each a factor r above the last, is 1/f noise of the
# coefficient B for variances of B^2 ln(r) / pi.
_FLICKER_SHARE = np.sqrt(np.log(FLICKER_TIMES[1] / FLICKER_TIMES[0]) / np.pi)
# As long as powers of the quickest decay stay near 1.
_BLOCK = 2000


@dataclass(frozen=True)
class ImuParameters:
    """Noise of a Bosch BMI088.

    Noise densities are typical values of its data sheet (BST-BMI088-DS001). The gyroscope's bias
    instability is what Bosch advertises it with, below 2 deg/h. The data sheet gives no other
    figure of this list: 30 micro-g are typical of accelerometers of its class, turn-on biases are
    guesses, and the random walks are such that the lowest point of the whole Allan deviation is
    the bias instability, which is where makers read it.

    :param gyroscope_noise_density: [rad/s/sqrt(Hz)], 0.014 deg/s/sqrt(Hz).
    :param accelerometer_noise_density: [m/s^2/sqrt(Hz)], 175 micro-g/sqrt(Hz).
    :param gyroscope_bias: standard deviation of the turn-on bias that is left after the
        autopilot's calibration [rad/s].
    :param accelerometer_bias: likewise [m/s^2].
    :param gyroscope_random_walk: bias drift [rad/s/sqrt(s)].
    :param accelerometer_random_walk: bias drift [m/s^2/sqrt(s)].
    :param gyroscope_bias_instability: coefficient of the 1/f noise [rad/s], 2 deg/h.
    :param accelerometer_bias_instability: likewise [m/s^2], 30 micro-g.
    """

    gyroscope_noise_density: float = 2.44e-4
    accelerometer_noise_density: float = 1.72e-3
    gyroscope_bias: float = 0.003
    accelerometer_bias: float = 0.05
    gyroscope_random_walk: float = 1.9e-7
    accelerometer_random_walk: float = 2.4e-5
    gyroscope_bias_instability: float = 9.7e-6
    accelerometer_bias_instability: float = 2.9e-4

    def __post_init__(self) -> None:
        for field in fields(self):
            check_number(field.name, getattr(self, field.name), 0.0)


class Imu:
    """Turns true motion into noisy samples.

    Each axis errs by the sum of white noise, first-order Gauss-Markov processes that make up the
    bias instability and a random walk that begins at the turn-on bias. All of them obey
    x[k] = decay x[k - 1] + drive w[k], with unit white noise w: decay is 0 for white noise, 1 for
    the random walk and exp(-1 / (rate time)) between.

    The 1/f noise is flat to 10 % in the Allan deviation from 20 s to 1500 s.

    :param rng: source of all noise; the same generator gives the same samples.
    """

    def __init__(self, parameters: ImuParameters, rng: np.random.Generator) -> None:
        self._rng = rng
        one = parameters
        density = _spread(one.gyroscope_noise_density, one.accelerometer_noise_density)
        turn_on = _spread(one.gyroscope_bias, one.accelerometer_bias)
        walk = _spread(one.gyroscope_random_walk, one.accelerometer_random_walk)
        flicker = _FLICKER_SHARE * _spread(
            one.gyroscope_bias_instability, one.accelerometer_bias_instability
        )
        decays = np.exp(-1.0 / (IMU_RATE * np.array(FLICKER_TIMES)))
        self._decay = np.array([0.0, *decays, 1.0])[:, None]
        self._drive = np.stack(
            [
                density * np.sqrt(IMU_RATE),
                *(flicker * np.sqrt(1 - decay**2) for decay in decays),
                walk / np.sqrt(IMU_RATE),
            ]
        )
        start = np.stack([np.zeros(6), *[flicker] * len(decays), turn_on])
        self._errors = start * rng.standard_normal(start.shape)

    def measure(
        self,
        rotation_world_from_body: NDArray[np.float64],
        angular_velocity: NDArray[np.float64],
        acceleration_world: NDArray[np.float64],
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return one sample: body rates [rad/s] and specific force [m/s^2], each of shape (3,).

        :param acceleration_world: coordinate acceleration, zero when hovering [m/s^2].
        """
        self._errors *= self._decay
        self._errors += self._drive * self._rng.standard_normal(self._drive.shape)
        force = rotation_world_from_body.T @ (acceleration_world + _UPWARDS)
        sample = np.concatenate([angular_velocity, force]) + self._errors.sum(axis=0)
        return sample[:3], sample[3:]

    def draw_errors(self, count: int) -> NDArray[np.float64]:
        """Return the errors of the next samples at once, a hundred times faster than one by one.

        :return: of body rates [rad/s] and specific force [m/s^2], shape (count, 6).
        """
        errors = self._drive * self._rng.standard_normal((count, *self._drive.shape))
        decay = self._decay[1:]
        for first in range(0, count, _BLOCK):
            slow = errors[first : first + _BLOCK, 1:]
            # x[k] = decay^k (x[0] + sum of drive w[i] / decay^i)
            powers = decay ** np.arange(1, len(slow) + 1)[:, None, None]
            np.cumsum(slow / powers, axis=0, out=slow)
            slow += self._errors[1:]
            slow *= powers
            self._errors[1:] = slow[-1]
        return np.asarray(errors.sum(axis=1))


def _spread(gyroscope: float, accelerometer: float) -> NDArray[np.float64]:
    """Return one value for each axis, shape (6,)."""
    return np.repeat([gyroscope, accelerometer], 3)
