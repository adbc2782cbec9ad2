# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger`: from nothing to a trained, judged and described policy."""

import json
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import UseAppendAction, arg, configure

from lnn_control.cli import collect, options, train
from lnn_control.cli.completion import list_options
from lnn_control.cli.scenarios import DEFAULT_TASK
from lnn_control.core.checks import check_number
from lnn_control.core.provenance import describe_versions
from lnn_control.core.whole_file import write_whole
from lnn_control.imitation.collect import CollectSettings
from lnn_control.imitation.collection import NUM_TRAINING_SEEDS, EpisodeFolder
from lnn_control.imitation.dagger import (
    EPISODES,
    FLYING,
    Budget,
    Collectors,
    DaggerSettings,
    Keeper,
    Learner,
    Progress,
    Say,
    learn_while_flying,
    make_plan,
)
from lnn_control.imitation.settings import TrainSettings, describe_difference
from lnn_control.policies.network import NetworkConfig
from lnn_control.policies.runner import RunnerSettings

if TYPE_CHECKING:
    from lnn_control.policies.network import Network

VALIDATION = 'validation.json'
FIRST_VALIDATION_SEED = 1_000_000
STAGES = 'rounds'


@configure(UseAppendAction)
@dataclass(frozen=True)
class Dagger:
    """Train a policy for a task from nothing: collect, train, judge and write its card.

    Collectors keep flying with the newest weights while the trainer keeps training, for
    --budget-minutes. With --rounds it goes round by round instead, reproducible bit for bit on a
    CPU. Killed or ended with Ctrl-C, the same command goes on where it was.
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
    settings: TrainSettings = field(default_factory=lambda: TrainSettings(budget_minutes=45.0))
    """How to train."""
    validate_episodes: int = 100
    """Trials on validation seeds that judge the policy in the end."""
    device: str = 'auto'
    """Where to compute: auto (a GPU where there is one), cpu or cuda."""
    threads: options.Threads = 1
    processes: options.Processes = 0

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
        } - {'validate_episodes'}
        values = {name: getattr(self, name) for name in shared}
        return train.Train(data=(str(self.output / EPISODES),), **values)


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Dagger, 'dagger', arguments)
    check_number('validate_episodes', job.validate_episodes, 1, 10**6)
    check_number('processes', job.processes, 0)
    _ = job.flown.made_task
    if job.rounds is not None:
        run_rounds(job, arguments)
    else:
        options.refuse_given(
            arguments, ['episodes', 'epochs', 'steps'], 'it needs --rounds; a budget ends this'
        )
        run_together(job, arguments)
    judge(job)
    describe(job, arguments)
    return 0


# Both at once.


def run_together(job: Dagger, arguments: list[str]) -> None:
    """Collect and train side by side until the budget is used up; write the checkpoint.

    :raises ValueError: if the folder holds a run of other settings, or the training diverges.
    """
    import torch

    from lnn_control.imitation.allocator import keep_freed_memory
    from lnn_control.imitation.training_state import load_state, remove_state

    trained = train.check_job(job.trained, [*arguments, '--budget-minutes', '1'])
    folder = job.output
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / 'config.json').is_file():
        print(f'{folder} holds a trained policy already: it is judged and described again')
        return
    keep_freed_memory()
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.settings.seed)
    network = train.make_network(trained)
    network.check_size(job.max_parameters)
    state = load_state(folder)
    check_same(job, state)

    learner = make_learner(job, trained, network)
    total = 60.0 * (job.settings.budget_minutes or 45.0)
    budget = Budget(0.0 if state is None else float(state['seconds']), total)
    keeper = Keeper(partial(save, job), job.run)
    count = count_collectors(job)
    with Collectors(
        make_plan(plan_episodes(job), folder, choose_crew(job), job.run), count
    ) as crew:
        learner.add(list_episodes(folder))
        if state is not None and learner.num_episodes:
            learner.begin(state['trainer'])
        with show_progress() as say:
            try:
                learn_while_flying(crew, learner, budget, keeper, say)
            except FloatingPointError as error:
                raise ValueError(f'training failed: {error}') from error
            except KeyboardInterrupt:
                if learner.trainer is not None:
                    save(job, learner, budget.used)
                print(f'stopped: the same command goes on from {folder}', flush=True)
                raise
    write_checkpoint(job, learner)
    remove_state(folder)


def count_collectors(job: Dagger) -> int:
    """Return how many processes collect: one a core, less the one that trains."""
    return max((job.processes or os.cpu_count() or 1) - 1, 1)


def plan_episodes(job: Dagger) -> EpisodeFolder:
    """Return the folder of the episodes; every training seed from the first on may be flown."""
    task = job.flown.made_task
    seeds = range(job.first_seed, NUM_TRAINING_SEEDS)
    shared = collect.describe_settings(job.flown)
    # Who flies and how much it is disturbed differs from episode to episode.
    for name in ('noise', 'weights'):
        shared.pop(name, None)
    return EpisodeFolder(
        job.output / EPISODES, f'{task.world}_{job.season}', seeds, 'several', shared
    )


def choose_crew(job: Dagger) -> Any:
    """Return who flies in what."""
    crew = collect.choose_crew(job.flown)
    return replace(crew, runner=RunnerSettings(allow_untrained=True))


def list_episodes(folder: Path) -> list[Path]:
    """Return the episodes that are there already."""
    return sorted((folder / EPISODES).glob('*.mcap'))


def make_learner(job: Dagger, trained: train.Train, network: 'Network') -> Learner:
    """Return the training side of a run."""
    from lnn_control.imitation.cache import find_cache, load_sequence, name_cache
    from lnn_control.imitation.train import fit_normalisation
    from lnn_control.imitation.trainer import Trainer
    from lnn_control.policies.checkpoint import save_checkpoint

    preprocessing = network.config.preprocessing
    (job.output / EPISODES).mkdir(parents=True, exist_ok=True)
    cache = find_cache(job.output / EPISODES, name_cache(preprocessing))
    device = train.choose_device(job.device)
    symmetric = job.flown.made_task.is_symmetric

    def make_trainer(sequences: Sequence[Any]) -> Trainer:
        fit_normalisation(network, sequences, symmetric)
        return Trainer(network.to(device), sequences, trained.settings, symmetric)

    def publish(averaged: 'Network') -> None:
        save_checkpoint(job.output / FLYING, 'student', averaged.cpu(), {})

    return Learner(make_trainer, lambda path: load_sequence(path, cache, preprocessing), publish)


def describe_settings(job: Dagger) -> dict[str, Any]:
    """Return what must be the same to go on."""
    kept = ('task', 'task_option', 'world', 'season', 'vary_cameras', 'augmentation', 'hold')
    described: dict[str, Any] = {name: getattr(job, name) for name in kept}
    described |= {'network': asdict(job.network), 'training': asdict(job.settings)}
    return described | {'flights': asdict(job.flights)}


def check_same(job: Dagger, state: dict[str, Any] | None) -> None:
    """Check that an unfinished run in the folder is of the same settings.

    :raises ValueError: if it is not; the message names what differs.
    """
    difference = (
        '' if state is None else describe_difference(state['settings'], describe_settings(job))
    )
    if difference:
        raise ValueError(
            f'{job.output} holds an unfinished run of other settings ({difference}): give the '
            'same ones to go on, or another --output'
        )


def save(job: Dagger, learner: Learner, seconds: float) -> None:
    """Write the state of a run in one stroke."""
    from lnn_control.imitation.training_state import save_state

    state = {
        'settings': describe_settings(job),
        'trainer': learner.trainer.state_dict(),
        'seconds': seconds,
    }
    save_state(job.output, state)


def write_checkpoint(job: Dagger, learner: Learner) -> None:
    """Write the averaged network as the policy of the run."""
    from lnn_control.imitation.cache import read_all_metadata
    from lnn_control.imitation.domain import find_domain, list_places
    from lnn_control.policies.checkpoint import save_checkpoint

    trainer = learner.trainer
    network = trainer.network
    network.load_state_dict({**network.state_dict(), **trainer.average.state_dict()})
    stride = job.settings.windows.max_stride
    episodes = read_all_metadata(job.output / EPISODES)
    domain = find_domain(episodes, stride)
    training = {
        'data': {
            'episodes': learner.num_episodes,
            'images': learner.num_images,
            'places': list_places(episodes),
        },
        'init': None,
        'settings': describe_settings(job),
        'steps': trainer.position.step,
        'seconds': round(trainer.position.seconds, 1),
        'device': trainer.device.type,
        'versions': describe_versions(),
    }
    save_checkpoint(job.output, name_policy(job), network.eval().cpu(), training, domain)


def name_policy(job: Dagger) -> str:
    """Return the name of the policy."""
    return job.name or job.output.resolve().name


@contextmanager
def show_progress() -> Iterator[Say]:
    """Show a bar that follows a run, and a line now and then for log files."""
    import time

    from rich.progress import Progress as Bar

    with Bar() as bars:
        bar = bars.add_task('dagger', total=1.0)
        told = time.monotonic()

        def say(row: Progress) -> None:
            nonlocal told
            what = f'step {row.step}  loss {row.loss:.4f}' if row.step else 'the expert flies'
            text = (
                f'{row.num_episodes} episodes, {row.num_images} images  {what}  '
                f'{row.images_per_second:.0f} images/s  {row.seconds_left / 60:.1f} min left'
            )
            bars.update(bar, completed=row.share, description=text)
            if time.monotonic() - told > 60.0:
                bars.console.print(text)
                told = time.monotonic()

        yield say


# Round by round.


def list_stages(job: Dagger, arguments: Sequence[str]) -> list[list[str]]:
    """Return the commands of all rounds, as a user would type them."""
    folder, count = job.output, job.episodes
    kept = set(list_options(collect.Collect)) - {'output', 'episodes', 'first_seed', 'policy'}
    flight_words = take_words(arguments, kept)
    kept = set(list_options(train.Train)) - {'output', 'data', 'init', 'name', 'seed'}
    kept -= {'validate_episodes'}
    train_words = take_words(arguments, kept)
    if '--augmentation' not in train_words:
        train_words += ['--augmentation', job.augmentation]
    stages = []
    for number in range((job.rounds or 0) + 1):
        episodes = str(folder / EPISODES / f'{number}')
        before, now = (str(folder / STAGES / f'{n}') for n in (number - 1, number))
        pilot = ['--policy', before, '--allow-untrained'] if number else []
        first = str(job.first_seed + number * count)
        where = ['--output', episodes, '--episodes', f'{count}', '--first-seed', first]
        stages.append(['collect', *where, *pilot, *flight_words])
        init = ['--init', before] if number else []
        words = drop_sizes(train_words) if number else train_words
        seed = str(job.settings.seed + number)
        where = ['--data', str(folder / EPISODES), '--output', now, '--seed', seed]
        stages.append(['train', *where, *init, *words])
    return stages


def take_words(arguments: Sequence[str], names: set[str]) -> list[str]:
    """Return the options of these names with their values, as they were written."""
    taken: list[str] = []
    is_taken = False
    for word in arguments:
        if word.startswith('--'):
            name = word.partition('=')[0].removeprefix('--').replace('-', '_')
            is_taken = name in names
        if is_taken:
            taken.append(word)
    return taken


def drop_sizes(words: Sequence[str]) -> list[str]:
    """Return options without those of the network, which a checkpoint to start from has."""
    sizes = set(list_options(NetworkConfig))
    return take_words(words, set(list_options(train.Train)) - sizes)


def run_rounds(job: Dagger, arguments: list[str]) -> None:
    """Run every round that is not done yet, then make the last one's policy that of the run."""
    check_number('rounds', job.rounds or 0, 0, 1000)
    options.refuse_given(arguments, ['budget_minutes'], 'rounds end by --epochs or --steps')
    for verb, *words in list_stages(job, arguments):
        folder = Path(words[words.index('--output') + 1])
        if verb == 'train' and (folder / 'config.json').is_file():
            continue
        print(f'lnn-control {shlex.join([verb, *words])}', flush=True)
        code = {'collect': collect.main, 'train': train.main}[verb](words)
        if code:
            raise OSError(f'{verb} ended with {code}')
    adopt(job)


