# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""ONNX models of every memory answer as PyTorch does, for any batch."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils import _pytree as pytree

from lnn_control.deploy.onnx_model import MODEL, build_onnx
from lnn_control.policies.memories import MEMORIES
from tests.deploy.flights import make_flight, make_network

pytest.importorskip('onnxscript')
runtime = pytest.importorskip('onnxruntime')

OWN = 'tests.policies.averaging_memory:Averaging'


@pytest.mark.parametrize('memory', [*MEMORIES, OWN])
@torch.no_grad()
def test_model_answers_as_pytorch_for_any_batch_through_a_start_and_a_gap(memory: str) -> None:
    network = make_network(memory)
    program = build_onnx(network)
    session = runtime.InferenceSession(program.files[MODEL])
    flights = [make_flight(num_images=10, seed=seed) for seed in range(3)]
    state, given = None, {}
    for index in range(10):
        images = np.stack([flight.images[index] for flight in flights])
        imu = np.stack([flight.imu[index] for flight in flights])
        elapsed = np.stack([flight.elapsed_time[index] for flight in flights])
        if flights[0].starts[index]:
            state = network.memory.initial_state(3)
            given = {part.name: np.zeros((3, *part.shape), np.float32) for part in program.state}
        wanted, state = network(
            torch.from_numpy(images).permute(0, 3, 1, 2).unsqueeze(1),
            torch.from_numpy(imu).unsqueeze(1),
            torch.from_numpy(elapsed).unsqueeze(1),
            state,
        )
        feed = {'image': images, 'imu': imu, 'elapsed_time': elapsed, **given}
        command, neurons, *parts = session.run(None, feed)
        given = dict(zip(given, parts, strict=True))
        assert np.abs(command - wanted[:, 0].numpy()).max() < 1e-5
        activity = network.memory.neuron_activity(state).numpy()
        assert neurons.shape == (3, activity.size // 3)
        assert np.abs(neurons.ravel() - activity.ravel()).max(initial=0) < 1e-5
    for part, leaf in zip(given.values(), pytree.tree_leaves(state), strict=True):
        assert np.abs(part - leaf.numpy()).max() < 1e-5


def test_names_of_inputs_and_outputs_are_those_of_the_manifest(tmp_path: Path) -> None:
    session = runtime.InferenceSession(build_onnx(make_network('lstm')).files[MODEL])
    assert [node.name for node in session.get_inputs()] == [
        *('image', 'imu', 'elapsed_time', 'state_0', 'state_1'),
    ]
    assert [node.name for node in session.get_outputs()] == [
        *('command', 'neurons', 'next_state_0', 'next_state_1'),
    ]
    assert session.get_inputs()[0].shape == ['batch', 24, 40, 3]


def test_model_says_nothing_of_the_computer_that_made_it() -> None:
    program = build_onnx(make_network('ncp_cfc'))
    assert str(Path(__file__).parents[2]).encode() not in program.files[MODEL]
