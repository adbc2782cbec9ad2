# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lnn-control <verb>`: finds the verb, runs it, prints its errors as one line.

A verb is a module with a function `main(arguments: list[str]) -> int`, imported only when used.
Its first line says what it does; `OPTIONS`, where it has that, is the dataclass of its options.
"""

import os
import sys
import traceback
from collections.abc import Sequence
from types import ModuleType

from lnn_control import __version__
from lnn_control.core.extras import describe_missing
from lnn_control.core.registry import Registry
from lnn_control.core.simulator import ForeignSimulatorError, check_simulator


def _check_verb(entry: object) -> None:
    if not callable(getattr(entry, 'main', None)):
        raise ValueError(f'expected a module with a function main(arguments), got {entry!r}')


VERBS: Registry[ModuleType] = Registry(
    'verb',
    'lnn_control.verbs',
    {
        'demo': 'lnn_control.cli.demo',
        'bringup': 'lnn_control.cli.bringup',
        'dashboard': 'lnn_control.cli.dashboard',
        'doctor': 'lnn_control.cli.doctor',
        'collect': 'lnn_control.cli.collect',
        'data': 'lnn_control.cli.data',
        'train': 'lnn_control.cli.train',
        'tune': 'lnn_control.cli.tune',
        'dagger': 'lnn_control.cli.dagger',
        'evaluate': 'lnn_control.cli.evaluate',
        'explain': 'lnn_control.cli.explain',
        'export': 'lnn_control.cli.export',
        'replay': 'lnn_control.cli.replay',
        'report': 'lnn_control.cli.report',
        'card': 'lnn_control.cli.card',
        'sim': 'lnn_control.cli.sim',
        'list': 'lnn_control.cli.list',
        'show': 'lnn_control.cli.show',
        'completion': 'lnn_control.cli.completion',
    },
    _check_verb,
)
"""Name of a verb -> its module."""

SUMMARIES = {
    'demo': 'fly the shipped policy through four worlds over ROS 2',
    'bringup': 'start the ROS 2 nodes, in simulation or on a robot',
    'dashboard': 'show a running vehicle in a browser, with a stop button',
    'doctor': 'say what is wrong with a machine or with sensors and nodes that run',
    'collect': 'fly simulated episodes and record them for training',
    'data': 'make a data set of what a robot recorded',
    'train': 'train a policy on recorded episodes',
    'tune': 'search for settings of train, judged closed loop',
    'dagger': 'collect and train side by side, from nothing to a policy',
    'evaluate': 'fly trials or a suite of them and report the success rate',
    'explain': 'show where a policy looks and which neuron does what',
    'export': 'write a policy as ONNX or C that flies without torch',
    'replay': 'give a policy what was recorded and compare its commands',
    'report': 'make one page of result files, or draw that of a run again',
    'card': 'write the model card of a checkpoint',
    'sim': 'look at the simulator: fly through a world, draw them all',
    'list': 'list tasks, worlds, policies, disturbances and more',
    'show': 'show what a policy or a task is',
    'completion': 'print what makes bash or zsh complete verbs and options',
}
"""What our verbs do. Written here, as importing them all takes seconds."""

USER_ERRORS = (ValueError, OSError, ModuleNotFoundError, ForeignSimulatorError)
"""What bad input raises. Anything else is a bug and keeps its traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lnn-control` and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help', 'help'):
        print(describe_usage())
        return 0 if arguments else 2
    if arguments[0] in ('-V', '--version'):
        print(__version__)
        return 0
    verb, *rest = arguments
    if verb not in VERBS:
        print(f'lnn-control: {describe_unknown_verb(verb)}', file=sys.stderr)
        return 2
    return run_verb(verb, rest)


def run_verb(verb: str, arguments: list[str]) -> int:
    """Run one verb; bad input ends with one line on stderr and 1, Ctrl-C with 130."""
    try:
        check_launcher(verb)
        check_simulator()
        return int(VERBS[verb].main(arguments))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except USER_ERRORS as error:
        if os.environ.get('LNN_CONTROL_TRACEBACK', '') not in ('', '0'):
            traceback.print_exc()
        print(f'lnn-control {verb}: {describe_error(error)}', file=sys.stderr)
        return 1


def check_launcher(verb: str) -> None:
    """Check that torchrun has not started a verb several times that works alone.

    :raises ValueError: if it has.
    """
    is_one_of_many = os.environ.get('WORLD_SIZE', '1') != '1'
    if (
        'TORCHELASTIC_RUN_ID' in os.environ
        and is_one_of_many
        and verb in set(SUMMARIES) - {'train'}
    ):
        raise ValueError('only train works in several processes of torchrun: leave torchrun out')


def summarise_verb(verb: str) -> str:
    """Return what a verb does in a few words; of another package's, its first line."""
    if verb in SUMMARIES:
        return SUMMARIES[verb]
    try:
        lines = (VERBS[verb].__doc__ or '').strip().splitlines()
    except USER_ERRORS as error:
        return describe_error(error)
    words = lines[0].rstrip('.') if lines else ''
    return words[:1].lower() + words[1:]


def describe_usage() -> str:
    """Return the text of `lnn-control --help`."""
    width = max(map(len, VERBS))
    lines = [f'  {name:<{width}}  {summarise_verb(name)}' for name in VERBS]
    return '\n'.join(
        [
            'usage: lnn-control <verb> [...]',
            '',
            'Drone and robot control with liquid neural networks on ROS 2.',
            '',
            *lines,
            '',
            '`lnn-control <verb> --help` explains a verb, `lnn-control --version` says which',
            'release this is. LNN_CONTROL_TRACEBACK=1 shows where an error came from.',
        ]
    )


def describe_unknown_verb(verb: str) -> str:
    """Return one line that names the valid verbs and the closest one."""
    return VERBS.describe_unknown(verb).replace(' or module:Name', '')


def describe_error(error: Exception) -> str:
    """Return an error as one line that says what to do where that is known."""
    if isinstance(error, ModuleNotFoundError):
        return describe_missing(error.name or str(error))
    if isinstance(error, OSError) and error.strerror:
        # Without the number that comes first in its text.
        place = '' if error.filename is None else f': {error.filename}'
        return ' '.join(f'{error.strerror}{place}'.split())
    return ' '.join(str(error).split()) or type(error).__name__


if __name__ == '__main__':
    sys.exit(main())
