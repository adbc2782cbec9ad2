# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Every option that more than one verb has: one word, one text, one default.

A verb is a frozen dataclass of these and of its own options; :func:`read_options` makes it of the
command line. `bringup` gives its launch arguments the same names.
"""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import tyro
from tyro.conf import UseAppendAction, arg

from lnn_control.core.cluster import Cluster
from lnn_control.core.work import Place
from lnn_control.deploy.provide import BACKENDS
from lnn_control.policies.registry import list_policies
from sim.disturbances import DISTURBANCES
from sim.renderers import AUTO, RENDERERS
from sim.tasks import TASKS
from sim.worlds import SEASONS, WORLDS

T = TypeVar('T')

CONFIG = (tyro.conf.OmitArgPrefixes, tyro.conf.FlagCreatePairsOff)
"""Nested settings are options like all others, and flags have one name."""

_REPEATABLE = ('--task-option', '--memory-option', '--scene', '--vary', '--data', '--against')
_REPEATABLE_OF_VERB = {'evaluate': ('--policy',)}

ALL = 'all'
FIRST_TEST_SEED = 2_000_000


def _one_of(names: Iterable[str], *more: str) -> str:
    """Return words of help that list valid values."""
    *others, last = [*names, *more]
    return f'{", ".join(others)} or {last}' if others else last


_WHO = (
    'Who flies: a folder of a checkpoint or of an exported policy, '
    f'{_one_of(list_policies(), "module:Class")}; =ARGUMENT may follow the last two.'
)
PolicyName = Annotated[str, arg(metavar='POLICY', help=_WHO)]
ShippedPolicyName = Annotated[
    str,
    arg(metavar='POLICY', help=f'{_WHO} If not given, the shipped policy of the task.'),
]
PolicyNames = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar='POLICY',
        help=f'{_WHO} May be given again: each row is flown by the first that was trained for it. '
        'If not given, the shipped policy of each task.',
    ),
]
OtherPolicies = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar='POLICY',
        help='Another policy that flies the same seeds and is compared with --policy, seed by '
        'seed; may be given again.',
    ),
]
_TASK_HELP = f'What is asked: {_one_of(TASKS, "module:Class")}'
BackendName = Annotated[
    Literal[BACKENDS] | None,  # type: ignore[valid-type]
    arg(
        metavar='BACKEND',
        help=f'What computes the policy: {_one_of(BACKENDS)}. A checkpoint is exported for the '
        'last two when it first flies with them. If not given, torch, or what the folder was '
        'exported to.',
    ),
]
TaskName = Annotated[str, arg(metavar='TASK', help=f'{_TASK_HELP}.')]
TaskNameOrAll = Annotated[
    str, arg(metavar='TASK', help=f'{_TASK_HELP}; all is every one, a row each.')
]
TaskOptions = Annotated[
    UseAppendAction[tuple[str, ...]],
    arg(
        metavar='NAME=VALUE',
        help='A field of the task, such as density=2; may be given again. '
        '`lnn-control show TASK` lists them with their units.',
    ),
]
_WORLD_HELP = f"Where: {_one_of(WORLDS, 'module:function')}; the task's first one if not given"
WorldName = Annotated[str | None, arg(metavar='WORLD', help=f'{_WORLD_HELP}.')]
WorldNameOrAll = Annotated[
    str | None,
    arg(
        metavar='WORLD',
        help=f'{_WORLD_HELP}; all is every one of the task, a row each. Of a suite: instead of '
        'its own.',
    ),
]
_SEASON_HELP = f'How the world looks: {_one_of(SEASONS)}'
SeasonName = Annotated[str, arg(metavar='SEASON', help=f'{_SEASON_HELP}.')]
SeasonNameOrAll = Annotated[
    str,
    arg(
        metavar='SEASON',
        help=f'{_SEASON_HELP}; all is every one, a row each. Who does not look, such as the '
        'expert, flies one for all. Of a suite: instead of its own.',
    ),
]
FirstSeed = Annotated[
    int,
    arg(
        metavar='SEED',
        help='Seed of the first trial; the next one has the next. Training uses seeds below '
        '1000000, validation those below 2000000, tests those from there on.',
    ),
]
Episodes = Annotated[int, arg(metavar='NUMBER', help='Number of trials, one a seed.')]
EpisodesOrUsual = Annotated[
    int | None,
    arg(
        metavar='NUMBER',
        help='Number of trials of a row, one a seed; if not given, 40 in the suites stress and '
        'road, else 100.',
    ),
]
CameraFov = Annotated[
    float | None,
    arg(metavar='DEGREES', help='Field of view across the image [deg]; 100 if not given.'),
]
CameraPitch = Annotated[
    float | None,
    arg(
        metavar='DEGREES',
        help="How far the camera looks down [deg]; as on the task's vehicle if not given.",
    ),
]
CameraRate = Annotated[
    float | None,
    arg(metavar='HERTZ', help='Images a second [Hz], a divisor of 1200; 20 if not given.'),
]
Distance = Annotated[
    float | None,
    arg(
        metavar='METRES',
        help="From start to target [m]; drawn from the task's range if not given.",
    ),
]
DisturbanceName = Annotated[
    str | None,
    arg(metavar='NAME', help=f'What makes the trials harder: {_one_of(DISTURBANCES)}.'),
]
Level = Annotated[
    int | None,
    arg(metavar='LEVEL', help='Of the disturbance: 1 (mild), 2 or 3 (severe).'),
]
RendererName = Annotated[
    str,
    arg(
        metavar='RENDERER',
        help=f'What draws: {_one_of(RENDERERS, AUTO)}; {AUTO} is gl where it opens, else tiny.',
    ),
]
Processes = Annotated[int, arg(metavar='NUMBER', help='Simulators side by side; 0 is one a core.')]
ClusterAddress = Annotated[
    str | None,
    arg(
        metavar='ADDRESS',
        help='Let the workers of a Dask cluster fly, not processes here: the address of its '
        'scheduler, such as tcp://10.0.0.5:8786. That runs whatever is sent to it: only in a '
        'network you trust.',
    ),
]
Threads = Annotated[int, arg(metavar='NUMBER', help='Threads of the computation.')]
AllowUntrained = Annotated[
    bool,
    arg(help='Fly also a task, vehicle or camera that the policy was not trained for.'),
]
JsonFile = Annotated[
    Path | None,
    arg(metavar='FILE', help='File for the summary: one object, a list where there are rows.'),
]
DomainId = Annotated[
    int,
    arg(metavar='NUMBER', help='ROS domain, 0 to 101; -1 is that of the environment.'),
]


def read_options(options: Any, verb: str, arguments: Sequence[str]) -> Any:
    """Return a verb's options, an instance of its dataclass.

    :raises ValueError: if an option that has one value is given twice.

    Wrong usage, such as an unknown option, ends the process with 2 after saying what is valid.

    :param options: the dataclass, or a union of dataclasses for a verb with several commands.
    """
    given = [word.partition('=')[0] for word in arguments if word.startswith('--')]
    repeatable = {*_REPEATABLE, *_REPEATABLE_OF_VERB.get(verb, ())}
    twice = sorted({word for word in given if given.count(word) > 1} - repeatable)
    if twice:
        raise ValueError(f'{" and ".join(twice)} can be given once only')
    return tyro.cli(
        options,
        args=list(arguments),
        prog=f'lnn-control {verb}',
        config=CONFIG,
    )


def choose_place(processes: int, cluster: str | None, renderer: str) -> Place:
    """Return where trials are flown.

    :param processes: 0 is one a core. :param cluster: address of a scheduler.
    :raises ValueError: if the options contradict each other, or that is no address.
    """
    if cluster is None:
        return processes or None
    if processes:
        raise ValueError('--processes has no effect: the workers of the cluster fly')
    if renderer == AUTO:
        raise ValueError(
            f'with --cluster, renderer must be one of {sorted(RENDERERS)}, got {AUTO!r}: '
            'it could be another one on every worker'
        )
    return Cluster(cluster)


def list_given(arguments: Sequence[str]) -> set[str]:
    """Return the options that a command line names, with underscores: `first_seed`."""
    words = [word.partition('=')[0] for word in arguments if word.startswith('--')]
    return {word.removeprefix('--').removeprefix('no-').replace('-', '_') for word in words}


def take_words(arguments: Sequence[str], names: Collection[str]) -> list[str]:
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


def refuse_given(arguments: Sequence[str], names: Iterable[str], reason: str) -> None:
    """Check that options which would have no effect were not given.

    :param reason: why they have none.
    :raises ValueError: if one was.
    """
    given = sorted(list_given(arguments) & set(names))
    if given:
        options = ' and '.join(f'--{name.replace("_", "-")}' for name in given)
        verb = 'has' if len(given) == 1 else 'have'
        raise ValueError(f'{options} {verb} no effect: {reason}')
