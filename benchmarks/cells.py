# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Training and single steps of the liquid cells against ncps, with torch's LSTM and GRU for scale.

python -m benchmarks.cells [--json out.json] [--rounds 9] [--neurons 19 32 64]

Every round runs each candidate in turn, a few calls each of which the first warms up and is not
counted, so all of them meet the same load of the machine. Figures are medians over the rounds, and
ratios are theirs / ours: above one, ours is faster. Ours has the weights of theirs.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from benchmarks.record import find_versions, read_resident_mib, write_record
from lnn_control.liquid import LTC, CfC, LiquidLayer, NCPWiring, layer_from_ncps
from lnn_control.liquid.from_ncps import state_order

BATCH, STEPS, NUM_INPUTS, NUM_MOTORS = 32, 64, 64, 4
CELLS = ('ltc', 'cfc')


@dataclasses.dataclass(frozen=True)
class Peers:
    """One size of one cell: theirs, ours with the same weights, and ours as one would make it."""

    theirs: nn.Module
    ours: LiquidLayer
    native: LiquidLayer


def make_peers(cell: str, num_neurons: int) -> Peers:
    from ncps import torch as ncps_torch
    from ncps.wirings import AutoNCP

    torch.manual_seed(0)
    make = {'ltc': ncps_torch.LTC, 'cfc': ncps_torch.CfC}[cell]
    theirs = make(NUM_INPUTS, AutoNCP(num_neurons, NUM_MOTORS))
    wiring = NCPWiring.from_num_neurons(num_neurons, NUM_MOTORS)
    native = {'ltc': LTC, 'cfc': CfC}[cell](NUM_INPUTS, wiring)
    return Peers(theirs, layer_from_ncps(theirs), native)


def train_once(module: nn.Module, inputs: Tensor) -> None:
    module.zero_grad()
    outputs, _ = module(inputs)
    outputs.square().mean().backward()


def make_step(module: nn.Module, num_neurons: int) -> Callable[[], object]:
    inputs, state = torch.randn(1, 1, NUM_INPUTS), torch.zeros(1, num_neurons)
    if isinstance(module, LiquidLayer):
        return lambda: module(inputs, state, module.typical_elapsed_time)
    if isinstance(module, nn.LSTM):
        first = (state.unsqueeze(0), state.unsqueeze(0))
        return lambda: module(inputs, first)
    if isinstance(module, nn.GRU):
        return lambda: module(inputs, state.unsqueeze(0))
    return lambda: module(inputs, state)


def time_interleaved(
    candidates: dict[str, Callable[[], object]], rounds: int, calls: int
) -> dict[str, float]:
    """Return the median seconds of a call of each candidate."""
    seconds: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            call()
            for _ in range(calls):
                start = time.perf_counter()
                call()
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def measure_differences(peers: Peers) -> tuple[float, float]:
    """Return how far outputs, states and input gradients are apart, forward and backward."""
    theirs = torch.randn(BATCH, STEPS, NUM_INPUTS, requires_grad=True)
    ours = theirs.detach().clone().requires_grad_()
    their_outputs, their_state = peers.theirs(theirs)
    our_outputs, our_state = peers.ours(ours)
    their_outputs.square().mean().backward()
    our_outputs.square().mean().backward()
    our_state = our_state[:, state_order(peers.theirs)]
    forward = max(
        (our_outputs - their_outputs).abs().max().item(),
        (our_state - their_state).abs().max().item(),
    )
    return forward, (ours.grad - theirs.grad).abs().max().item()


def measure_peak(cell: str, who: str, num_neurons: int) -> float:
    """Return the MiB that a training step needs at its peak, in a process of its own."""
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        return pool.apply(_measure_peak_here, (cell, who, num_neurons))


def _measure_peak_here(cell: str, who: str, num_neurons: int) -> float:
    torch.set_num_threads(1)
    module = getattr(make_peers(cell, num_neurons), who)
    train_once(module, torch.randn(2, 2, NUM_INPUTS))
    inputs = torch.randn(BATCH, STEPS, NUM_INPUTS)
    Path('/proc/self/clear_refs').write_text('5')  # forget the peak so far
    before = read_resident_mib()
    train_once(module, inputs)
    return read_resident_mib('VmHWM') - before


def measure_import(repeats: int = 5) -> float:
    """Return the milliseconds that importing the library adds to importing torch."""
    code = (
        'import time, torch; start = time.perf_counter(); import lnn_control.liquid; '
        'print(time.perf_counter() - start)'
    )
    # The first run may have to compile the sources, as once after installing: it does not count.
    environment = {**os.environ, 'PYTHONDONTWRITEBYTECODE': ''}
    command = [sys.executable, '-c', code]
    runs = [
        subprocess.run(command, capture_output=True, check=True, env=environment)
        for _ in range(repeats + 1)
    ]
    return 1e3 * statistics.median(float(run.stdout) for run in runs[1:])


