# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control dagger` as it is by default: collecting and training side by side."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lnn_control.cli import collect, train
from lnn_control.cli.dagger_run import (
    DEFAULT_MINUTES,
    check_folder,
    describe_settings,
    note_settings,
)
from lnn_control.cli.training_data import Source, open_sources
from lnn_control.imitation.collection import NUM_TRAINING_SEEDS, EpisodeFolder
from lnn_control.imitation.collectors import Collectors
from lnn_control.imitation.dagger import (
    EPISODES,
    FLYING,
    Budget,
    DaggerSettings,
    Keeper,
    Learner,
    Progress,
    Say,
    learn_while_flying,
    make_plan,
)
from lnn_control.imitation.settings import describe_difference
from lnn_control.policies.runner import RunnerSettings

if TYPE_CHECKING:
    from lnn_control.cli.dagger import Dagger
    from lnn_control.imitation.cache import Sequence as EpisodeSequence
    from lnn_control.imitation.trainer import Report
    from lnn_control.policies.network import Network


def run_together(job: 'Dagger', arguments: list[str]) -> None:
    """Collect and train side by side until the budget is used up; write the checkpoint.

    :raises ValueError: if the folder holds a run of other settings, or the training diverges.
    """
    import torch

    from lnn_control.imitation.allocator import keep_freed_memory
    from lnn_control.imitation.scalars import ScalarWriter
    from lnn_control.imitation.training_state import load_state

    minutes = job.settings.budget_minutes or DEFAULT_MINUTES
    job = replace(job, settings=replace(job.settings, budget_minutes=minutes))
    trained = train.check_job(job.trained, arguments)
    folder = job.output
    check_folder(job)
    if (folder / 'config.json').is_file():
        print(f'{folder} holds a trained policy already: it is judged and described again')
        return
    keep_freed_memory()
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.settings.seed)
    train.choose_device(job.device)
    network = train.make_network(trained)
    network.check_size(job.max_parameters)
    earlier = open_sources(job.data, network.config.preprocessing, print)
    check_earlier(job, [*earlier, Source(folder, 1.0, tuple(list_episodes(folder)))])
    note_settings(job)
    # Of a checkpoint to start from, whose sizes are its own.
    job = replace(job, network=network.config)
    state = load_state(folder)
    check_same(job, state)
    scalars = ScalarWriter(job.output)
    learner = make_learner(job, trained, network, earlier, scalars.add)
    if job.init is not None and state is None:
        publish(job, network)
    try:
        fly_and_learn(job, learner, state)
    finally:
        scalars.close()
    write_checkpoint(job, learner, earlier)


def fly_and_learn(job: 'Dagger', learner: Learner, state: dict[str, Any] | None) -> None:
    """Let collectors fly and the learner learn, from where an interrupted run was.

    :param state: of that run, None if there is none.
    :raises ValueError: if the training diverges.
    :raises KeyboardInterrupt: at Ctrl-C, after saving.
    """
    import torch

    total = 60.0 * (job.settings.budget_minutes or DEFAULT_MINUTES)
    budget = Budget(0.0 if state is None else float(state['seconds']), total)
    plan = make_plan(plan_episodes(job), job.output, choose_crew(job), job.run)
    # The processes that fly have the time to prepare what the one that trains reads.
    plan = replace(plan, prepare=make_reader(job))
    # Before anybody flies: what lands from then on, the collectors tell.
    flown = list_episodes(job.output)
    settings = choose_flying_share(job)
    with Collectors(plan, count_collectors(job)) as crew, show_progress() as say:

        def land() -> None:
            crew.land()
            if train.choose_device(job.device).type == 'cpu':
                torch.set_num_threads(max(job.threads, count_collectors(job) + 1))

        learner.add(flown)
        if state is not None and learner.num_episodes:
            learner.begin(state['trainer'])
        try:
            keeper = Keeper(partial(save, job), settings)
            learn_while_flying(crew, learner, budget, keeper, say, land)
        except FloatingPointError as error:
            raise ValueError(f'training failed: {error}') from error
        except torch.cuda.OutOfMemoryError as error:
            raise train.lack_memory(job.settings.batch_size) from error
        except OSError as error:
            raise tell_how_to_go_on(error, job.output) from error
        except KeyboardInterrupt:
            if learner.trainer is not None:
                save(job, learner, budget.used)
            print(f'stopped: the same command goes on from {job.output}', flush=True)
            raise


def tell_how_to_go_on(error: OSError, folder: Path) -> OSError:
    """Return the error of a full disk or of processes that died with what to do then."""
    advice = f'what was flown is kept, the same command goes on from {folder}'
    if error.errno is None:
        return type(error)(f'{error}; {advice}')
    if error.filename is None:
        return error  # one of ours, which says it already
    if error.errno == errno.ENOSPC:
        advice = f'free some: {advice}'
    return type(error)(error.errno, f'{error.strerror}; {advice}', error.filename)


def check_earlier(job: 'Dagger', earlier: Sequence[Source]) -> None:
    """Check that what is there already fits the flights to come: policy and episodes.

    :raises ValueError: if they are of another vehicle or renderer.
    """
    from lnn_control.imitation.agreement import check_agreement
    from lnn_control.imitation.cache import read_all_metadata
    from lnn_control.policies.checkpoint import read_config
    from lnn_control.policies.folders import find_checkpoint

    known: dict[str, dict[str, str]] = {}
    if job.init is not None:
        # What it does not say may be anything.
        domain = read_config(find_checkpoint(job.init)).get('domain') or {}
        vehicle = domain.get('vehicle')
        known |= {} if vehicle is None else {f'policy {job.init}': {'vehicle': vehicle}}
    paths = [path for source in earlier for path in source.paths]
    known |= zip(map(str, paths), read_all_metadata(paths), strict=True)
    if not known:
        return
    # Only an environment knows what draws where any renderer may.
    crew = choose_crew(job)
    with closing(crew.make_env(crew.choose_cell(job.first_seed))) as env:
        _, info = env.reset(seed=job.first_seed)
        flown = {**info['setup'], **crew.describe_env(env)}
    check_agreement({'flights of this run': flown, **known})


