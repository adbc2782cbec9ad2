# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""From what a bag holds to episodes: every image with its command, cut where flying pauses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.ros_messages import RECORDING
from lnn_control.data.commands import to_body
from lnn_control.data.contract import CommandTopic, Contract, ImuTopic, Stamp, StateTopic
from lnn_control.data.imu import convert_imu, find_doubt
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.recording import Recording, Signal
from lnn_control.data.spool import ImageSpool
from lnn_control.data.timeline import (
    ROUNDING,
    Timeline,
    find_latest,
    find_restarts,
    make_timeline,
)
from lnn_control.imitation.episode import StreamedEpisode

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]

# Stamps of one machine agree better than this with the times of their receipt, on a busy one too,
# where messages wait for their recorder [s].
_CLOCK_TOLERANCE = 1.0
# Messages overtake each other by less than this; by more a clock has begun anew [s].
_MOST_DISORDER = 0.2


@dataclass(frozen=True)
class _Messages:
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
class _Track:
    """One signal of a session, in the order of its stamps.

    :param stamps: [s], shape (n,). :param values: shape (n, width). :param places: shape (n,).
    """

    stamps: Float
    values: Float
    places: NDArray[np.int64]

    def take(self, chosen: NDArray[Any]) -> '_Track':
        """Return some of it."""
        return _Track(self.stamps[chosen], self.values[chosen], self.places[chosen])


@dataclass(frozen=True)
class _Session:
    """The images of one run of the clock and how receipt becomes stamps in it.

    :param first, last: times of receipt between which it lies [s].
    """

    images: _Track
    timeline: Timeline
    first: float
    last: float


@dataclass(frozen=True)
class _Signals:
    """What a recording holds beside its images."""

    imu: _Messages
    commands: _Messages
    labels: _Messages
    headings: _Messages
    segmentation: _Messages


def assemble(recording: Recording, contract: Contract) -> list[StreamedEpisode]:
    """Return the episodes of a recording; what is wrong is added to its findings.

    The images are read when the episodes are written, so the recording must stay open.

    :raises RecordingError: if clocks, units or axes are not those of the contract, or nothing is
        left.
    """
    findings = recording.findings
    signals = _take_signals(recording, contract)
    sessions = _split_sessions(recording, contract)
    imu = _prepare_imu(signals.imu, contract, sessions)
    episodes: list[StreamedEpisode] = []
    num_unanswered = num_resting = 0
    for number, session in enumerate(sessions):
        commands = _answer(signals.commands, contract.command, session, signals.headings)
        labels = commands
        if contract.labels is not None and len(signals.labels):
            labels = _answer(signals.labels, contract.labels, session, signals.headings)
        stamps = session.images.stamps
        flies = _find_flying(recording, contract, session)
        feels = _find_feeling(imu[number], stamps, contract, findings)
        is_answered = commands.has & labels.has
        num_resting += int(np.count_nonzero(~flies))
        num_unanswered += int(np.count_nonzero(flies & ~is_answered))
        part = _Part(session, imu[number], commands.values, labels.values, signals.segmentation)
        for rows in _cut(stamps, is_answered & flies & feels, contract):
            episodes.append(_make_episode(recording, contract, part, rows))
    if num_resting:
        findings.add('note', 'resting', f'{num_resting} images were left out: nobody flew')
    if num_unanswered:
        text = f'{num_unanswered} images were left out: they have no command'
        findings.add('note', 'no-command', text, topic=contract.command.topic)
    if not episodes:
        raise RecordingError(_explain_nothing(sessions, num_resting, num_unanswered, contract))
    return episodes


def _explain_nothing(
    sessions: list[_Session], num_resting: int, num_unanswered: int, contract: Contract
) -> str:
    count = sum(len(session.images.stamps) for session in sessions)
    hold = contract.command.hold
    within = '' if hold is None else f' within {hold:g} s'
    return (
        f'leaves no episode of {contract.min_images} images: of {count} images {num_resting} are '
        f'from when nobody flew, {num_unanswered} have no command{within}'
    )


# Clocks.


