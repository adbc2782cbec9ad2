# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger --rounds`: collecting and training in turns, by the commands of both."""

import json
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lnn_control.cli import collect, options, train
from lnn_control.cli.completion import list_options
from lnn_control.cli.dagger_run import check_folder, note_settings
from lnn_control.cli.dagger_together import check_earlier
from lnn_control.cli.training_data import open_sources
from lnn_control.core.checks import check_number
from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.dagger import EPISODES, DaggerSettings
from lnn_control.policies.network import NetworkConfig

if TYPE_CHECKING:
    from lnn_control.cli.dagger import Dagger

STAGES = 'rounds'
"""Folder of the rounds' checkpoints, in the folder of a run."""


def list_stages(job: 'Dagger', arguments: Sequence[str]) -> list[list[str]]:
    """Return the commands of all rounds, as a user would type them."""
    folder, count = job.output, job.episodes
    kept = set(list_options(collect.Collect)) - {'output', 'episodes', 'first_seed', 'policy'}
    flight_words = options.take_words(arguments, kept)
    kept = set(list_options(train.Train)) - {'output', 'data', 'init', 'name', 'seed'}
    kept -= {'validate_episodes'}
    train_words = options.take_words(arguments, kept)
    flight_words += _fill_in(flight_words, {'renderer': job.renderer})
    train_words += _fill_in(train_words, _choose_defaults(job))
    stages = []
    for number in range((job.rounds or 0) + 1):
        episodes = str(folder / EPISODES / f'{number}')
        before, now = (str(folder / STAGES / f'{n}') for n in (number - 1, number))
        known = before if number else job.init
        pilot = ['--policy', known, '--allow-untrained'] if known is not None else []
        first = str(job.first_seed + number * count)
        where = ['--output', episodes, '--episodes', f'{count}', '--first-seed', first]
        stages.append(['collect', *where, *pilot, *flight_words])
        init = ['--init', known] if known is not None else []
        words = drop_sizes(train_words) if number else train_words
        seed = str(job.settings.seed + number)
        data = [word for each in (str(folder / EPISODES), *job.data) for word in ('--data', each)]
        where = [*data, '--output', now, '--seed', seed]
        stages.append(['train', *where, *init, *words])
    return stages


def _choose_defaults(job: 'Dagger') -> dict[str, object]:
    """Return what `lnn-control train` would choose otherwise than `lnn-control dagger` says."""
    chosen = {'augmentation': job.augmentation, 'max_parameters': job.max_parameters}
    names = ('batch_size', 'averaging', 'finish')
    return chosen | {name: getattr(job.settings, name) for name in names}


def _fill_in(words: Sequence[str], values: Mapping[str, object]) -> list[str]:
    """Return options with their values for those that were not given."""
    given = options.list_given(words)
    filled: list[str] = []
    for name, value in values.items():
        if name not in given:
            filled += [f'--{name.replace("_", "-")}', f'{value}']
    return filled


def drop_sizes(words: Sequence[str]) -> list[str]:
    """Return options without those of the network, which a checkpoint to start from has."""
    sizes = set(list_options(NetworkConfig))
    return options.take_words(words, set(list_options(train.Train)) - sizes)


def run_rounds(job: 'Dagger', arguments: list[str]) -> None:
    """Run every round that is not done yet, then make the last one's policy that of the run."""
    check_number('rounds', job.rounds or 0, 0, 1000)
    options.refuse_given(arguments, ['budget_minutes'], 'rounds end by --epochs or --steps')
    only_together = set(list_options(DaggerSettings)) - set(list_options(train.Train))
    options.refuse_given(arguments, only_together, 'rounds collect and train in turns')
    check_folder(job)
    check_rounds(job, arguments)
    note_settings(job)
    for verb, *words in list_stages(job, arguments):
        folder = Path(words[words.index('--output') + 1])
        if verb == 'train' and (folder / 'config.json').is_file():
            continue
        print(f'lnn-control {shlex.join([verb, *words])}', flush=True)
        code = {'collect': collect.main, 'train': train.main}[verb](words)
        if code:
            raise OSError(f'{verb} ended with {code}')
    adopt(job)


def check_rounds(job: 'Dagger', arguments: list[str]) -> None:
    """Check what the first training is given now, rather than after all the flights before it.

    :raises ValueError: if an option has no such value or no effect, or the network is too large.
    """
    trained = train.check_job(job.trained, arguments)
    train.choose_device(job.device)
    network = train.make_network(trained)
    network.check_size(job.max_parameters)
    check_earlier(job, open_sources(job.data, network.config.preprocessing, print))


def adopt(job: 'Dagger') -> None:
    """Copy the last round's checkpoint into the folder of the run, under the run's name."""
    last = job.output / STAGES / f'{job.rounds}'
    config = json.loads((last / 'config.json').read_text()) | {'name': job.policy_name}
    for name, data in (
        ('model.safetensors', (last / 'model.safetensors').read_bytes()),
        ('config.json', (json.dumps(config, indent=2) + '\n').encode()),
    ):
        with write_whole(job.output / name) as stream:
            stream.write(data)
