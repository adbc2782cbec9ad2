# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger`: from nothing to a trained, judged and described policy."""

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated

from tyro.conf import UseAppendAction, arg, configure

from lnn_control.cli import collect, options, train
from lnn_control.cli.dagger_rounds import run_rounds
from lnn_control.cli.dagger_together import run_together
from lnn_control.cli.scenarios import DEFAULT_TASK
from lnn_control.core.checks import check_number
from lnn_control.core.folder_lock import hold_folder
from lnn_control.imitation.collect import CollectSettings
from lnn_control.imitation.dagger import EPISODES, DaggerSettings
from lnn_control.imitation.settings import TrainSettings
from lnn_control.policies.network import NetworkConfig

VALIDATION = 'validation.json'
FIRST_VALIDATION_SEED = 1_000_000


def _choose_settings() -> TrainSettings:
    """Return how to train in the time that a run takes on two cores."""
    return TrainSettings(batch_size=8, averaging=0.998, finish=0.35)


@configure(UseAppendAction)
@dataclass(frozen=True)
class Dagger:
    """Train a policy for a task from nothing: collect, train, judge and write its card.

    Collectors keep flying with the newest weights while the trainer keeps training, for
    --budget-minutes, 45 if not given. With --rounds it goes round by round instead, reproducible
    bit for bit on a CPU. With --init and --data it goes on from an earlier policy and what that
    learned from. Killed or ended with Ctrl-C, the same command goes on where it was.
    """

    output: Path
    """Folder of the checkpoint, the episodes and all that is needed to go on."""
    name: str | None = None
    """Name of the policy; that of the output folder if not given."""
    task: options.TaskName = DEFAULT_TASK
    task_option: options.TaskOptions = ()
    world: options.WorldName = None
    season: options.SeasonName = 'summer'
    first_seed: options.FirstSeed = 0
    renderer: options.RendererName = 'auto'
    vary_cameras: bool = False
    """Every episode has a camera of its own: 65 to 110 degrees wide, mounted up to 15 degrees off,
    15 to 30 images a second that come up to 0.1 s late."""
    hold: float | None = None
    """Time at the target that ends an episode [s]; 4 if not given. Only of tasks that have one."""
    data: train.DataFolders = ()
    init: str | None = None
    """Checkpoint to start from instead of random weights: a folder or a shipped name. It flies
    from the first flight on, where else the expert flies alone."""
    rounds: int | None = None
    """Rounds of collecting and training after that of the expert, instead of both at once."""
    episodes: options.Episodes = 200
    flights: CollectSettings = field(default_factory=CollectSettings)
    """Who flies when, and how much it is disturbed."""
    run: DaggerSettings = field(default_factory=DaggerSettings)
    """How collecting and training go on side by side."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes of the network."""
    max_parameters: int | None = 20_000
    """Refuse a network that is larger."""
    augmentation: Annotated[str, arg(metavar='LEVEL')] = 'strong'
    """How much images are changed: none, weak or strong. Each strength can be given by itself."""
    settings: TrainSettings = field(default_factory=_choose_settings)
    """How to train."""
    validate_episodes: int = 100
    """Trials on validation seeds that judge the policy in the end."""
    device: str = 'auto'
    """Where to compute: auto (a GPU where there is one), cpu or cuda."""
    threads: options.Threads = 1
    processes: options.Processes = 0

    @property
    def policy_name(self) -> str:
        """The name of the policy."""
        return self.trained.policy_name

    @property
    def flown(self) -> collect.Collect:
        """What is collected, as `lnn-control collect` has it."""
        shared = {entry.name for entry in fields(collect.Collect)} & {
            entry.name for entry in fields(Dagger)
        } - {'settings', 'output', 'episodes'}
        values = {name: getattr(self, name) for name in shared}
        return collect.Collect(self.output / EPISODES, settings=self.flights, **values)

    @property
    def trained(self) -> train.Train:
        """What is trained, as `lnn-control train` has it."""
        shared = {entry.name for entry in fields(train.Train)} & {
            entry.name for entry in fields(Dagger)
        } - {'validate_episodes', 'data'}
        values = {name: getattr(self, name) for name in shared}
        return train.Train(data=(str(self.output / EPISODES), *self.data), **values)


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Dagger, 'dagger', arguments)
    check_number('validate_episodes', job.validate_episodes, 1, 10**6)
    check_number('processes', job.processes, 0)
    _ = job.flown.made_task
    with hold_folder(job.output):
        make(job, arguments)
    return 0


def make(job: Dagger, arguments: list[str]) -> None:
    """Train, judge and describe the policy of a folder that nobody else works in."""
    if job.rounds is not None:
        run_rounds(job, arguments)
    else:
        options.refuse_given(
            arguments, ['episodes', 'epochs', 'steps'], 'it needs --rounds; a budget ends this'
        )
        run_together(job, arguments)
    judge(job)
    describe(job, arguments)


def judge(job: Dagger) -> None:
    """Fly the policy on validation seeds and write the summary."""
    from lnn_control.cli import evaluate

    words = ['--policy', str(job.output), '--task', job.task, '--season', job.season]
    words += ['--world', job.world] if job.world is not None else []
    for option in job.task_option:
        words += ['--task-option', option]
    words += ['--episodes', f'{job.validate_episodes}', '--processes', f'{job.processes}']
    words += ['--first-seed', f'{FIRST_VALIDATION_SEED}', '--json', str(job.output / VALIDATION)]
    words += ['--no-references']
    evaluate.main(words)


def describe(job: Dagger, arguments: Sequence[str]) -> None:
    """Write the model card."""
    from lnn_control.policies.checkpoint import read_config
    from lnn_control.reports.model_card import write_model_card

    results = [json.loads((job.output / VALIDATION).read_text())]
    recipe = f'lnn-control dagger {shlex.join(arguments)}'
    path = write_model_card(job.output, read_config(job.output), results, recipe)
    print(f'checkpoint {job.policy_name} in {job.output}, card in {path}')


OPTIONS = Dagger
