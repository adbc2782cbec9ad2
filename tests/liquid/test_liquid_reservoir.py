# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Reservoirs and their readouts, against closed forms and against reservoirpy."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from lnn_control.liquid import (
    LinearReadout,
    RecursiveLeastSquares,
    Reservoir,
    build_layer,
    fit_ridge,
)

WARM_UP = 100


def _mackey_glass(steps: int) -> Tensor:
    """Return the delay equation of Mackey and Glass (1977), tau 17, sampled once a time unit."""
    per_unit, delay = 10, 170
    values = np.full(delay + steps * per_unit + 1, 1.2)
    for i in range(delay, len(values) - 1):
        past = values[i - delay]
        values[i + 1] = values[i] + (0.2 * past / (1.0 + past**10) - 0.1 * values[i]) / per_unit
    return torch.as_tensor(values[delay + 1 :: per_unit] - 1.0).float().view(-1, 1)


def _error(predicted: Tensor, wanted: Tensor) -> float:
    """Return the root mean squared error in standard deviations of what was wanted."""
    return ((predicted - wanted).square().mean().sqrt() / wanted.std()).item()


def _make_reservoir(neurons: int = 80) -> Reservoir:
    # Elapsed 1 and this time constant give a leak of 0.3 a step.
    return Reservoir(
        1,
        neurons,
        spectral_radius=0.9,
        bias_scaling=0.1,
        density=0.2,
        typical_elapsed_time=1.0,
        time_constant=-1.0 / math.log(0.7),
        seed=2,
        dtype=torch.float64,
    )


def test_weights_have_the_asked_spectrum_density_and_scale() -> None:
    reservoir = Reservoir(3, 50, spectral_radius=0.7, input_scaling=0.4, density=0.2)
    eigenvalues = torch.linalg.eigvals(reservoir.weight.double())
    assert eigenvalues.abs().max().item() == pytest.approx(0.7, rel=1e-4)
    assert (reservoir.weight != 0).sum() == 500
    assert 0.3 < reservoir.input_weight.abs().max() <= 0.4
    assert not list(reservoir.parameters())
    assert len(reservoir.list_synapses()) == 500 + 150


