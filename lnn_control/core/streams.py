# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every stream of random numbers that follows from a seed, so that no two draw the same ones."""

import numpy as np

STREAMS = {
    'world': 0,
    'simulation': 1,
    'disturbance': 2,
    'training': 3,
    'collection': 4,
    'camera': 5,
    'retry': 6,
    'tuning': 7,
    'export': 8,
    'attention': 9,
    'starts': 10,
}
"""Name of a stream -> the number that sets it apart; given once, it stays, or worlds change."""


def stream(seed: int, name: str, *index: int) -> np.random.Generator:
    """Return the generator of a stream at its beginning.

    :param seed: of an episode or a training, below 2**32.
    :param index: tells apart several of one name. Give it always or never: numpy takes a missing
        one for 0.
    :raises KeyError: if no stream has that name.
    """
    return np.random.default_rng([seed, STREAMS[name], *index])