def _take_signals(recording: Recording, contract: Contract) -> _Signals:
    """Return the signals with the times that the contract believes."""

    def take(signal: Signal, part: str, topic: ImuTopic | CommandTopic | None) -> _Messages:
        believed: Stamp = 'header' if topic is None else topic.stamp
        return _take_messages(signal, believed, part, recording.findings)

    return _Signals(
        imu=take(recording.imu, 'imu', contract.imu),
        commands=take(recording.commands, 'command', contract.command),
        labels=take(recording.labels, 'command', contract.labels),
        headings=take(recording.headings, 'odometry', None),
        segmentation=take(recording.segmentation, 'segmentation', None),
    )


def _take_messages(signal: Signal, believed: Stamp, part: str, findings: Findings) -> _Messages:
    """Return the messages of a signal, those without the stamp that is believed left out.

    :raises RecordingError: if none has one.
    """
    times, stamps = signal.take_times(), signal.take_stamps()
    values, places = signal.take_values(), np.array(signal.places, np.int64)
    has_stamp = stamps > 0
    # Twist and Joy of some drivers have no stamp at all.
    is_received = believed == 'receipt' or (part == 'command' and not has_stamp.any())
    if len(signal) == 0 or is_received:
        return _Messages(signal.topic, times, None, values, places)
    if not has_stamp.any():
        raise RecordingError(
            f'{signal.topic} message 0: its stamp is zero, like all others; set {part}.stamp to '
            'receipt in the contract'
        )
    for place in places[~has_stamp].tolist():
        findings.add('loss', 'stamp-zero', 'its stamp is zero: left out', signal.topic, place)
    return _Messages(
        signal.topic, times[has_stamp], stamps[has_stamp], values[has_stamp], places[has_stamp]
    )


def _split_sessions(recording: Recording, contract: Contract) -> list[_Session]:
    """Return the runs of the camera's clock; each image once, in the order of stamps.

    :raises RecordingError: if there is no image.
    """
    camera, findings = contract.camera, recording.findings
    images = _take_messages(recording.images, camera.stamp, 'camera', findings)
    if not len(images):
        raise RecordingError(f'has no image on {images.topic} that can be read')
    times = images.times
    stamps = (times if images.stamps is None else images.stamps) + camera.offset
    restarts = find_restarts(stamps, _MOST_DISORDER)
    for index in restarts:
        text = f'the clock goes back by {stamps[index - 1] - stamps[index]:.3f} s: a new episode'
        findings.add('note', 'stamps-back', text, images.topic, int(images.places[index]))
    bounds = [0, *restarts, len(times)]
    edges = [-np.inf, *((times[i - 1] + times[i]) / 2 for i in restarts), np.inf]
    sessions = []
    track = _Track(stamps, images.values, images.places)
    for number, (start, stop) in enumerate(pairwise(bounds)):
        part = track.take(np.arange(start, stop))
        timeline = make_timeline(times[start:stop], part.stamps)
        part = part.take(np.argsort(part.stamps, kind='stable'))
        is_new = np.diff(part.stamps, prepend=-np.inf) > ROUNDING
        for place, stamp in zip(part.places[~is_new], part.stamps[~is_new], strict=True):
            text = f'repeats the image of {stamp:.3f} s: left out'
            findings.add('note', 'image-twice', text, images.topic, int(place))
        sessions.append(_Session(part.take(is_new), timeline, edges[number], edges[number + 1]))
    return sessions


def _place(messages: _Messages, session: _Session, offset: float, part: str) -> _Track:
    """Return a signal of a session on the clock of the images.

    :raises RecordingError: if it is stamped by another clock.
    """
    times = messages.times
    inside = np.flatnonzero((times >= session.first) & (times < session.last))
    received = session.timeline.to_stamps(times)
    stamps = (received if messages.stamps is None else messages.stamps) + offset
    track = _Track(stamps, messages.values, messages.places).take(inside)
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


# The inertial unit.


def _prepare_imu(
    messages: _Messages, contract: Contract, sessions: list[_Session]
) -> list[_Track]:
    """Return the inertial samples of every session, in SI units and the body frame."""
    topic = contract.imu
    if topic is None:
        empty = _Track(np.zeros(0), np.zeros((0, 6)), np.zeros(0, np.int64))
        return [empty] * len(sessions)
    tracks = []
    for session in sessions:
        track = _place(messages, session, topic.offset, 'imu')
        values: Float = convert_imu(track.values, topic).astype(np.float64)
        tracks.append(replace(track, values=values))
    doubt = find_doubt(np.concatenate([track.values for track in tracks]), topic)
    if topic.check and doubt:
        raise RecordingError(f'{messages.topic} {doubt}')
    return tracks


