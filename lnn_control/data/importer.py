# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Bags in, a data set out. Killed at any moment, the same import goes on and ends the same.

An episode's file appears whole or not at all, then its line is written; when all episodes of a bag
are there, the bag's own line is. A bag without its line is read again, and what is there of it
already is left as it is.
"""

import fcntl
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lnn_control.core.observation import Preprocessing
from lnn_control.core.whole_file import remove_unfinished
from lnn_control.data import dataset
from lnn_control.data.assembly import assemble
from lnn_control.data.bags import Bag, BagError, find_bags
from lnn_control.data.contract import Contract
from lnn_control.data.dataset import DatasetError, EpisodeEntry, SourceEntry
from lnn_control.data.problems import Findings, RecordingError
from lnn_control.data.recording import read_recording
from lnn_control.imitation.episode import StreamedEpisode, stream_episode
from lnn_control.imitation.episode_file import is_episode, read_episode, write_episode

Say = Callable[[str], None]
"""Receives a line for the user."""

KEEP_GOING = '--keep-going takes what can be used and says what it left out'


@dataclass(frozen=True)
class ImportSettings:
    """How an import meets what is wrong.

    :param keep_going: use what can be used of damaged bags and leave out those that cannot be;
        else the first one ends the import.
    """

    keep_going: bool = False


class Imported(NamedTuple):
    """What came of one bag."""

    bag: Bag
    source: SourceEntry
    num_images: int


@contextmanager
def open_episodes(
    bag: Bag, contract: Contract, folder: Path
) -> Iterator[tuple[list[StreamedEpisode], Findings]]:
    """Read a bag, or an episode of ours, and give its episodes and what is wrong with it.

    :param folder: with room for its images.
    :raises BagError: if it is no bag. :raises RecordingError: if it cannot be used.
    """
    if is_one_of_ours(bag):
        yield [_resize(stream_episode(read_episode(bag.files[0])), contract, bag)], Findings()
        return
    recording = read_recording(bag, contract, folder)
    try:
        yield assemble(recording, contract), recording.findings
    finally:
        recording.close()


def is_one_of_ours(bag: Bag) -> bool:
    """Return whether a bag is an episode that we wrote; whoever reads it says what is wrong."""
    path = bag.files[0]
    return len(bag.files) == 1 and os.access(path, os.R_OK) and is_episode(path)


def _resize(episode: StreamedEpisode, contract: Contract, bag: Bag) -> StreamedEpisode:
    """Return an episode with images of the contract's size."""
    named = replace(episode, metadata={**episode.metadata, 'source': bag.name})
    size = contract.camera.size
    if size is None or episode.image_shape[:2] == (size[1], size[0]):
        return named
    scaling = Preprocessing(*size)
    return replace(
        named,
        image_shape=(size[1], size[0], 3),
        read_images=lambda: map(scaling.prepare_image, episode.read_images()),
        # Classes would have to be cut likewise; nobody has asked for that yet.
        read_segmentation=None,
    )


def import_bags(
    places: Sequence[Path],
    contract: Contract,
    output: Path,
    settings: ImportSettings | None = None,
    say: Say = print,
) -> Iterator[Imported]:
    """Import the bags of some places into a data set and yield each when it is done.

    :raises BagError: if a file is no bag and nobody said to go on.
    :raises RecordingError: likewise if a bag cannot be used.
    :raises DatasetError: if the folder is of another contract, or a bag has changed since.
    :raises OSError: if the disk is full; the same import goes on where it stopped.
    """
    settings = settings or ImportSettings()
    bags = _find_all(places, say)
    output.mkdir(parents=True, exist_ok=True)
    with _lock(output):
        _prepare(output, contract)
        done = {line['name']: line for line in dataset.read_lines(output / dataset.SOURCES)}
        for bag in bags:
            files = bag.measure_bytes()
            if bag.name in done:
                if done[bag.name]['files'] != files:
                    raise DatasetError(
                        f'{bag.describe()} has changed since it was imported into {output}: '
                        'import into another folder'
                    )
                if not _has_lost(bag, output):
                    continue
            yield _import_bag(bag, files, contract, output, settings)
        dataset.write_dataset(output, contract, is_complete=True)


def _has_lost(bag: Bag, output: Path) -> bool:
    """Return whether an episode of a bag that was imported is there no more."""
    lines = dataset.read_lines(output / dataset.EPISODES)
    files = [output / line['file'] for line in lines if line['source'] == bag.name]
    return not all(file.exists() for file in files)


