# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""With the weights of ncps loaded, outputs, states and gradients are those of ncps."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lnn_control.liquid import CfC, LiquidLayer, build_layer, layer_from_ncps
from lnn_control.liquid.from_ncps import state_order

ncps_torch = pytest.importorskip('ncps.torch')
ncps_wirings = pytest.importorskip('ncps.wirings')

NUM_INPUTS, STEPS = 6, 9

WIRINGS: dict[str, Callable[[], Any]] = {
    'ncp': lambda: ncps_wirings.NCP(5, 4, 2, 3, 2, 5, 3),
    'auto_ncp': lambda: ncps_wirings.AutoNCP(13, 3),
    'fully_connected': lambda: ncps_wirings.FullyConnected(7, 3),
    'random': lambda: ncps_wirings.Random(8, 3, sparsity_level=0.4),
}

# Modules by the name of the case, the wiring being a new one each time: ncps changes what it uses.
MODULES: dict[str, Callable[[], nn.Module]] = {
    f'ltc-{name}': lambda make=make: ncps_torch.LTC(NUM_INPUTS, make())
    for name, make in WIRINGS.items()
}
for _mode, (_name, _make) in itertools.product(('default', 'pure', 'no_gate'), WIRINGS.items()):
    MODULES[f'wired_cfc-{_mode}-{_name}'] = lambda mode=_mode, make=_make: ncps_torch.CfC(
        NUM_INPUTS, make(), mode=mode
    )
for _mode in ('default', 'pure', 'no_gate'):
    MODULES[f'cfc-{_mode}-backbone'] = lambda mode=_mode: ncps_torch.CfC(
        NUM_INPUTS, 7, mode=mode, backbone_units=11, backbone_layers=2, activation='silu'
    )
    MODULES[f'cfc-{_mode}-no_backbone'] = lambda mode=_mode: ncps_torch.CfC(
        NUM_INPUTS, 7, mode=mode, backbone_layers=0
    )
MODULES['ltc-explicit_constraints'] = lambda: ncps_torch.LTC(
    NUM_INPUTS, 6, implicit_param_constraints=False
)
MODULES['ltc-three_unfolds'] = lambda: ncps_torch.LTC(NUM_INPUTS, 6, ode_unfolds=3)
MODULES['ltc-no_mappings'] = lambda: ncps_torch.LTC(
    NUM_INPUTS, 6, input_mapping=None, output_mapping='linear'
)
MODULES['ltc-mixed'] = lambda: ncps_torch.LTC(NUM_INPUTS, WIRINGS['ncp'](), mixed_memory=True)
MODULES['cfc-mixed'] = lambda: ncps_torch.CfC(NUM_INPUTS, WIRINGS['ncp'](), mixed_memory=True)
MODULES['cfc-projection'] = lambda: ncps_torch.CfC(NUM_INPUTS, 7, proj_size=2)

# name: (batch, what ncps is given, what ours is given). ncps gets batches of times wrong, but
# for one sample it takes a time for every step.
TIMES: dict[str, tuple[int, Tensor | None, float | Tensor]] = {
    'default': (3, None, 1.0),
    'short_sequence': (3, None, 1.0),
    'per_step': (
        1,
        torch.linspace(0.1, 2.0, STEPS).view(1, STEPS, 1),
        torch.linspace(0.1, 2.0, STEPS).view(1, STEPS),
    ),
}


def _their_state(state: Tensor, module: nn.Module) -> Tensor:
    order = state_order(module)
    if module.use_mixed:
        liquid, memory = state.chunk(2, dim=-1)
        return torch.cat((liquid[..., order], memory[..., order]), dim=-1)
    return state[..., order]


def _perturb(module: nn.Module) -> None:
    """Move every weight, so that no term of the equations hides behind a zero or a one."""
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if parameter.requires_grad and 'mask' not in name:
                parameter.add_(0.1 * torch.rand_like(parameter))


