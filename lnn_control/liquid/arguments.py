# SPDX-FileCopyrightText: 2026 The lnn_control authors
# SPDX-License-Identifier: Apache-2.0
"""What a caller gives a layer, checked in the caller's order of axes, then brought into one."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from lnn_control.liquid import routes
from lnn_control.liquid.routes import Route, choose_route

if TYPE_CHECKING:
    from lnn_control.liquid.layer import LiquidLayer

# The axes of inputs before their features, as a caller orders them.
Axes = tuple[str, ...]
BATCH_TIME: Axes = ('batch', 'time')
TIME_BATCH: Axes = ('time', 'batch')
TIME: Axes = ('time',)
BATCH: Axes = ('batch',)
ALONE: Axes = ()


class Call(NamedTuple):
    """A call of a layer, checked.

    :param route: Which way it is computed.
    :param inputs: (batch, time, features), in the layer's precision, zero in padding.
    :param state: (batch, state_size).
    :param time: Elapsed time in time units, a number or (batch, time).
    :param mask: (batch, time), False where a step is padding.
    """

    route: Route
    inputs: Tensor
    state: Tensor
    time: float | Tensor
    mask: Tensor | None


def find_axes(layer: LiquidLayer, inputs: Tensor, orders: tuple[Axes, ...]) -> Axes:
    """Return which of some orders of axes the inputs have, by their number."""
    if isinstance(inputs, Tensor):
        for axes in orders:
            if inputs.dim() == len(axes) + 1:
                return axes
    shapes = ' or '.join(_describe(axes, layer.num_inputs) for axes in orders)
    is_step = ALONE in orders
    name = 'inputs of a step' if is_step else 'inputs'
    if isinstance(inputs, PackedSequence):
        raise TypeError(
            f'{name} must be a tensor {shapes}, got a PackedSequence; unpack it with '
            'torch.nn.utils.rnn.pad_packed_sequence, and give a mask that is False where a step '
            'is padding'
        )
    if not isinstance(inputs, Tensor):
        raise TypeError(f'{name} must be a tensor {shapes}, got {type(inputs).__name__}')
    way = 'sequence goes through layer(...)' if is_step else 'single step goes through layer.step'
    raise ValueError(f'{name} must be {shapes}, got {tuple(inputs.shape)}; a {way}')


def read_call(
    layer: LiquidLayer,
    axes: Axes,
    inputs: Tensor,
    state: Tensor | None,
    elapsed_time: float | Tensor | None,
    mask: Tensor | None,
) -> Call:
    """Return what a caller gave, whose tensors have these axes, checked and batch first."""
    rows = inputs if axes is BATCH_TIME else _put_batch_first(axes, inputs)
    batch, steps, features = rows.shape
    if features != layer.num_inputs or steps == 0:
        least = ' with at least one step' if 'time' in axes else ''
        raise ValueError(
            f'inputs must be {_describe(axes, layer.num_inputs)}{least}, got {tuple(inputs.shape)}'
        )
    like = layer._like()
    if rows.dtype != like.dtype:
        if not torch.is_autocast_enabled(rows.device.type):
            raise ValueError(
                f'inputs must be {like.dtype} as the layer is, got {rows.dtype}; convert one of '
                'them with .to(dtype)'
            )
        rows = rows.to(like.dtype)
    if state is None:
        state = like.new_zeros(batch, layer.state_size)
    else:
        _check_state(layer, axes, batch, state)
        if 'batch' not in axes:
            state = state.unsqueeze(0)
        if state.dtype != like.dtype:
            state = state.to(like.dtype)
    if mask is not None:
        if mask.shape != inputs.shape[:-1] or mask.dtype != torch.bool:
            raise ValueError(
                f'mask must be boolean {_describe(axes)} = {tuple(inputs.shape[:-1])}, got '
                f'{mask.dtype} {tuple(mask.shape)}'
            )
        mask = _put_batch_first(axes, mask)
        # Padding may hold anything, and zero times NaN is NaN: take it out before any sum.
        rows = torch.where(mask.unsqueeze(-1), rows, 0.0)
    if elapsed_time is None:
        elapsed_time = layer.typical_elapsed_time
    elif isinstance(elapsed_time, Tensor):
        _check_time_shape(axes, inputs.shape[:-1], elapsed_time.shape)
    route, elapsed_time = choose_route(layer, rows, elapsed_time, mask)
    if not isinstance(elapsed_time, Tensor):
        seconds = float(elapsed_time)
        if not (math.isfinite(seconds) and seconds >= 0):
            raise ValueError(
                f'elapsed_time must be finite and not negative seconds, got {seconds}'
            )
        return Call(route, rows, state, seconds / layer.time_unit, mask)
    time = elapsed_time.to(like)
    if time.dim() == len(axes):
        time = _put_batch_first(axes, time)
    elif time.dim() == 1:
        time = time.unsqueeze(1)
    return Call(route, rows, state, _scale(layer, time.expand(batch, steps), mask), mask)


def return_axes(axes: Axes, outputs: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """Return outputs (batch, time, features) and state (batch, state_size) as the caller has them.

    The opposite of what was done to the inputs.
    """
    if axes is TIME_BATCH:
        return outputs.transpose(0, 1), state
    if 'time' not in axes:
        outputs = outputs.squeeze(1)
    if 'batch' not in axes:
        outputs, state = outputs.squeeze(0), state.squeeze(0)
    return outputs, state


def _put_batch_first(axes: Axes, values: Tensor) -> Tensor:
    """Return values with the axes batch and time in front, of length one where there is none."""
    if axes is TIME_BATCH:
        return values.transpose(0, 1)
    if 'batch' not in axes:
        values = values.unsqueeze(0)
    return values if 'time' in axes else values.unsqueeze(1)


def _check_state(layer: LiquidLayer, axes: Axes, batch: int, state: Tensor) -> None:
    """Raise unless the state is one tensor with an entry for each sample."""
    size = layer.state_size
    wanted = (batch, size) if 'batch' in axes else (size,)
    if not isinstance(state, Tensor):
        cure = 'torch.cat(state, dim=-1), liquid first' if layer.has_memory else 'its liquid part'
        raise TypeError(
            f'state must be one tensor {wanted}, got {_name_type(state)}; there is no pair (h, c) '
            f'here: give {cure}'
        )
    if state.shape != wanted:
        if 'batch' in axes:
            name, shape = 'state', '(batch, state_size)'
        else:
            kind = 'sequence' if 'time' in axes else 'step'
            name, shape = f'state of a {kind} without a batch', '(state_size,)'
        raise ValueError(f'{name} must be {shape} = {wanted}, got {tuple(state.shape)}')


def _check_time_shape(axes: Axes, sizes: torch.Size, shape: torch.Size) -> None:
    """Raise unless there is one time, one for each sample, or one for each sample and step."""
    if shape == sizes:
        return
    batch = (sizes[axes.index('batch')],) if 'batch' in axes else ()
    if shape in (batch, ()):
        return
    words = [f'{_describe(BATCH)} = {batch}'] if axes in (BATCH_TIME, TIME_BATCH) else []
    words += [f'{_describe(axes)} = {tuple(sizes)}'] if axes else []
    wanted = f'a number, {" or ".join(words)}' if words else 'a number'
    raise ValueError(f'elapsed_time must be {wanted}, got {tuple(shape)}')


def _scale(layer: LiquidLayer, time: Tensor, mask: Tensor | None) -> Tensor:
    """Return seconds (batch, time) in time units, checked where that waits for nothing."""
    if mask is not None:
        time = torch.where(mask, time, 0.0)
    if not routes.is_eager(time):
        return time / layer.time_unit
    is_valid = (time >= 0) & (time < math.inf)
    if not routes.is_at_hand(time):
        # Looking would wait for the device, and a graph of it could not be captured.
        return torch.where(is_valid, time / layer.time_unit, math.nan)
    if not bool(is_valid.all()):
        raise ValueError(
            'elapsed_time must be finite and not negative seconds, got values from '
            f'{time.min().item()} to {time.max().item()}'
        )
    return time / layer.time_unit


def _describe(axes: Axes, *last: object) -> str:
    """Return a shape in words, such as '(batch, time, 3)'."""
    words = [*axes, *(str(each) for each in last)]
    return f'({words[0]},)' if len(words) == 1 else f'({", ".join(words)})'


def _name_type(value: Any) -> str:
    kind = type(value).__name__
    return f'a {kind} of {len(value)}' if isinstance(value, (tuple, list)) else f'a {kind}'
