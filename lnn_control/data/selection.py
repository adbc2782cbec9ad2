# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which images become episodes: those in flight that were felt and answered, cut at gaps."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lnn_control.data.contract import Contract, StateTopic
from lnn_control.data.problems import Findings
from lnn_control.data.recording import Recording
from lnn_control.data.sessions import Session, Track
from lnn_control.data.timeline import find_latest

Float = NDArray[np.float64]
Flags = NDArray[np.bool_]


def find_feeling(imu: Track, stamps: Float, contract: Contract, findings: Findings) -> Flags:
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
    # A recording may begin with an image that was taken just before the first sample.
    is_early = (latest < 0) & (imu.stamps[0] - stamps <= topic.max_silence)
    if is_early.any():
        text = f'{int(is_early.sum())} images were left out: taken before the first sample'
        findings.add('note', 'before-imu', text, topic.topic)
    # A silence is told once, however many images fall into it.
    is_told = feels | is_early
    for index in np.flatnonzero(~is_told & np.concatenate([[True], is_told[:-1]])):
        text = f'is silent for {topic.max_silence:g} s and more before the image of '
        findings.add('loss', 'imu-silent', f'{text}{stamps[index]:.3f} s', topic.topic)
    return np.asarray(feels)


def find_flying(recording: Recording, contract: Contract, session: Session) -> Flags:
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


def cut_episodes(stamps: Float, kept: Flags, contract: Contract) -> Iterator[NDArray[np.intp]]:
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
