# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control tune`: a search of training settings, each judged closed loop."""

import json
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from tyro.conf import UseAppendAction, arg, configure

from lnn_control.cli import completion, options, train, validation
from lnn_control.cli.search import JOURNAL, Outcome, Proposal, Search, Tried, open_search
from lnn_control.cli.search_space import (
    Point,
    Range,
    Space,
    change_options,
    list_corner_points,
    read_space,
    write_words,
)
from lnn_control.cli.training_data import Source, open_sources
from lnn_control.cli.tune_table import choose_best, print_trainings
from lnn_control.core.checks import check_number
from lnn_control.core.observation import Preprocessing
from lnn_control.core.provenance import describe_versions
from lnn_control.core.whole_file import write_whole
from lnn_control.evaluation.statistics import wilson_interval
from lnn_control.imitation.settings import TrainSettings
from lnn_control.policies.network import NetworkConfig
from lnn_control.policies.policy import Policy

TRAININGS, BEST = 'trainings', 'best'
RESULTS, PICTURE = 'tune.json', 'tune.png'
_CHECKPOINT = 'config.json'
# Of `train`, but not what its command takes over: the search has its own.
_OWN = ('output', 'validate_episodes', 'name')


@configure(UseAppendAction)
@dataclass(frozen=True)
class Tune:
    """Search for settings of `train` with which a policy succeeds, judged closed loop.

    Each training is flown on validation seeds, in the task, world and season of its episodes; the
    share of successes is what counts, of equals the first. Killed or ended with Ctrl-C, the same
    command goes on where it was. What is not varied is given as with `train`.
    """

    data: train.DataFolders
    output: Path
    """Folder of the search: a checkpoint each training, tune.json and tune.png."""
    vary: Annotated[
        tuple[str, ...],
        arg(
            metavar='NAME=VALUES',
            help='An option of train and what to try, a list such as batch_size=4,8,16 or a range '
            'such as learning_rate=1e-3:1e-2, with :log at its end in steps of a factor; may be '
            'given again.',
        ),
    ] = ()
    trainings: int = 20
    """How many to try in all; more of them go on from those that are done."""
    validate_episodes: int = 40
    """Trials on validation seeds that judge each training."""
    init: str | None = None
    """Checkpoint to start from instead of random weights: a folder or a shipped name."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes of the network; those of the checkpoint where --init is given."""
    max_parameters: int | None = None
    """Refuse a network that is larger."""
    augmentation: Annotated[str, arg(metavar='LEVEL')] = 'weak'
    """How much images are changed: none, weak or strong. Each strength can be given by itself."""
    settings: TrainSettings = field(default_factory=TrainSettings)
    """How to train; --seed is also that of the search."""
    save_seconds: float = 30.0
    """Time between two saves of the unfinished training [s]."""
    device: str = 'auto'
    """Where to compute: auto (a GPU where there is one), cpu or cuda."""
    threads: options.Threads = 1
    processes: options.Processes = 0

    @property
    def trained(self) -> train.Train:
        """What is not varied, as `lnn-control train` has it."""
        shared = {entry.name for entry in fields(train.Train)} & {
            entry.name for entry in fields(Tune)
        } - set(_OWN)
        return train.Train(
            output=self.output / BEST, **{name: getattr(self, name) for name in shared}
        )


@dataclass(frozen=True)
class Plan:
    """What is searched: the job, what it varies, and the command line that said so."""

    job: Tune
    space: Space
    arguments: tuple[str, ...]

    def make_training(self, point: Point, output: Path) -> train.Train:
        """Return the training of a point.

        :raises ValueError: if `train` refuses it.
        """
        words = [*self.arguments, *write_words(self.space, point)]
        changed = change_options(self.job.trained, self.space, point)
        return train.check_job(replace(changed, output=output), words)

    def write_command(self, point: Point) -> str:
        """Return the command that trains a point by itself."""
        names = set(completion.list_options(train.Train)) - set(_OWN)
        words = ['--output', str(self.job.output / BEST)]
        words += options.take_words(self.arguments, names) + write_words(self.space, point)
        return f'lnn-control train {shlex.join(words)}'

    def name_folder(self, number: int) -> Path:
        """Return where a training has its checkpoint."""
        return self.job.output / TRAININGS / f'{number:04d}'


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    job = options.read_options(Tune, 'tune', arguments)
    check_number('trainings', job.trainings, 1, 10**6)
    check_number('validate_episodes', job.validate_episodes, 1, 10**6)
    plan = Plan(job, read_space(job.vary, options.list_given(arguments)), tuple(arguments))
    images = check_points(plan)
    # Recordings are imported, once a size of images.
    sources = [open_sources(job.data, preprocessing, print) for preprocessing in images]
    episodes = train.read_agreeing_metadata(sources[0])
    judge = validation.make_judge(episodes, job.validate_episodes, job.processes)
    settings = describe_settings(plan, sources[0], episodes)
    if (job.output / TRAININGS).exists() and not (job.output / JOURNAL).exists():
        raise ValueError(
            f'{job.output} holds trainings without the {JOURNAL} of their search: give another '
            '--output'
        )
    check_data(sources, images)
    with open_search(job.output, plan.space, job.settings.seed, settings) as search:
        try:
            run(plan, search, judge, settings)
        except KeyboardInterrupt:
            print(f'stopped: the same command goes on from {job.output}', flush=True)
            raise
        tried = search.tried
        # Once more, as a kill may have come between the last training and its record.
        write_results(plan, tried, settings)
    show(plan, tried)
    return 0