def _find_feeling(imu: _Track, stamps: Float, contract: Contract, findings: Findings) -> Flags:
    """Return which images have an inertial sample not long before them."""
    topic = contract.imu
    if topic is None:
        return np.ones(len(stamps), dtype=bool)
    if len(imu.stamps) == 0:
        findings.add('loss', 'imu-silent', 'is silent all along', topic.topic)
        return np.zeros(len(stamps), dtype=bool)
    latest = find_latest(imu.stamps, stamps)
    age = stamps - np.where(latest >= 0, imu.stamps[np.maximum(latest, 0)], -np.inf)
    feels = age <= topic.max_silence
    # A silence is told once, however many images fall into it.
    for index in np.flatnonzero(~feels & np.concatenate([[True], feels[:-1]])):
        text = f'is silent for {topic.max_silence:g} s and more before the image of '
        findings.add('loss', 'imu-silent', f'{text}{stamps[index]:.3f} s', topic.topic)
    return np.asarray(feels)


# Commands.


@dataclass(frozen=True)
class _Answers:
    """The command of every image, shape (n, 4), and whether it has one, shape (n,)."""

    values: Float
    has: Flags


def _answer(
    messages: _Messages, command: CommandTopic, session: _Session, headings: _Messages
) -> _Answers:
    """Return the command of every image: the answer to it, else the last one while it holds."""
    stamps = session.images.stamps
    track = _place(messages, session, command.offset, 'command')
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
        return _Answers(np.where(has[:, None], values, 0.0), np.ones_like(has))
    return _Answers(values, has)


def _find_headings(messages: _Messages, session: _Session, at: Float) -> Float:
    """Return the vehicle's heading at some times [rad]."""
    track = _place(messages, session, 0.0, 'odometry')
    if len(track.stamps) == 0:
        raise RecordingError(f'has no heading on {messages.topic} while commands come')
    return np.asarray(np.interp(at, track.stamps, np.unwrap(track.values[:, 0])))


# What is used.


def _find_flying(recording: Recording, contract: Contract, session: _Session) -> Flags:
    """Return which images are from while the vehicle flew, or a person had taken over."""
    flies = np.ones(len(session.images.stamps), dtype=bool)
    states: list[StateTopic] = [*contract.flying]
    if contract.takeover is not None:
        states.append(contract.takeover)
    for state in states:
        signal = recording.states.get(state.topic)
        if signal is None or len(signal) == 0:
            continue
        times = signal.take_times()
        order = np.argsort(times, kind='stable')
        # A state holds until the next one, also over a restart of the clock.
        at = np.interp(session.images.stamps, session.timeline.stamps, session.timeline.times)
        latest = find_latest(times[order], at)
        values = signal.take_values()[order, 0]
        flies &= (latest >= 0) & (values[np.maximum(latest, 0)] > 0)
    return flies


def _cut(stamps: Float, kept: Flags, contract: Contract) -> Iterator[NDArray[np.intp]]:
    """Yield the images of each episode: without a gap, not too long, at the wanted rate."""
    chosen = _thin(stamps, kept, contract.rate)
    if len(chosen) == 0:
        return
    # What was left out for its rate is no gap; what was left out for another reason is.
    holes = np.cumsum(~kept)
    is_cut = (np.diff(stamps[chosen]) > contract.max_gap) | (np.diff(holes[chosen]) > 0)
    for piece in np.split(chosen, np.flatnonzero(is_cut) + 1):
        number = np.floor((stamps[piece] - stamps[piece[0]]) / contract.longest).astype(int)
        for part in np.split(piece, np.flatnonzero(np.diff(number)) + 1):
            if len(part) >= contract.min_images:
                yield part