def adopt(job: Dagger) -> None:
    """Copy the last round's checkpoint into the folder of the run, under the run's name."""
    last = job.output / STAGES / f'{job.rounds}'
    config = json.loads((last / 'config.json').read_text()) | {'name': name_policy(job)}
    for name, data in (
        ('model.safetensors', (last / 'model.safetensors').read_bytes()),
        ('config.json', (json.dumps(config, indent=2) + '\n').encode()),
    ):
        with write_whole(job.output / name) as stream:
            stream.write(data)


# What came of it.


def judge(job: Dagger) -> None:
    """Fly the policy on validation seeds and write the summary."""
    from lnn_control.cli import evaluate

    words = ['--policy', str(job.output), '--task', job.task, '--season', job.season]
    words += ['--world', job.world] if job.world is not None else []
    for option in job.task_option:
        words += ['--task-option', option]
    words += ['--episodes', f'{job.validate_episodes}', '--processes', f'{job.processes}']
    words += ['--first-seed', f'{FIRST_VALIDATION_SEED}', '--json', str(job.output / VALIDATION)]
    evaluate.main(words)


def describe(job: Dagger, arguments: Sequence[str]) -> None:
    """Write the model card."""
    from lnn_control.policies.checkpoint import read_config
    from lnn_control.reports.model_card import write_model_card

    results = [json.loads((job.output / VALIDATION).read_text())]
    recipe = f'lnn-control dagger {shlex.join(arguments)}'
    path = write_model_card(job.output, read_config(job.output), results, recipe)
    print(f'checkpoint {name_policy(job)} in {job.output}, card in {path}')


OPTIONS = Dagger
