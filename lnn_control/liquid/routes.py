# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which way a call is computed: the one place that decides between what a layer has."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lnn_control.liquid.layer import LiquidLayer


class Route(enum.Enum):
    """A way to compute a call."""

    STEP = 'step'
    """One step without gradients, in buffers that are kept: `LiquidLayer._take_step`."""

    SEQUENCE = 'sequence'
    """All steps in a kernel with a backward pass of its own: `LiquidLayer._run_sequence`."""

    LOOP = 'loop'
    """Step by step by the plain equations, which every layer has: `LiquidLayer._advance`."""


def choose_route(
    layer: LiquidLayer, inputs: Tensor, elapsed_time: float | Tensor, mask: Tensor | None
) -> tuple[Route, float | Tensor]:
    """Return the fastest route that may be taken, and the elapsed time as it wants it.

    :param inputs: (batch, time, features).
    """
    # The kernels are written for plain numbers, and for liquid neurons alone.
    is_plain = is_eager(inputs) and torch._C._functorch.peek_interpreter_stack() is None
    if layer.has_memory or not is_plain:
        return Route.LOOP, elapsed_time
    if inputs.shape[1] > 1:
        return (Route.SEQUENCE if layer._has_sequence() else Route.LOOP), elapsed_time
    # A fast step first compares all weights with those it knows, which on a GPU means to wait.
    if mask is None and not torch.is_grad_enabled() and is_at_hand(inputs):
        step_time = layer._read_step_time(elapsed_time)
        if step_time is not None:
            return Route.STEP, step_time
    return Route.LOOP, elapsed_time


def is_eager(values: Tensor) -> bool:
    """Return whether values are computed: not while compiling, exporting or on the meta device."""
    return not (
        torch.compiler.is_compiling() or torch.jit.is_tracing() or values.device.type == 'meta'
    )


def is_at_hand(values: Tensor) -> bool:
    """Return whether looking at values waits for nothing."""
    return values.device.type == 'cpu'
