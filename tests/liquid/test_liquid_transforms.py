# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Layers under what PyTorch does to modules: meta device, functional calls, export, autocast."""

from __future__ import annotations

import copy
import io
import math
import pickle
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lnn_control.liquid import (
    CTRNN,
    LTC,
    CfC,
    LiquidLayer,
    RandomWiring,
    SingleStep,
    build_layer,
    routes,
)
from tests.device_watch import DEVICES, DeviceWatch
from tests.liquid.liquid_cases import FAST_CASES, NUM_INPUTS, SMALL_WIRINGS

KINDS: dict[str, type[LiquidLayer]] = {'ltc': LTC, 'cfc': CfC, 'ctrnn': CTRNN}


def _make(kind: str) -> LiquidLayer:
    return KINDS[kind](NUM_INPUTS, SMALL_WIRINGS['ncp'])


@pytest.mark.parametrize('name', FAST_CASES)
def test_functional_call_uses_the_given_parameters(name: str) -> None:
    layer = FAST_CASES[name].make()
    other = {key: value + 0.1 for key, value in layer.named_parameters()}
    inputs = torch.randn(2, 4, NUM_INPUTS)
    with torch.no_grad():
        found, _ = torch.func.functional_call(layer, other, (inputs,))
        changed = copy.deepcopy(layer)
        changed.load_state_dict(other, strict=False)
        assert torch.equal(found, changed(inputs)[0])


@pytest.mark.parametrize('kind', KINDS)
def test_functional_gradients_equal_backward(kind: str) -> None:
    layer, inputs = _make(kind), torch.randn(2, 4, NUM_INPUTS)
    parameters = dict(layer.named_parameters())

    def loss(given: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layer, given, (inputs,))[0].square().sum()

    gradients = torch.func.grad(loss)(parameters)
    loss(parameters).backward()
    for name, parameter in parameters.items():
        torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)


