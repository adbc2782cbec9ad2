# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which command an image has: the answer to it, else the last one while it holds."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lnn_control.data.commands import to_body
from lnn_control.data.contract import CommandTopic
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.sessions import Messages, Session, align_signal
from lnn_control.data.timeline import ROUNDING

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class Answers:
    """The command of every image, shape (n, 4), and whether it has one, shape (n,)."""

    values: Float
    has: Flags


# A heading from longer before or after a command is not that of the command [s].
_MOST_STALE = 0.5


def find_answers(
    messages: Messages,
    command: CommandTopic,
    session: Session,
    headings: Messages,
    findings: Findings,
) -> Answers:
    """Return the command of every image: the answer to it, else the last one while it holds.

    :param findings: where it is noted what cannot be used.
    :raises RecordingError: if clocks differ, or world axes cannot be turned for want of a heading.
    """
    stamps = session.images.stamps
    track = align_signal(messages, session, command.offset, 'command')
    values, has = np.zeros((len(stamps), 4)), np.zeros(len(stamps), dtype=bool)
    if len(track.stamps):
        turned, is_usable = None, track.values[:, 4] > 0
        if command.frame in ('enu', 'ned'):
            turned, is_known = _find_headings(headings, session, track.stamps, findings)
            if not is_known.all():
                text = f'tells no heading for {np.count_nonzero(~is_known)} commands: left out'
                findings.add('loss', 'no-heading', text, headings.topic)
            is_usable &= is_known
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
        has = (index >= 0) & (age <= hold + ROUNDING) & is_usable[chosen]
        values = bodies[chosen]
    if command.silence == 'zero':
        return Answers(np.where(has[:, None], values, 0.0), np.ones_like(has))
    return Answers(values, has)


def _find_headings(
    messages: Messages, session: Session, at: Float, findings: Findings
) -> tuple[Float, Flags]:
    """Return the vehicle's heading at some times [rad], and whether somebody told it then."""
    track = align_signal(messages, session, 0.0, 'odometry')
    if len(track.stamps) == 0:
        lost = findings.explain(messages.topic)
        raise RecordingError(f'has no heading on {messages.topic} while commands come{lost}')
    following = np.minimum(np.searchsorted(track.stamps, at), len(track.stamps) - 1)
    before, after = track.stamps[np.maximum(following - 1, 0)], track.stamps[following]
    is_known = np.minimum(np.abs(at - before), np.abs(after - at)) <= _MOST_STALE
    headings = np.interp(at, track.stamps, np.unwrap(track.values[:, 0]))
    return np.asarray(headings), np.asarray(is_known)
