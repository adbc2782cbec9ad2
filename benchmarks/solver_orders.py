# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Draw how the LTC solvers converge to the adaptive reference as unfolds grow.

python -m benchmarks.solver_orders [--out docs/liquid_solver_orders.svg]

The adaptive reference needs torchdiffeq.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lnn_control.liquid import LTC, NCPWiring
from lnn_control.reports.circuit import plot_orders

UNFOLDS = np.array([1, 2, 4, 8, 16, 32, 64])
SOLVERS = ('semi_implicit', 'exponential', 'euler', 'rk4')


def measure_errors() -> dict[str, NDArray[np.float64]]:
    """Return for each solver the largest error of any state at each number of unfolds."""
    torch.manual_seed(0)
    wiring = NCPWiring.from_num_neurons(19, 4)
    reference = LTC(8, wiring, solver='adaptive', dtype=torch.float64)
    inputs = torch.randn(8, 2, 8, dtype=torch.float64)
    times = torch.linspace(0.05, 0.4, 8, dtype=torch.float64)
    errors = {}
    with torch.no_grad():
        _, exact = reference(inputs, None, times)
        for solver in SOLVERS:
            layer = copy.deepcopy(reference)
            layer.solver, values = solver, []
            for count in UNFOLDS.tolist():
                layer.num_unfolds = count
                values.append((layer(inputs, None, times)[1] - exact).abs().max().item())
            errors[solver] = np.array(values)
    return errors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--out', type=Path, default=Path('docs/liquid_solver_orders.svg'))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    errors = measure_errors()
    for solver, values in errors.items():
        print(f'{solver:14}' + ''.join(f'{value:10.1e}' for value in values))
    plot_orders(UNFOLDS, errors).savefig(arguments.out)


if __name__ == '__main__':
    main()