def _thin(stamps: Float, kept: Flags, rate: float | None) -> NDArray[np.intp]:
    """Return the kept images of which there are at most so many a second [Hz]."""
    indices = np.flatnonzero(kept)
    if rate is None or len(indices) < 2:
        return indices
    # Half a period of the camera: the nearest image to each moment.
    slack = 0.5 * float(np.median(np.diff(stamps)))
    chosen, due = [], float(stamps[indices[0]])
    for index in indices.tolist():
        stamp = float(stamps[index])
        if stamp >= due - slack:
            chosen.append(index)
            # After a gap the moments are counted anew.
            due = (due if stamp < due + 1.0 / rate else stamp) + 1.0 / rate
    return np.array(chosen, dtype=np.intp)


# Episodes.


@dataclass(frozen=True)
class _Part:
    """What the episodes of a session are cut from; commands by image, shape (n, 4)."""

    session: _Session
    imu: _Track
    commands: Float
    labels: Float
    segmentation: _Messages


def _make_episode(
    recording: Recording, contract: Contract, part: _Part, rows: NDArray[np.intp]
) -> StreamedEpisode:
    images = part.session.images.take(rows)
    # What was felt since the image before, or for a moment before the very first.
    before = part.session.images.stamps[rows[0] - 1] if rows[0] > 0 else -np.inf
    since = max(before + ROUNDING, images.stamps[0] - contract.max_gap)
    felt = (part.imu.stamps > since) & (part.imu.stamps <= images.stamps[-1] + ROUNDING)
    numbers = [int(number) for number in images.values[:, 0]]
    spool = recording.spool
    return StreamedEpisode(
        image_stamps=images.stamps,
        imu=part.imu.values[felt].astype(np.float32),
        imu_stamps=part.imu.stamps[felt],
        flown=part.commands[rows].astype(np.float32),
        labels=part.labels[rows].astype(np.float32),
        image_shape=spool.shape,
        read_images=lambda: (spool.read(number) for number in numbers),
        metadata=_describe(recording, contract, images.stamps),
        read_segmentation=_find_classes(recording.classes, part, images.stamps),
    )


def _find_classes(
    spool: ImageSpool | None, part: _Part, stamps: Float
) -> Callable[[], Iterator[NDArray[np.uint8]]] | None:
    """Return what reads the class of every pixel of some images, None where nobody recorded it.

    :raises RecordingError: if an image has none.
    """
    if spool is None:
        return None
    track = _place(part.segmentation, part.session, 0.0, 'segmentation')
    latest = np.maximum(find_latest(track.stamps, stamps + 1e-5), 0)
    is_missing = np.abs(track.stamps[latest] - stamps) > 1e-5
    if is_missing.any():
        raise RecordingError(
            f'{part.segmentation.topic} must have one for every image, got none for that of '
            f'{stamps[is_missing][0]:.3f} s: record all of them or leave that topic out'
        )
    numbers = [int(number) for number in track.values[latest, 0]]
    return lambda: (spool.read(number) for number in numbers)


def _describe(recording: Recording, contract: Contract, stamps: Float) -> dict[str, str]:
    """Return what an episode says of itself, from the recorder and from the contract."""
    said: Mapping[str, str] = recording.metadata.get(RECORDING, {})
    described = {name: value for name, value in said.items() if value}
    described |= {'pilot': described.get('pilot', contract.pilot), 'source': recording.bag.name}
    if len(stamps) > 1:
        described['camera_rate'] = f'{1.0 / float(np.median(np.diff(stamps))):.4g}'
    fov_deg = contract.camera.fov_deg or float(described.get('camera_fov_deg', 0)) or None
    described.pop('camera_fov_deg', None)
    if fov_deg is not None and recording.crop is not None:
        across = recording.crop.measure_fov_deg(recording.size[0], fov_deg)
        described['camera_fov_deg'] = f'{across:.4g}'
    pitch_deg = contract.camera.pitch_deg
    told = {
        'vehicle': contract.vehicle,
        'task': contract.task,
        'camera_pitch_deg': None if pitch_deg is None else f'{pitch_deg:g}',
        'symmetry': None if contract.symmetric else 'none',
    }
    described |= {name: value for name, value in told.items() if value is not None}
    if contract.command.limits is not None:
        described['command_limits'] = ' '.join(f'{limit:g}' for limit in contract.command.limits)
    return described
