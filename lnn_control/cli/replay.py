# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control replay`: recordings through a policy, offline: what it would have commanded."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from tyro.conf import Positional, arg

from lnn_control.cli import options
from lnn_control.cli.data import ContractFile
from lnn_control.core.checks import check_number
from lnn_control.core.messages import COMMAND_AXES

if TYPE_CHECKING:
    from lnn_control.data.replay import Replay
    from lnn_control.imitation.episode import StreamedEpisode
    from lnn_control.policies.policy import Policy
    from lnn_control.reports.episodes import EpisodeRecord

PAGE = 'replay'


@dataclass(frozen=True)
class ReplayBags:
    """Give a policy what was recorded and hold its commands against the recorded ones.

    Returns 1 where they differ by more than --most-difference.
    """

    bags: Annotated[
        tuple[Path, ...],
        Positional,
        arg(metavar='BAG', help='Bags, data sets, or folders of them.'),
    ]
    policy: options.PolicyName
    contract: ContractFile = None
    most_difference: float | None = None
    """Greatest root mean square of the differences of an axis [m/s, rad/s]; any if not given."""
    output: Path | None = None
    """Folder of the page replay.html and its videos (extra report); no page if not given."""
    json: options.JsonFile = None
    allow_untrained: options.AllowUntrained = False
    threads: options.Threads = 1


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(ReplayBags, 'replay', arguments)
    if not job.bags:
        raise ValueError('no bag was named: lnn-control replay BAG --policy POLICY')
    if job.most_difference is not None:
        check_number('most_difference', job.most_difference, 0.0, 100.0)
    check_number('threads', job.threads, 1, 1024)
    import torch

    from lnn_control.policies.registry import make_policy

    torch.set_num_threads(job.threads)
    policy = make_policy(job.policy)
    found: list[tuple[str, Replay]] = []

    def keep() -> Iterator[Replayed]:
        # An episode passes by once, for the page; of each its answers stay, for the summary.
        for one in replay_all(job, policy):
            found.append((one.name, one.found))
            yield one

    if job.output is not None:
        write_page(job, policy.name, map(describe_replay, keep()))
    else:
        for _ in keep():
            pass
    if not found:
        raise ValueError(f'{job.bags[0]} holds no episode to replay')
    return judge(job, policy.name, found)


class Replayed(NamedTuple):
    """An episode and what the policy answers to it."""

    name: str
    episode: 'StreamedEpisode'
    found: 'Replay'


def replay_all(job: ReplayBags, policy: 'Policy') -> Iterator[Replayed]:
    """Yield the episodes of all places with the policy's answers, and print a line for each."""
    from lnn_control.data.replay import replay_episode

    for name, episode in read_episodes(job, policy.preprocessing):
        found = replay_episode(episode, policy, job.allow_untrained)
        shown = ', '.join(f'{value:.3f}' for value in found.rms)
        print(f'{name}: {len(episode)} images, differs by {shown}', flush=True)
        yield Replayed(name, episode, found)


def judge(job: ReplayBags, policy: str, found: 'Sequence[tuple[str, Replay]]') -> int:
    """Print and write how far off the policy is in all, and return 1 if that is too far."""
    from lnn_control.cli.data_quality import write_rows
    from lnn_control.data.replay import measure_rms

    # Over all images, so that a long episode counts more than a short one.
    rms = measure_rms([replay for _, replay in found])
    shown = ', '.join(f'{axis} {value:.3f}' for axis, value in zip(COMMAND_AXES, rms, strict=True))
    print(f'root mean square of the differences [m/s, rad/s]: {shown}')
    is_within = job.most_difference is None or bool(rms.max() <= job.most_difference)
    rows = [
        {'episode': name, 'images': len(replay.answers), 'rms': replay.rms.tolist()}
        for name, replay in found
    ]
    summary = {
        'policy': policy,
        'rms': rms.tolist(),
        'most_difference': job.most_difference,
        'is_within': is_within,
        'episodes': rows,
    }
    write_rows(job.json, summary)
    if not is_within:
        print(f'that is more than {job.most_difference:g} on an axis')
    return 0 if is_within else 1


def read_episodes(job: ReplayBags, preprocessing: Any) -> 'Iterator[tuple[str, StreamedEpisode]]':
    """Yield the episodes of all places, named."""
    import tempfile

    from lnn_control.data.bags import find_bags
    from lnn_control.data.contract import OUR_CONTRACT, load_contract, with_size
    from lnn_control.data.dataset import is_dataset, load_dataset
    from lnn_control.data.importer import open_episodes
    from lnn_control.imitation.episode import stream_episode
    from lnn_control.imitation.episode_file import read_episode

    size = preprocessing.width_px, preprocessing.height_px
    given = OUR_CONTRACT if job.contract is None else load_contract(job.contract)
    contract = with_size(given, size)
    for place in job.bags:
        if is_dataset(place):
            data = load_dataset(place)
            for entry in data.episodes:
                yield entry.name, stream_episode(read_episode(data.folder / entry.file))
            continue
        bags, left_out = find_bags(place)
        for one in left_out:
            print(f'left out {one.path}: {one.reason}')
        with tempfile.TemporaryDirectory() as folder:
            for bag in bags:
                with open_episodes(bag, contract, Path(folder)) as (episodes, findings):
                    for problem in findings.problems:
                        print(problem)
                    for number, episode in enumerate(episodes, start=1):
                        yield f'{bag.name}, episode {number}', episode


def describe_replay(replayed: Replayed) -> 'EpisodeRecord':
    """Return an episode with the policy's answers as the page shows it."""
    from dataclasses import replace

    from lnn_control.cli.data_quality import describe_episode

    name, episode, found = replayed
    facts = tuple(
        (f'differs, {axis}', f'{value:.3f} {"rad/s" if axis == "yaw rate" else "m/s"}')
        for axis, value in zip(COMMAND_AXES, found.rms, strict=True)
    )
    record = describe_episode(name, episode, facts)
    return replace(
        record,
        commands=episode.labels,
        answers=found.answers,
        neurons=found.neurons,
        saliency=found.saliency,
    )


def write_page(job: ReplayBags, policy: str, records: 'Iterator[EpisodeRecord]') -> None:
    """Draw the page."""
    from lnn_control.reports import episodes

    assert job.output is not None
    heading = episodes.Heading(
        f'{policy} on {job.bags[0].name}',
        'What the policy commands where somebody else commanded: nothing here was flown by it. It '
        'saw each image and felt each inertial sample as they were recorded.',
    )
    job.output.mkdir(parents=True, exist_ok=True)
    print(f'wrote {episodes.write_page(job.output, PAGE, heading, records)}')


OPTIONS = ReplayBags