def run(sizes: list[int], rounds: int) -> dict[str, float]:
    """Return all metrics, flat."""
    metrics: dict[str, float] = {}
    forward_gap = backward_gap = 0.0
    inputs = torch.randn(BATCH, STEPS, NUM_INPUTS)
    for size in sizes:
        modules: dict[str, nn.Module] = {}
        for cell in CELLS:
            peers = make_peers(cell, size)
            gaps = measure_differences(peers)
            forward_gap, backward_gap = max(forward_gap, gaps[0]), max(backward_gap, gaps[1])
            for who in ('theirs', 'ours', 'native'):
                modules[f'{cell}_{who}'] = getattr(peers, who)
        modules['lstm'] = nn.LSTM(NUM_INPUTS, size, batch_first=True)
        modules['gru'] = nn.GRU(NUM_INPUTS, size, batch_first=True)
        train = time_interleaved(
            {
                name: lambda module=module: train_once(module, inputs)
                for name, module in modules.items()
            },
            rounds,
            2,
        )
        with torch.no_grad():
            step = time_interleaved(
                {name: make_step(module, size) for name, module in modules.items()}, rounds, 60
            )
        metrics |= {f'{name}_train_ms_{size}': 1e3 * value for name, value in train.items()}
        metrics |= {f'{name}_step_us_{size}': 1e6 * value for name, value in step.items()}
        for cell in CELLS:
            for kind, seconds in (('train', train), ('step', step)):
                theirs = seconds[f'{cell}_theirs']
                metrics[f'{cell}_{kind}_ratio_{size}'] = theirs / seconds[f'{cell}_ours']
                native = theirs / seconds[f'{cell}_native']
                metrics[f'{cell}_{kind}_native_ratio_{size}'] = native
            for who in ('theirs', 'ours'):
                metrics[f'{cell}_{who}_peak_mib_{size}'] = measure_peak(cell, who, size)
    metrics['import_ms'] = measure_import()
    metrics['max_abs_difference'] = forward_gap
    metrics['max_abs_gradient_difference'] = backward_gap
    return metrics


def print_table(metrics: dict[str, float], sizes: list[int]) -> None:
    print(f'batch {BATCH}, {STEPS} steps, {NUM_INPUTS} inputs, {NUM_MOTORS} motors, 1 thread')
    print('native: sparse gates and recurrence, as CfC(...) and LTC(...) make them')
    header = f'{"":34}' + ''.join(f'{f"{size} neurons":>14}' for size in sizes)
    for title, key, form in (
        ('{} training, ratio to ncps', '{}_train_ratio_{}', '{:.1f}x'),
        ('{} training, native', '{}_train_native_ratio_{}', '{:.1f}x'),
        ('{} single step, ratio to ncps', '{}_step_ratio_{}', '{:.1f}x'),
        ('{} single step, native', '{}_step_native_ratio_{}', '{:.1f}x'),
        ('{} training, ours [ms]', '{}_ours_train_ms_{}', '{:.1f}'),
        ('{} training, ncps [ms]', '{}_theirs_train_ms_{}', '{:.1f}'),
        ('{} single step, ours [us]', '{}_ours_step_us_{}', '{:.0f}'),
        ('{} single step, ncps [us]', '{}_theirs_step_us_{}', '{:.0f}'),
        ('{} training peak, ours [MiB]', '{}_ours_peak_mib_{}', '{:.1f}'),
        ('{} training peak, ncps [MiB]', '{}_theirs_peak_mib_{}', '{:.1f}'),
    ):
        if header:
            print(header)
            header = ''
        for cell, name in (('ltc', 'NCP-LTC'), ('cfc', 'NCP-CfC')):
            values = ''.join(
                f'{form.format(metrics[key.format(cell, size)]):>14}' for size in sizes
            )
            print(f'{title.format(name):34}{values}')
    for cell in ('lstm', 'gru'):
        for title, key in (('training [ms]', 'train_ms'), ('single step [us]', 'step_us')):
            values = ''.join(f'{metrics[f"{cell}_{key}_{size}"]:>14.1f}' for size in sizes)
            print(f'{f"torch {cell.upper()} {title}":34}{values}')
    gap, gradient_gap = metrics['max_abs_difference'], metrics['max_abs_gradient_difference']
    print(f'largest difference to ncps: {gap:.1e} in outputs and states,')
    print(f'{gradient_gap:.1e} in input gradients')
    print(f'importing lnn_control.liquid after torch: {metrics["import_ms"]:.0f} ms')


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--json', type=Path, help='write the metrics to this file')
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--neurons', type=int, nargs='+', default=[19, 32, 64])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    metrics = run(arguments.neurons, arguments.rounds)
    print_table(metrics, arguments.neurons)
    if arguments.json is not None:
        write_record(arguments.json, 'cells', metrics, find_versions(('torch', 'ncps', 'numpy')))


if __name__ == '__main__':
    main()
