# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The command `lnn-control <verb>`: finds the verb, runs it, prints its errors as one line.

A verb is a module with a function `main(arguments: list[str]) -> int`, imported only when used.
"""

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence

from lnn_control import __version__
from lnn_control.core.extras import describe_missing

VERBS = {
    'demo': ('lnn_control.cli.demo', 'fly the shipped policy through four worlds over ROS 2'),
    'bringup': ('lnn_control.cli.bringup', 'start the ROS 2 nodes, in simulation or on a robot'),
    'collect': ('lnn_control.cli.collect', 'fly simulated episodes and record them for training'),
    'train': ('lnn_control.cli.train', 'train a liquid policy on recorded episodes'),
    'card': ('lnn_control.cli.card', 'write the model card of a checkpoint'),
    'evaluate': ('lnn_control.cli.evaluate', 'fly a suite of seeds and report the success rate'),
    'sim': ('lnn_control.cli.sim', 'look at the simulator: fly through a world, draw them all'),
    'report': ('lnn_control.cli.report', 'draw the page of a recorded run again'),
}
"""Name of each verb -> its module and what it does."""

USER_ERRORS = (ValueError, OSError, ModuleNotFoundError)
"""What bad input raises. Anything else is a bug and keeps its traceback."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `lnn-control` and return its exit code: 0 done, 1 failed, 2 wrong usage."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if not arguments or arguments[0] in ('-h', '--help', 'help'):
        print(describe_usage())
        return 0 if arguments else 2
    if arguments[0] == '--version':
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
        return importlib.import_module(VERBS[verb][0]).main(arguments)
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


def describe_usage() -> str:
    """Return the text of `lnn-control --help`."""
    width = max(map(len, VERBS))
    lines = [f'  {name:<{width}}  {text}' for name, (_, text) in VERBS.items()]
    return '\n'.join(
        [
            'usage: lnn-control <verb> [...]',
            '',
            'Drone and robot control with liquid neural networks on ROS 2.',
            '',
            *lines,
            '',
            '`lnn-control <verb> --help` explains a verb. LNN_CONTROL_TRACEBACK=1 shows where an',
            'error came from.',
        ]
    )


def describe_unknown_verb(verb: str) -> str:
    """Return one line that names the valid verbs and the closest one."""
    closest = difflib.get_close_matches(verb, VERBS, n=1)
    hint = f'; did you mean {closest[0]!r}?' if closest else ''
    return f'verb must be one of {sorted(VERBS)}, got {verb!r}{hint}'


def describe_error(error: Exception) -> str:
    """Return an error as one line that says what to do where that is known."""
    if isinstance(error, ModuleNotFoundError):
        return describe_missing(error.name or str(error))
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        return f'{error.strerror}: {error.filename}'
    return ' '.join(str(error).split()) or type(error).__name__


if __name__ == '__main__':
    sys.exit(main())
