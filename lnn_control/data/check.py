# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Everything that is wrong with bags and data sets, as far as it can be told without flying."""

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lnn_control.data import dataset
from lnn_control.data.assembly import assemble
from lnn_control.data.bags import Bag, BagError
from lnn_control.data.contract import Contract
from lnn_control.data.dataset import Dataset, EpisodeEntry
from lnn_control.data.importer import is_one_of_ours
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.recording import Recording, Signal, read_recording
from lnn_control.imitation.episode import StreamedEpisode, stream_episode
from lnn_control.imitation.episode_file import EpisodeFileError, read_episode

# Mean brightness of an image in which nothing is seen, of 255.
_DARK, _BRIGHT = 6.0, 249.0
# So many usual periods without a message are drops, so much of the period is jitter.
_DROP_PERIODS, _JITTER_SHARE = 1.8, 0.35
# So many equal images one after another are a camera that hangs.
_MOST_EQUAL = 5


def check_bag(bag: Bag, contract: Contract, folder: Path) -> Findings:
    """Return what is wrong with a bag for a contract.

    :param folder: with room for its images.
    """
    if is_one_of_ours(bag):
        return check_episode_file(bag.files[0])
    findings = Findings(bag.describe())
    try:
        recording = read_recording(bag, contract, folder)
    except (BagError, RecordingError) as error:
        findings.add('error', 'unusable', str(error))
        return findings
    recording.findings.file = bag.describe()
    try:
        for signal in (recording.images, recording.imu, recording.commands):
            _check_rhythm(signal, recording.findings)
        _check_images(recording)
        _check_commands(assemble(recording, contract), contract, recording.findings)
    except RecordingError as error:
        recording.findings.add('error', 'unusable', str(error))
    finally:
        recording.close()
    return recording.findings


def _check_rhythm(signal: Signal, findings: Findings) -> None:
    """Find dropped messages and an uneven rate."""
    stamps = signal.take_stamps()
    times = stamps if len(stamps) and (stamps > 0).all() else signal.take_times()
    steps = np.diff(times)
    forward = steps[steps > 0]
    if len(forward) < 10:
        return
    period = float(np.median(forward))
    num_drops = int(np.round(forward[forward > _DROP_PERIODS * period] / period - 1).sum())
    if num_drops:
        text = f'{num_drops} messages are missing at its usual {1 / period:.3g} Hz'
        findings.add('note', 'drops', text, signal.topic)
    usual = forward[forward <= _DROP_PERIODS * period]
    jitter = float(usual.std()) / period
    if jitter > _JITTER_SHARE:
        text = f'its rate of {1 / period:.3g} Hz is uneven: steps differ by {jitter:.0%}'
        findings.add('note', 'jitter', text, signal.topic)


def _check_images(recording: Recording) -> None:
    """Find images in which nothing is seen, and a camera that hangs."""
    images = (recording.spool.read(number) for number in range(len(recording.spool)))
    topic = recording.images.topic
    for kind, place, text in judge_images(images):
        number = int(recording.images.places[place])
        recording.findings.add('note', kind, text, topic, number)


def judge_images(images: Iterable[NDArray[np.uint8]]) -> Iterator[tuple[str, int, str]]:
    """Yield what is odd about images: the kind, the place of the image and words."""
    before, num_equal = b'', 0
    for place, pixels in enumerate(images):
        mean = float(pixels.mean())
        if mean < _DARK:
            yield 'dark', place, f'is dark: its mean is {mean:.1f} of 255'
        elif mean > _BRIGHT:
            yield 'bright', place, f'is overexposed: its mean is {mean:.1f} of 255'
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).digest()
        num_equal = num_equal + 1 if digest == before else 0
        before = digest
        if num_equal == _MOST_EQUAL:
            yield 'frozen', place, f'is the {num_equal + 1}th in a row that is just the same'


def _check_commands(
    episodes: Iterable[StreamedEpisode], contract: Contract, findings: Findings
) -> None:
    """Find commands that never change, and those that the limits have cut."""
    rows = np.concatenate([episode.flown for episode in episodes])
    topic = contract.command.topic
    if len(rows) > 20 and not rows.std(axis=0).any():
        text = f'all {len(rows)} commands are the same, {rows[0].round(3).tolist()}'
        findings.add('note', 'constant-command', text, topic)
    if contract.command.limits is not None:
        at_limit = np.abs(rows) >= np.array(contract.command.limits, np.float32) - 1e-6
        share = float(at_limit.any(axis=1).mean())
        if share > 0.2:
            text = f'{share:.0%} of the commands are at a limit of the contract'
            findings.add('note', 'limited', text, topic)


def check_episode_file(path: Path, entry: EpisodeEntry | None = None) -> Findings:
    """Return what is wrong with an episode of ours.

    :param entry: what its data set says of it.
    """
    findings = Findings(str(path))
    try:
        episode = stream_episode(read_episode(path))
    except FileNotFoundError:
        findings.add('error', 'missing', 'is missing: import its bag again')
        return findings
    except EpisodeFileError as error:
        cure = '' if entry is None else ': delete it and import its bag again'
        findings.add('error', 'unusable', str(error).removeprefix(f'{path} ') + cure)
        return findings
    for kind, place, text in judge_images(episode.read_images()):
        findings.add('note', kind, text, place=place)
    if entry is not None and entry.num_images != len(episode):
        text = f'holds {len(episode)} images, its data set says {entry.num_images}'
        findings.add('error', 'changed', text)
    return findings


def check_dataset(data: Dataset) -> Iterator[Findings]:
    """Yield what is wrong with a data set: of the whole, then of every episode."""
    whole = Findings(str(data.folder))
    if not data.is_complete:
        text = 'its import is not finished: run it again'
        whole.add('error', 'unfinished', text)
    if not data.episodes:
        whole.add('error', 'empty', 'holds no episode')
    known = {data.folder / entry.file for entry in data.episodes}
    strange = set((data.folder / dataset.FOLDER).glob('*.mcap')) - known
    for path in sorted(strange):
        whole.add('note', 'strange', f'{path.name} is no episode of it: it is not learned from')
    yield whole
    for entry in data.episodes:
        yield check_episode_file(data.folder / entry.file, entry)