@pytest.mark.parametrize('time', TIMES)
@pytest.mark.parametrize('case', MODULES)
def test_outputs_states_and_gradients_equal_ncps(case: str, time: str) -> None:
    torch.manual_seed(3)
    module = MODULES[case]()
    _perturb(module)
    layer = layer_from_ncps(module)
    batch, their_time, our_time = TIMES[time]
    steps = 1 if time == 'short_sequence' else STEPS
    inputs = torch.randn(batch, steps, NUM_INPUTS)
    state = torch.randn(batch, layer.state_size) * 0.3
    theirs_in, ours_in = (inputs.clone().requires_grad_() for _ in range(2))
    their_first = _their_state(state, module).clone().requires_grad_()
    our_first = state.clone().requires_grad_()

    given = their_first.chunk(2, dim=-1) if module.use_mixed else their_first
    their_outputs, their_last = module(theirs_in, given, their_time)
    if module.use_mixed:
        their_last = torch.cat(their_last, dim=-1)
    our_outputs, our_last = layer(ours_in, our_first, our_time)

    torch.testing.assert_close(our_outputs, their_outputs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(_their_state(our_last, module), their_last, rtol=1e-5, atol=1e-5)
    (their_outputs.square().sum() + their_last.square().sum()).backward()
    (our_outputs.square().sum() + our_last.square().sum()).backward()
    torch.testing.assert_close(ours_in.grad, theirs_in.grad, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        _their_state(our_first.grad, module), their_first.grad, rtol=1e-4, atol=1e-5
    )
    _check_parameter_gradients(layer, module)


def _check_parameter_gradients(layer: LiquidLayer, module: nn.Module) -> None:
    """Convert a copy of theirs whose weights are their gradients, and compare."""
    for parameter in module.parameters():
        if parameter.grad is not None:
            parameter.data = parameter.grad
        elif parameter.requires_grad:
            parameter.data = torch.zeros_like(parameter)
    expected = layer_from_ncps(module)
    if layer.memory is not None:
        size = layer.num_neurons
        expected.memory.bias.data[2 * size : 3 * size] -= 1.0
    for (name, ours), theirs in zip(layer.named_parameters(), expected.parameters(), strict=True):
        absent = ours.grad is None or name in _without_counterpart(module)
        if not absent:
            torch.testing.assert_close(
                ours.grad,
                theirs,
                rtol=1e-4,
                atol=2e-5,
                msg=lambda text, name=name: f'{name}: {text}',
            )


def _without_counterpart(module: nn.Module) -> set[str]:
    """Return our parameters that this ncps module lacks."""
    cell, missing = module.rnn_cell, set()
    for ours, theirs in (
        ('input_scale', 'input_w'),
        ('input_shift', 'input_b'),
        ('output_scale', 'output_w'),
        ('output_shift', 'output_b'),
    ):
        if not hasattr(cell, theirs):
            missing.add(ours)
    return missing


@pytest.mark.parametrize('case', ['ltc-auto_ncp', 'wired_cfc-default-auto_ncp'])
def test_unbatched_sequences_equal_ncps(case: str) -> None:
    torch.manual_seed(1)
    module = MODULES[case]()
    layer = layer_from_ncps(module)
    inputs = torch.randn(STEPS, NUM_INPUTS)
    their_outputs, their_state = module(inputs)
    our_outputs, our_state = layer(inputs)
    assert our_outputs.shape == their_outputs.shape
    torch.testing.assert_close(our_outputs, their_outputs, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(our_state[state_order(module)], their_state, rtol=1e-5, atol=1e-5)


def test_time_first_sequences_equal_ncps() -> None:
    torch.manual_seed(1)
    module = ncps_torch.CfC(NUM_INPUTS, 5, batch_first=False)
    inputs = torch.randn(STEPS, 2, NUM_INPUTS)
    torch.testing.assert_close(
        layer_from_ncps(module)(inputs)[0], module(inputs)[0], rtol=1e-5, atol=1e-5
    )


def test_loaded_layer_records_dense_gates_in_its_config() -> None:
    layer = layer_from_ncps(MODULES['wired_cfc-default-ncp']())
    config = layer.to_config()
    assert (config['recurrence'], config['sparse_gates']) == ('layer', False)
    twin = build_layer(config)
    assert isinstance(twin, CfC)
    twin.load_state_dict(layer.state_dict())
    inputs = torch.randn(2, STEPS, NUM_INPUTS)
    assert torch.equal(twin(inputs)[0], layer(inputs)[0])


def test_conversion_refuses_other_modules() -> None:
    with pytest.raises(ValueError, match=r'LTC or CfC of ncps\.torch, got Linear'):
        layer_from_ncps(nn.Linear(2, 3))
