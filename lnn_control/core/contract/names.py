# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The names of all findings of a flight's sensors, and a reader of those that a user tolerates."""

import difflib

FINDINGS = (
    'clock.silent',
    'image.age',
    'image.black',
    'image.colour',
    'image.data',
    'image.frozen',
    'image.lens',
    'image.rate',
    'image.saturated',
    'image.silent',
    'image.stamp',
    'image.strange',
    'image.unusual',
    'imu.clock',
    'imu.finite',
    'imu.frame',
    'imu.frozen',
    'imu.gravity',
    'imu.missing',
    'imu.rate',
    'imu.silent',
    'imu.units',
)


def read_tolerated(text: str) -> frozenset[str]:
    """Return the findings that a text names, with spaces between.

    :raises ValueError: if there is no such finding, with the closest name: what is misspelt would
        stop the vehicle all the same.
    """
    names = text.split()
    for name in names:
        if name not in FINDINGS:
            closest = difflib.get_close_matches(name, FINDINGS, n=1)
            hint = f'; did you mean {closest[0]!r}?' if closest else ''
            raise ValueError(f'tolerate must be of {list(FINDINGS)}, got {name!r}{hint}')
    return frozenset(names)
