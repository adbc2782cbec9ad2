# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""`lnn-control train`: behaviour cloning from recorded episodes."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from tyro.conf import UseAppendAction, arg, configure

from lnn_control.cli import options
from lnn_control.cli.training_data import Source, open_sources
from lnn_control.core.checks import check_number
from lnn_control.core.folder_lock import hold_folder
from lnn_control.core.observation import Preprocessing
from lnn_control.imitation.augment import LEVELS, Augmentation
from lnn_control.imitation.distributed import ALONE, Group, join_group
from lnn_control.imitation.settings import TrainSettings
from lnn_control.imitation.trainer import Report, StepReport
from lnn_control.policies.network import NetworkConfig

if TYPE_CHECKING:
    import torch

    from lnn_control.core.domain import TrainingDomain
    from lnn_control.imitation.train import Judge
    from lnn_control.policies.network import Network

_LOG_STEPS = 500
DEVICES = ('auto', 'cpu', 'cuda')


DataFolders = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar='FOLDER[=WEIGHT]',
        help='To learn from: a data set, or a folder of episodes or of recordings with its '
        'subfolders; may be given again. A weight of 2 learns from each of its episodes twice in '
        'a pass.',
    ),
]


@configure(UseAppendAction)
@dataclass(frozen=True)
class Train:
    """Train a policy on the episodes of a folder and write a checkpoint.

    Killed or ended with Ctrl-C, the same command goes on where it was. Several processes train
    together after `torchrun --standalone --nproc-per-node N --no-python`.
    """

    data: DataFolders
    output: Path
    """Folder of the checkpoint."""
    name: str | None = None
    """Name of the policy; that of the output folder if not given."""
    init: str | None = None
    """Checkpoint to start from instead of random weights: a folder or a shipped name."""
    network: NetworkConfig = field(default_factory=NetworkConfig)
    """Sizes of the network; those of the checkpoint where --init is given."""
    max_parameters: int | None = None
    """Refuse a network that is larger."""
    augmentation: Annotated[str, arg(metavar='LEVEL')] = 'weak'
    """How much images are changed: none, weak or strong. Each strength can be given by itself."""
    settings: TrainSettings = field(default_factory=TrainSettings)
    """How to train."""
    validate_episodes: int | None = None
    """Fly so many trials a few times on the way, and keep the best weights."""
    save_seconds: float = 30.0
    """Time between two saves of the unfinished training [s]."""
    device: str = 'auto'
    """Where to compute: auto (a GPU where there is one), cpu or cuda."""
    threads: options.Threads = 1

    @property
    def policy_name(self) -> str:
        """The name of the policy."""
        return self.name or self.output.resolve().name


class FailedTrainingError(ValueError):
    """A training came to nothing by its settings; others may do better."""


def main(arguments: list[str]) -> int:
    """Run the verb and return its exit code."""
    with join_group() as processes:
        # What is wrong is told once, and the cache is made once.
        processes.begin_turn()
        job = check_job(options.read_options(Train, 'train', arguments), arguments)
        # The first process is the only one that writes there.
        with hold_folder(job.output) if processes.is_first else nullcontext():
            train_policy(job, processes)
        processes.wait()
    return 0


def train_policy(job: Train, processes: Group = ALONE) -> None:
    """Train a policy and write its checkpoint, going on where an unfinished training is.

    :param processes: that train together; this one has its turn.
    :raises FailedTrainingError: if it diverges or the GPU has no memory left.
    :raises ValueError: if data, network and settings do not fit together.
    """
    import torch

    from lnn_control.imitation.allocator import keep_freed_memory
    from lnn_control.imitation.train import fit_normalisation

    # Made now: hours later would be late to learn that it cannot be.
    job.output.mkdir(parents=True, exist_ok=True)
    keep_freed_memory()
    torch.set_num_threads(job.threads)
    torch.manual_seed(job.settings.seed)
    device = choose_device(job.device)
    network = make_network(job)
    network.check_size(job.max_parameters)

    # What is learned from, what it says of itself, and who judges on the way.
    lessons = read_lessons(job, network)
    symmetric = find_symmetry(job, lessons.episodes)
    judge = make_judge(job, lessons.episodes)
    if job.init is None:
        fit_normalisation(network, lessons.sequences, symmetric)
    images = sum(len(sequence) for sequence in lessons.sequences)
    size = network.num_parameters()
    print(f'{len(lessons.sequences)} episodes, {images} images, {size} parameters')
    processes.end_turn()

    start = time.monotonic()
    losses = run(job, network.to(device), lessons.sequences, symmetric, judge, processes)
    if not processes.is_first:
        return
    said = {
        'init': job.init,
        'settings': asdict(job.settings),
        'losses': losses,
        'seconds': round(time.monotonic() - start, 1),
        'device': device.type,
    }
    write_checkpoint(job, network, lessons, said)
    shown = ' '.join(f'{loss:.4f}' for loss in losses)
    print(f'loss by epoch: {shown}\ncheckpoint {job.policy_name} in {job.output}')


