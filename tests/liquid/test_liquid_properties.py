# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What holds for every neuron on every wiring with every solver."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lnn_control.liquid import LAYERS, LiquidLayer, build_layer
from lnn_control.liquid.solvers import SOLVERS
from lnn_control.liquid.wiring import WIRINGS
from tests.liquid.liquid_cases import CASES, FAST_CASES, NUM_INPUTS

BATCH, STEPS = 3, 6


def _draw(layer: LiquidLayer, longest: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, state and irregular times, even in logarithm from 1 ms to the longest."""
    dtype = layer.initial_state(1).dtype
    inputs = torch.randn(BATCH, STEPS, NUM_INPUTS, dtype=dtype)
    state = 0.5 * torch.randn(BATCH, layer.state_size, dtype=dtype)
    exponent = torch.rand(BATCH, STEPS, dtype=dtype) * math.log(longest / 1e-3)
    return inputs, state, 1e-3 * torch.exp(exponent)


def _make(name: str) -> LiquidLayer:
    if 'adaptive' in name:
        pytest.importorskip('torchdiffeq')
    return CASES[name].make().double()


def test_cases_cover_every_registered_layer_wiring_and_solver() -> None:
    words = {word for name in CASES for word in name.split('-')}
    assert set(LAYERS) | set(WIRINGS) | set(SOLVERS) <= words


@pytest.mark.parametrize('name', CASES)
def test_same_seed_gives_same_finite_outputs(name: str) -> None:
    runs = []
    for _ in range(2):
        torch.manual_seed(7)
        layer = _make(name)
        outputs, state = layer(*_draw(layer, CASES[name].longest_step))
        assert outputs.shape == (BATCH, STEPS, layer.num_outputs)
        assert state.shape == (BATCH, layer.state_size)
        assert torch.isfinite(outputs).all() and torch.isfinite(state).all()
        runs.append(outputs)
    assert torch.equal(*runs)


@pytest.mark.parametrize('name', CASES)
def test_gradients_equal_finite_differences(name: str) -> None:
    layer = _make(name)
    # Explicit solvers far from stability amplify the error of the difference, not of the gradient.
    point = [value.requires_grad_() for value in _draw(layer, min(CASES[name].longest_step, 1.0))]
    leaves = [*point, *layer.parameters()]
    directions = [torch.randn_like(leaf) for leaf in leaves]
    # The step in time must not make time negative.
    directions[2] *= point[2].detach()
    weights = torch.randn(BATCH, STEPS, layer.num_outputs, dtype=torch.float64)

    def evaluate() -> Tensor:
        outputs, state = layer(*point)
        return (outputs * weights).sum() + state.square().sum()

    gradients = torch.autograd.grad(evaluate(), leaves, allow_unused=True)
    exact = sum(
        (gradient * direction).sum()
        for gradient, direction in zip(gradients, directions, strict=True)
        if gradient is not None
    )
    epsilon, values = 1e-6, []
    with torch.no_grad():
        for sign in (1.0, -2.0):
            for leaf, direction in zip(leaves, directions, strict=True):
                leaf.add_(direction, alpha=sign * epsilon)
            values.append(evaluate())
    tolerance = 1e-3 if 'adaptive' in name else 1e-6
    torch.testing.assert_close(
        (values[0] - values[1]) / (2 * epsilon), exact.detach(), rtol=tolerance, atol=tolerance
    )


@pytest.mark.parametrize('name', CASES)
def test_chunks_give_what_the_whole_sequence_gives(name: str) -> None:
    layer = _make(name)
    inputs, state, times = _draw(layer, CASES[name].longest_step)
    whole, last = layer(inputs, state, times)
    pieces = []
    for piece, time in zip(inputs.split((1, 3, 2), 1), times.split((1, 3, 2), 1), strict=True):
        outputs, state = layer(piece, state, time)
        pieces.append(outputs)
    torch.testing.assert_close(torch.cat(pieces, 1), whole, rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(state, last, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize('name', CASES)
def test_single_steps_give_what_the_sequence_gives(name: str) -> None:
    layer = _make(name)
    inputs, state, _ = _draw(layer, 1.0)
    whole, last = layer(inputs, state, 0.04)
    with torch.no_grad():
        for index in range(STEPS):
            outputs, state = layer.step(inputs[:, index], state, 0.04)
            torch.testing.assert_close(outputs, whole[:, index], rtol=1e-7, atol=1e-8)
    torch.testing.assert_close(state, last, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize('name', FAST_CASES)
def test_padding_changes_nothing_but_the_length(name: str) -> None:
    """Cut sequences and padded ones with rubbish in the padding: same states, same gradients."""
    layer = _make(name)
    inputs, state, times = _draw(layer, CASES[name].longest_step)
    lengths = (2, STEPS, 4)
    mask = torch.arange(STEPS) < torch.tensor(lengths).unsqueeze(1)
    rubbish = inputs.masked_fill(~mask.unsqueeze(-1), math.nan).requires_grad_()
    bad_times = times.masked_fill(~mask, -math.inf)
    outputs, last = layer(rubbish, state, bad_times, mask)
    (outputs[mask].square().sum() + last.square().sum()).backward()
    padded = [parameter.grad for parameter in layer.parameters()]
    layer.zero_grad()
    total = 0.0
    for row, length in enumerate(lengths):
        alone = inputs[row : row + 1, :length].clone().requires_grad_()
        cut, cut_last = layer(alone, state[row : row + 1], times[row : row + 1, :length])
        torch.testing.assert_close(outputs[row, :length], cut[0], rtol=1e-9, atol=1e-10)
        torch.testing.assert_close(last[row], cut_last[0], rtol=1e-9, atol=1e-10)
        total = total + cut.square().sum() + cut_last.square().sum()
        gradient = torch.autograd.grad(
            cut.square().sum() + cut_last.square().sum(), alone, retain_graph=True
        )[0]
        torch.testing.assert_close(rubbish.grad[row, :length], gradient[0], rtol=1e-7, atol=1e-9)
    total.backward()
    assert torch.equal(rubbish.grad[~mask], torch.zeros_like(rubbish.grad[~mask]))
    for parameter, gradient in zip(layer.parameters(), padded, strict=True):
        torch.testing.assert_close(gradient, parameter.grad, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize('name', FAST_CASES)
def test_config_and_weights_rebuild_the_layer(name: str) -> None:
    layer = _make(name)
    twin = build_layer(layer.to_config(), dtype=torch.float64)
    twin.load_state_dict(layer.state_dict())
    drawn = _draw(layer, CASES[name].longest_step)
    assert torch.equal(twin(*drawn)[0], layer(*drawn)[0])


@settings(max_examples=25, deadline=None)
@given(
    name=st.sampled_from(sorted(FAST_CASES)),
    seconds=st.lists(st.floats(1e-3, 10.0), min_size=1, max_size=5),
    seed=st.integers(0, 2**31),
)
def test_any_irregular_times_keep_states_finite_and_continuable(
    name: str, seconds: list[float], seed: int
) -> None:
    torch.manual_seed(seed)
    case = CASES[name]
    layer = case.make().double()
    times = torch.tensor([seconds], dtype=torch.float64).clamp(max=case.longest_step)
    inputs = 3.0 * torch.randn(1, len(seconds), NUM_INPUTS, dtype=torch.float64)
    _, whole = layer(inputs, None, times)
    state = None
    for index in range(len(seconds)):
        _, state = layer(inputs[:, index : index + 1], state, times[:, index : index + 1])
    assert torch.isfinite(whole).all()
    torch.testing.assert_close(state, whole, rtol=1e-7, atol=1e-8)