def test_ensembles_run_under_vmap() -> None:
    layers = [_make('cfc') for _ in range(3)]
    parameters, buffers = torch.func.stack_module_state(layers)
    inputs = torch.randn(2, 4, NUM_INPUTS)

    def run(given: dict[str, Tensor], fixed: dict[str, Tensor]) -> Tensor:
        return torch.func.functional_call(layers[0], (given, fixed), (inputs,))[0]

    outputs = torch.vmap(run)(parameters, buffers)
    for layer, output in zip(layers, outputs, strict=True):
        torch.testing.assert_close(output, layer(inputs)[0], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('name', FAST_CASES)
def test_meta_layer_works_after_assigning_a_checkpoint(name: str) -> None:
    layer = FAST_CASES[name].make()
    with torch.device('meta'):
        empty = build_layer(layer.to_config())
    assert all(value.device.type == 'meta' for value in empty.state_dict().values())
    shape_only, _ = empty(torch.empty(2, 3, NUM_INPUTS, device='meta'))
    assert shape_only.shape == (2, 3, layer.num_outputs)
    empty.load_state_dict(layer.state_dict(), assign=True)
    inputs = torch.randn(2, 3, NUM_INPUTS)
    assert torch.equal(empty(inputs)[0], layer(inputs)[0])


@pytest.mark.parametrize('kind', KINDS)
def test_parameters_are_true_synapses_and_buffers_are_no_parameters(kind: str) -> None:
    layer = _make(kind)
    assert not {name for name, _ in layer.named_parameters()} & dict(layer.named_buffers()).keys()
    synapses, neurons = layer.circuit.num_synapses, layer.num_neurons
    expected = {
        'ltc': 4 * synapses + 3 * neurons + 2 * NUM_INPUTS + 2 * layer.num_outputs,
        # A neuron of a CfC also sees its own state; a synapse from itself is not counted twice.
        'cfc': 4 * (synapses + neurons - _count_self(layer)) + 4 * neurons,
        'ctrnn': synapses + 2 * neurons,
    }
    assert sum(parameter.numel() for parameter in layer.parameters()) == expected[kind]


def _count_self(layer: LiquidLayer) -> int:
    return int((layer.circuit.internal_polarity.diagonal() != 0).sum())


def test_checkpoint_of_another_circuit_is_refused() -> None:
    # As many synapses, but other ones.
    layer, other = (LTC(NUM_INPUTS, RandomWiring(6, 2, seed=seed)) for seed in (0, 1))
    with pytest.raises(RuntimeError, match='synapse_target differs: the checkpoint has another'):
        layer.load_state_dict(other.state_dict())


@pytest.mark.parametrize('kind', KINDS)
def test_copies_and_pickles_give_the_same_outputs(kind: str) -> None:
    layer, inputs = _make(kind), torch.randn(1, 1, NUM_INPUTS)
    with torch.no_grad():
        expected = layer(inputs)[0]
        for twin in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
            assert torch.equal(twin(inputs)[0], expected)
        stream = io.BytesIO()
        torch.save(layer.state_dict(), stream)
        stream.seek(0)
        layer.load_state_dict(torch.load(stream, weights_only=True))


@pytest.mark.parametrize('kind', KINDS)
def test_compiled_layer_equals_eager(kind: str) -> None:
    layer = _make(kind)
    compiled = torch.compile(layer, backend='aot_eager', fullgraph=True)
    inputs, times = torch.randn(2, 3, NUM_INPUTS), 0.1 * torch.rand(2, 3)
    expected, found = layer(inputs, None, times)[0], compiled(inputs, None, times)[0]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    gradients = [
        torch.autograd.grad(outputs.sum(), list(layer.parameters()), allow_unused=True)
        for outputs in (expected, found)
    ]
    for left, right in zip(*gradients, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize('kind', KINDS)
def test_single_step_exports_with_its_time_as_an_input(kind: str) -> None:
    step = SingleStep(_make(kind)).eval()
    example = (torch.randn(1, NUM_INPUTS), torch.randn(1, 9), torch.tensor([0.05]))
    program = torch.export.export(step, example)
    for time in (0.0, 0.02, 0.5):
        given = (torch.randn(1, NUM_INPUTS), torch.randn(1, 9), torch.tensor([time]))
        for found, expected in zip(program.module()(*given), step(*given), strict=True):
            torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize('kind', KINDS)
def test_single_step_runs_in_onnx_runtime(kind: str) -> None:
    pytest.importorskip('onnx')
    runtime = pytest.importorskip('onnxruntime')
    step = SingleStep(_make(kind)).eval()
    names = ['inputs', 'state', 'elapsed_time']
    example = (torch.randn(1, NUM_INPUTS), torch.randn(1, 9), torch.tensor([0.05]))
    stream = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        torch.onnx.export(
            step,
            example,
            stream,
            input_names=names,
            output_names=['outputs', 'next_state'],
            dynamo=False,
        )
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    session = runtime.InferenceSession(stream.getvalue(), options)
    given = (torch.randn(1, NUM_INPUTS), torch.randn(1, 9), torch.tensor([0.2]))
    feed = {name: value.numpy() for name, value in zip(names, given, strict=True)}
    for found, expected in zip(session.run(None, feed), step(*given), strict=True):
        np.testing.assert_allclose(found, expected.detach().numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('kind', KINDS)
def test_autocast_keeps_the_recurrence_in_full_precision(kind: str) -> None:
    model = nn.Sequential(nn.Linear(4, NUM_INPUTS), _make(kind))
    images = torch.randn(2, 5, 4)
    expected = model(images)[0]
    with torch.autocast('cpu', torch.bfloat16):
        outputs, state = model(images)
    assert torch.isfinite(outputs).all() and state.dtype == torch.float32
    torch.testing.assert_close(outputs.float(), expected, rtol=0.1, atol=0.05)
    outputs.float().sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


@pytest.mark.parametrize('kind', KINDS)
def test_double_precision_is_more_precise_than_single(kind: str) -> None:
    layer, inputs = _make(kind), torch.randn(1, 6, NUM_INPUTS)
    single, double = layer(inputs)[0], layer.double()(inputs.double())[0]
    assert double.dtype == torch.float64
    torch.testing.assert_close(single.double(), double, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('device', DEVICES)
@pytest.mark.parametrize('name', FAST_CASES)
def test_every_device_gives_what_the_cpu_gives(name: str, device: str) -> None:
    layer = FAST_CASES[name].make()
    inputs, times = torch.randn(2, 20, NUM_INPUTS), 0.1 * torch.rand(2, 20)
    expected, _ = layer(inputs, None, times)
    found, _ = layer.to(device)(inputs.to(device), None, times.to(device))
    torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('is_masked', [True, False])
@pytest.mark.parametrize('name', FAST_CASES)
def test_nothing_is_copied_to_the_device_and_nothing_waits_for_it(
    name: str, is_masked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As on a GPU, where values are not at hand.
    monkeypatch.setattr(routes, 'is_at_hand', lambda values: False)
    layer = FAST_CASES[name].make()
    inputs, times = torch.randn(2, 20, NUM_INPUTS), 0.1 * torch.rand(2, 20)
    mask = torch.rand(2, 20) > 0.3 if is_masked else None
    for elapsed in (None, times):
        layer.zero_grad()
        with DeviceWatch(layer, inputs, times, mask) as watch:
            outputs, _ = layer(inputs, None, elapsed, mask)
            if outputs.requires_grad:
                outputs.sum().backward()
        assert not watch.crossings


@pytest.mark.parametrize('wrong', [-0.1, math.inf, math.nan])
@pytest.mark.parametrize('name', FAST_CASES)
def test_wrong_times_that_cannot_be_looked_at_give_nothing_that_looks_right(
    name: str, wrong: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, 'is_at_hand', lambda values: False)
    layer, times = FAST_CASES[name].make(), torch.full((2, 6), 0.05)
    times[0, 3] = wrong
    outputs, state = layer(torch.randn(2, 6, NUM_INPUTS), None, times)
    assert not torch.isfinite(outputs[0, 3:]).any()
    assert not torch.isfinite(state[0]).any()
    assert torch.isfinite(outputs[1]).all()


def test_importing_the_library_imports_nothing_heavy() -> None:
    code = (
        'import sys, torch, numpy; before = set(sys.modules); import lnn_control.liquid; '
        'print(*sorted(name for name in set(sys.modules) - before if "lnn_control" not in name))'
    )
    done = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert not {'ncps', 'torchdiffeq', 'matplotlib', 'scipy'} & set(done.stdout.split())