@dataclass(frozen=True, eq=False)
class Lessons:
    """What a training learns from.

    :param sequences: the episodes as they are learned from. :param episodes: metadata of each.
    :param domain: what they train a policy for.
    """

    sequences: list[Any]
    episodes: list[dict[str, str]]
    domain: 'TrainingDomain'


def read_lessons(job: Train, network: 'Network') -> Lessons:
    """Return the episodes of all folders that a job names.

    :raises FileNotFoundError: if a folder holds nothing.
    :raises ValueError: if they are of several vehicles or renderers.
    """
    from lnn_control.imitation.cache import load_sequences
    from lnn_control.imitation.domain import find_domain

    print(f'reading {", ".join(job.data)}', flush=True)
    preprocessing = network.config.preprocessing
    sources = open_sources(job.data, preprocessing, print)
    sequences = [
        sequence
        for source in sources
        for sequence in load_sequences(source.paths, preprocessing, print, source.weight)
    ]
    episodes = read_agreeing_metadata(sources)
    domain = find_domain(episodes, job.settings.windows.max_stride)
    return Lessons(sequences, episodes, domain)


def write_checkpoint(
    job: Train, network: 'Network', lessons: Lessons, said: dict[str, Any]
) -> None:
    """Write what was trained, and remove the state of the training.

    :param said: how the training went.
    """
    from lnn_control.imitation.domain import describe_training, see_training
    from lnn_control.imitation.training_state import remove_state
    from lnn_control.policies.checkpoint import save_checkpoint

    training = describe_training(lessons.sequences, lessons.episodes, said)
    seen = see_training([sequence.images for sequence in lessons.sequences])
    domain = replace(lessons.domain, appearance=seen)
    save_checkpoint(job.output, job.policy_name, network.cpu(), training, domain)
    remove_state(job.output)


def check_job(job: Train, arguments: list[str]) -> Train:
    """Return the job with the strengths of its level, all checked.

    :raises ValueError: if an option has no such value, or no effect.
    """
    if not job.data:
        raise ValueError('data must be a folder of episodes or several: give --data FOLDER')
    if job.init is not None:
        sizes = [entry.name for kind in (NetworkConfig, Preprocessing) for entry in fields(kind)]
        options.refuse_given(arguments, sizes, f'the network is that of {job.init}')
    for name in ('steps', 'budget_minutes'):
        if getattr(job.settings, name) is not None:
            options.refuse_given(arguments, ['epochs'], f'{name} says when to end')
    for name, value, valid in (
        ('augmentation', job.augmentation, tuple(LEVELS)),
        ('device', job.device, DEVICES),
    ):
        if value not in valid:
            raise ValueError(f'{name} must be one of {list(valid)}, got {value!r}')
    if job.validate_episodes is not None:
        check_number('validate_episodes', job.validate_episodes, 1, 10**6)
    check_number('threads', job.threads, 1, 1024)
    check_number('save_seconds', job.save_seconds, 0.0, 86400.0, 's')
    # Strengths that were written down go before those of the level.
    given = options.list_given(arguments)
    names = [entry.name for entry in fields(Augmentation) if entry.name in given]
    strengths = {name: getattr(job.settings.augmentation, name) for name in names}
    augmentation = replace(LEVELS[job.augmentation], **strengths)
    return replace(job, settings=replace(job.settings, augmentation=augmentation))


def choose_device(name: str, processes: Group = ALONE) -> 'torch.device':
    """Return the device of a name; each process has a GPU of its own.

    :raises ValueError: if it is not there.
    """
    import torch

    if name == 'cuda' and not torch.cuda.is_available():
        raise ValueError('device cuda was asked for, but there is no GPU that torch can use: cpu')
    if name == 'auto':
        name = 'cuda' if torch.cuda.is_available() else 'cpu'
    if name == 'cpu' or processes.size == 1:
        return torch.device(name)
    if processes.local_size > torch.cuda.device_count():
        raise ValueError(
            f'device cuda must have a GPU for each process, got {processes.local_size} processes '
            f'and {torch.cuda.device_count()} GPUs: --nproc-per-node gpu, or --device cpu'
        )
    torch.cuda.set_device(processes.local_rank)
    return torch.device('cuda', processes.local_rank)


