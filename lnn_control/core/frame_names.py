# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What the name of a frame says of its axes, by the conventions of REP-103 and REP-105."""

import re

OTHER_AXES = {
    'optical': 'an optical frame (z forward, y down)',
    'frd': 'forward, right, down',
    'ned': 'north, east, down',
}
"""Part of a name -> axes that are not those of REP-103."""

_WORLDS = ('map', 'odom', 'world', 'earth', 'global', 'origin')
# What may follow the name of a world, as in odom_combined.
_ENDINGS = ('frame', 'link', 'combined')


def describe_other_axes(frame_id: str) -> str:
    """Return what a name says if that is neither forward, left, up nor east, north, up.

    Only whole parts of the name count: `wedned` says nothing, `odom_ned` and `odomNED` do.
    """
    words = _split(frame_id)
    return next((meaning for word, meaning in OTHER_AXES.items() if word in words), '')


def is_world(frame_id: str) -> bool:
    """Return whether a name says that the frame turns with no vehicle.

    What stands before the last slash is a robot: `world/base_link` is a body.
    """
    words = _split(frame_id.rstrip('/').rpartition('/')[2])
    if 'enu' in words or 'ned' in words:
        return True
    while len(words) > 1 and words[-1] in _ENDINGS:
        words.pop()
    return bool(words) and words[-1] in _WORLDS


def _split(name: str) -> list[str]:
    """Return the words of a name, however they are joined, without digits."""
    return [word.lower() for word in re.findall('[A-Z]?[a-z]+|[A-Z]+', name)]
