# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Signals of a recording on the clock of its images: one session for each run of that clock."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.data.contract import Contract, Stamp
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.recording import Recording, Signal
from lnn_control.data.timeline import ROUNDING, Timeline, find_restarts, make_timeline

Float = NDArray[np.float64]

# Stamps of one machine agree better than this with the times of their receipt, on a busy one too,
# where messages wait for their recorder [s].
_CLOCK_TOLERANCE = 1.0
# Messages overtake each other by less than this; by more a clock has begun anew [s].
_MOST_DISORDER = 0.2
# Stamps that go back at more of the images are those of no clock.
_MOST_BACK = 0.3
# A simulator may be faster than the wall; that a clock was set is more [s].
_MOST_AHEAD = 60.0


@dataclass(frozen=True)
class Messages:
    """One signal of a recording, in the order of its messages.

    :param times: of receipt [s], shape (n,). :param stamps: [s]; None where receipt is believed.
    :param values: shape (n, width). :param places: number of each on its topic.
    """

    topic: str
    times: Float
    stamps: Float | None
    values: Float
    places: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.times)


@dataclass(frozen=True)
class Track:
    """One signal of a session, in the order of its stamps.

    :param stamps: [s], shape (n,). :param values: shape (n, width). :param places: shape (n,).
    """

    stamps: Float
    values: Float
    places: NDArray[np.int64]

    def take(self, chosen: NDArray[Any]) -> 'Track':
        """Return some of it."""
        return Track(self.stamps[chosen], self.values[chosen], self.places[chosen])


@dataclass(frozen=True)
class Session:
    """The images of one run of the clock and how receipt becomes stamps in it.

    :param first, last: times of receipt between which it lies [s].
    """

    images: Track
    timeline: Timeline
    first: float
    last: float


def take_messages(signal: Signal, believed: Stamp, part: str, findings: Findings) -> Messages:
    """Return the messages of a signal, those without the stamp that is believed left out.

    :raises RecordingError: if none has one.
    """
    times, stamps = signal.take_times(), signal.take_stamps()
    values, places = signal.take_values(), np.array(signal.places, np.int64)
    has_stamp = stamps > 0
    # Twist and Joy of some drivers have no stamp at all.
    is_received = believed == 'receipt' or (part == 'command' and not has_stamp.any())
    if len(signal) == 0 or is_received:
        return Messages(signal.topic, times, None, values, places)
    if not has_stamp.any():
        raise RecordingError(
            f'{signal.topic} message 0: its stamp is zero, like all others; set {part}.stamp to '
            'receipt in the contract'
        )
    for place in places[~has_stamp].tolist():
        findings.add('loss', 'stamp-zero', 'its stamp is zero: left out', signal.topic, place)
    return Messages(
        signal.topic, times[has_stamp], stamps[has_stamp], values[has_stamp], places[has_stamp]
    )


def split_sessions(recording: Recording, contract: Contract) -> list[Session]:
    """Return the runs of the camera's clock; each image once, in the order of stamps.

    :raises RecordingError: if there is no image.
    """
    camera, findings = contract.camera, recording.findings
    images = take_messages(recording.images, camera.stamp, 'camera', findings)
    if not len(images):
        lost = findings.explain(images.topic)
        raise RecordingError(f'has no image on {images.topic} that can be read{lost}')
    times = images.times
    stamps = (times if images.stamps is None else images.stamps) + camera.offset
    restarts = find_restarts(stamps, _MOST_DISORDER)
    _check_clock(stamps, times, images)
    for index in restarts:
        text = f'the clock goes back by {stamps[index - 1] - stamps[index]:.3f} s: a new episode'
        findings.add('note', 'stamps-back', text, images.topic, int(images.places[index]))
    bounds = [0, *restarts, len(times)]
    edges = [-np.inf, *((times[i - 1] + times[i]) / 2 for i in restarts), np.inf]
    sessions = []
    track = Track(stamps, images.values, images.places)
    for number, (start, stop) in enumerate(pairwise(bounds)):
        part = track.take(np.arange(start, stop))
        timeline = make_timeline(times[start:stop], part.stamps)
        part = part.take(np.argsort(part.stamps, kind='stable'))
        is_new = np.diff(part.stamps, prepend=-np.inf) > ROUNDING
        for place, stamp in zip(part.places[~is_new], part.stamps[~is_new], strict=True):
            text = f'repeats the image of {stamp:.3f} s: left out'
            findings.add('note', 'image-twice', text, images.topic, int(place))
        sessions.append(Session(part.take(is_new), timeline, edges[number], edges[number + 1]))
    return sessions


def _check_clock(stamps: Float, times: Float, images: Messages) -> None:
    """Check that the stamps of images are those of a clock that goes on.

    :raises RecordingError: if they go back again and again, or jump ahead.
    """
    cure = 'set camera.stamp to receipt in the contract'
    num_back = np.count_nonzero(np.diff(stamps) < 0)
    if num_back > _MOST_BACK * len(stamps):
        raise RecordingError(
            f'{images.topic} has stamps that go back {num_back} times in {len(stamps)} images: '
            f'{cure}'
        )
    # A pause of the recorder passes on both clocks.
    ahead = np.diff(stamps) - np.diff(times)
    if len(ahead) and ahead.max() > _MOST_AHEAD:
        place = int(images.places[ahead.argmax() + 1])
        raise RecordingError(
            f'{images.topic} message {place}: its stamp jumps ahead by {ahead.max():.6g} s, its '
            f'time of receipt does not: cut the bag there, or {cure}'
        )


def align_signal(messages: Messages, session: Session, offset: float, part: str) -> Track:
    """Return a signal of a session on the clock of the images.

    :raises RecordingError: if it is stamped by another clock.
    """
    times = messages.times
    inside = np.flatnonzero((times >= session.first) & (times < session.last))
    received = session.timeline.to_stamps(times)
    stamps = (received if messages.stamps is None else messages.stamps) + offset
    track = Track(stamps, messages.values, messages.places).take(inside)
    if len(inside) == 0:
        return track
    lead = float(np.median(track.stamps - received[inside]))
    if messages.stamps is not None and abs(lead) > _CLOCK_TOLERANCE:
        raise RecordingError(
            f'{messages.topic} is stamped {abs(lead):.3g} s '
            f'{"ahead of" if lead > 0 else "behind"} the images that came with it: it comes from '
            f'another clock; set {part}.offset to {offset - lead:.3f}, or {part}.stamp to '
            'receipt, in the contract'
        )
    return track.take(np.argsort(track.stamps, kind='stable'))