def make_network(job: Train) -> 'Network':
    """Return the network to train: of the checkpoint to start from, or a new one.

    :raises ValueError: if there is no such checkpoint or the sizes do not fit together.
    """
    from lnn_control.policies.checkpoint import load_network
    from lnn_control.policies.folders import find_checkpoint
    from lnn_control.policies.network import Network

    if job.init is not None:
        return load_network(find_checkpoint(job.init))
    return Network(job.network)


def read_agreeing_metadata(sources: Sequence[Source]) -> list[dict[str, str]]:
    """Return what the episodes say of themselves.

    :raises ValueError: if they are of several vehicles or renderers.
    """
    from lnn_control.imitation.agreement import check_agreement
    from lnn_control.imitation.cache import read_all_metadata

    names, episodes = [], []
    for source in sources:
        # Of one folder the names in it are enough.
        is_short = len(sources) == 1
        for path in source.paths:
            is_inside = is_short and path.is_relative_to(source.folder)
            names.append(str(path.relative_to(source.folder) if is_inside else path))
        episodes += read_all_metadata(source.paths)
    check_agreement(dict(zip(names, episodes, strict=True)))
    return episodes


def find_symmetry(job: Train, episodes: list[dict[str, str]]) -> bool:
    """Return whether left and right are alike: as the user says, else as the episodes do."""
    from lnn_control.imitation.agreement import is_symmetric

    said = job.settings.is_symmetric
    return is_symmetric(episodes) if said is None else said


def make_judge(job: Train, episodes: list[dict[str, str]]) -> 'Judge | None':
    """Return what judges on the way, None where nobody asked for it."""
    if job.validate_episodes is None:
        return None
    from lnn_control.cli import validation

    judge = validation.make_judge(episodes, job.validate_episodes)

    def judge_aloud(policy: Any) -> float:
        score = judge(policy)
        print(f'validation: {score:.1%} of {job.validate_episodes} trials', flush=True)
        return score

    return judge_aloud


def run(
    job: Train,
    network: 'Network',
    sequences: list[Any],
    symmetric: bool,
    judge: 'Judge | None',
    processes: Group = ALONE,
) -> list[float]:
    """Train in place and return the losses; what was trained so far stays in the output folder.

    :raises FailedTrainingError: if the loss is not finite or the GPU has no memory left.
    """
    import torch

    from lnn_control.imitation.scalars import ScalarWriter
    from lnn_control.imitation.train import Keeping, train

    described = (('init', job.init), ('network', asdict(network.config)))
    keeping = Keeping(job.output, job.save_seconds, judge, description=described)
    scalars = ScalarWriter(job.output)
    try:
        with show_progress() as show:

            def report(row: StepReport) -> None:
                show(row)
                if processes.is_first:
                    scalars.add(row)

            return train(network, sequences, job.settings, report, keeping, symmetric, processes)
    except FloatingPointError as error:
        raise FailedTrainingError(f'training failed: {error}') from error
    except torch.cuda.OutOfMemoryError as error:
        raise lack_memory(job.settings.batch_size) from error
    except KeyboardInterrupt:
        print(f'stopped: the same command goes on from {job.output}', flush=True)
        raise
    finally:
        scalars.close()


def lack_memory(batch_size: int) -> FailedTrainingError:
    """Return the error of a GPU whose memory is too small."""
    return FailedTrainingError(
        f'the GPU has too little memory for --batch-size {batch_size}: halve it, or use '
        '--device cpu'
    )


@contextmanager
def show_progress() -> Iterator[Report]:
    """Show a bar that follows what it is told, and a line now and then for log files."""
    from rich.progress import Progress

    with Progress() as progress:
        bar = progress.add_task('train', total=1.0)

        def report(row: StepReport) -> None:
            if row.step % _LOG_STEPS == 0:
                # A log file shows no bar.
                progress.console.print(f'step {row.step} of {row.steps}: {row.loss:.4f}')
            text = f'epoch {row.epoch + 1}  loss {row.loss:.4f}'
            rate = f'{row.images_per_second:.0f} images/s  {row.seconds_left / 60:.1f} min left'
            progress.update(bar, completed=row.share, description=f'{text}  {rate}')

        yield report


OPTIONS = Train
