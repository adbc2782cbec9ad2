# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Allan deviation: how noise averages out over time, and what the average cannot get rid of.

IEEE Std 952-1997, annex C, which also says how to read it: white noise of density N falls as
N / sqrt(time), 1/f noise of coefficient B stays at 0.664 B, a random walk K rises as
K sqrt(time / 3).
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLICKER_FLOOR = float(np.sqrt(2 * np.log(2) / np.pi))
"""Allan deviation of 1/f noise over its coefficient: 0.664."""


def measure_allan_deviation(
    samples: ArrayLike, rate: float, times: ArrayLike
) -> NDArray[np.float64]:
    """Return the overlapping Allan deviation of a record at some averaging times.

    :param samples: evenly spaced, shape (n, m): m channels. :param rate: samples a second [Hz].
    :param times: averaging times [s], each a whole number of samples and at most half the
        record, shape (k,).
    :return: in the unit of the samples, shape (k, m).
    :raises ValueError: if a time is neither.
    """
    values = np.asarray(samples, dtype=np.float64)
    if values.ndim != 2:
        raise ValueError(f'samples must have shape (n, m), got {values.shape}')
    lengths = np.asarray(times, dtype=np.float64).ravel() * rate
    whole = np.round(lengths).astype(int)
    if (np.abs(lengths - whole) > 1e-6 * lengths).any() or (whole < 1).any():
        raise ValueError(f'times must be multiples of {1 / rate:g} s, got {times!r}')
    if (2 * whole > len(values)).any():
        raise ValueError(
            f'times must be at most half the record, {len(values) / rate / 2:g} s, got {times!r}'
        )
    # Sums up to every sample: averages are their differences.
    sums = np.concatenate([np.zeros((1, values.shape[1])), np.cumsum(values, axis=0)])
    return np.stack([_measure_at(sums, length) for length in whole.tolist()])


def _measure_at(sums: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Return the root mean square of the steps between neighbouring averages over sqrt(2)."""
    steps = sums[2 * length :] - 2 * sums[length:-length] + sums[: -2 * length]
    return np.asarray(np.sqrt((steps**2).mean(axis=0) / 2) / length)


def predict_allan_deviation(
    times: ArrayLike, noise_density: float, bias_instability: float, random_walk: float
) -> NDArray[np.float64]:
    """Return the Allan deviation of ideal noise at some averaging times.

    :param times: [s], shape (k,). :return: in the unit of the samples, shape (k,).
    """
    duration = np.asarray(times, dtype=np.float64)
    white = noise_density**2 / duration
    flicker = (FLICKER_FLOOR * bias_instability) ** 2
    return np.asarray(np.sqrt(white + flicker + random_walk**2 * duration / 3))
