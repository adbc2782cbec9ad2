# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What `lnn-control data` says of bags and data sets: info, check, repair, view."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnn_control.core.whole_file import write_whole

if TYPE_CHECKING:
    from lnn_control.data.contract import Contract
    from lnn_control.data.dataset import Dataset
    from lnn_control.data.problems import Findings
    from lnn_control.data.summary import BagSummary
    from lnn_control.imitation.episode import StreamedEpisode
    from lnn_control.reports.episodes import EpisodeRecord

PAGE = 'data'


def write_rows(path: Path | None, rows: Any) -> None:
    """Write a summary as JSON, if somebody asked for it."""
    if path is not None:
        with write_whole(path) as stream:
            stream.write(json.dumps(rows, indent=1).encode() + b'\n')


def show_info(places: Sequence[Path], path: Path | None) -> int:
    """Print what bags hold and return 0, or 1 if one is damaged or none."""
    from rich.console import Console

    from lnn_control.data.bags import BagError, find_bags
    from lnn_control.data.summary import summarise_bag

    console = Console()
    rows = []
    for place in places:
        bags, left_out = find_bags(place)
        for one in left_out:
            print(f'left out {one.path}: {one.reason}')
        for bag in bags:
            # One that cannot be read is told of, and the others after it.
            try:
                summary = summarise_bag(bag)
            except BagError as error:
                print(error)
                files = [str(path) for path in bag.files]
                told = {'duration': 0.0, 'topics': [], 'damages': [str(error)]}
                rows.append({'bag': bag.name, 'files': files, **told})
                continue
            console.print(make_table(summary))
            damages = [f'{damage.path} {damage.reason}' for damage in summary.damages]
            for line in damages:
                print(line)
            rows.append(
                {
                    'bag': bag.name,
                    'files': [str(path) for path in bag.files],
                    'duration': summary.duration,
                    'topics': [asdict(topic) for topic in summary.topics],
                    'damages': damages,
                }
            )
    write_rows(path, rows)
    return int(any(row['damages'] for row in rows))


def make_table(summary: 'BagSummary') -> Any:
    """Return the topics of a bag as a table for the terminal."""
    from rich.table import Table

    table = Table(title=f'{summary.bag.name}, {summary.duration:.1f} s', title_justify='left')
    for name in ('topic', 'type', 'messages', 'Hz', 'jitter ms', 'gap s', 'clock s'):
        is_text = name in ('topic', 'type')
        table.add_column(name, justify='left' if is_text else 'right', overflow='fold')
    for topic in summary.topics:
        numbers = (
            (topic.rate, 1.0, '.1f'),
            (topic.jitter, 1e3, '.1f'),
            (topic.longest_gap, 1.0, '.3g'),
            (topic.clock_offset, 1.0, '+.3g'),
        )
        shown = ['' if v is None else format(v * factor, f) for v, factor, f in numbers]
        kind = topic.kind.rpartition('/')[2]
        table.add_row(topic.topic, kind, str(topic.count), *shown)
    return table


def check_places(places: Sequence[Path], contract: 'Contract', path: Path | None) -> int:
    """Print what is wrong with bags and data sets; return 1 if anything is, notes apart."""
    found = [findings for place in places for findings in _check(place, contract)]
    for findings in found:
        for problem in findings.problems:
            print(f'{problem.severity}: {problem}')
        more = sum(findings.counts.values()) - len(findings.problems)
        if more > 0:
            print(f'  and {more} more of these: {findings.describe_all()}')
    graves = [one for findings in found for one in findings.select('loss', 'error')]
    checked = f'{len(found)} checked'
    print(f'{checked}: {len(graves)} problems' if graves else f'{checked}: nothing is wrong')
    write_rows(path, [asdict(problem) for findings in found for problem in findings.problems])
    return int(bool(graves))


def _check(place: Path, contract: 'Contract') -> 'Iterator[Findings]':
    """Yield what is wrong with each bag of a place, or each episode of a data set."""
    import tempfile

    from lnn_control.data.bags import find_bags
    from lnn_control.data.check import check_bag, check_dataset
    from lnn_control.data.dataset import is_dataset, load_dataset

    if is_dataset(place):
        yield from check_dataset(load_dataset(place))
        return
    bags, left_out = find_bags(place)
    for one in left_out:
        print(f'left out {one.path}: {one.reason}')
    with tempfile.TemporaryDirectory() as folder:
        for bag in bags:
            yield check_bag(bag, contract, Path(folder))


