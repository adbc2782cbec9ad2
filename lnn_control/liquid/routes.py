# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""Which way a call is computed: the one place that decides between what a layer has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor

if TYPE_CHECKING:
    from lnn_control.liquid.layer import LiquidLayer

# step      one step without gradients, in buffers that are kept: `LiquidLayer._take_step`
# sequence  all steps in a kernel with a backward pass of its own: `LiquidLayer._run_sequence`
# loop      step by step by the plain equations, which every layer has: `LiquidLayer._advance`
Route = Literal['step', 'sequence', 'loop']


def choose_route(
    layer: LiquidLayer, inputs: Tensor, elapsed_time: float | Tensor, mask: Tensor | None
) -> tuple[Route, float | Tensor]:
    """Return the fastest route that may be taken, and the elapsed time as it wants it.

    :param inputs: (batch, time, features).
    """
    # The kernels are written for liquid neurons alone, and for plain numbers.
    if layer.has_memory or not layer._has_kernels():
        return 'loop', elapsed_time
    if not is_eager(inputs) or torch._C._functorch.peek_interpreter_stack() is not None:
        return 'loop', elapsed_time
    if inputs.shape[1] > 1:
        return 'sequence', elapsed_time
    # A fast step first compares all weights with those it knows, which on a GPU means to wait.
    if mask is None and not torch.is_grad_enabled() and is_at_hand(inputs):
        step_time = layer._read_step_time(elapsed_time)
        if step_time is not None:
            return 'step', step_time
    return 'loop', elapsed_time


def is_eager(values: Tensor) -> bool:
    """Return whether values are computed: not while compiling, exporting or on the meta device."""
    return not (
        torch.compiler.is_compiling() or torch.jit.is_tracing() or values.device.type == 'meta'
    )


def is_at_hand(values: Tensor) -> bool:
    """Return whether looking at values waits for nothing."""
    return values.device.type == 'cpu'
