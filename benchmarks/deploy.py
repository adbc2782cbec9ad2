# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""One step of the shipped policy with each backend on one thread, and what a program weighs.

python -m benchmarks.deploy [--json out.json] [--rounds 9] [--calls 60]

Every round runs each backend in turn, so all of them meet the same load of the machine; figures
are medians over the rounds, from observation to command as it is flown. The core's limit is the
network's number of floating-point operations over the rate of a large matrix product in the same
run. Sizes are those of the object for a Cortex-M7 at -O2, where its compiler is installed;
`policy_node` is measured where ROS 2 is.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from benchmarks.cells import time_interleaved
from benchmarks.record import find_versions, write_record
from lnn_control.core.observation import NUM_IMU_FEATURES, Observation
from lnn_control.deploy.export import Order, export_checkpoint
from lnn_control.policies.backends.c_policy import CPolicy
from lnn_control.policies.backends.onnx_policy import OnnxPolicy
from lnn_control.policies.checkpoint import load_policy
from lnn_control.policies.folders import DEFAULT_POLICY, find_checkpoint
from lnn_control.policies.network import Network
from lnn_control.policies.policy import Policy

ELAPSED_TIME = 0.05
M7 = ('arm-none-eabi-gcc', 'arm-none-eabi-size')
M7_FLAGS = ('-mcpu=cortex-m7', '-mthumb', '-mfloat-abi=hard', '-mfpu=fpv5-sp-d16')
# Prints how long a node took to be configured from the start of its process, and its memory.
NODE = """
import sys
import rclpy
from lnn_control.nodes.effort import measure_age, measure_memory
from lnn_control.nodes.policy_node import PolicyNode
rclpy.init(args=sys.argv)
node = PolicyNode()
node.trigger_configure()
print(measure_age(), measure_memory() / 2**20)
node.destroy_node()
rclpy.shutdown()
"""


def make_images(network: Network, count: int) -> np.ndarray:
    size = network.config.preprocessing
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size.height_px, size.width_px, 3), dtype=np.uint8)


def export_all(folder: Path) -> dict[str, Path]:
    """Return the folders of the shipped policy's exports."""
    checkpoint = find_checkpoint(DEFAULT_POLICY)
    network = load_policy(checkpoint).network
    orders = {
        'onnx': Order('onnx'),
        'c': Order('c'),
        # What the scales are made of changes nothing here.
        'c_int8': Order('c', calibration=make_images(network, 8)),
    }
    for name, order in orders.items():
        export_checkpoint(checkpoint, folder / name, order)
    return {name: folder / name for name in orders}


def make_step(policy: Policy, observation: Observation) -> Callable[[], object]:
    """Return a step from observation to command."""
    state = policy.initial_state()
    return lambda: policy(observation, state, ELAPSED_TIME)


def time_steps(folders: dict[str, Path], rounds: int, calls: int) -> dict[str, float]:
    """Return the time of a step with each backend [ms]."""
    torch_policy = load_policy(DEFAULT_POLICY)
    imu = np.random.default_rng(0).normal(size=NUM_IMU_FEATURES).astype(np.float32)
    observation = Observation(make_images(torch_policy.network, 1)[0], imu)
    policies: dict[str, Policy] = {
        'torch': torch_policy,
        'onnx': OnnxPolicy(folders['onnx']),
        'c_native': CPolicy(folders['c']),
        'c_plain': CPolicy(folders['c'], ('-O2',)),
        'c_int8': CPolicy(folders['c_int8']),
        'c_int8_plain': CPolicy(folders['c_int8'], ('-O2',)),
    }
    steps = {name: make_step(policy, observation) for name, policy in policies.items()}
    seconds = time_interleaved(steps, rounds, calls)
    metrics = {f'{name}_ms': 1e3 * value for name, value in seconds.items()}
    return metrics | {'flop_limit_ms': measure_limit(torch_policy.network)}


def count_operations(network: Network) -> float:
    """Return additions and multiplications of a step."""
    height, width = network.encoder.size_px
    operations = 0.0
    for layer in network.encoder.convolutions:
        if isinstance(layer, torch.nn.Conv2d):
            height, width = -(-height // layer.stride[0]), -(-width // layer.stride[1])
            operations += 2.0 * height * width * layer.weight.numel()
    return operations + 2.0 * network.count_parts()['memory']


def measure_limit(network: Network, size: int = 768, rounds: int = 12) -> float:
    """Return how long the operations of a step take at the rate of a matrix product [ms]."""
    left, right = torch.randn(size, size), torch.randn(size, size)
    best = float('inf')
    for _ in range(rounds):
        started = time.perf_counter()
        torch.mm(left, right)
        best = min(best, time.perf_counter() - started)
    return 1e3 * count_operations(network) * best / (2.0 * size**3)


def measure_sizes(folder: Path, prefix: str) -> dict[str, float]:
    """Return flash and static memory of a program on a Cortex-M7 [bytes]."""
    made = folder / 'policy.o'
    flags = ['-std=c99', '-ffp-contract=off', '-O2', *M7_FLAGS]
    subprocess.run([M7[0], *flags, '-c', '-o', made, folder / 'lnn_policy.c'], check=True)
    done = subprocess.run([M7[1], made], capture_output=True, text=True, check=True)
    text, data, bss = (int(word) for word in done.stdout.splitlines()[1].split()[:3])
    return {f'{prefix}_flash_bytes': text + data, f'{prefix}_ram_bytes': data + bss}


def measure_node(policy: str) -> tuple[float, float]:
    """Return the time to ready [s] and the memory [MiB] of policy_node: best of three."""
    command = [sys.executable, '-c', NODE, '--ros-args', '-p', f'policy:={policy}']
    found = []
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        found.append([float(word) for word in done.stdout.split()[-2:]])
    age, memory = np.min(found, axis=0)
    return float(age), float(memory)


def measure_nodes(folders: dict[str, Path]) -> dict[str, float]:
    """Return time and memory of policy_node with each backend."""
    metrics = {}
    policies = {'c': str(folders['c']), 'onnx': str(folders['onnx']), 'torch': DEFAULT_POLICY}
    for name, policy in policies.items():
        age, memory = measure_node(policy)
        metrics |= {f'node_{name}_ready_s': age, f'node_{name}_mib': memory}
    return metrics


def run(rounds: int, calls: int) -> dict[str, float]:
    """Return all metrics, flat."""
    with tempfile.TemporaryDirectory() as scratch:
        folders = export_all(Path(scratch))
        metrics = time_steps(folders, rounds, calls)
        if all(shutil.which(program) for program in M7):
            for prefix in ('c', 'c_int8'):
                metrics |= measure_sizes(folders[prefix], prefix)
        if importlib.util.find_spec('rclpy') is not None:
            metrics |= measure_nodes(folders)
    return metrics


def print_table(metrics: dict[str, float]) -> None:
    print(f'one step of {DEFAULT_POLICY}, batch 1, 1 thread')
    for name, value in metrics.items():
        print(f'{name:24}{value:12.0f}' if name.endswith('bytes') else f'{name:24}{value:12.3f}')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--calls', type=int, default=60, help='of each backend in a round')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    metrics = run(arguments.rounds, arguments.calls)
    print_table(metrics)
    if arguments.json is not None:
        versions = find_versions(('torch', 'numpy', 'onnxruntime'))
        write_record(arguments.json, 'deploy', metrics, versions)


if __name__ == '__main__':
    main()
