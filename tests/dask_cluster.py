# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A Dask scheduler and its workers on this computer, as people start them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[1]


class DaskCluster:
    """Starts a scheduler, and workers when asked; ends them when left.

    :param folder: where the workers stand and what belongs to them lies.
    :param variables: of their environment, beside those of this process.
    """

    def __init__(self, folder: Path, **variables: str) -> None:
        self.folder = folder
        path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get('PYTHONPATH')]))
        self._variables = os.environ | {'PYTHONPATH': path} | variables
        self.workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> 'DaskCluster':
        file = self.folder / 'scheduler.json'
        where = ['--host', '127.0.0.1', '--port', '0', '--no-dashboard']
        self.scheduler = self._start('scheduler', *where, '--scheduler-file', str(file))
        deadline = time.monotonic() + PATIENCE
        while not (file.exists() and file.read_text().strip().endswith('}')):
            assert self.scheduler.poll() is None, 'the scheduler did not start'
            assert time.monotonic() < deadline
            time.sleep(0.05)
        self.address: str = json.loads(file.read_text())['address']
        return self

    def __exit__(self, *error: object) -> None:
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait(PATIENCE)

    def add_workers(self, count: int, num_threads: int = 1) -> None:
        """Start workers and wait until the scheduler knows them.

        :param count: none if negative.
        """
        from distributed import Client

        where = ['--host', '127.0.0.1', '--no-dashboard', '--no-nanny', '--nworkers', '1']
        where += ['--nthreads', f'{num_threads}', '--local-directory', str(self.folder)]
        self.workers += [self._start('worker', self.address, *where) for _ in range(count)]
        with Client(self.address, timeout=PATIENCE, set_as_default=False) as client:
            client.wait_for_workers(max(len(self.list_living()), 1), timeout=PATIENCE)

    def list_living(self) -> 'list[subprocess.Popen[bytes]]':
        """Return the workers that have not died."""
        return [worker for worker in self.workers if worker.poll() is None]

    def _start(self, *words: str) -> 'subprocess.Popen[bytes]':
        with (self.folder / 'log.txt').open('ab') as log:
            return subprocess.Popen(
                [sys.executable, '-m', 'dask', *words],
                cwd=self.folder,
                env=self._variables,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
