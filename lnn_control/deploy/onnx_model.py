# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""A network as an ONNX model of one step: state in, state out, elapsed time in, any batch."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.export import Dim
from torch.utils import _pytree as pytree

from lnn_control.deploy.program import ExportError, Program
from lnn_control.policies.backends.deployment import StatePart
from lnn_control.policies.network import Network

MODEL = 'policy.onnx'
OPSET = 20
"""Of the ONNX operators; onnxruntime 1.18 and newer have them."""
SENSED = ('image', 'imu', 'elapsed_time')


def build_onnx(network: Network) -> Program:
    """Return the model of a network, weights inside.

    :raises ExportError: if torch cannot export the network's memory.
    """
    step = _Step(network.eval())
    names = [part.name for part in step.state]
    # Two rows, as torch takes a batch of one for a constant.
    shape = network.config.preprocessing.height_px, network.config.preprocessing.width_px, 3
    example = (
        torch.zeros(2, *shape, dtype=torch.uint8),
        torch.zeros(2, network.imu_mean.numel()),
        torch.full((2,), network.config.typical_elapsed_time),
        *step.rest(2),
    )
    batch = {0: Dim('batch')}
    # The parts of the state are one argument to torch, and none where there are none.
    shapes = (batch, batch, batch, *([(batch,) * len(names)] if names else []))
    try:
        with _quiet(), torch.no_grad():
            exported = torch.onnx.export(
                step,
                example,
                input_names=[*SENSED, *names],
                output_names=['command', 'neurons', *(f'next_{name}' for name in names)],
                dynamic_shapes=shapes,
                opset_version=OPSET,
                dynamo=True,
                verbose=False,
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportError(
            f'memory {network.config.memory!r} cannot be exported to ONNX: '
            f'{_find_first_cause(error)}'
        ) from error
    if exported is None:
        raise ExportError('torch exported nothing: its version is not one that this was made for')
    model = exported.model_proto
    for node in model.graph.node:
        # Where in which file of this computer it came from is nobody's business.
        del node.metadata_props[:]
    return Program({MODEL: model.SerializeToString()}, step.state)


class _Step(nn.Module):
    """One step of a network on tensors alone, as the model has it."""

    def __init__(self, network: Network) -> None:
        super().__init__()
        self.network = network
        leaves, self._spec = pytree.tree_flatten(network.memory.initial_state(1))
        names = ['state'] if len(leaves) == 1 else [f'state_{i}' for i in range(len(leaves))]
        self.state = tuple(
            StatePart(name, tuple(leaf.shape[1:]))
            for name, leaf in zip(names, leaves, strict=True)
        )

    def rest(self, batch: int) -> list[Tensor]:
        """Return an initial state, no two parts in the same place: torch would merge them."""
        leaves = pytree.tree_leaves(self.network.memory.initial_state(batch))
        return [leaf.clone() for leaf in leaves]

    def forward(
        self, image: Tensor, imu: Tensor, elapsed_time: Tensor, *state: Tensor
    ) -> tuple[Tensor, ...]:
        """Return command, neurons and next state.

        :param image: uint8 RGB, shape (batch, height, width, 3), as cameras give it.
        :param imu: shape (batch, 12). :param elapsed_time: [s], shape (batch,).
        """
        images = image.permute(0, 3, 1, 2).unsqueeze(1)
        before = pytree.tree_unflatten(list(state), self._spec)
        commands, after = self.network(images, imu.unsqueeze(1), elapsed_time.unsqueeze(1), before)
        neurons = self.network.memory.neuron_activity(after)
        if neurons.dim() == 1:  # of a memory that shows none
            neurons = imu[:, :0]
        # A copy: neurons and state may be one tensor, and each output has its own name.
        return commands.squeeze(1), neurons.clone(), *pytree.tree_leaves(after)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep to itself what the exporter thinks aloud: it speaks of its own inside."""
    loggers = [logging.getLogger(name) for name in ('torch.onnx', 'onnxscript', 'onnx_ir')]
    levels = [each.level for each in loggers]
    for each in loggers:
        each.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter('ignore')
            yield
    finally:
        for each, level in zip(loggers, levels, strict=True):
            each.setLevel(level)


def _find_first_cause(error: BaseException) -> str:
    """Return what happened at first, in one line: the exporter wraps it several times."""
    while error.__cause__ is not None:
        error = error.__cause__
    lines = str(error).strip().splitlines()
    return f'{type(error).__name__}: {lines[0] if lines else ""}'
