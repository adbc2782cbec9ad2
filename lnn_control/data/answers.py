# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which command an image has: the answer to it, else the last one while it holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.data.commands import to_body
from lnn_control.data.contract import CommandTopic
from lnn_control.data.problems import RecordingError
from lnn_control.data.sessions import Messages, Session, align_signal
from lnn_control.data.timeline import ROUNDING

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """The command of every image, shape (n, 4), and whether it has one, shape (n,)."""

    values: Float
    has: Flags


def find_answers(
    messages: Messages, command: CommandTopic, session: Session, headings: Messages
) -> Answers:
    """Return the command of every image: the answer to it, else the last one while it holds."""
    stamps = session.images.stamps
    track = align_signal(messages, session, command.offset, 'command')
    values, has = np.zeros((len(stamps), 4)), np.zeros(len(stamps), dtype=bool)
    if len(track.stamps):
        is_world = command.frame in ('enu', 'ned')
        turned = _find_headings(headings, session, track.stamps) if is_world else None
        bodies = to_body(track.values[:, :4], command, turned)
        # An answer comes before the next image does.
        period = float(np.median(np.diff(stamps))) if len(stamps) > 1 else np.inf
        answer = min(command.answer, 0.9 * period)
        following = np.searchsorted(track.stamps, stamps - ROUNDING)
        follows = np.minimum(following, len(track.stamps) - 1)
        is_answered = (following < len(track.stamps)) & (
            track.stamps[follows] - stamps <= answer + ROUNDING
        )
        index = np.where(is_answered, follows, following - 1)
        chosen = np.maximum(index, 0)
        age = stamps - track.stamps[chosen]
        hold = np.inf if command.hold is None else command.hold
        has = (index >= 0) & (age <= hold + ROUNDING) & (track.values[chosen, 4] > 0)
        values = bodies[chosen]
    if command.silence == 'zero':
        return Answers(np.where(has[:, None], values, 0.0), np.ones_like(has))
    return Answers(values, has)


def _find_headings(messages: Messages, session: Session, at: Float) -> Float:
    """Return the vehicle's heading at some times [rad]."""
    track = align_signal(messages, session, 0.0, 'odometry')
    if len(track.stamps) == 0:
        raise RecordingError(f'has no heading on {messages.topic} while commands come')
    return np.asarray(np.interp(at, track.stamps, np.unwrap(track.values[:, 0])))