def check_points(plan: Plan) -> set[Preprocessing]:
    """Check before the first training that `train` refuses no point.

    :return: of what the images of the networks are made.
    :raises ValueError: if it does; the message says which.
    """
    seen: dict[Any, Preprocessing] = {}
    for point in list_corner_points(plan.space):
        try:
            training = plan.make_training(point, plan.job.output)
            key = training.init, training.network
            if key not in seen:
                network = train.make_network(training)
                network.check_size(training.max_parameters)
                seen[key] = network.config.preprocessing
        except ValueError as error:
            raise ValueError(f'train refuses {describe_point(point)}: {error}') from error
    return set(seen.values())


def check_data(sources: Iterable[Sequence[Source]], images: Iterable[Preprocessing]) -> None:
    """Check that all episodes can be read as the networks see them; this fills the cache.

    :param sources: for each kind of images.
    :raises ValueError: if one cannot, such as one whose images are smaller than a network's.
    """
    from lnn_control.imitation.cache import load_sequences

    for opened, preprocessing in zip(sources, images, strict=True):
        for source in opened:
            load_sequences(source.paths, preprocessing)


def describe_point(point: Point) -> str:
    """Return a point in words."""
    return ', '.join(f'{name} {label}' for name, label in point.items())


def describe_settings(
    plan: Plan, sources: Sequence[Source], episodes: Sequence[dict[str, str]]
) -> dict[str, Any]:
    """Return what must be the same to go on, as JSON has it."""
    job = plan.job
    kept = ('init', 'network', 'augmentation', 'settings')
    described = {name: value for name, value in asdict(job.trained).items() if name in kept}
    described |= {
        'given': sorted(_list_strengths(plan.arguments)),
        'vary': {d.option.name: d.describe() for d in plan.space},
        'episodes': len(episodes),
        'bytes': sum(path.stat().st_size for source in sources for path in source.paths),
        'judged': {
            **validation.find_scenario(list(episodes)).describe(),
            'first_seed': validation.FIRST_SEED,
            'episodes': job.validate_episodes,
        },
    }
    plain: dict[str, Any] = json.loads(json.dumps(described))
    return plain


def _list_strengths(arguments: Sequence[str]) -> set[str]:
    """Return the strengths of augmentation that are given: of the others the level decides."""
    from lnn_control.imitation.augment import Augmentation

    return options.list_given(arguments) & {entry.name for entry in fields(Augmentation)}


def run(
    plan: Plan, search: Search, judge: Callable[[Policy], float], settings: dict[str, Any]
) -> None:
    """Try one point after another until there are enough, or none is left."""
    job, start, before = plan.job, time.monotonic(), len(search.tried)
    while (done := len(search.tried)) < job.trainings:
        proposal = search.propose()
        if proposal is None:
            print(f'all {done} combinations are trained')
            break
        name, left = plan.name_folder(proposal.number).name, ''
        if done > before:
            minutes = (time.monotonic() - start) / (done - before) * (job.trainings - done) / 60
            left = f', about {minutes:.0f} min left'
        where = f'{done + 1} of {job.trainings}{left}'
        print(f'\ntraining {name}, {where}: {describe_point(proposal.point)}', flush=True)
        outcome = attempt(plan, proposal, judge)
        search.record(proposal, outcome, job.validate_episodes)
        write_results(plan, search.tried, settings)
        came = describe_outcome(outcome, job.validate_episodes)
        print(f'training {name}: {came}', flush=True)