def repair_bags(places: Sequence[Path], output: Path) -> int:
    """Write what can be read of bags into new files and say what was done.

    :return: 1 if nothing could be done with one of them; the others are repaired all the same.
    """
    from lnn_control.data.bags import BagError, find_bags
    from lnn_control.data.problems import RecordingError
    from lnn_control.data.repair import repair_bag

    is_whole = True
    for place in places:
        for bag in find_bags(place)[0]:
            try:
                repaired = repair_bag(bag, output / f'{bag.name.replace("/", "_")}.mcap')
            except (BagError, RecordingError) as error:
                print(f'{bag.name} was not repaired: {error}', flush=True)
                is_whole = False
                continue
            except FileExistsError as error:
                print(f'{bag.name} was not repaired: {error.filename} is there already')
                is_whole = False
                continue
            print('\n'.join(repaired.describe()), flush=True)
    return 0 if is_whole else 1


def view_place(place: Path, contract: 'Contract', output: Path, most: int) -> int:
    """Draw a page of a data set, or of bags as their contract makes episodes of them."""
    from lnn_control.data.dataset import is_dataset

    if is_dataset(place):
        path = _view_dataset(place, output, most)
    else:
        path = _view_bags(place, contract, output, most)
    print(f'wrote {path}')
    return 0


def _view_dataset(place: Path, output: Path, most: int) -> Path:
    """Draw the first episodes of a data set, one after the other as the page takes them."""
    from lnn_control.data.dataset import load_dataset
    from lnn_control.imitation.episode import stream_episode
    from lnn_control.imitation.episode_file import read_episode
    from lnn_control.reports.episodes import write_page

    data = load_dataset(place)
    chosen = data.episodes[:most]

    def read() -> 'Iterator[EpisodeRecord]':
        for entry in chosen:
            episode = stream_episode(read_episode(data.folder / entry.file))
            yield describe_episode(entry.name, episode, (('split', entry.split),))

    return write_page(output, PAGE, _head_dataset(data, len(chosen)), read())


def _view_bags(place: Path, contract: 'Contract', output: Path, most: int) -> Path:
    """Draw the first episodes that a contract makes of bags; what is wrong stands at the first."""
    from lnn_control.data.bags import find_bags
    from lnn_control.data.importer import open_episodes
    from lnn_control.reports.episodes import Heading, write_page

    bags, left_out = find_bags(place)
    notes = [f'left out {one.path}: {one.reason}' for one in left_out]
    output.mkdir(parents=True, exist_ok=True)

    def read() -> 'Iterator[EpisodeRecord]':
        count = 0
        for bag in bags:
            with open_episodes(bag, contract, output) as (episodes, findings):
                said = tuple(str(problem) for problem in findings.problems)
                for number, episode in enumerate(episodes):
                    if count < most:
                        name = f'{bag.name}, episode {number + 1}'
                        yield describe_episode(name, episode, (), said if number == 0 else ())
                    count += 1

    heading = Heading(
        f'{place.name}: {len(bags)} bags',
        'What the contract makes of them: camera, commands and what is to be said of each.',
        notes=tuple(notes),
    )
    return write_page(output, PAGE, heading, read())


def _head_dataset(data: 'Dataset', num_shown: int) -> Any:
    """Return what stands above the episodes of a data set."""
    from lnn_control.reports.episodes import Heading

    images = sum(entry.num_images for entry in data.episodes)
    seconds = sum(entry.duration for entry in data.episodes)
    splits = [f'{len(data.list_paths(name))} {name}' for name in ('train', 'validation', 'test')]
    notes = [f'{source.name}: {note}' for source in data.sources for note in source.notes]
    notes += [f'{s.name} was left out: {s.left_out}' for s in data.sources if s.left_out]
    if num_shown < len(data.episodes):
        notes.insert(0, f'The first {num_shown} of {len(data.episodes)} episodes are shown.')
    return Heading(
        f'{data.folder.resolve().name}: {len(data.episodes)} episodes',
        f'Episodes for {", ".join(splits)}.',
        (
            ('Episodes', f'{len(data.episodes)}', ''),
            ('Images', f'{images}', ''),
            ('Flown', f'{seconds / 60:.1f}', 'min'),
            ('Bags', f'{len(data.sources)}', ''),
        ),
        tuple(notes),
    )


def describe_episode(
    name: str,
    episode: 'StreamedEpisode',
    facts: tuple[tuple[str, str], ...] = (),
    notes: tuple[str, ...] = (),
) -> 'EpisodeRecord':
    """Return an episode as the page shows it."""
    from lnn_control.reports.episodes import EpisodeRecord

    stamps = episode.image_stamps - episode.image_stamps[0]
    height, width = episode.image_shape[:2]
    own = (
        ('images', f'{len(episode)} of {width}x{height} px'),
        ('duration', f'{stamps[-1]:.1f} s'),
        ('inertial samples', f'{len(episode.imu_stamps)}'),
        *((key.replace('_', ' '), value) for key, value in sorted(episode.metadata.items())),
    )
    return EpisodeRecord(
        name, stamps, episode.read_images, episode.flown, facts=(*facts, *own), notes=notes
    )
