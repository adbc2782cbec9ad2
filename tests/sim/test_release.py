# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
import copy
import gc
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from sim.environment import TaskEnv
from sim.release import release_with
from sim.simulation import Simulation, SimulationSettings
from tests.sim.conftest import BlankRenderer

ROOT = Path(__file__).resolve().parents[2]
NUM_DROPPED = 10
MEMORY = """
import gc, sys
import gymnasium
import sim.environment
from sim.simulation import SimulationSettings


def measure_memory():
    with open('/proc/self/status') as file:
        lines = dict(line.split(':', 1) for line in file)
    return int(lines['RssAnon'].split()[0]) / 1024


def use_environment(seed):
    settings = SimulationSettings(renderer=sys.argv[1])
    env = gymnasium.make('lnn_control/FlyToTarget-v0', settings=settings)
    env.reset(seed=seed)


# A driver of OpenGL that is loaded stays.
use_environment(0)
gc.collect()
before = measure_memory()
for seed in range(int(sys.argv[2])):
    use_environment(seed)
    gc.collect()
print(measure_memory() - before)
"""


class Owner:
    pass


def test_release_happens_once_whether_called_or_dropped():
    released = []
    for closes in (True, False):
        owner = Owner()
        release = release_with(owner, lambda: released.append(True))
        if closes:
            release()
            release()
        del owner
        gc.collect()
        release()
    assert released == [True, True]


def test_a_forked_child_does_not_close_what_its_parent_opened():
    released = []
    owner = Owner()
    release = release_with(owner, lambda: released.append(True))
    child = os.fork()
    if child == 0:
        release()
        del owner
        gc.collect()
        os._exit(len(released))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert released == []
    del owner
    assert released == [True]


@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='reads /proc')
@pytest.mark.parametrize('renderer', ['tiny', 'gl'])
def test_memory_of_environments_comes_back_without_closing_them(renderer):
    done = subprocess.run(
        [sys.executable, '-c', MEMORY, renderer, str(NUM_DROPPED)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    # [MiB]; 1,480 for the renderer tiny without giving anything back.
    assert float(done.stdout.splitlines()[-1]) < 20.0


def test_a_dropped_environment_closes_everything_at_once(blank_renderer, monkeypatch):
    closed = []
    monkeypatch.setattr(BlankRenderer, 'close', lambda self: closed.append(self))
    env = TaskEnv(settings=SimulationSettings(renderer=blank_renderer))
    client = env.simulation._physics.client
    env.reset(seed=0)
    gc.disable()
    try:
        del env
        assert len(closed) == 1
        assert client._client == -1
    finally:
        gc.enable()


@pytest.mark.parametrize('clone', [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_simulation_says_that_it_cannot_be_copied(blank_renderer, clone):
    simulation = Simulation(SimulationSettings(renderer=blank_renderer))
    with pytest.raises(TypeError, match='a simulation cannot be copied: make a new one'):
        clone(simulation)
    simulation.close()
