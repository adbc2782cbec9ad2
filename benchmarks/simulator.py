# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""How fast the simulator draws, steps and resets, beside gym-pybullet-drones and PyFlyt.

python -m benchmarks.simulator [--json out.json] [--rounds 7] [--resets 200] [--clock wall]

Every figure is that of one core. The processor's clock counts the time spent computing, in all
threads, whatever else runs on the machine; --clock wall counts all time and needs an idle one.
Rates are the best of several rounds, reset_seconds is the median.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.record import find_versions, read_resident_mib, write_record
from lnn_control.core.frames import rotation_world_from_level
from lnn_control.core.messages import VehicleState, VelocityCommand
from sim.environment import TaskEnv
from sim.physics import Physics
from sim.renderers import make_renderer
from sim.sensors.pinhole import PinholeCamera
from sim.simulation import SimulationSettings
from sim.vehicles.quadrotor import Quadrotor
from sim.worlds import Layout, World, build_world

NUM_TREES = 200
NUM_ACTIONS = 80
CLOCKS = {'cpu': time.process_time, 'wall': time.perf_counter}
PACKAGES = ('lnn_control', 'numpy', 'pybullet', 'gymnasium', 'opencv-python', 'moderngl')
PEERS = Path(__file__).with_name('simulator_peers.py')
# Metric -> what it is, its unit, and the least (or with '<' the most) that is asked of it.
ROWS = {
    'tiny_128x72_fps': ('forest of 200 trees, tiny, 128x72', 'frames/s', '> 170'),
    'gl_128x72_fps': ('same, gl, 128x72', 'frames/s', '> 450'),
    'gl_256x144_fps': ('same, gl, 256x144', 'frames/s', '> 250'),
    'physics_steps_per_second': ('physics and controller, 200 trees', 'steps/s', '> 12000'),
    'realtime_factor_tiny': ('FlyToTarget, all sensors, tiny', 'x real time', '> 6'),
    'realtime_factor_gl': ('FlyToTarget, all sensors, gl', 'x real time', '> 15'),
    'two_process_scaling': ('two processes, tiny', 'x one', '> 1.8'),
    'reset_seconds': ('reset to a new forest', 's', '< 0.4'),
    'rss_growth_mib': ('memory growth over all resets', 'MiB', '< 10'),
    'gym_pybullet_drones_steps_per_second': ('gym-pybullet-drones, physics', 'steps/s', ''),
    'gym_pybullet_drones_64x48_fps': ('gym-pybullet-drones, 64x48, no scene', 'frames/s', ''),
    'pyflyt_steps_per_second': ('PyFlyt, physics', 'steps/s', ''),
    'pyflyt_128x72_fps': ('PyFlyt, 128x72, no scene', 'frames/s', ''),
    'pyflyt_256x144_fps': ('PyFlyt, 256x144, no scene', 'frames/s', ''),
}

Clock = Callable[[], float]


def build_large_forest() -> World:
    """Return a forest of as many solids as there can be, as dense as any."""
    layout = Layout((0.0, 0.0), (60.0, 0.0))
    for seed in range(100):
        world = build_world('forest', 'summer', layout, np.random.default_rng(seed))
        if sum(solid.height > 0.65 for solid in world.solids) == NUM_TREES:
            return world
    raise RuntimeError(f'no forest of {NUM_TREES} solids')


def measure_rate(call: Callable[[], int], rounds: int, clock: Clock) -> float:
    """Return how much a call does a second, in the best round.

    :param call: does some work and returns how much.
    """
    call()
    best = 0.0
    for _ in range(rounds):
        start = clock()
        count = call()
        best = max(best, count / (clock() - start))
    return best


def measure_rendering(name: str, size: tuple[int, int], rounds: int, clock: Clock) -> float:
    """Return frames a second on a flight through a forest."""
    renderer = make_renderer(name, PinholeCamera(*size))
    renderer.load(build_large_forest())
    poses = [
        (
            np.array([0.5 * i, 0.8 * np.sin(0.3 * i), 1.5]),
            rotation_world_from_level(0.3 * np.sin(i)),
        )
        for i in range(40)
    ]

    def draw() -> int:
        for pose in poses:
            renderer.render(*pose)
        return len(poses)

    rate = measure_rate(draw, rounds, clock)
    renderer.close()
    return rate


def measure_physics(rounds: int, clock: Clock) -> float:
    """Return steps a second: controller, rotors, rigid bodies, contacts and velocity."""
    rng, command = np.random.default_rng(0), VelocityCommand()
    with Physics() as physics:
        physics.load(build_large_forest())
        vehicle = Quadrotor(physics)
        vehicle.spawn(VehicleState(np.array([0.0, 0.0, 1.5]), np.array([0.0, 0.0, 0.0, 1.0])))

        def step() -> int:
            for _ in range(2400):
                vehicle.push(command, rng)
                physics.step()
                vehicle.read_velocity()
                physics.has_contact(vehicle.body)
            return 2400

        return measure_rate(step, rounds, clock)


def record_actions(env: TaskEnv, seed: int) -> list[NDArray[np.float32]]:
    """Return what the expert does in the first seconds of a trial."""
    env.reset(seed=seed)
    actions = []
    for _ in range(NUM_ACTIONS):
        actions.append(env.expert_command())
        env.step(actions[-1])
    return actions


