# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control data`: any robot's bags in, a data set to train on out."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from tyro.conf import Positional, arg

from lnn_control.cli import data_quality, options
from lnn_control.core.whole_file import write_whole

if TYPE_CHECKING:
    from lnn_control.data.contract import Contract as Meaning

Bags = Annotated[
    tuple[Path, ...],
    Positional,
    arg(metavar='BAG', help='Bags, or folders of bags with their subfolders.'),
]
ContractFile = Annotated[
    Path | None,
    arg(
        metavar='FILE',
        help="Contract (YAML): what the topics mean. If not given, that of our own nodes' topics.",
    ),
]
KeepGoing = Annotated[
    bool,
    arg(help='Use what can be used of damaged bags and leave out the others; each is named.'),
]


@dataclass(frozen=True)
class Contract:
    """Write a first contract for a bag: what its topics mean, with a comment for each guess."""

    bags: Bags = ()
    contract: Annotated[
        Path | None, arg(metavar='FILE', help='File to write; printed if not given.')
    ] = None
    schema: bool = False
    """Print the JSON schema of a contract instead: every key with its values."""


@dataclass(frozen=True)
class Info:
    """Say what bags hold, topic by topic: rates, gaps, stamps, clocks, damage."""

    bags: Bags
    json: options.JsonFile = None


@dataclass(frozen=True)
class Check:
    """Find what is wrong with bags or data sets, and return 1 if anything is.

    Each problem is named with file, topic and message: an error or a loss counts, a note does not.
    """

    bags: Bags
    contract: ContractFile = None
    json: options.JsonFile = None


@dataclass(frozen=True)
class Repair:
    """Write what can be read of damaged, split or old bags into new, whole MCAP files."""

    bags: Bags
    output: Path
    """Folder of the new files. What is repaired stays as it is."""


@dataclass(frozen=True)
class View:
    """Draw a page of a data set or of bags: videos and command curves (extra report)."""

    bags: Bags
    output: Path
    """Folder of the page data.html and its videos."""
    contract: ContractFile = None
    episodes: int = 20
    """Number of episodes to show at most."""


@dataclass(frozen=True)
class Export:
    """Write a data set as other tools read it: LeRobot v3, robomimic (HDF5) or rerun (.rrd)."""

    bags: Annotated[
        tuple[Path, ...],
        Positional,
        arg(metavar='DATASET', help='Data set, as import made it; one.'),
    ]
    output: Path
    """Folder for what is written; of LeRobot it must be empty."""
    format: Literal['lerobot', 'robomimic', 'rerun'] = 'lerobot'
    """Whose format: lerobot, robomimic or rerun (package rerun-sdk)."""


@dataclass(frozen=True)
class Import:
    """Make a data set of bags. Killed or ended with Ctrl-C, the same command goes on."""

    bags: Bags
    output: Path
    """Folder of the data set."""
    contract: ContractFile = None
    keep_going: KeepGoing = False


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(OPTIONS, 'data', arguments)
    if not job.bags and not getattr(job, 'schema', False):
        verb = type(job).__name__.lower()
        raise ValueError(f'no bag was named: lnn-control data {verb} BAG')
    run: dict[type, Callable[[Any], int]] = {
        Contract: write_contract,
        Info: lambda job: data_quality.show_info(job.bags, job.json),
        Check: lambda job: data_quality.check_places(job.bags, choose_contract(job), job.json),
        Repair: lambda job: data_quality.repair_bags(job.bags, job.output),
        View: view_bags,
        Import: import_bags,
        Export: export_dataset,
    }
    return run[type(job)](job)


def write_contract(job: Contract) -> int:
    """Guess a contract and print or write it.

    :raises ValueError: if it holds no camera.
    :raises FileExistsError: if the file is there: it may have been edited by hand.
    """
    from lnn_control.data.bags import find_bags
    from lnn_control.data.contract import describe_schema
    from lnn_control.data.guess import guess_contract

    if job.schema:
        print(json.dumps(describe_schema(), indent=1))
        return 0
    bags = [bag for place in job.bags for bag in find_bags(place)[0]]
    # Bags of one robot are alike: the first one speaks for all.
    text = guess_contract(bags[0])
    if job.contract is None:
        print(text, end='')
        return 0
    if job.contract.exists():
        raise FileExistsError(17, 'a contract is there already', str(job.contract))
    with write_whole(job.contract) as stream:
        stream.write(text.encode())
    print(f'wrote {job.contract}: check every line of it')
    return 0