def attempt(plan: Plan, proposal: Proposal, judge: Callable[[Policy], float]) -> Outcome:
    """Train a point, or go on with it, and fly what comes of it."""
    from lnn_control.imitation.training_state import remove_state
    from lnn_control.policies.checkpoint import load_policy, read_config

    folder = plan.name_folder(proposal.number)
    # There is a checkpoint where only the flights were cut off.
    if not (folder / _CHECKPOINT).is_file():
        try:
            train.train_policy(plan.make_training(proposal.point, folder))
        except train.FailedTrainingError as error:
            remove_state(folder)
            return Outcome(0, error=str(error))
    remove_state(folder)
    trained = read_config(folder)['training']
    with show_flights(plan.job.validate_episodes):
        rate = judge(load_policy(folder))
    successes = round(rate * plan.job.validate_episodes)
    return Outcome(successes, trained['losses'][-1], trained['seconds'])


def describe_outcome(outcome: Outcome, num_judging: int) -> str:
    """Return what came of a training in words."""
    if outcome.error is not None:
        return f'no policy, {outcome.error}'
    low, high = wilson_interval(outcome.successes, num_judging)
    rate = outcome.successes / num_judging
    return f'{outcome.successes} of {num_judging} = {rate:.1%} ({low:.1%} to {high:.1%})'


@contextmanager
def show_flights(count: int) -> Iterator[None]:
    """Show that a policy is being flown, and for how long."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    with Progress(TextColumn('{task.description}'), BarColumn(), TimeElapsedColumn()) as bars:
        bars.add_task(f'fly {count} validation trials', total=None)
        yield


def write_results(plan: Plan, tried: Sequence[Tried], settings: dict[str, Any]) -> None:
    """Write all that is known of a search, in one stroke."""
    from optuna import __version__ as optuna_version

    count, best = plan.job.validate_episodes, choose_best(tried)
    results = {
        'command': f'lnn-control tune {shlex.join(plan.arguments)}',
        'goal': 'success_rate, of equals the first',
        'settings': settings,
        'trainings': [describe_tried(plan, one, count) for one in tried],
        'best': best.number,
        'train': plan.write_command(best.point),
        'versions': describe_versions() | {'optuna': optuna_version},
    }
    with write_whole(plan.job.output / RESULTS) as stream:
        stream.write((json.dumps(results, indent=2) + '\n').encode())


def describe_tried(plan: Plan, one: Tried, count: int) -> dict[str, Any]:
    """Return the record of a training."""
    low, high = wilson_interval(one.outcome.successes, count)
    return {
        'number': one.number,
        'folder': str(plan.name_folder(one.number).relative_to(plan.job.output)),
        'values': dict(one.point),
        'episodes': count,
        'success_rate': one.outcome.successes / count,
        'wilson_low': low,
        'wilson_high': high,
        **asdict(one.outcome),
    }


def show(plan: Plan, tried: Sequence[Tried]) -> None:
    """Print what came of a search, draw it, and say what to do with it."""
    job, best = plan.job, choose_best(tried)
    print_trainings(tried, job.validate_episodes)
    picture = draw(plan, tried)
    policy = plan.name_folder(best.number)
    print(
        f'picture: {picture}\nbest: {policy}. The best of many looks better than it is; on seeds'
    )
    print(f'that did not choose it: lnn-control evaluate --policy {shlex.quote(str(policy))}')
    print(f'to train it again: {plan.write_command(best.point)}')


def draw(plan: Plan, tried: Sequence[Tried]) -> Path:
    """Draw the success of every training over each option that was varied."""
    from lnn_control.reports.tuning import Axis, TuningRow, write_picture

    count = plan.job.validate_episodes
    axes = [
        Axis(d.option.name, ends=(d.low, d.high), is_log=d.is_log)
        if isinstance(d, Range)
        else Axis(d.option.name, tuple(map(str, d.corners)))
        for d in plan.space
    ]
    rows = [
        TuningRow(
            tuple(one.point[axis.name] for axis in axes),
            one.outcome.successes / count,
            wilson_interval(one.outcome.successes, count),
        )
        for one in tried
    ]
    best = choose_best(tried).number
    path = plan.job.output / PICTURE
    write_picture(path, axes, rows, best, f'{count} validation trials each')
    return path


OPTIONS = Tune
