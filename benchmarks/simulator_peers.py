# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Steps and frames of gym-pybullet-drones and PyFlyt, as far as this interpreter has them.

benchmarks.simulator runs this file with the Python of --peers and reads its last line. It imports
nothing of ours, so the peers may live in an environment of their own.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

CLOCKS = {'cpu': time.process_time, 'wall': time.perf_counter}
ROUNDS = 5


def measure_rate(call: Callable[[], int], clock: Callable[[], float]) -> float:
    """Return how much a call does a second, in the best round."""
    call()
    best = 0.0
    for _ in range(ROUNDS):
        start = clock()
        count = call()
        best = max(best, count / (clock() - start))
    return best


def repeat(work: Callable[[], object], times: int, count_each: int = 1) -> Callable[[], int]:
    """Return a function that works so many times and returns how much that was."""

    def call() -> int:
        for _ in range(times):
            work()
        return times * count_each

    return call


def measure_gym_pybullet_drones(clock: Callable[[], float]) -> dict[str, float]:
    """Return steps with its velocity controller, and frames of its camera, without a scene."""
    from gym_pybullet_drones.envs.VelocityAviary import VelocityAviary

    env = VelocityAviary(gui=False, pyb_freq=240, ctrl_freq=240)
    env.reset(seed=0)
    hover = np.zeros((1, 4))
    steps = measure_rate(repeat(lambda: env.step(hover), 1200), clock)
    # The resolution is fixed in its sources.
    frames = measure_rate(repeat(lambda: env._getDroneImages(0), 40), clock)
    env.close()
    return {
        'gym_pybullet_drones_steps_per_second': steps,
        'gym_pybullet_drones_64x48_fps': frames,
    }


def measure_pyflyt(clock: Callable[[], float]) -> dict[str, float]:
    """Return steps with its velocity controller, and frames of its camera, without a scene."""
    from PyFlyt.core import Aviary

    place = {'start_pos': np.array([[0.0, 0.0, 1.5]]), 'start_orn': np.zeros((1, 3))}
    env = Aviary(**place, drone_type='quadx', render=False)
    env.set_mode(6)
    steps = measure_rate(repeat(env.step, 300, int(env.updates_per_step)), clock)
    env.disconnect()
    metrics = {'pyflyt_steps_per_second': steps}
    for width, height in ((128, 72), (256, 144)):
        options = {'use_camera': True, 'camera_resolution': (height, width)}
        env = Aviary(**place, drone_type='quadx', render=False, drone_options=options)
        capture = env.drones[0].camera.capture_image
        metrics[f'pyflyt_{width}x{height}_fps'] = measure_rate(repeat(capture, 15), clock)
        env.disconnect()
    return metrics


PEERS = {
    'gym-pybullet-drones': ('gym_pybullet_drones', measure_gym_pybullet_drones),
    'PyFlyt': ('PyFlyt', measure_pyflyt),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--clock', choices=sorted(CLOCKS), default='cpu')
    clock = CLOCKS[parser.parse_args().clock]
    metrics: dict[str, float] = {}
    versions: dict[str, str] = {}
    notes: list[str] = []
    for name, (module, measure) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            notes.append(f'{name}: not installed')
            continue
        try:
            metrics |= measure(clock)
            versions[name] = version(name)
        except Exception as error:  # a peer of another version must not end the benchmark
            notes.append(f'{name}: {type(error).__name__}: {error}')
    print(json.dumps({'metrics': metrics, 'versions': versions, 'notes': notes}))


if __name__ == '__main__':
    main()