def import_bags(job: Import) -> int:
    """Import bags and print a line for each."""
    from lnn_control.data import importer
    from lnn_control.data.dataset import load_dataset

    contract = choose_contract(job)
    settings = importer.ImportSettings(job.keep_going)
    for imported in importer.import_bags(job.bags, contract, job.output, settings):
        source = imported.source
        if source.left_out:
            print(f'{source.name}: left out: {source.left_out}', flush=True)
            continue
        print(f'{source.name}: {source.num_episodes} episodes, {imported.num_images} images')
        for note in source.notes:
            print(f'  {note}', flush=True)
    data = load_dataset(job.output)
    images = sum(entry.num_images for entry in data.episodes)
    seconds = sum(entry.duration for entry in data.episodes)
    then = f'lnn-control train --data {job.output}' if data.episodes else 'nothing to learn from'
    count = len(data.episodes)
    print(f'{count} episodes, {images} images, {seconds:.0f} s in {job.output}: {then}')
    return 0 if data.episodes else 1


def view_bags(job: View) -> int:
    """Draw the page of each place; of several each has a folder of its own."""
    contract = choose_contract(job)
    for place in job.bags:
        output = job.output if len(job.bags) == 1 else job.output / place.name
        data_quality.view_place(place, contract, output, job.episodes)
    return 0


def export_dataset(job: Export) -> int:
    """Write a data set in another tool's format.

    :raises ValueError: if there is not exactly one, or it has no episode.
    """
    from lnn_control.data.dataset import load_dataset
    from lnn_control.imitation.episode import stream_episode
    from lnn_control.imitation.episode_file import read_episode

    if len(job.bags) != 1:
        raise ValueError(f'data export takes one data set, got {len(job.bags)}')
    data = load_dataset(job.bags[0])
    if not data.episodes:
        raise ValueError(f'{job.bags[0]} holds no episode to export')
    if job.format == 'robomimic':
        from lnn_control.data.export_robomimic import choose_scale, export_robomimic

        path = job.output / 'demos.hdf5'
        rows = ((entry.split, read_episode(data.folder / entry.file)) for entry in data.episodes)
        count = export_robomimic(path, rows, choose_scale(data), data.contract.task or 'recorded')
    elif job.format == 'rerun':
        from lnn_control.data.export_rerun import export_rerun

        path = job.output
        named = (
            (entry.name, stream_episode(read_episode(data.folder / entry.file)))
            for entry in data.episodes
        )
        count = export_rerun(path, named)
    else:
        from lnn_control.data.export_lerobot import export_lerobot

        path = job.output
        told = (
            (episode.metadata.get('task', 'fly').replace('_', ' '), episode)
            for episode in (read_episode(data.folder / entry.file) for entry in data.episodes)
        )
        count = export_lerobot(path, told, write_steady_video, data.contract.vehicle)
    print(f'wrote {count} episodes into {path}')
    return 0


def write_steady_video(path: Path, images: Iterator[Any], rate: int) -> None:
    """Write images at a steady rate, so that each can be read by its time to the microsecond."""
    from fractions import Fraction

    from lnn_control.reports.video import VideoSettings, write_video

    first = next(images)
    height, width = first.shape[:2]
    frames = ((number / rate, image) for number, image in enumerate(chain([first], images)))
    # As LeRobot itself writes: each second frame can be jumped to.
    settings = VideoSettings(
        width, height, rate, quality=18, time_base=Fraction(1, rate), keyframe_every=2
    )
    write_video(path, frames, settings)


def choose_contract(job: Any) -> 'Meaning':
    """Return the contract of a file, else that of our nodes' topics with the usual images."""
    from lnn_control.core.observation import Preprocessing
    from lnn_control.data.contract import OUR_CONTRACT, load_contract, with_size

    if job.contract is not None:
        return load_contract(job.contract)
    usual = Preprocessing()
    return with_size(OUR_CONTRACT, (usual.width_px, usual.height_px))


OPTIONS = Contract | Info | Check | Repair | View | Import | Export
