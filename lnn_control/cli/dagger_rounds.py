# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger --rounds`: collecting and training in turns, by the commands of both."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lnn_control.cli import collect, options, train
from lnn_control.cli.completion import list_options
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
    if '--augmentation' not in train_words:
        train_words += ['--augmentation', job.augmentation]
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
    for verb, *words in list_stages(job, arguments):
        folder = Path(words[words.index('--output') + 1])
        if verb == 'train' and (folder / 'config.json').is_file():
            continue
        print(f'lnn-control {shlex.join([verb, *words])}', flush=True)
        code = {'collect': collect.main, 'train': train.main}[verb](words)
        if code:
            raise OSError(f'{verb} ended with {code}')
    adopt(job)


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
