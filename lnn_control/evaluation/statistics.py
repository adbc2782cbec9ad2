# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Success rates with honest intervals."""

import math


def wilson_interval(successes: int, trials: int, z: float = 1.959964) -> tuple[float, float]:
    """Return the Wilson score interval of a success rate (Wilson, 1927).

    :param z: quantile of the normal distribution, 1.96 for 95 %.
    :raises ValueError: if there is no trial or there are more successes than trials.
    """
    if trials < 1 or not 0 <= successes <= trials:
        raise ValueError(
            f'successes must be 0 to trials and trials at least 1, got {successes} of {trials}'
        )
    rate = successes / trials
    spread = z * math.sqrt(rate * (1 - rate) / trials + z * z / (4 * trials * trials))
    centre = rate + z * z / (2 * trials)
    scale = 1 + z * z / trials
    return max(0.0, (centre - spread) / scale), min(1.0, (centre + spread) / scale)


def difference_interval(
    successes: int, trials: int, other_successes: int, other_trials: int
) -> tuple[float, float]:
    """Return the 95 % interval of how much higher a success rate is than another one.

    The hybrid score interval, method 10 of Newcombe, Statistics in Medicine 17 (1998) 873-890. It
    takes the trials for independent.

    :raises ValueError: if there is no trial or there are more successes than trials.
    """
    low, high = wilson_interval(successes, trials)
    other_low, other_high = wilson_interval(other_successes, other_trials)
    rate, other_rate = successes / trials, other_successes / other_trials
    difference = rate - other_rate
    return (
        difference - math.hypot(rate - low, other_high - other_rate),
        difference + math.hypot(high - rate, other_rate - other_low),
    )
