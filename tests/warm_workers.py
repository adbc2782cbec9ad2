# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Worker processes that start in a moment: forked from one that has imported what takes seconds.

How they are given work, die and are replaced is as with those that users get, which import all
anew: tests/core/test_processes.py and the commands of the README start these.
"""

import os
from collections.abc import Callable, Mapping
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

# Modules with all that workers import; one that cannot be imported here is left out.
PRELOADED = [
    'sim.renderers.gl',
    'lnn_control.cli.collect',
    'lnn_control.cli.evaluate',
]


class WarmWorkers:
    """Takes the place of the module `multiprocessing` in `lnn_control.core.processes`.

    :param environment: of the process that workers are forked from. Each gets that of the test.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def get_context(self, method: str) -> '_WarmContext':
        """Return what starts processes, once the one to fork them from runs."""
        assert method == 'spawn'
        context = _WarmContext()
        context.set_forkserver_preload(PRELOADED)
        with pytest.MonkeyPatch.context() as patch:
            for name in set(os.environ) - set(self._environment):
                patch.delenv(name)
            for name, value in self._environment.items():
                patch.setenv(name, value)
            forkserver.ensure_running()
        return context


class _WarmContext(ForkServerContext):
    def Process(  # noqa: N802
        self, target: Callable[..., None], args: tuple[Any, ...], daemon: bool
    ) -> BaseProcess:
        """Return a process that takes over this one's environment, as a fresh one does."""
        arguments = (dict(os.environ), target, args)
        return super().Process(target=_run, args=arguments, daemon=daemon)


def _run(environment: dict[str, str], target: Callable[..., None], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    target(*args)