def choose_flying_share(job: 'Dagger') -> DaggerSettings:
    """Return the settings of a run with the share of its time in which episodes are flown."""
    if job.run.flying_share is not None:
        return job.run
    is_alone = train.choose_device(job.device).type == 'cpu'
    return replace(job.run, flying_share=0.6 if is_alone else 1.0)


def count_collectors(job: 'Dagger') -> int:
    """Return how many processes collect: one a core, less the one that trains without a GPU."""
    count = job.processes or os.cpu_count() or 1
    return max(count - (train.choose_device(job.device).type == 'cpu'), 1)


def plan_episodes(job: 'Dagger') -> EpisodeFolder:
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


def choose_crew(job: 'Dagger') -> Any:
    """Return who flies in what."""
    crew = collect.choose_crew(job.flown)
    return replace(crew, runner=RunnerSettings(allow_untrained=True))


def list_episodes(folder: Path) -> list[Path]:
    """Return the episodes that are there already."""
    return sorted((folder / EPISODES).glob('*.mcap'))


def make_reader(job: 'Dagger') -> 'Callable[[Path], EpisodeSequence]':
    """Return what reads an episode as it is learned from, made so if it is not yet; picklable."""
    from lnn_control.imitation.cache import find_cache, load_sequence, name_cache

    (job.output / EPISODES).mkdir(parents=True, exist_ok=True)
    preprocessing = job.network.preprocessing
    cache = find_cache(job.output / EPISODES, name_cache(preprocessing))
    return partial(load_sequence, cache=cache, preprocessing=preprocessing)


def make_learner(
    job: 'Dagger',
    trained: train.Train,
    network: 'Network',
    earlier: Sequence[Source],
    report: 'Report',
) -> Learner:
    """Return the training side of a run.

    :param earlier: episodes that are there before anybody flies.
    :param report: hears of every step.
    """
    from lnn_control.imitation.agreement import is_symmetric
    from lnn_control.imitation.cache import load_sequences, read_all_metadata
    from lnn_control.imitation.train import fit_normalisation
    from lnn_control.imitation.trainer import Trainer

    device = train.choose_device(job.device)
    symmetric = job.settings.is_symmetric
    if symmetric is None:
        symmetric = job.flown.made_task.is_symmetric and all(
            is_symmetric(read_all_metadata(source.paths)) for source in earlier
        )
    preprocessing = network.config.preprocessing
    known = [
        sequence
        for source in earlier
        for sequence in load_sequences(source.paths, preprocessing, print, source.weight)
    ]

    def make_trainer(sequences: Sequence[Any]) -> Trainer:
        # A network that was trained keeps the scales that its weights are used to.
        if job.init is None:
            fit_normalisation(network, sequences, symmetric)
        return Trainer(network.to(device), sequences, trained.settings, symmetric)

    return Learner(make_trainer, make_reader(job), partial(publish, job), report, known)


def publish(job: 'Dagger', network: 'Network') -> None:
    """Let a network fly."""
    from lnn_control.policies.checkpoint import save_checkpoint

    save_checkpoint(job.output / FLYING, 'student', network.cpu(), {})


def check_same(job: 'Dagger', state: dict[str, Any] | None) -> None:
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


def save(job: 'Dagger', learner: Learner, seconds: float) -> None:
    """Write the state of a run in one stroke."""
    from lnn_control.imitation.training_state import save_state

    state = {
        'settings': describe_settings(job),
        'trainer': learner.trainer.state_dict(),
        'seconds': seconds,
    }
    save_state(job.output, state)


def write_checkpoint(job: 'Dagger', learner: Learner, earlier: Sequence[Source]) -> None:
    """Write the averaged network as the policy of the run.

    :param earlier: episodes that were there before anybody flew.
    """
    from lnn_control.imitation.domain import find_domain

    trainer = learner.trainer
    network = trainer.network
    network.load_state_dict({**network.state_dict(), **trainer.average.state_dict()})
    flown = Source(job.output / EPISODES, 1.0, tuple(list_episodes(job.output)))
    episodes = train.read_agreeing_metadata([flown, *earlier])
    domain = find_domain(episodes, job.settings.windows.max_stride)
    said = {
        'init': job.init,
        'settings': describe_settings(job),
        'steps': trainer.position.step,
        'seconds': round(trainer.position.seconds, 1),
        'device': trainer.device.type,
    }
    lessons = train.Lessons(trainer.sequences, episodes, domain)
    train.write_checkpoint(job.trained, network, lessons, said)


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
            what = f'step {row.step}  loss {row.loss:.4f}' if row.step else 'the first ones fly'
            text = (
                f'{row.num_episodes} episodes, {row.num_images} images  {what}  '
                f'{row.images_per_second:.0f} images/s  {row.seconds_left / 60:.1f} min left'
            )
            bars.update(bar, completed=row.share, description=text)
            if time.monotonic() - told > 60.0:
                bars.console.print(text)
                told = time.monotonic()

        yield say
