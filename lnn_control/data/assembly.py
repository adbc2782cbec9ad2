# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""From what a bag holds to episodes: every image with its command, cut where flying pauses."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.ros_messages import RECORDING
from lnn_control.data.answers import find_answers
from lnn_control.data.contract import CommandTopic, Contract, ImuTopic, Stamp
from lnn_control.data.imu import convert_imu, find_doubt
from lnn_control.data.problems import RecordingError
from lnn_control.data.recording import Recording, Signal
from lnn_control.data.selection import cut_episodes, find_feeling, find_flying
from lnn_control.data.sessions import (
    Messages,
    Session,
    Track,
    align_signal,
    split_sessions,
    take_messages,
)
from lnn_control.data.spool import ImageSpool
from lnn_control.data.timeline import ROUNDING, find_latest
from lnn_control.imitation.episode import StreamedEpisode

Float = NDArray[np.float64]


@dataclass(frozen=True)
class _Signals:
    """What a recording holds beside its images."""

    imu: Messages
    commands: Messages
    labels: Messages
    headings: Messages
    segmentation: Messages


def assemble(recording: Recording, contract: Contract) -> list[StreamedEpisode]:
    """Return the episodes of a recording; what is wrong is added to its findings.

    The images are read when the episodes are written, so the recording must stay open.

    :raises RecordingError: if clocks, units or axes are not those of the contract, or nothing is
        left.
    """
    findings = recording.findings
    signals = _take_signals(recording, contract)
    sessions = split_sessions(recording, contract)
    imu = _prepare_imu(signals.imu, contract, sessions)
    episodes: list[StreamedEpisode] = []
    num_unanswered = num_resting = 0
    for number, session in enumerate(sessions):
        # Every image's command, and what should have been commanded where somebody says so.
        commands = find_answers(
            signals.commands, contract.command, session, signals.headings, findings
        )
        labels = commands
        if contract.labels is not None and len(signals.labels):
            labels = find_answers(
                signals.labels, contract.labels, session, signals.headings, findings
            )
        # Kept are stretches that were flown, answered and felt.
        stamps = session.images.stamps
        flies = find_flying(recording, contract, session)
        feels = find_feeling(imu[number], stamps, contract, findings)
        is_answered = commands.has & labels.has
        num_resting += int(np.count_nonzero(~flies))
        num_unanswered += int(np.count_nonzero(flies & ~is_answered))
        part = _Part(session, imu[number], commands.values, labels.values, signals.segmentation)
        for rows in cut_episodes(stamps, is_answered & flies & feels, contract):
            episodes.append(_make_episode(recording, contract, part, rows))
    # What was left out; where nothing remains, why.
    if num_resting:
        findings.add('note', 'resting', f'{num_resting} images were left out: nobody flew')
    if num_unanswered:
        text = f'{num_unanswered} images were left out: they have no command'
        findings.add('note', 'no-command', text, topic=contract.command.topic)
    if not episodes:
        num_repeated = findings.count('image-twice')
        text = _explain_nothing(sessions, num_repeated, num_resting, num_unanswered, contract)
        if losses := findings.select('loss'):
            first = replace(losses[0], file='')
            text = f'{text}; {first} (in all: {findings.describe_losses()})'
        raise RecordingError(text)
    return episodes


def _explain_nothing(
    sessions: list[Session],
    num_repeated: int,
    num_resting: int,
    num_unanswered: int,
    contract: Contract,
) -> str:
    count = sum(len(session.images.stamps) for session in sessions) + num_repeated
    hold = contract.command.hold
    repeated = f', {num_repeated} repeat the stamp of another' if num_repeated else ''
    within = '' if hold is None else f' within {hold:g} s'
    return (
        f'leaves no episode of {contract.min_images} images: of {count} images {num_resting} are '
        f'from when nobody flew, {num_unanswered} have no command{within}{repeated}'
    )


def _take_signals(recording: Recording, contract: Contract) -> _Signals:
    """Return the signals with the times that the contract believes."""

    def take(signal: Signal, part: str, topic: ImuTopic | CommandTopic | None) -> Messages:
        believed: Stamp = 'header' if topic is None else topic.stamp
        return take_messages(signal, believed, part, recording.findings)

    return _Signals(
        imu=take(recording.imu, 'imu', contract.imu),
        commands=take(recording.commands, 'command', contract.command),
        labels=take(recording.labels, 'command', contract.labels),
        headings=take(recording.headings, 'odometry', None),
        segmentation=take(recording.segmentation, 'segmentation', None),
    )


def _prepare_imu(messages: Messages, contract: Contract, sessions: list[Session]) -> list[Track]:
    """Return the inertial samples of every session, in SI units and the body frame."""
    topic = contract.imu
    if topic is None:
        empty = Track(np.zeros(0), np.zeros((0, 6)), np.zeros(0, np.int64))
        return [empty] * len(sessions)
    tracks = []
    for session in sessions:
        track = align_signal(messages, session, topic.offset, 'imu')
        values: Float = convert_imu(track.values, topic).astype(np.float64)
        tracks.append(replace(track, values=values))
    doubt = find_doubt(np.concatenate([track.values for track in tracks]), topic)
    if topic.check and doubt:
        raise RecordingError(f'{messages.topic} {doubt}')
    return tracks


@dataclass(frozen=True)
class _Part:
    """What the episodes of a session are cut from; commands by image, shape (n, 4)."""

    session: Session
    imu: Track
    commands: Float
    labels: Float
    segmentation: Messages


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
    track = align_signal(part.segmentation, part.session, 0.0, 'segmentation')
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
    told = float(described.pop('camera_fov_deg', 0))
    fov_deg = contract.camera.fov_deg or recording.fov_deg or told or None
    if fov_deg is not None and recording.crop is not None:
        across = recording.crop.measure_fov_deg(recording.size[0], fov_deg)
        described['camera_fov_deg'] = f'{across:.4g}'
    pitch_deg = contract.camera.pitch_deg
    named = {
        'vehicle': contract.vehicle,
        'task': contract.task,
        'camera_pitch_deg': None if pitch_deg is None else f'{pitch_deg:g}',
        'symmetry': None if contract.symmetric else 'none',
    }
    described |= {name: value for name, value in named.items() if value is not None}
    if contract.command.limits is not None:
        described['command_limits'] = ' '.join(f'{limit:g}' for limit in contract.command.limits)
    return described