def test_seed_decides_the_reservoir() -> None:
    first, second, third = (Reservoir(1, 20, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first.weight, second.weight) and not torch.equal(first.weight, third.weight)
    assert torch.equal(build_layer(first.to_config()).weight, first.weight)


def test_state_forgets_where_it_started() -> None:
    reservoir, inputs = _make_reservoir(), _mackey_glass(200).double().unsqueeze(0)
    ends = [reservoir(inputs, torch.full((1, 80), start).double())[1] for start in (-1.0, 1.0)]
    torch.testing.assert_close(*ends, rtol=0.0, atol=1e-6)


def test_ridge_readout_solves_a_linear_problem_exactly() -> None:
    features = torch.randn(4, 30, 6, dtype=torch.float64)
    weight, bias = torch.randn(6, 2, dtype=torch.float64), torch.tensor([3.0, -5.0]).double()
    readout = fit_ridge(features, features @ weight + bias, ridge=0.0)
    torch.testing.assert_close(readout.weight, weight)
    torch.testing.assert_close(readout.bias, bias)


def test_ridge_shrinks_one_weight_by_its_closed_form() -> None:
    # Centred features -1, 1 and targets -2, 2: weight = 4 / (2 + ridge), the bias is not shrunk.
    features, targets = torch.tensor([[4.0], [6.0]]), torch.tensor([[8.0], [12.0]])
    readout = fit_ridge(features, targets, ridge=2.0)
    assert readout.weight.item() == pytest.approx(1.0)
    assert readout.bias.item() == pytest.approx(10.0 - 5.0)


def test_recursive_least_squares_ends_where_ridge_regression_does() -> None:
    features = torch.randn(60, 5, dtype=torch.float64)
    targets = torch.randn(60, 2, dtype=torch.float64)
    learner = RecursiveLeastSquares(5, 2, regularisation=0.3)
    state = learner.initial_state()
    for row, target in zip(features, targets, strict=True):
        _, state = learner.update(state, row, target)
    rows = torch.cat((features, torch.ones(60, 1).double()), dim=1)
    exact = torch.linalg.solve(rows.T @ rows + 0.3 * torch.eye(6).double(), rows.T @ targets)
    torch.testing.assert_close(state.weight, exact, rtol=1e-8, atol=1e-9)


def test_forgetting_weighs_samples_by_their_age() -> None:
    features = torch.randn(20, 3, dtype=torch.float64)
    targets = torch.randn(20, 1, dtype=torch.float64)
    learner = RecursiveLeastSquares(3, 1, forgetting=0.8, regularisation=0.5)
    state = learner.initial_state()
    for row, target in zip(features, targets, strict=True):
        _, state = learner.update(state, row, target)
    rows = torch.cat((features, torch.ones(20, 1).double()), dim=1)
    age = 0.8 ** torch.arange(19, -1, -1).double()
    gram = (rows.T * age) @ rows + 0.8**20 * 0.5 * torch.eye(4).double()
    exact = torch.linalg.solve(gram, (rows.T * age) @ targets)
    torch.testing.assert_close(state.weight, exact, rtol=1e-8, atol=1e-9)


def test_forgetting_follows_a_changed_system() -> None:
    features = torch.randn(400, 3, dtype=torch.float64)
    weights = torch.tensor([[1.0], [2.0], [3.0]]).double()
    for forgetting, is_close in ((0.95, True), (1.0, False)):
        learner = RecursiveLeastSquares(3, 1, forgetting=forgetting)
        state = learner.initial_state()
        for index, row in enumerate(features):
            target = row @ (weights if index < 200 else -weights)
            _, state = learner.update(state, row, target)
        assert torch.allclose(state.weight[:3], -weights, atol=1e-2) == is_close


def test_mackey_glass_is_forecast_by_a_ridge_readout() -> None:
    series = _mackey_glass(1500).double()
    features = _make_reservoir()(series[:-1].unsqueeze(0))[0][0]
    readout = fit_ridge(features[WARM_UP:1000], series[WARM_UP + 1 : 1001], ridge=1e-8)
    assert isinstance(readout, LinearReadout)
    # Repeating the last value, the naive forecast, is off by 0.16 standard deviations.
    assert _error(readout(features[1000:]), series[1001:]) < 0.01


def test_online_learning_matches_reservoirpy_on_mackey_glass() -> None:
    """The same reservoir and the same updates: the same predictions, one after the other."""
    pytest.importorskip('reservoirpy')
    from reservoirpy.nodes import RLS
    from reservoirpy.nodes import Reservoir as TheirReservoir

    series = _mackey_glass(600).double()
    ours = _make_reservoir(40)
    theirs = TheirReservoir(
        units=40,
        lr=0.3,
        W=ours.weight.numpy(),
        Win=ours.input_weight.numpy(),
        bias=ours.bias.numpy(),
    )
    features = ours(series[:-1].unsqueeze(0))[0][0]
    their_features = np.asarray(theirs.run(series[:-1].numpy()))
    np.testing.assert_allclose(features.numpy(), their_features, rtol=1e-6, atol=1e-9)

    learner = RecursiveLeastSquares(40, 1, regularisation=1e-4)
    state, predictions = learner.initial_state(), []
    for row, target in zip(features, series[1:], strict=True):
        prediction, state = learner.update(state, row, target)
        predictions.append(prediction)
    online = torch.stack(predictions)
    rows = np.concatenate((their_features, np.ones((599, 1))), axis=1)
    their_online = _learn_online(RLS(alpha=1e-4, fit_bias=False), rows, series)
    torch.testing.assert_close(online, their_online, rtol=1e-5, atol=1e-7)
    # Left to its own ways, reservoirpy learns the bias apart from the weights.
    usual = _learn_online(RLS(alpha=1e-4), their_features, series)
    late = slice(300, None)
    assert _error(online[late], series[1:][late]) < 0.02
    assert _error(online[late], series[1:][late]) <= 1.05 * _error(usual[late], series[1:][late])


def _learn_online(readout: Any, rows: np.ndarray, series: Tensor) -> Tensor:
    """Return each prediction of a readout of reservoirpy before it learned from the sample."""
    targets = series[1:].numpy()
    readout.initialize(rows[0], targets[0])
    predictions = []
    for row, target in zip(rows, targets, strict=True):
        predictions.append(readout.step(row))
        readout.partial_fit(row[None], target[None])
    return torch.as_tensor(np.asarray(predictions)).view(-1, 1)
