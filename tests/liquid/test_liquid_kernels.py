# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""The hand-written sequences give what the plain step-by-step loop gives, gradients included."""

from __future__ import annotations

import pytest
import torch

from lnn_control.liquid import (
    CTRNN,
    LTC,
    Backbone,
    CfC,
    LiquidLayer,
    NCPWiring,
    RandomWiring,
    Wiring,
    membranes,
)
from lnn_control.liquid.arguments import BATCH_TIME, read_call
from lnn_control.liquid.routes import Route
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
    call = read_call(layer, BATCH_TIME, inputs, state, elapsed, mask)
    assert call.route == 'sequence'
    fast, plain = layer._run(call, layer.state_size)[0], layer._run_loop(call)
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


ROUTES = {
    'cfc-default': ('step', 'step', 'sequence'),
    'cfc-pure': ('loop', 'loop', 'sequence'),
    'cfc-backbone': ('loop', 'loop', 'loop'),
    'cfc-memory': ('loop', 'loop', 'loop'),
    'ltc': ('step', 'loop', 'sequence'),
    'ltc-rk4': ('loop', 'loop', 'loop'),
    'ctrnn': ('loop', 'loop', 'loop'),
}
LAYERS_OF_ROUTES = {
    'cfc-default': lambda: CfC(NUM_INPUTS, 4),
    'cfc-pure': lambda: CfC(NUM_INPUTS, 4, mode='pure'),
    'cfc-backbone': lambda: CfC(NUM_INPUTS, 4, backbone=Backbone(6)),
    'cfc-memory': lambda: CfC(NUM_INPUTS, 4, has_memory=True),
    'ltc': lambda: LTC(NUM_INPUTS, 4),
    'ltc-rk4': lambda: LTC(NUM_INPUTS, 4, solver='rk4'),
    'ctrnn': lambda: CTRNN(NUM_INPUTS, 4),
}


@pytest.mark.parametrize('name', ROUTES)
def test_the_fastest_route_there_is_gets_chosen(name: str) -> None:
    """A step of one sample, one of several with a time each, a sequence; then without a choice."""
    layer = LAYERS_OF_ROUTES[name]()

    def choose(batch: int, steps: int, mask: torch.Tensor | None = None) -> Route:
        inputs, times = torch.zeros(batch, steps, NUM_INPUTS), torch.full((batch, steps), 0.05)
        return read_call(layer, BATCH_TIME, inputs, None, times, mask).route

    with torch.no_grad():
        assert (choose(1, 1), choose(2, 1), choose(2, 3)) == ROUTES[name]
        assert choose(1, 1, torch.tensor([[True]])) == 'loop'
    # With gradients, and where values are not computed at all.
    assert choose(1, 1) == 'loop'
    with torch.device('meta'):
        layer = LAYERS_OF_ROUTES[name]()
        assert choose(2, 3) == 'loop'


def test_fast_step_of_one_sample_takes_its_time_as_a_number() -> None:
    layer = LTC(NUM_INPUTS, SMALL_WIRINGS['ncp'])
    inputs, state = torch.randn(1, NUM_INPUTS), 0.3 * torch.randn(1, layer.state_size)
    with torch.no_grad():
        expected = layer.step(inputs, state, torch.tensor(0.07).item())
        for time in (torch.tensor(0.07), torch.tensor([0.07])):
            found = layer.step(inputs, state, time)
            assert all(torch.equal(*pair) for pair in zip(found, expected, strict=True))
        with pytest.raises(ValueError, match='not negative seconds, got -1'):
            layer.step(inputs, state, torch.tensor([-1.0]))


@pytest.mark.parametrize('kind', [LTC, CfC])
def test_outputs_of_a_fast_step_can_be_clipped_in_place(kind: type[LiquidLayer]) -> None:
    layer = kind(NUM_INPUTS, SMALL_WIRINGS['ncp'])
    with torch.no_grad():
        outputs, state = layer.step(torch.randn(2, NUM_INPUTS))
        before = state.clone()
        outputs.fill_(9.0)
    assert torch.equal(state, before)