def _find_all(places: Sequence[Path], say: Say) -> list[Bag]:
    """Return the bags of some places, each name once."""
    bags: dict[str, Bag] = {}
    for place in places:
        found, left_out = find_bags(place)
        for one in left_out:
            say(f'left out {one.path}: {one.reason}')
        for bag in found:
            if bag.name in bags and bags[bag.name].files != bag.files:
                raise BagError(
                    f'{bag.describe()} and {bags[bag.name].describe()} are both called '
                    f'{bag.name}: rename one of them, or give the folder that holds both'
                )
            bags[bag.name] = bag
    return [bags[name] for name in sorted(bags)]


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Keep other imports away from a folder.

    :raises DatasetError: if one is there.
    """
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise DatasetError(f'another import writes into {folder}: wait for its end') from error
    finally:
        os.close(descriptor)


def _prepare(output: Path, contract: Contract) -> None:
    """Begin a data set, or check that the one there is of this contract."""
    remove_unfinished(output, '*')
    remove_unfinished(output / dataset.FOLDER, '*.mcap')
    if dataset.is_dataset(output):
        before = dataset.load_dataset(output)
        if before.contract != contract:
            raise DatasetError(
                f'{output} was imported by another contract: give the same one, or another folder'
            )
        return
    strange = sorted(path.name for path in output.iterdir() if not path.name.startswith('.'))
    if strange:
        raise DatasetError(
            f'{output} is no data set and holds {strange[0]}: choose another folder'
        )
    dataset.write_dataset(output, contract, is_complete=False)


def _import_bag(
    bag: Bag, files: dict[str, int], contract: Contract, output: Path, settings: ImportSettings
) -> Imported:
    """Import one bag.

    :raises RecordingError: if it is damaged or cannot be used, unless told to go on.
    """
    try:
        with open_episodes(bag, contract, output) as (episodes, findings):
            losses = findings.select('loss')
            if losses and not settings.keep_going:
                more = f' (in all: {findings.describe_losses()})' if len(losses) > 1 else ''
                raise RecordingError(f'{losses[0]}{more}; {KEEP_GOING}')
            num_images = _write_episodes(bag, episodes, output)
            notes = [str(problem) for problem in findings.problems]
            source = SourceEntry(bag.name, files, len(episodes), notes)
    except (BagError, RecordingError) as error:
        if not settings.keep_going:
            place = bag.describe()
            text = str(error) if place in str(error) else f'{place} {error}'
            text = text if KEEP_GOING in text else f'{text}; {KEEP_GOING}'
            raise type(error)(text) from error
        num_images, source = 0, SourceEntry(bag.name, files, 0, [], str(error))
    known = {line['name'] for line in dataset.read_lines(output / dataset.SOURCES)}
    if bag.name not in known:
        dataset.append_line(output / dataset.SOURCES, source)
    return Imported(bag, source, num_images)


def _write_episodes(bag: Bag, episodes: Sequence[StreamedEpisode], output: Path) -> int:
    """Write the episodes of a bag that are not there yet and return how many images they have."""
    lines = dataset.read_lines(output / dataset.EPISODES)
    there = {line['name'] for line in lines if line['source'] == bag.name}
    others = {line['name'] for line in lines if line['source'] != bag.name}
    count = len(lines)
    num_images = 0
    for number, episode in enumerate(episodes):
        name = _choose_name(bag, number, others)
        num_images += len(episode)
        if name in there and _find_file(output, name).exists():
            continue
        entry = _write(output, name, bag, episode, dataset.choose_split(count))
        # One whose file was lost has its line still.
        if name not in there:
            dataset.append_line(output / dataset.EPISODES, entry)
            count += 1
    return num_images


def _find_file(output: Path, name: str) -> Path:
    """Return where the episode of a name lies."""
    return output / dataset.FOLDER / f'{name}.mcap'


def _choose_name(bag: Bag, number: int, taken: set[str]) -> str:
    """Return the name of a bag's n-th episode, one that no other bag has."""
    stem = re.sub(r'[^A-Za-z0-9._-]+', '_', bag.name).strip('._') or 'bag'
    name, attempt = f'{stem}_{number:03d}', 2
    while name in taken:
        name, attempt = f'{stem}-{attempt}_{number:03d}', attempt + 1
    return name


def _write(
    output: Path, name: str, bag: Bag, episode: StreamedEpisode, split: str
) -> EpisodeEntry:
    """Write an episode's file and return its line."""
    path = _find_file(output, name)
    pixels = dataset.ImageStatistic()

    def watch() -> Iterator[NDArray[np.uint8]]:
        for image in episode.read_images():
            pixels.add(image)
            yield image

    write_episode(path, replace(episode, read_images=watch))
    stamps = episode.image_stamps
    return EpisodeEntry(
        name=name,
        file=path.relative_to(output).as_posix(),
        source=bag.name,
        split=split,
        start=round(float(stamps[0]), 6),
        duration=round(float(stamps[-1] - stamps[0]), 6),
        num_images=len(episode),
        num_samples=len(episode.imu_stamps),
        images=pixels.finish(),
        imu=dataset.measure(episode.imu),
        commands=dataset.measure(episode.flown),
        labels=dataset.measure(episode.labels),
    )
