# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a row of results is called, from what names it in files."""

from collections.abc import Mapping
from typing import Any

_WORDS = {
    'level': 'level {}',
    'strength': 'strength {:g}',
    'distance': '{:g} m',
    'camera_fov_deg': 'camera of {:g} degrees',
    'camera_pitch_deg': 'camera {:g} degrees down',
    'camera_rate': '{:g} images a second',
    'renderer': 'drawn by {}',
}


def name_row(described: Mapping[str, Any]) -> str:
    """Return what sets a row apart, in words, from what names it in files."""
    words = [f'{described["world"]} {described["season"]}']
    if 'disturbance' in described:
        words.append((described['disturbance'] or 'no disturbance').replace('_', ' '))
    for name, text in _WORDS.items():
        if described.get(name):
            words.append(text.format(described[name]))
    return ', '.join(words)


def name_row_of_suite(described: Mapping[str, Any]) -> str:
    """Return the same with the suite, so that no two rows of several suites have one name."""
    return f'{described["suite"].replace("_", " ")}: {name_row(described)}'
