# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A folder of episodes, one a seed: what it is to hold, what is missing, and flying that.

An episode's file appears whole or not at all, and a seed's episode is the same whoever flies it
when. So a collection that was killed, at any moment, goes on where it stopped and ends with the
files of one that was not.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from lnn_control.core.whole_file import remove_unfinished, write_whole
from lnn_control.core.work import Place, Work, share_work
from lnn_control.imitation.collect import CollectSettings, collect_episode
from lnn_control.imitation.episode_file import encode_episode, read_metadata
from lnn_control.policies.cockpit import Cockpit, EnvironmentFactory, PolicyFactory
from lnn_control.policies.runner import PolicyRunner, RunnerSettings

NUM_TRAINING_SEEDS = 1_000_000
"""Validation and test use the seeds from here on."""

EXPERT = 'expert'


@dataclass(frozen=True)
class EpisodeFolder:
    """What a folder is to hold.

    :param path: of the folder. :param name: of the files, before the seed: 'forest_summer'.
    :param seeds: one episode each. :param pilot: name of who flies.
    :param shared: metadata that all its episodes have in common beside their pilot.
    :raises ValueError: if seeds are kept for evaluation.
    """

    path: Path
    name: str
    seeds: Sequence[int]
    pilot: str = EXPERT
    shared: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.seeds and max(self.seeds) >= NUM_TRAINING_SEEDS:
            raise ValueError(
                f'seeds must be below {NUM_TRAINING_SEEDS}, those above are for evaluation, got '
                f'{min(self.seeds)} to {max(self.seeds)}: choose a lower first seed or fewer '
                'episodes'
            )

    def find_path(self, seed: int, attempt: int = 0) -> Path:
        """Return the file of one seed's episode.

        :param attempt: number of a flight that begins near the failure of that episode, from 1 on.
        """
        suffix = f'_retry{attempt}' if attempt else ''
        return self.path / f'{self.name}_{seed:07d}{suffix}.mcap'

    def list_missing(self) -> list[int]:
        """Return the seeds without an episode."""
        return [seed for seed in self.seeds if not self.find_path(seed).exists()]

    def check(self) -> None:
        """Check that the episodes in the folder are of this collection.

        What an episode does not say, as older ones and recordings of robots do, may be anything.

        :raises ValueError: if one is not; the message names the file and the setting.
        :raises EpisodeFileError: if a file is damaged.
        """
        wanted_of_all = {**self.shared, 'pilot': self.pilot}
        seeds = {self.find_path(seed): str(seed) for seed in self.seeds}
        for path in sorted(self.path.glob('*.mcap')):
            found = read_metadata(path)
            wanted = wanted_of_all | ({'seed': seeds[path]} if path in seeds else {})
            for name, value in wanted.items():
                if found.get(name, value) != value:
                    raise ValueError(
                        f'{path} has {name} {found[name]!r}, not {value!r} as asked for now: '
                        'collect into another folder with --output'
                    )


@dataclass(frozen=True)
class CollectionCrew:
    """Who makes what flies, in every process; all of it picklable.

    :param make_env: of a cell. :param make_policy: of an environment; None lets the expert fly.
    :param choose_cell: of a seed: what its environment is made for. It is kept while that stays.
    :param describe_env: what an episode's metadata say of the environment beside its setup.
    :param settings: who flies when. :param runner: of what steps the policy.
    """

    make_env: EnvironmentFactory
    choose_cell: Callable[[int], Hashable]
    make_policy: PolicyFactory | None = None
    describe_env: Callable[[Any], dict[str, str]] | None = None
    settings: CollectSettings = field(default_factory=CollectSettings)
    runner: RunnerSettings = field(default_factory=RunnerSettings)


class Collected(NamedTuple):
    """An episode that was flown and written."""

    seed: int
    outcome: str
    num_images: int


def collect_missing(
    folder: EpisodeFolder, crew: CollectionCrew, processes: Place = None
) -> Iterator[Collected]:
    """Fly and write the episodes that a folder lacks, and yield each when it is there.

    :param processes: one a core if None; a cluster's need not have the folder. The files do not
        depend on it.
    :raises OSError: if there is no space left or processes died; it says how to go on.
    """
    folder.path.mkdir(parents=True, exist_ok=True)
    remove_unfinished(folder.path, '*.mcap')
    work = Work(_fly, _enter, (folder, crew), partial(_write, folder))
    try:
        yield from share_work(work, folder.list_missing(), processes, is_ordered=False)
    except OSError as error:
        raise _tell_progress(error, folder) from error
    finally:
        remove_unfinished(folder.path, '*.mcap')


def _tell_progress(error: OSError, folder: EpisodeFolder) -> OSError:
    """Return the error with what is kept and how to go on."""
    num_kept = len(folder.seeds) - len(folder.list_missing())
    advice = (
        f'{num_kept} of {len(folder.seeds)} episodes are kept in {folder.path}, the same command '
        'again flies the others'
    )
    if error.errno is None:
        return type(error)(f'{error}; {advice}')
    return type(error)(error.errno, f'{error.strerror}; {advice}', error.filename)


class _Station(NamedTuple):
    """What a process collects with."""

    folder: EpisodeFolder
    crew: CollectionCrew
    cockpit: Cockpit[PolicyRunner | None]


def _enter(folder: EpisodeFolder, crew: CollectionCrew) -> _Station:
    import torch

    torch.set_num_threads(1)
    return _Station(folder, crew, Cockpit(crew.make_env, partial(_seat, crew)))


def _seat(crew: CollectionCrew, env: Any) -> PolicyRunner | None:
    """Return what runs the policy, None where the expert flies."""
    return None if crew.make_policy is None else PolicyRunner(crew.make_policy(env), crew.runner)


class _Flight(NamedTuple):
    """An episode that was flown, as its file will have it."""

    told: Collected
    data: bytes


def _fly(station: _Station, seed: int) -> _Flight:
    """Fly the episode of a seed."""
    folder, crew = station.folder, station.crew
    env, runner = station.cockpit.enter(crew.choose_cell(seed))
    episode = collect_episode(env, seed, crew.settings, runner)
    described = {} if crew.describe_env is None else crew.describe_env(env)
    episode.metadata.update({**folder.shared, **described})
    told = Collected(seed, episode.metadata['outcome'], len(episode))
    return _Flight(told, encode_episode(episode))


def _write(folder: EpisodeFolder, flight: _Flight) -> Collected:
    """Write an episode where the folder is."""
    with write_whole(folder.find_path(flight.told.seed)) as stream:
        stream.write(flight.data)
    return flight.told
