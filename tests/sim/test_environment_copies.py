# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Copies of environments live their own lives, from where the original was."""

import copy
import gc
import pickle
import subprocess
import sys
from functools import partial
from pathlib import Path

import gymnasium
import numpy as np
import pytest

import sim  # noqa: F401
from sim.disturbances import DroppedFrames, GustingWind, MassChange, PixelNoise
from sim.environment import TaskEnv
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.vehicles.quadrotor import Quadrotor, QuadrotorParameters

ROOT = Path(__file__).resolve().parents[2]
NAME = 'lnn_control/FlyToTarget-v0'
FORWARD = np.array([1.5, 0.2, 0.0, 0.1], np.float32)
DISTURBANCES = (PixelNoise(20.0), DroppedFrames(0.3), GustingWind(4.0, 2.0), MassChange(1.2))
LIFTED = partial(Quadrotor, parameters=QuadrotorParameters(ground_effect=True))


def pickle_and_unpickle(env):
    return pickle.loads(pickle.dumps(env))


every_way = pytest.mark.parametrize('clone', [copy.copy, copy.deepcopy, pickle_and_unpickle])


@pytest.fixture(scope='module')
def settings() -> SimulationSettings:
    return SimulationSettings(camera=PinholeCamera(32, 18), layers=True)


def fly(env, steps: int) -> list[bytes]:
    """Return all that a few steps give, as bytes to compare."""
    seen = []
    for _ in range(steps):
        observation, reward, _, _, info = env.step(FORWARD)
        parts = (*observation.values(), np.float64(reward), info['position'], info['velocity'])
        seen.append(b''.join(np.ascontiguousarray(part).tobytes() for part in parts))
    return seen


@every_way
@pytest.mark.parametrize('wraps', [False, True])
def test_a_copy_flies_on_from_where_the_original_is(settings, clone, wraps):
    arguments = {'settings': settings, 'disturbances': DISTURBANCES, 'vehicle': LIFTED}
    env = gymnasium.make(NAME, **arguments) if wraps else TaskEnv(**arguments)
    env.reset(seed=5, options={'season': 'winter'})
    fly(env, 6)
    before = env.unwrapped.simulation.state
    again = clone(env)
    assert again.unwrapped.simulation is not env.unwrapped.simulation
    ahead = fly(again, 8)
    # The original has not moved, and gets to the same place by itself.
    assert env.unwrapped.simulation.state.stamp == before.stamp
    again.close()
    assert fly(env, 8) == ahead
    assert [one.spec and one.spec.id for one in (env, again)] == [NAME if wraps else None] * 2
    env.close()


@every_way
def test_the_end_of_a_copy_leaves_the_original_alone(blank_renderer, clone):
    env = TaskEnv(settings=SimulationSettings(renderer=blank_renderer))
    env.reset(seed=1)
    again = clone(env)
    del again
    gc.collect()
    place = env.simulation.state.position_world
    for _ in range(20):
        env.step(FORWARD)
    assert np.linalg.norm(env.simulation.state.position_world - place) > 0.5
    env.close()


@every_way
def test_generators_go_on_alike_and_apart(blank_renderer, clone):
    env = TaskEnv(settings=SimulationSettings(renderer=blank_renderer))
    env.reset(seed=1)
    env.action_space.seed(2)
    again = clone(env)
    actions = [again.action_space.sample().tolist() for _ in range(3)]
    seeds = [again.reset()[1]['seed'] for _ in range(3)]
    assert [env.action_space.sample().tolist() for _ in range(3)] == actions
    assert [env.reset()[1]['seed'] for _ in range(3)] == seeds
    again.close()
    env.close()


@every_way
def test_a_copy_made_before_the_first_reset_or_after_the_end_must_be_reset(blank_renderer, clone):
    env = TaskEnv(settings=SimulationSettings(renderer=blank_renderer))
    fresh = clone(env)
    env.reset(seed=1)
    env.close()
    for again in (fresh, clone(env)):
        with pytest.raises(RuntimeError, match=r'call reset\(\) before step\(\)'):
            again.step(FORWARD)
        again.reset(seed=1)
        again.step(FORWARD)
        again.close()


def test_an_environment_flies_on_in_another_process(settings, tmp_path):
    env = TaskEnv(settings=settings)
    env.reset(seed=5)
    fly(env, 4)
    path = tmp_path / 'env.pickle'
    path.write_bytes(pickle.dumps(env))
    script = (
        'import pickle, sys\n'
        'from tests.sim.test_environment_copies import fly\n'
        'with open(sys.argv[1], "rb") as file:\n'
        '    env = pickle.load(file)\n'
        'print(b"".join(fly(env, 3)).hex())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', script, str(path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert done.stdout.splitlines()[-1] == b''.join(fly(env, 3)).hex()
    env.close()
