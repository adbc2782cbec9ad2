# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The hand-written sequences give what the plain step-by-step loop gives, gradients included."""

from __future__ import annotations

import pytest
import torch

from lnn_control.liquid import LTC, CfC, LiquidLayer, NCPWiring, RandomWiring, Wiring, membranes
from tests.liquid.liquid_cases import NUM_INPUTS, SMALL_WIRINGS

WIRINGS: dict[str, Wiring] = {
    **SMALL_WIRINGS,
    'no_recurrence': NCPWiring(4, 3, 2, 2, 2, 0, 2),
    'sparse': RandomWiring(9, 2, sparsity=0.9),
    'one_neuron': RandomWiring(1, 1, sparsity=0.0),
}
LAYERS = {
    'ltc': lambda wiring: LTC(NUM_INPUTS, wiring),
    'cfc-default': lambda wiring: CfC(NUM_INPUTS, wiring),
    'cfc-no_gate': lambda wiring: CfC(NUM_INPUTS, wiring, mode='no_gate'),
    'cfc-pure': lambda wiring: CfC(NUM_INPUTS, wiring, mode='pure'),
    'cfc-dense': lambda wiring: CfC(NUM_INPUTS, wiring, recurrence='layer', sparse_gates=False),
}


def _compare(layer: LiquidLayer, steps: int, time: str, masked: bool) -> None:
    inputs = torch.randn(3, steps, NUM_INPUTS, dtype=torch.float64, requires_grad=True)
    state = torch.randn(3, layer.state_size, dtype=torch.float64, requires_grad=True)
    shapes = {'sample': (3,), 'step': (3, steps)}
    elapsed = 0.07
    if time in shapes:
        elapsed = (0.2 * torch.rand(*shapes[time], dtype=torch.float64)).requires_grad_()
    mask = torch.rand(3, steps) > 0.4 if masked else None
    arguments = layer._read(inputs, state, elapsed, mask)
    plain, fast = LiquidLayer._run(layer, *arguments), layer._run(*arguments)
    assert type(plain.grad_fn) is not type(fast.grad_fn)
    torch.testing.assert_close(fast, plain, rtol=1e-10, atol=1e-11)
    leaves = [inputs, state, *layer.parameters()]
    leaves += [elapsed] if isinstance(elapsed, torch.Tensor) else []
    weights = torch.randn_like(plain)
    expected, found = (
        torch.autograd.grad(
            (states * weights).sum(), leaves, materialize_grads=True, retain_graph=True
        )
        for states in (plain, fast)
    )
    for left, right in zip(found, expected, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize('masked', [False, True])
@pytest.mark.parametrize('time', ['number', 'sample', 'step'])
@pytest.mark.parametrize('wiring', WIRINGS)
@pytest.mark.parametrize('name', LAYERS)
def test_kernel_equals_the_plain_loop(name: str, wiring: str, time: str, masked: bool) -> None:
    layer = LAYERS[name](WIRINGS[wiring]).double()
    # Shorter and longer than a chunk of the backward pass, and than the delay of the last layer.
    for steps in (2, 19):
        _compare(layer, steps, time, masked)


@pytest.mark.parametrize('wiring', WIRINGS)
def test_many_synapses_take_the_other_path_to_the_same_result(
    wiring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(membranes, 'LARGEST_MATRIX', 0)
    monkeypatch.setattr(membranes, 'CHUNK_NUMBERS', 128)
    layer = LTC(NUM_INPUTS, WIRINGS[wiring]).double()
    _compare(layer, 16, 'step', True)
    _compare(layer, 40, 'number', False)


def test_step_notices_weights_changed_behind_its_back() -> None:
    for kind in (LTC, CfC):
        layer = kind(NUM_INPUTS, SMALL_WIRINGS['ncp'])
        inputs, state = torch.randn(1, NUM_INPUTS), layer.initial_state(1)
        with torch.no_grad():
            layer.step(inputs, state)
        for parameter in layer.parameters():
            parameter.data.mul_(1.1)
        with torch.no_grad():
            fast = layer.step(inputs, state)[1]
        torch.testing.assert_close(fast, layer.step(inputs, state)[1], rtol=1e-5, atol=1e-6)


def test_steps_inside_and_outside_of_inference_mode_agree() -> None:
    for kind in (LTC, CfC):
        layer = kind(NUM_INPUTS, SMALL_WIRINGS['ncp'])
        inputs, state = torch.randn(1, NUM_INPUTS), layer.initial_state(1)
        with torch.inference_mode():
            inside = layer.step(inputs, state)[1].clone()
        with torch.no_grad():
            outside = layer.step(inputs, state)[1]
        assert torch.equal(inside, outside)
