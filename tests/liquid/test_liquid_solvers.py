# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Solvers against the adaptive reference."""

from __future__ import annotations

import copy
import itertools
import math

import pytest
import torch

from lnn_control.liquid import LTC
from lnn_control.liquid.solvers import SOLVERS
from tests.liquid.liquid_cases import NUM_INPUTS, SMALL_WIRINGS

ORDERS = {'semi_implicit': 1.0, 'exponential': 1.0, 'euler': 1.0, 'rk4': 4.0}


def _measure_errors(solver: str, unfolds: list[int]) -> list[float]:
    reference = LTC(NUM_INPUTS, SMALL_WIRINGS['ncp'], solver='adaptive', dtype=torch.float64)
    inputs = torch.randn(3, 2, NUM_INPUTS, dtype=torch.float64)
    times = torch.tensor([0.3, 0.5, 0.8], dtype=torch.float64)
    with torch.no_grad():
        _, exact = reference(inputs, None, times)
        errors = []
        for count in unfolds:
            layer = copy.deepcopy(reference)
            layer.solver, layer.num_unfolds = solver, count
            errors.append((layer(inputs, None, times)[1] - exact).abs().max().item())
    return errors


def test_every_solver_has_an_order_or_is_the_reference() -> None:
    assert set(ORDERS) | {'adaptive'} == set(SOLVERS)


@pytest.mark.parametrize('solver', ORDERS)
def test_solver_converges_to_the_reference_at_its_order(solver: str) -> None:
    pytest.importorskip('torchdiffeq')
    unfolds = [16, 32, 64] if solver == 'rk4' else [32, 64, 128]
    errors = _measure_errors(solver, unfolds)
    for coarse, fine in itertools.pairwise(errors):
        assert math.log2(coarse / fine) == pytest.approx(ORDERS[solver], abs=0.35)
    assert errors[-1] < 0.02