def measure_realtime_factor(renderer: str, rounds: int, clock: Clock) -> float:
    """Return simulated seconds a second of an environment's steps, flown as the expert does."""
    env = TaskEnv(settings=SimulationSettings(renderer=renderer))
    period = 1.0 / env.simulation.settings.camera_rate
    actions = record_actions(env, 2_000_000)
    best = 0.0
    for _ in range(rounds):
        env.reset(seed=2_000_000)
        start = clock()
        for action in actions:
            env.step(action)
        best = max(best, len(actions) * period / (clock() - start))
    env.close()
    return best


def measure_in_processes(count: int, rounds: int, clock: str) -> float:
    """Return the sum of the real-time factors of processes that run at the same time."""
    with ProcessPoolExecutor(count, multiprocessing.get_context('spawn')) as pool:
        # All are up and warm before any is measured.
        list(pool.map(_measure_factor_here, [(1, clock)] * count))
        return sum(pool.map(_measure_factor_here, [(rounds, clock)] * count))


def _measure_factor_here(job: tuple[int, str]) -> float:
    cv2.setNumThreads(1)
    return measure_realtime_factor('tiny', job[0], CLOCKS[job[1]])


def measure_resets(count: int, clock: str) -> tuple[float, list[float]]:
    """Return seconds of a reset and how memory has grown after each [MiB].

    In a process of its own.
    """
    with ProcessPoolExecutor(1, multiprocessing.get_context('spawn')) as pool:
        return pool.submit(_measure_resets_here, count, clock).result()


def _measure_resets_here(count: int, clock: str) -> tuple[float, list[float]]:
    cv2.setNumThreads(1)
    now, env = CLOCKS[clock], TaskEnv()
    # The first worlds differ in size; after some of them the allocator has what it needs.
    for seed in range(5):
        env.reset(seed=seed)
    curve, seconds = [read_resident_mib()], []
    for seed in range(5, 5 + count):
        start = now()
        env.reset(seed=seed)
        seconds.append(now() - start)
        curve.append(read_resident_mib())
    env.close()
    return statistics.median(seconds), [round(mib - curve[0], 2) for mib in curve]


def measure_peers(python: str, clock: str) -> tuple[dict[str, float], dict[str, str], list[str]]:
    """Return metrics, versions and notes of the peers that an interpreter has."""
    command = [python, str(PEERS), '--clock', clock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return {}, {}, [f'peers: {(done.stderr.strip().splitlines() or ["failed"])[-1]}']
    answer = json.loads(done.stdout.splitlines()[-1])
    return answer['metrics'], answer['versions'], answer['notes']


def find_gl() -> tuple[str, str]:
    """Return what draws with OpenGL here, or nothing and the reason."""
    from sim.renderers.gl import open_context

    try:
        context = open_context()
    except (ModuleNotFoundError, OSError) as error:
        return '', str(error)
    device = str(context.info['GL_RENDERER'])
    context.release()
    return device, ''


def run(rounds: int, resets: int, clock: str) -> tuple[dict[str, float], list[float]]:
    """Return all metrics of ours, flat, those of gl only where EGL opens; and the memory curve."""
    now = CLOCKS[clock]
    metrics = {'tiny_128x72_fps': measure_rendering('tiny', (128, 72), rounds, now)}
    has_gl = bool(find_gl()[0])
    if has_gl:
        metrics['gl_128x72_fps'] = measure_rendering('gl', (128, 72), rounds, now)
        metrics['gl_256x144_fps'] = measure_rendering('gl', (256, 144), rounds, now)
    metrics['physics_steps_per_second'] = measure_physics(rounds, now)
    metrics['realtime_factor_tiny'] = measure_realtime_factor('tiny', rounds, now)
    if has_gl:
        metrics['realtime_factor_gl'] = measure_realtime_factor('gl', rounds, now)
    both, one = (measure_in_processes(count, rounds, clock) for count in (2, 1))
    metrics['two_process_scaling'] = both / one
    metrics['reset_seconds'], curve = measure_resets(resets, clock)
    metrics['rss_growth_mib'] = curve[-1]
    return metrics, curve


def print_table(metrics: dict[str, float]) -> None:
    print(f'{"":40}{"measured":>12}  {"unit":12}{"asked":>8}')
    for name, (title, unit, wanted) in ROWS.items():
        if name in metrics:
            digits = 0 if abs(metrics[name]) >= 100 else 2
            print(f'{title:40}{metrics[name]:12.{digits}f}  {unit:12}{wanted:>8}')


def print_curve(curve: list[float]) -> None:
    """Print how much memory has grown after every tenth of the resets."""
    marks = sorted({round(i * (len(curve) - 1) / 10) for i in range(11)})
    print('resets      ' + ''.join(f'{mark:7d}' for mark in marks))
    print('growth [MiB]' + ''.join(f'{curve[mark]:7.1f}' for mark in marks))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--rounds', type=int, default=7)
    parser.add_argument('--resets', type=int, default=200)
    parser.add_argument('--clock', choices=sorted(CLOCKS), default='cpu')
    parser.add_argument('--peers', default=sys.executable, help='Python that has the peers')
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    metrics, curve = run(arguments.rounds, arguments.resets, arguments.clock)
    theirs, versions, notes = measure_peers(arguments.peers, arguments.clock)
    metrics |= theirs
    device, reason = find_gl()
    print(f'one core, {arguments.clock} clock, best of {arguments.rounds}; gl: {device or reason}')
    print_table(metrics)
    print_curve(curve)
    for note in notes:
        print(note)
    if arguments.json is not None:
        versions |= {'gl': device or 'does not open', 'clock': arguments.clock}
        write_record(arguments.json, 'simulator', metrics, find_versions(PACKAGES) | versions)


if __name__ == '__main__':
    main()
